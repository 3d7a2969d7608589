// SPDX-License-Identifier: MIT
// Keeps what is done twice on purpose, against an instruction that a glitch makes the CPU skip,
// from being done once by the compiler. docs/skips.md.
#pragma once

namespace goldcrest::base {

/// The compiler takes all memory for changed: what was worked out before is worked out again
/// behind, and what was written before has been.
[[gnu::always_inline]] inline void forget() {
  asm volatile("" : : : "memory");
}

}  // namespace goldcrest::base

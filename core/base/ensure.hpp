// SPDX-License-Identifier: MIT
// Checks of our own reasoning. A failed ensure() is a bug in Goldcrest, never bad input: the host
// aborts with the place, the firmware resets (and the bootloader's trial rule does the rest).
#pragma once

#include <source_location>

namespace goldcrest::base {

/// Each world defines this once: host/command, sim and firmware/chip.
[[noreturn]] void ensure_failed(std::source_location where);

inline void ensure(bool condition, std::source_location where = std::source_location::current()) {
  if (!condition) [[unlikely]] {
    ensure_failed(where);
  }
}

}  // namespace goldcrest::base

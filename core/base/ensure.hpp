// SPDX-License-Identifier: MIT
// Checks of our own reasoning. A failed ensure() is a bug in Goldcrest, never bad input: the host
// aborts with the place, the firmware resets (and the bootloader's trial rule does the rest).
#pragma once

#include <cstdint>

namespace goldcrest::base {

/// Each world defines this once: host/command, sim and firmware/chip.
[[noreturn]] void ensure_failed(const char* file, std::uint32_t line);

// Not std::source_location: it would put the name of every function that checks into the firmware.
inline void ensure(bool condition, const char* file = __builtin_FILE(),
                   std::uint32_t line = __builtin_LINE()) {
  if (!condition) [[unlikely]] {
    ensure_failed(file, line);
  }
}

}  // namespace goldcrest::base

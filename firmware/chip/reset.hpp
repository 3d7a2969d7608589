// SPDX-License-Identifier: MIT
// Resets: asking for one, and why the last one happened (RM0038 6.3.14).
#pragma once

#include <cstdint>
#include <string_view>

namespace goldcrest::chip {

enum class ResetCause : std::uint8_t {
  power_on,
  pin,
  software,
  watchdog,
  window_watchdog,
  low_power,
  option_bytes,
};

/// Reads the flags and clears them, so that the next reset shows its own cause. `power_on` when
/// several flags stand: a power-on sets the pin flag too.
ResetCause take_reset_cause();
std::string_view describe(ResetCause cause);

/// Writes waiting console output, then resets the chip.
[[noreturn]] void reset();

}  // namespace goldcrest::chip

// SPDX-License-Identifier: MIT
// The system clock: 32 MHz from HSI through the PLL, or the MSI the chip starts with.
//
// RM0038 chapters 3.3 (wait states), 5.1 (voltage ranges), 6.2 (clocks): 32 MHz needs VCORE range
// 1, one wait state and 64-bit access; the order of the steps is the manual's.
#pragma once

#include <cstdint>

namespace goldcrest::chip {

/// HCLK, PCLK1 and PCLK2 after run_at_full_speed().
inline constexpr std::uint32_t full_speed_hz = 32'000'000;

/// HSI 16 MHz × 4 / 2 = 32 MHz. False when an oscillator does not start; then the MSI still runs.
[[nodiscard]] bool run_at_full_speed();

/// Clocks, wait states, voltage range and peripheral clock gates as after a system reset.
void restore_reset_clock();

}  // namespace goldcrest::chip

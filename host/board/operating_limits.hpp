// SPDX-License-Identifier: MIT
// How fast HCLK may be at a core voltage and with or without a flash wait state (RM0038 3.3.3,
// table "Number of wait states according to CPU clock frequency", and 5.1.3). The board runs on;
// the chip might not, so whoever looks at `--trace power` is told.
#pragma once

#include <cstdint>

namespace goldcrest::board {

/// In Hz; `voltage_range` 1–3.
constexpr std::uint32_t hclk_limit_hz(unsigned voltage_range, bool wait_state) {
  const std::uint32_t without = voltage_range == 1   ? 16'000'000
                                : voltage_range == 2 ? 8'000'000
                                                     : 2'100'000;
  return wait_state ? 2 * without : without;
}

static_assert(hclk_limit_hz(1, true) == 32'000'000);
static_assert(hclk_limit_hz(2, false) == 8'000'000);
static_assert(hclk_limit_hz(3, true) == 4'200'000);

}  // namespace goldcrest::board

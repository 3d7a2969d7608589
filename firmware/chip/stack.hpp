// SPDX-License-Identifier: MIT
// The stack: how much there is and how much was ever used (it is painted at start-up).
#pragma once

#include <cstdint>

namespace goldcrest::chip {

/// Bytes.
std::uint32_t stack_size();
/// The most bytes that were in use at once since the reset.
std::uint32_t stack_high_water();

}  // namespace goldcrest::chip

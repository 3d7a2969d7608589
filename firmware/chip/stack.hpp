// SPDX-License-Identifier: MIT
// The stack: how much there is and how much was ever used.
#pragma once

#include <cstdint>

namespace goldcrest::chip {

/// Bytes.
std::uint32_t stack_size();
/// Fills the part that is not in use with a pattern, for stack_high_water(). To be called first.
void paint_stack();
/// The most bytes that were in use at once since paint_stack().
std::uint32_t stack_high_water();

}  // namespace goldcrest::chip

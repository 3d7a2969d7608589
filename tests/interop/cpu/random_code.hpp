// SPDX-License-Identifier: MIT
// Random Thumb-2 code for a Cortex-M3, the same for the same seed: every data-processing form with
// every way to set flags, shifts, immediates, IT blocks of all shapes, multiplication and division,
// saturation, bit fields, branches forward (also by table and out of IT blocks), and loads and
// stores of all widths and addressing modes in a window of RAM. Nothing in it is UNPREDICTABLE.
//
// It is called as a function and may use every register but SP. A branch to the next instruction
// ends most pieces, so that the registers are seen in a trace by blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace goldcrest::tests {

inline constexpr std::uint32_t random_code_base = 0x08010000;
inline constexpr std::uint32_t random_window = 0x20010000;
inline constexpr std::uint32_t random_window_size = 4096;

/// Little-endian machine code of at least `instructions` instructions, for random_code_base.
std::vector<std::uint8_t> random_code(std::uint64_t seed, std::size_t instructions);

}  // namespace goldcrest::tests

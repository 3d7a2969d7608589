// SPDX-License-Identifier: MIT
// Finds the instruction that made a memory access: the engine reports a refused read with the
// address that was read, but not with the PC. The registers are still as the instruction saw them,
// so the first load of the block whose effective address is that address is the one.
#pragma once

#include <cstdint>
#include <optional>

namespace goldcrest::board {

class Engine;
class Memory;

/// The address of the load in [block, block + size) that reads `accessed`, if one is found.
std::optional<std::uint32_t> find_access(const Engine& engine, const Memory& memory,
                                         std::uint32_t block, std::uint32_t size,
                                         std::uint32_t accessed);

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// What memory an instruction is about to access, from its encoding and the registers.
//
// It finds the instruction that made an access: the engine reports a refused read with the address
// that was read, but not with the PC. The registers are still as the instruction saw them, so the
// first load of the block whose effective address is that address is the one. And it tells a
// watchpoint before the access happens.
#pragma once

#include <cstdint>
#include <optional>

namespace goldcrest::board {

class Engine;
class Memory;

/// The bytes that one instruction loads or stores.
struct MemoryAccess {
  std::uint32_t address = 0;
  std::uint32_t size = 0;
  bool write = false;
};

/// 2 or 4: the bytes of the instruction at `pc`; 2 where nothing can be executed.
std::uint32_t instruction_size(const Memory& memory, std::uint32_t pc);
/// What the instruction at `pc` accesses if its condition holds, by the registers as they are.
std::optional<MemoryAccess> memory_access(const Engine& engine, const Memory& memory,
                                          std::uint32_t pc);
/// Whether it accesses memory at all.
bool accesses_memory(const Memory& memory, std::uint32_t pc);

/// The register that the SDIV or UDIV at `pc` divides by, if it is one.
std::optional<unsigned> divisor_register(const Memory& memory, std::uint32_t pc);
/// Whether the instruction at `pc` depends on an IT instruction of its block, which begins at
/// `block`.
bool in_it_sequence(const Memory& memory, std::uint32_t block, std::uint32_t pc);

/// The address of the load in [block, block + size) that reads `accessed`, if one is found.
std::optional<std::uint32_t> find_access(const Engine& engine, const Memory& memory,
                                         std::uint32_t block, std::uint32_t size,
                                         std::uint32_t accessed);

}  // namespace goldcrest::board

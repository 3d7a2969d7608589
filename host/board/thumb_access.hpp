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
  bool unprivileged = false;  ///< as LDRT and STRT make it, whatever the mode
};

/// 2 or 4: the bytes of the instruction at `pc`; 2 where nothing can be executed.
std::uint32_t instruction_size(const Memory& memory, std::uint32_t pc);
/// What the instruction at `pc` accesses if its condition holds, by the registers as they are.
std::optional<MemoryAccess> memory_access(const Engine& engine, const Memory& memory,
                                          std::uint32_t pc);
/// Whether it accesses memory at all.
bool accesses_memory(const Memory& memory, std::uint32_t pc);

/// Whether one of the instructions in [begin, begin + size) is LDRT, STRT or one of their kind.
bool accesses_as_unprivileged(const Memory& memory, std::uint32_t begin, std::uint32_t size);

/// The register that the SDIV or UDIV at `pc` divides by, if it is one.
std::optional<unsigned> divisor_register(const Memory& memory, std::uint32_t pc);
/// The IT state (ARMv7-M A7.3.2) in which the instruction at `pc` is executed, if the code from
/// `block` to there began in the IT state `it`.
std::uint32_t it_state_at(const Memory& memory, std::uint32_t block, std::uint32_t it,
                          std::uint32_t pc);
/// Of xPSR.
constexpr std::uint32_t it_state(std::uint32_t xpsr) {
  return (xpsr >> 10 & 0x3F) << 2 | (xpsr >> 25 & 3);
}
/// After one instruction that is not IT itself.
constexpr std::uint32_t next_it_state(std::uint32_t it) {
  return (it & 7) == 0 ? 0 : (it & 0xE0) | (it << 1 & 0x1F);
}
constexpr std::uint32_t with_it_state(std::uint32_t xpsr, std::uint32_t it) {
  return (xpsr & ~0x0600FC00u) | (it >> 2) << 10 | (it & 3) << 25;
}

/// The address of the load in [block, block + size) that reads `accessed`, if one is found.
std::optional<std::uint32_t> find_access(const Engine& engine, const Memory& memory,
                                         std::uint32_t block, std::uint32_t size,
                                         std::uint32_t accessed);

}  // namespace goldcrest::board

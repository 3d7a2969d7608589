// SPDX-License-Identifier: MIT
// Instruction encodings: ARMv7-M Architecture Reference Manual, A5.2 (16 bit) and A5.3 (32 bit).
#include "host/board/thumb_access.hpp"

#include <bit>

#include "host/board/engine.hpp"
#include "host/board/memory.hpp"

namespace goldcrest::board {
namespace {

/// The bytes that a load reads.
struct Access {
  std::uint32_t address;
  std::uint32_t size;
};

constexpr std::uint32_t field(std::uint32_t value, unsigned low, unsigned bits) {
  return value >> low & ((1u << bits) - 1u);
}

class Decoder {
 public:
  Decoder(const Engine& engine, std::uint32_t pc) : engine_(engine), pc_(pc) {}

  std::optional<Access> narrow(std::uint32_t op) const {
    switch (op >> 11) {
      case 0b01001:  // LDR (literal)
        return Access{literal_base() + field(op, 0, 8) * 4, 4};
      case 0b01011:  // LDR, LDRH, LDRB, LDRSH (register); LDRSB is below
        return Access{reg(field(op, 3, 3)) + reg(field(op, 6, 3)), 4};
      case 0b01010:  // STR… (register), LDRSB
        return Access{reg(field(op, 3, 3)) + reg(field(op, 6, 3)), 1};
      case 0b01101:  // LDR (immediate)
        return Access{reg(field(op, 3, 3)) + field(op, 6, 5) * 4, 4};
      case 0b01111:  // LDRB (immediate)
        return Access{reg(field(op, 3, 3)) + field(op, 6, 5), 1};
      case 0b10001:  // LDRH (immediate)
        return Access{reg(field(op, 3, 3)) + field(op, 6, 5) * 2, 2};
      case 0b10011:  // LDR (SP)
        return Access{reg(13) + field(op, 0, 8) * 4, 4};
      case 0b11001:  // LDM
        return Access{reg(field(op, 8, 3)), count(op & 0xFF) * 4};
      default:
        if ((op & 0xFE00) == 0xBC00) return Access{reg(13), count(op & 0x1FF) * 4};  // POP
        return std::nullopt;
    }
  }

  std::optional<Access> wide(std::uint32_t first, std::uint32_t second) const {
    const std::uint32_t base = field(first, 0, 4);
    if ((first & 0xFE50) == 0xE810) {  // LDMIA (E8..) and LDMDB (E9..), POP
      const std::uint32_t bytes = count(second & 0xFFFF) * 4;
      const bool before = (first & 0x0100) != 0;
      return Access{before ? reg(base) - bytes : reg(base), bytes};
    }
    if ((first & 0xFE40) == 0xE840) return dual_or_exclusive(first, second, base);
    if ((first & 0xFE10) == 0xF810) return single(first, second, base);
    return std::nullopt;
  }

 private:
  std::uint32_t reg(std::uint32_t number) const {
    return number == 15 ? literal_base() : engine_.general(number);
  }
  std::uint32_t literal_base() const { return (pc_ + 4) & ~3u; }
  static std::uint32_t count(std::uint32_t registers) {
    return static_cast<std::uint32_t>(std::popcount(registers));
  }

  std::optional<Access> dual_or_exclusive(std::uint32_t first, std::uint32_t second,
                                          std::uint32_t base) const {
    const bool load = (first & 0x0010) != 0;
    if ((first & 0xFFF0) == 0xE8D0) {  // TBB, TBH, LDREXB, LDREXH
      if ((second & 0xFFE0) == 0xF000) {
        const unsigned shift = field(second, 4, 1);
        const std::uint32_t table = base == 15 ? pc_ + 4 : reg(base);
        return Access{table + (reg(field(second, 0, 4)) << shift), shift + 1};
      }
      return Access{reg(base), 2};
    }
    if (!load) return std::nullopt;
    const std::uint32_t offset = field(second, 0, 8) * 4;
    if ((first & 0xFFF0) == 0xE850) return Access{reg(base) + offset, 4};  // LDREX
    const bool index = (first & 0x0100) != 0;
    const bool up = (first & 0x0080) != 0;
    if (!index) return Access{reg(base), 8};  // LDRD, post-indexed
    return Access{up ? reg(base) + offset : reg(base) - offset, 8};
  }

  std::optional<Access> single(std::uint32_t first, std::uint32_t second,
                               std::uint32_t base) const {
    const std::uint32_t size = 1u << field(first, 5, 2);
    if (base == 15) {  // literal, up or down
      const std::uint32_t offset = field(second, 0, 12);
      return Access{(first & 0x0080) != 0 ? reg(15) + offset : reg(15) - offset, size};
    }
    if ((first & 0x0080) != 0) return Access{reg(base) + field(second, 0, 12), size};
    if ((second & 0x0800) != 0) {  // 8-bit offset: P U W
      const std::uint32_t offset = field(second, 0, 8);
      if ((second & 0x0400) == 0) return Access{reg(base), size};
      return Access{(second & 0x0200) != 0 ? reg(base) + offset : reg(base) - offset, size};
    }
    return Access{reg(base) + (reg(field(second, 0, 4)) << field(second, 4, 2)), size};
  }

  const Engine& engine_;
  std::uint32_t pc_;
};

std::uint32_t half_word(const Memory& memory, std::uint32_t address) {
  if (address - flash_base <= flash_size - 2) return load(memory.flash(), address - flash_base, 2);
  if (address - ram_base <= ram_size - 2) return load(memory.ram(), address - ram_base, 2);
  return 0;
}

}  // namespace

std::optional<std::uint32_t> find_access(const Engine& engine, const Memory& memory,
                                         std::uint32_t block, std::uint32_t size,
                                         std::uint32_t accessed) {
  for (std::uint32_t pc = block; pc - block < size;) {
    const std::uint32_t first = half_word(memory, pc);
    const bool wide = first >> 11 >= 0b11101;
    const Decoder decoder(engine, pc);
    const auto access =
        wide ? decoder.wide(first, half_word(memory, pc + 2)) : decoder.narrow(first);
    if (access && accessed - access->address < access->size) return pc;
    pc += wide ? 4 : 2;
  }
  return std::nullopt;
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// Instruction encodings: ARMv7-M Architecture Reference Manual, A5.2 (16 bit) and A5.3 (32 bit).
#include "host/board/thumb_access.hpp"

#include <bit>

#include "host/board/engine.hpp"
#include "host/board/memory.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t field(std::uint32_t value, unsigned low, unsigned bits) {
  return value >> low & ((1u << bits) - 1u);
}

class Decoder {
 public:
  Decoder(const Engine& engine, std::uint32_t pc) : engine_(engine), pc_(pc) {}

  std::optional<MemoryAccess> narrow(std::uint32_t op) const {
    const std::uint32_t base = field(op, 3, 3);
    const std::uint32_t offset = field(op, 6, 5);
    const bool load = (op & 0x0800) != 0;
    switch (op >> 12) {
      case 0b0100:  // LDR (literal)
        if ((op & 0x0800) == 0) return std::nullopt;
        return read(literal_base() + field(op, 0, 8) * 4, 4);
      case 0b0101: {  // register offset: STR, STRH, STRB, LDRSB, LDR, LDRH, LDRB, LDRSH
        static constexpr std::uint8_t sizes[] = {4, 2, 1, 1, 4, 2, 1, 2};
        const std::uint32_t kind = field(op, 9, 3);
        return access(reg(base) + reg(field(op, 6, 3)), sizes[kind], kind >= 3);
      }
      case 0b0110:
        return access(reg(base) + offset * 4, 4, load);
      case 0b0111:
        return access(reg(base) + offset, 1, load);
      case 0b1000:
        return access(reg(base) + offset * 2, 2, load);
      case 0b1001:
        return access(reg(13) + field(op, 0, 8) * 4, 4, load);
      case 0b1100:  // STM, LDM
        return access(reg(field(op, 8, 3)), count(op & 0xFF) * 4, load);
      case 0b1011: {
        const std::uint32_t bytes = count(op & 0x1FF) * 4;
        if ((op & 0xFE00) == 0xBC00) return read(reg(13), bytes);           // POP
        if ((op & 0xFE00) == 0xB400) return write(reg(13) - bytes, bytes);  // PUSH
        return std::nullopt;
      }
      default:
        return std::nullopt;
    }
  }

  std::optional<MemoryAccess> wide(std::uint32_t first, std::uint32_t second) const {
    const std::uint32_t base = field(first, 0, 4);
    const bool load = (first & 0x0010) != 0;
    if ((first & 0xFE40) == 0xE800) {  // LDM, STM: after (E8..) or before (E9..), POP, PUSH
      const std::uint32_t bytes = count(second & 0xFFFF) * 4;
      const bool before = (first & 0x0100) != 0;
      return access(before ? reg(base) - bytes : reg(base), bytes, load);
    }
    if ((first & 0xFE40) == 0xE840) return dual_or_exclusive(first, second, base);
    if ((first & 0xFE00) == 0xF800) return single(first, second, base);
    return std::nullopt;
  }

 private:
  static std::optional<MemoryAccess> access(std::uint32_t address, std::uint32_t size, bool load) {
    return MemoryAccess{address, size, !load};
  }
  static std::optional<MemoryAccess> read(std::uint32_t address, std::uint32_t size) {
    return access(address, size, true);
  }
  static std::optional<MemoryAccess> write(std::uint32_t address, std::uint32_t size) {
    return access(address, size, false);
  }
  std::uint32_t reg(std::uint32_t number) const {
    return number == 15 ? literal_base() : engine_.general(number);
  }
  std::uint32_t literal_base() const { return (pc_ + 4) & ~3u; }
  static std::uint32_t count(std::uint32_t registers) {
    return static_cast<std::uint32_t>(std::popcount(registers));
  }

  std::optional<MemoryAccess> dual_or_exclusive(std::uint32_t first, std::uint32_t second,
                                                std::uint32_t base) const {
    const bool load = (first & 0x0010) != 0;
    const bool index = (first & 0x0100) != 0;
    const bool up = (first & 0x0080) != 0;
    const bool write_back = (first & 0x0020) != 0;
    const std::uint32_t offset = field(second, 0, 8) * 4;
    if (!index && !write_back && !up) return access(reg(base) + offset, 4, load);  // LDREX, STREX
    if (!index && !write_back) {  // E8C., E8D.: tables and narrow exclusives
      if (load && (second & 0xFFE0) == 0xF000) {
        const unsigned shift = field(second, 4, 1);
        const std::uint32_t table = base == 15 ? pc_ + 4 : reg(base);
        return read(table + (reg(field(second, 0, 4)) << shift), shift + 1);
      }
      return access(reg(base), (second & 0x0010) != 0 ? 2 : 1, load);
    }
    if (!index) return access(reg(base), 8, load);  // LDRD, STRD, post-indexed
    return access(up ? reg(base) + offset : reg(base) - offset, 8, load);
  }

  std::optional<MemoryAccess> single(std::uint32_t first, std::uint32_t second,
                                     std::uint32_t base) const {
    const bool load = (first & 0x0010) != 0;
    const std::uint32_t size = 1u << field(first, 5, 2);
    if (size > 4 || (load && size < 4 && second >> 12 == 15)) return std::nullopt;  // PLD, PLI
    if (base == 15) {  // literal, up or down
      const std::uint32_t offset = field(second, 0, 12);
      return access((first & 0x0080) != 0 ? reg(15) + offset : reg(15) - offset, size, load);
    }
    if ((first & 0x0080) != 0) return access(reg(base) + field(second, 0, 12), size, load);
    if ((second & 0x0800) != 0) {  // 8-bit offset: P U W
      const std::uint32_t offset = field(second, 0, 8);
      if ((second & 0x0700) == 0x0600) {
        return MemoryAccess{reg(base) + offset, size, !load, true};  // LDRT, STRT
      }
      if ((second & 0x0400) == 0) return access(reg(base), size, load);
      return access((second & 0x0200) != 0 ? reg(base) + offset : reg(base) - offset, size, load);
    }
    return access(reg(base) + (reg(field(second, 0, 4)) << field(second, 4, 2)), size, load);
  }

  const Engine& engine_;
  std::uint32_t pc_;
};

std::uint32_t half_word(const Memory& memory, std::uint32_t address) {
  if (address - flash_base <= flash_size - 2) return load(memory.flash(), address - flash_base, 2);
  if (address - ram_base <= ram_size - 2) return load(memory.ram(), address - ram_base, 2);
  return 0;
}

constexpr bool is_wide(std::uint32_t first) {
  return first >> 11 >= 0b11101;
}

}  // namespace

std::uint32_t instruction_size(const Memory& memory, std::uint32_t pc) {
  return is_wide(half_word(memory, pc)) ? 4 : 2;
}

std::optional<MemoryAccess> memory_access(const Engine& engine, const Memory& memory,
                                          std::uint32_t pc) {
  const std::uint32_t first = half_word(memory, pc);
  const Decoder decoder(engine, pc);
  return is_wide(first) ? decoder.wide(first, half_word(memory, pc + 2)) : decoder.narrow(first);
}

bool accesses_memory(const Memory& memory, std::uint32_t pc) {
  const std::uint32_t first = half_word(memory, pc);
  if (is_wide(first)) return (first & 0xFE00) == 0xE800 || (first & 0xFE00) == 0xF800;
  const std::uint32_t top = first >> 12;
  if (top == 0b0100) return (first & 0x0800) != 0;
  if (top == 0b1011) return (first & 0xF600) == 0xB400;
  return (top >= 0b0101 && top <= 0b1001) || top == 0b1100;
}

bool accesses_as_unprivileged(const Memory& memory, std::uint32_t begin, std::uint32_t size) {
  for (std::uint32_t pc = begin; pc - begin < size;) {
    const std::uint32_t first = half_word(memory, pc);
    const bool single = (first & 0xFE80) == 0xF800 && (first & 0xF) != 15;
    if (single && (half_word(memory, pc + 2) & 0x0F00) == 0x0E00) return true;
    pc += is_wide(first) ? 4u : 2u;
  }
  return false;
}

std::optional<unsigned> divisor_register(const Memory& memory, std::uint32_t pc) {
  const std::uint32_t first = half_word(memory, pc);
  const std::uint32_t second = half_word(memory, pc + 2);
  if ((first & 0xFFD0) != 0xFB90 || (second & 0xF0F0) != 0xF0F0) return std::nullopt;
  const unsigned divisor = second & 15u;
  return divisor <= 14 ? std::optional<unsigned>(divisor) : std::nullopt;
}

std::uint32_t it_state_at(const Memory& memory, std::uint32_t block, std::uint32_t it,
                          std::uint32_t pc) {
  for (std::uint32_t at = block; at - block < pc - block; at += instruction_size(memory, at)) {
    if ((it & 0xF) != 0) {
      it = next_it_state(it);
      continue;
    }
    const std::uint32_t first = half_word(memory, at);
    it = (first & 0xFF00) == 0xBF00 && (first & 0xF) != 0 ? first & 0xFF : 0;
  }
  return it;
}

std::optional<std::uint32_t> find_access(const Engine& engine, const Memory& memory,
                                         std::uint32_t block, std::uint32_t size,
                                         std::uint32_t accessed) {
  for (std::uint32_t pc = block; pc - block < size; pc += instruction_size(memory, pc)) {
    const auto access = memory_access(engine, memory, pc);
    if (access && !access->write && accessed - access->address < access->size) return pc;
  }
  return std::nullopt;
}

}  // namespace goldcrest::board

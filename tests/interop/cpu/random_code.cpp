// SPDX-License-Identifier: MIT
#include "tests/interop/cpu/random_code.hpp"

#include "tests/interop/cpu/random_operations.hpp"

namespace goldcrest::tests {
namespace {

/// Composes the pieces.
class Generator {
 public:
  explicit Generator(std::uint64_t seed)
      : random_(seed), code_(random_code_base), operations_(random_, code_) {}

  std::vector<std::uint8_t> generate(std::size_t instructions) {
    code_.narrow(0xB500);  // push {lr}
    for (std::uint32_t number = 0; number <= 12; ++number) operations_.random_value(number);
    operations_.random_value(14);
    while (code_.instructions() < instructions) {
      piece();
      code_.end_block();
    }
    code_.narrow(0xBD00);  // pop {pc}
    return code_.bytes();
  }

 private:
  void piece() {
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
        for (std::uint32_t left = 1 + random_.below(3); left > 0; --left) operations_.compute();
        break;
      case 3:
      case 4:
      case 5:
        if_then();
        break;
      case 6:
        operations_.random_value(operations_.any());
        if (random_.one_in(2)) operations_.random_flags();
        break;
      case 7:
      case 8:
        operations_.prepare_access();
        random_.one_in(6) ? operations_.exclusive_pair() : operations_.access();
        operations_.release();
        break;
      case 9:
        branch();
        break;
      case 10:
        table_branch();
        break;
      default:
        stack();
        break;
    }
  }

  /// IT and its one to four instructions, some of which load, store or compare, and the last of
  /// which may branch.
  void if_then() {
    const bool with_access = random_.one_in(3);
    if (with_access) operations_.prepare_access();
    const std::uint32_t condition = random_.below(15);
    const std::uint32_t length = 1 + random_.below(4);
    std::uint32_t mask = 0;
    for (std::uint32_t index = 1; index < length; ++index) {
      // "Then" repeats the condition's lowest bit; "always" has no "else".
      const std::uint32_t then = condition & 1u;
      mask |= (condition == 14 || random_.one_in(2) ? then : then ^ 1u) << (4 - index);
    }
    mask |= 1u << (4 - length);
    code_.narrow(0xBF00 | condition << 4 | mask);
    for (std::uint32_t index = 0; index < length; ++index) {
      const bool last = index + 1 == length;
      if (last && random_.one_in(5)) {
        branch_over_one();
      } else if (with_access && random_.one_in(2)) {
        operations_.access();
      } else {
        operations_.compute_in_if_then();
      }
    }
    operations_.release();
  }

  /// B or B.W over one instruction, as allowed at the end of an IT block.
  void branch_over_one() {
    if (random_.one_in(2)) {
      code_.narrow(0xE000);
    } else {
      code_.wide(0xF000, 0xB801);
    }
    operations_.compute_narrow();
  }

  void branch() {
    const std::size_t at = code_.size();
    const std::uint32_t form = random_.below(6);
    const auto skipped = [&](auto patch) {
      const std::size_t begin = code_.size();
      for (std::uint32_t left = 1 + random_.below(3); left > 0; --left) operations_.compute();
      patch(static_cast<std::uint32_t>(code_.size() - begin));
    };
    switch (form) {
      case 0: {  // B<c>
        const std::uint32_t opcode = 0xD000 | random_.below(14) << 8;
        code_.narrow(opcode);
        skipped([&](std::uint32_t count) { code_.replace(at, opcode | (count - 1)); });
        break;
      }
      case 1: {  // B<c>.W
        const std::uint32_t condition = random_.below(14);
        code_.wide(0xF000 | condition << 6, 0x8000);
        skipped([&](std::uint32_t count) { code_.replace(at + 1, 0x8000 | count); });
        break;
      }
      case 2: {  // CBZ, CBNZ
        const std::uint32_t opcode = 0xB100 | random_.bits(1) << 11 | random_.bits(3);
        code_.narrow(opcode);
        skipped([&](std::uint32_t count) { code_.replace(at, opcode | (count - 1) << 3); });
        break;
      }
      case 3:  // BL to the next instruction
        code_.wide(0xF000, 0xF800);
        break;
      case 4: {  // BX, BLX to the instruction behind a few
        const std::uint32_t number = operations_.any_destination();
        code_.load_constant(number, 0);
        code_.narrow((random_.one_in(2) ? 0x4700 : 0x4780) | number << 3);
        skipped([&](std::uint32_t) {
          ThumbWriter target(0);
          target.load_constant(number, code_.address() | 1u);
          const auto bytes = target.bytes();
          for (std::size_t index = 0; index < 4; ++index) {
            code_.replace(at + index, bytes[2 * index] | std::uint32_t{bytes[2 * index + 1]} << 8);
          }
        });
        break;
      }
      default: {  // MOV PC
        const std::uint32_t number = random_.bits(3);
        code_.narrow(0xA000 | number << 8 | 1);  // adr number, . + 8
        if (at % 2 != 0) code_.narrow(0xBF00);   // aligned to a word
        code_.narrow(0x4687 | number << 3);      // mov pc, number
        while (code_.size() < (at / 2) * 2 + 4) code_.narrow(0xBF00);
        break;
      }
    }
  }

  /// TBB or TBH into one of four instructions.
  void table_branch() {
    const std::uint32_t index = operations_.any_low();
    const bool half_words = random_.one_in(2);
    code_.narrow(0x2000 | index << 8 | random_.below(4));  // movs
    code_.wide(0xE8DF, 0xF000 | (half_words ? 0x10u : 0u) | index);
    // In half-words from behind the instruction: the table, then instructions of one half-word
    // each.
    const std::uint32_t table = half_words ? 4 : 2;
    if (half_words) {
      for (std::uint32_t entry = 0; entry < 4; ++entry) code_.data(table + entry);
    } else {
      code_.data(table | (table + 1) << 8);
      code_.data((table + 2) | (table + 3) << 8);
    }
    for (int entry = 0; entry < 4; ++entry) operations_.compute_narrow();
  }

  /// As many registers back as were pushed, but others.
  void stack() {
    const std::uint32_t pushed = 1 + random_.below(255);
    code_.narrow(0xB400 | pushed);
    operations_.compute();
    std::uint32_t popped = 0;
    for (int left = __builtin_popcount(pushed); left > 0;) {
      const std::uint32_t bit = 1u << random_.bits(3);
      if ((popped & bit) != 0) continue;
      popped |= bit;
      --left;
    }
    code_.narrow(0xBC00 | popped);
  }

  Random random_;
  ThumbWriter code_;
  RandomOperations operations_;
};

}  // namespace

std::vector<std::uint8_t> random_code(std::uint64_t seed, std::size_t instructions) {
  return Generator(seed).generate(instructions);
}

}  // namespace goldcrest::tests

// SPDX-License-Identifier: MIT
// Writes Thumb-2 machine code: half-words, and the few instructions that random pieces of code need
// around them. Encodings are those of the ARMv7-M Architecture Reference Manual, chapter A7.7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace goldcrest::tests {

/// SplitMix64: the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint32_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t value = state_;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return static_cast<std::uint32_t>((value ^ value >> 31) >> 16);
  }
  /// 0 … bound - 1.
  std::uint32_t below(std::uint32_t bound) { return next() % bound; }
  std::uint32_t bits(unsigned count) { return next() & ((1u << count) - 1); }
  bool one_in(std::uint32_t count) { return below(count) == 0; }
  std::uint32_t one_of(std::initializer_list<std::uint32_t> values) {
    return values.begin()[below(static_cast<std::uint32_t>(values.size()))];
  }

 private:
  std::uint64_t state_;
};

class ThumbWriter {
 public:
  explicit ThumbWriter(std::uint32_t base) : base_(base) {}

  void narrow(std::uint32_t half_word) {
    code_.push_back(static_cast<std::uint16_t>(half_word));
    ++instructions_;
  }
  void wide(std::uint32_t first, std::uint32_t second) {
    code_.push_back(static_cast<std::uint16_t>(first));
    code_.push_back(static_cast<std::uint16_t>(second));
    ++instructions_;
  }
  /// Two bytes that are not executed.
  void data(std::uint32_t half_word) { code_.push_back(static_cast<std::uint16_t>(half_word)); }

  /// MOVW and MOVT.
  void load_constant(std::uint32_t number, std::uint32_t value) {
    move_half(0xF240, number, value & 0xFFFF);
    move_half(0xF2C0, number, value >> 16);
  }
  /// MOVW (0xF240) or MOVT (0xF2C0).
  void move_half(std::uint32_t operation, std::uint32_t number, std::uint32_t value) {
    wide(operation | (value >> 11 & 1u) << 10 | value >> 12,
         (value >> 8 & 7u) << 12 | number << 8 | (value & 0xFF));
  }
  /// A branch to the next instruction.
  void end_block() { narrow(0xE7FF); }

  /// Address of the next half-word.
  std::uint32_t address() const { return base_ + static_cast<std::uint32_t>(code_.size()) * 2; }
  std::size_t size() const { return code_.size(); }
  void replace(std::size_t index, std::uint32_t half_word) {
    code_.at(index) = static_cast<std::uint16_t>(half_word);
  }
  std::size_t instructions() const { return instructions_; }
  std::vector<std::uint8_t> bytes() const {
    std::vector<std::uint8_t> result;
    for (const std::uint16_t half_word : code_) {
      result.push_back(static_cast<std::uint8_t>(half_word));
      result.push_back(static_cast<std::uint8_t>(half_word >> 8));
    }
    return result;
  }

 private:
  std::uint32_t base_;
  std::vector<std::uint16_t> code_;
  std::size_t instructions_ = 0;
};

}  // namespace goldcrest::tests

// SPDX-License-Identifier: MIT
// Single random instructions for random code: computing ones, and accesses to the window of RAM.
#pragma once

#include <cstdint>

#include "tests/interop/cpu/thumb_writer.hpp"

namespace goldcrest::tests {

class RandomOperations {
 public:
  RandomOperations(Random& random, ThumbWriter& code) : random_(random), code_(code) {}

  /// One computing instruction, of any kind; may read literals from the code.
  void compute();
  /// The same, but what is allowed inside an IT block.
  void compute_in_if_then();
  /// One of a single half-word.
  void compute_narrow();

  /// Points the base register of the next accesses into the window. Until release(), nothing else
  /// writes the registers that they need.
  void prepare_access();
  /// One load or store; up to four may follow each other.
  void access();
  /// LDREX and STREX, of one width.
  void exclusive_pair();
  void release() { protected_ = 0; }

  /// Puts a number into a register that is likely to make something special happen.
  void random_value(std::uint32_t number);
  void random_flags();

  /// R0–R12 or LR.
  std::uint32_t any() {
    const std::uint32_t number = random_.below(14);
    return number == 13 ? 14 : number;
  }
  std::uint32_t any_low() { return random_.bits(3); }
  std::uint32_t any_destination();
  std::uint32_t any_low_destination();

 private:
  void arithmetic_narrow();
  void high_registers();
  void immediate();
  void shifted_register();
  void plain_immediate();
  void shift_by_register();
  void extend_or_reverse();
  void saturate();
  void bit_field();
  void multiply();
  void long_multiply();
  void special_register();
  void literal();

  void access_immediate();
  void access_register();
  void access_multiple();
  void access_double();
  void access_narrow();
  std::uint32_t transferred(bool load) { return load ? any_destination() : any(); }

  Random& random_;
  ThumbWriter& code_;
  std::uint32_t protected_ = 0;  ///< registers that must keep their values
  std::uint32_t base_ = 0;
  std::uint32_t index_ = 0;
  bool aligned_ = true;  ///< the base register, to a word
};

}  // namespace goldcrest::tests

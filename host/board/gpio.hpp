// SPDX-License-Identifier: MIT
// One GPIO port, RM0038 chapter "General-purpose I/Os".
//
//   GPIOA 0x40020000  B 0x40020400  C 0x40020800  D 0x40020C00  E 0x40021000
//   GPIOH 0x40021400  F 0x40021800  G 0x40021C00        no interrupt of its own (see EXTI)
//
// The registers set how each pin drives its wire; the levels themselves are in Pins. After reset
// the JTAG pins PA13–15, PB3 and PB4 are in alternate function 0 with their pull resistors.
#pragma once

#include "host/board/pins.hpp"
#include "host/board/register_block.hpp"

namespace goldcrest::board {

class Gpio final : public RegisterBlock {
 public:
  /// `port`: 0 = A … 7 = H.
  Gpio(Chip& chip, Pins& pins, unsigned port);

  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  std::uint32_t input_data() const;
  void write_lock(std::uint32_t value);
  /// Bits that a two-bit-a-pin register may change while pins are locked.
  std::uint32_t unlocked(unsigned bits_per_pin, unsigned first_pin) const;
  void change(std::uint32_t& reg, std::uint32_t value, unsigned bits_per_pin,
              unsigned first_pin = 0);
  void apply();

  Pins& pins_;
  unsigned port_;
  std::uint32_t mode_ = 0;
  std::uint32_t output_type_ = 0;
  std::uint32_t speed_ = 0;
  std::uint32_t pull_ = 0;
  std::uint32_t output_data_ = 0;
  std::uint32_t alternate_low_ = 0;
  std::uint32_t alternate_high_ = 0;
  std::uint32_t lock_ = 0;      ///< LCKR bits 0–15, and LCKK (bit 16) once locked
  std::uint8_t lock_step_ = 0;  ///< writes of the lock sequence seen so far
};

}  // namespace goldcrest::board

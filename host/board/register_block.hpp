// SPDX-License-Identifier: MIT
// A peripheral whose registers are 32-bit words at multiples of 4, the usual form on the STM32L1.
// Narrow accesses behave as RM0038 2.1 says: the AHB-APB bridges duplicate a byte or half-word over
// the whole word that is written; AHB peripherals (GPIO) change only the bytes that are addressed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "host/board/peripheral.hpp"

namespace goldcrest::board {

enum class NarrowWrite : std::uint8_t { duplicate, merge };

class RegisterBlock : public Peripheral {
 public:
  RegisterBlock(Chip& chip, std::string_view name, NarrowWrite narrow)
      : chip_(chip), name_(name), narrow_(narrow) {}

  std::string_view name() const final { return name_; }
  std::uint32_t read(std::uint32_t offset, unsigned size) final;
  void write(std::uint32_t offset, std::uint32_t value, unsigned size) final;

 protected:
  virtual std::uint32_t read_register(std::uint32_t offset) = 0;
  virtual void write_register(std::uint32_t offset, std::uint32_t value) = 0;
  /// The word at `offset` without the effects of reading it, for merged writes. Registers that are
  /// written by ones (BSRR) give 0.
  virtual std::uint32_t peek_register(std::uint32_t offset) { return read_register(offset); }

  /// For the default branch of the two above: traces, and reads as 0.
  std::uint32_t unmodelled_read(std::uint32_t offset);
  void unmodelled_write(std::uint32_t offset, std::uint32_t value);
  /// Says that something was asked for that the model does not do.
  void unmodelled(std::string_view what);

  Chip& chip_;

 private:
  std::string name_;
  NarrowWrite narrow_;
};

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// For tests: a table of a peripheral's registers, checked bit by bit. Each row is tried on a fresh
// chip: the value after power-on, what all ones and all zeros leave there (reserved and read-only
// bits keep their reset value), and that a system reset brings the reset value back.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {

struct RegisterRow {
  std::string_view name;
  std::uint32_t offset = 0;
  std::uint32_t reset = 0;
  std::uint32_t writable = 0;        ///< these bits become what is written
  std::uint32_t set_only = 0;        ///< ones set these, zeros do not clear them
  std::uint32_t ones = 0xFFFF'FFFF;  ///< what is written as "all ones"
  std::uint32_t survives = 0;        ///< a system reset leaves these
};

/// A register block of Peripherals at `base`, behind open clock gates unless it is RCC.
class PeripheralRegisters {
 public:
  explicit PeripheralRegisters(std::uint32_t base) : base_(base) { open(); }
  std::uint32_t read(std::uint32_t offset) { return bench.read(base_ + offset); }
  void write(std::uint32_t offset, std::uint32_t value) { bench.write(base_ + offset, value); }
  void reset() {
    bench.peripherals.reset(false);
    open();
  }

  TestBench bench;

 private:
  static constexpr std::uint32_t rcc = 0x40023800;
  void open() {
    if (base_ != rcc) bench.open_gates();
  }
  std::uint32_t base_;
};

/// `make` gives a fresh Registers, in the state that the rows speak of; `prepare` brings it there
/// from the reset state (keys, other registers).
template <typename Registers>
void check_registers(
    std::span<const RegisterRow> rows, const std::function<Registers()>& make,
    const std::function<void(Registers&)>& prepare = [](Registers&) {}) {
  for (const RegisterRow& row : rows) {
    const std::uint32_t fixed = row.reset & ~row.writable;
    {
      auto registers = make();
      EXPECT_EQ(registers.read(row.offset), row.reset) << row.name << " after power-on";
      prepare(registers);
      registers.write(row.offset, row.ones);
      EXPECT_EQ(registers.read(row.offset), fixed | (row.writable & row.ones) | row.set_only)
          << row.name << " after all ones";
      registers.reset();
      const std::uint32_t kept = row.reset | (row.survives & (row.writable | row.set_only));
      EXPECT_EQ(registers.read(row.offset), kept) << row.name << " after a system reset";
    }
    auto registers = make();
    prepare(registers);
    registers.write(row.offset, 0);
    EXPECT_EQ(registers.read(row.offset), fixed) << row.name << " after all zeros";
    for (const std::uint32_t pattern : {0xAAAA'AAAAu, 0x5555'5555u}) {
      if (row.set_only != 0 || row.ones != 0xFFFF'FFFF) continue;
      registers.write(row.offset, pattern);
      EXPECT_EQ(registers.read(row.offset), fixed | (pattern & row.writable))
          << row.name << " after a pattern";
    }
  }
}

inline void check_peripheral_registers(
    std::uint32_t base, std::span<const RegisterRow> rows,
    const std::function<void(PeripheralRegisters&)>& prepare = [](PeripheralRegisters&) {}) {
  check_registers<PeripheralRegisters>(
      rows, [base] { return PeripheralRegisters(base); }, prepare);
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/unmodelled_peripheral.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "host/board/board_fixture.hpp"
#include "host/board/test_registers.hpp"

namespace goldcrest::board {
namespace {

using Row = RegisterRow;

TEST(UnmodelledPeripheral, RegistersHaveTheirResetValuesAndBits) {
  constexpr std::array<Row, 4> lcd{{
      {.name = "LCD_CR", .offset = 0x00, .writable = 0xFF},
      {.name = "LCD_SR", .offset = 0x08, .reset = 0x20},
      {.name = "LCD_CLR", .offset = 0x0C},
      {.name = "LCD_RAM7", .offset = 0x50, .writable = 0xFFFFFFFF},
  }};
  check_peripheral_registers(0x40002400, lcd);
  constexpr std::array<Row, 3> dac{{
      {.name = "DAC_CR", .offset = 0x00, .writable = 0x3FFF3FFF},
      {.name = "DAC_DHR12L2", .offset = 0x18, .writable = 0xFFF0},
      {.name = "DAC_SR", .offset = 0x34},
  }};
  check_peripheral_registers(0x40007400, dac);
  constexpr std::array<Row, 3> usb{{
      {.name = "USB_EP7R", .offset = 0x1C},
      {.name = "USB_CNTR", .offset = 0x40, .reset = 3, .writable = 0xFF1F},
      {.name = "USB_BTABLE", .offset = 0x50, .writable = 0xFFF8},
  }};
  check_peripheral_registers(0x40005C00, usb);
  constexpr std::array<Row, 4> comparators{{
      {.name = "COMP_CSR", .offset = 0x00, .writable = 0xBCFF103F},
      {.name = "RI_ASCR1", .offset = 0x08, .writable = 0xFFFDFFFF},
      {.name = "RI_CICR5", .offset = 0x58, .writable = 0xFFFF},
      {.name = "OPAMP_CSR", .offset = 0x5C, .reset = 0x10101, .writable = 0x1B00FFFF},
  }};
  check_peripheral_registers(0x40007C00, comparators);
}

TEST(UnmodelledPeripheral, EveryAccessIsTold) {
  TestBench bench;
  bench.open_gates();
  bench.write(0x40007400, 1);
  EXPECT_EQ(bench.read(0x40007400), 1u);
  (void)bench.read(0x400077FC);
  EXPECT_EQ(bench.unmodelled,
            (std::vector<std::string>{"DAC: write of 0x00000001 to offset 0x000",
                                      "DAC: read of offset 0x000", "DAC: read of offset 0x3fc"}));
}

TEST(UnmodelledPeripheral, AProgramGoesOnAndTheTraceTells) {
  BoardOptions options;
  std::vector<std::string> lines;
  options.trace = {"unmodelled"};
  options.trace_sink = [&](std::string_view line) { lines.emplace_back(line); };
  ProgrammedBoard board("unmodelled", options);
  EXPECT_EQ(board.finish(),
            "dac=0x00001001\n"
            "opamp=0x00010101\n"
            "routing=0x00000007\n"
            "lcd=0x00000020\n"
            "nothing=0x00000000\n");
  const auto told = [&](std::string_view text) {
    return std::ranges::any_of(lines,
                               [&](const std::string& line) { return line.ends_with(text); });
  };
  EXPECT_TRUE(told("unmodelled: DAC: write of 0x00001001 to offset 0x000"));
  EXPECT_TRUE(told("unmodelled: COMP: read of offset 0x05c"));
  EXPECT_TRUE(told("unmodelled: LCD: read of offset 0x008"));
  EXPECT_TRUE(told("unmodelled: read of 4 bytes at 0x40012c00: nothing is modelled there"));
}

}  // namespace
}  // namespace goldcrest::board

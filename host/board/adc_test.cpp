// SPDX-License-Identifier: MIT
#include "host/board/adc.hpp"

#include <gtest/gtest.h>

#include <array>

#include "host/board/board_fixture.hpp"
#include "host/board/test_registers.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t base = 0x40012400;

TEST(Adc, Registers) {  // RM0038 12.12
  using Row = RegisterRow;
  constexpr std::array<Row, 26> rows{{
      {.name = "SR", .offset = 0x00},
      {.name = "CR1", .offset = 0x04, .writable = 0x07C3FFFF},
      {.name = "CR2", .offset = 0x08, .writable = 0x3F3F0F77},
      {.name = "SMPR1", .offset = 0x0C, .writable = 0x3FFFFFFF},
      {.name = "SMPR2", .offset = 0x10, .writable = 0x3FFFFFFF},
      {.name = "SMPR3", .offset = 0x14, .writable = 0x3FFFFFFF},
      {.name = "JOFR1", .offset = 0x18, .writable = 0xFFF},
      {.name = "JOFR2", .offset = 0x1C, .writable = 0xFFF},
      {.name = "JOFR3", .offset = 0x20, .writable = 0xFFF},
      {.name = "JOFR4", .offset = 0x24, .writable = 0xFFF},
      {.name = "HTR", .offset = 0x28, .reset = 0xFFF, .writable = 0xFFF},
      {.name = "LTR", .offset = 0x2C, .writable = 0xFFF},
      {.name = "SQR1", .offset = 0x30, .writable = 0x01FFFFFF},
      {.name = "SQR2", .offset = 0x34, .writable = 0x3FFFFFFF},
      {.name = "SQR3", .offset = 0x38, .writable = 0x3FFFFFFF},
      {.name = "SQR4", .offset = 0x3C, .writable = 0x3FFFFFFF},
      {.name = "SQR5", .offset = 0x40, .writable = 0x3FFFFFFF},
      {.name = "JSQR", .offset = 0x44, .writable = 0x3FFFFF},
      {.name = "JDR1", .offset = 0x48},
      {.name = "JDR2", .offset = 0x4C},
      {.name = "JDR3", .offset = 0x50},
      {.name = "JDR4", .offset = 0x54},
      {.name = "DR", .offset = 0x58},
      {.name = "SMPR0", .offset = 0x5C, .writable = 0x3F},
      {.name = "CSR", .offset = 0x300},
      {.name = "CCR", .offset = 0x304, .writable = 0x00830000},
  }};
  check_peripheral_registers(base, rows);
}

TEST(Adc, measures_supply_temperature_and_pins_as_a_driver_asks) {
  ProgrammedBoard board("adc_read");
  EXPECT_EQ(board.finish(),
            "ready without hsi=0x00000000\n"
            "flags=0x00000050\n"
            "supply in mV=0x00000ce4\n"  // 3300
            "degrees=0x00000019\n"
            "10 bits=0x0000017b\n"
            "left=0x00005ef0\n"
            "reference by dma=0x000005ef\n"
            "pin by dma=0x00000000\n"
            "temperature by dma=0x0000024d\n"
            "injected=0x0000024d\n"
            "ends=0x00000005\n"
            "off=0x00000000\n");
}

class AdcBench : public TestBench {
 public:
  AdcBench() {
    open_gates();
    set_bits(0x40023800, 1);
    run_for(microseconds(10));
    write(base + 0x08, 1);
    run_for(microseconds(10));
  }
  std::uint32_t status() { return read(base); }
};

TEST(Adc, conversions_take_their_time) {
  AdcBench bench;
  bench.write(base + 0x14, 7);  // channel 0: 384 + 12.5 cycles of 16 MHz
  bench.write(base + 0x08, 1u << 30 | 1);
  bench.run_for(24'700'000);
  EXPECT_EQ(bench.status() & 2u, 0u);
  bench.run_for(200'000);
  EXPECT_EQ(bench.status() & 2u, 2u);
  bench.write(base + 0x304, 2u << 16);  // a quarter of the clock
  (void)bench.read(base + 0x58);
  bench.write(base + 0x08, 1u << 30 | 1);
  bench.run_for(98'000'000);
  EXPECT_EQ(bench.status() & 2u, 0u);
  bench.run_for(2'000'000);
  EXPECT_EQ(bench.status() & 2u, 2u);
}

TEST(Adc, data_that_nobody_reads_overrun) {
  AdcBench bench;
  bench.write(base + 0x08, 1u << 30 | 1u << 10 | 2u | 1u);  // continuous, EOC after each
  bench.run_for(microseconds(20));
  EXPECT_EQ(bench.status() & 0x22u, 0x22u);
  bench.write(base, ~0x20u);
  EXPECT_EQ(bench.status() & 0x20u, 0u);
}

TEST(Adc, delay_waits_for_the_datum) {
  AdcBench bench;
  bench.write(base + 0x08, 1u << 30 | 1u << 10 | 1u << 4 | 2u | 1u);
  bench.run_for(microseconds(20));
  EXPECT_EQ(bench.status() & 0x22u, 0x02u) << "no overrun";
  EXPECT_EQ(bench.peripherals.adc.next_event(), no_event);
  (void)bench.read(base + 0x58);
  bench.run_for(microseconds(20));
  EXPECT_EQ(bench.status() & 0x22u, 0x02u);
}

TEST(Adc, watchdog_sees_what_is_outside_its_window) {
  AdcBench bench;
  bench.write(base + 0x28, 1000);
  bench.write(base + 0x04, 1u << 23 | 1u << 6);
  bench.write(base + 0x08, 1u << 30 | 1);
  bench.run_for(microseconds(10));
  EXPECT_EQ(bench.status() & 1u, 0u);
  bench.drive_pin(0, 0, true);
  bench.write(base + 0x08, 1u << 30 | 1);
  bench.run_for(microseconds(10));
  EXPECT_EQ(bench.status() & 1u, 1u);
  EXPECT_TRUE(bench.irqs[Adc::irq]);
  EXPECT_EQ(bench.read(base + 0x58), 0xFFFu);
}

}  // namespace
}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/rcc.hpp"

#include <gtest/gtest.h>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t base = 0x40023800;
constexpr std::uint32_t cr = base + 0x00;
constexpr std::uint32_t icscr = base + 0x04;
constexpr std::uint32_t cfgr = base + 0x08;
constexpr std::uint32_t cir = base + 0x0C;
constexpr std::uint32_t apb1rstr = base + 0x18;
constexpr std::uint32_t ahbenr = base + 0x1C;
constexpr std::uint32_t apb1enr = base + 0x24;
constexpr std::uint32_t csr = base + 0x34;
constexpr std::uint32_t pwr_cr = 0x40007000;

TEST(RccTest, ResetValues) {
  TestBench bench;
  EXPECT_EQ(bench.read(cr), 0x300u);
  EXPECT_EQ(bench.read(icscr) & 0xFF00u, 0xB000u);
  EXPECT_EQ(bench.read(cfgr), 0u);
  EXPECT_EQ(bench.read(cir), 0u);
  EXPECT_EQ(bench.read(ahbenr), 0x8000u);
  EXPECT_EQ(bench.read(csr), 0x0C00'0000u);
  EXPECT_EQ(bench.hclk_hz(), 2'097'000u);
}

TEST(RccTest, MsiRangeSetsTheClock) {
  TestBench bench;
  const std::uint32_t expected[7] = {65'536,    131'072,   262'144,  524'288,
                                     1'048'000, 2'097'000, 4'194'000};
  for (std::uint32_t range = 0; range < 7; ++range) {
    bench.write(icscr, range << 13);
    EXPECT_EQ(bench.hclk_hz(), expected[range]);
  }
}

TEST(RccTest, PllNeedsItsSourceAndTimeToLock) {
  TestBench bench;
  bench.write(cfgr, 1u << 22 | 1u << 18);  // HSI × 4 / 2
  bench.set_bits(cr, 1u << 24);
  bench.run_for(microseconds(1000));
  EXPECT_EQ(bench.read(cr) >> 25 & 1u, 0u) << "locked without HSI";
  bench.set_bits(cr, 1);
  EXPECT_EQ(bench.read(cr) & 2u, 0u);
  bench.run_for(microseconds(5));
  EXPECT_EQ(bench.read(cr) & 2u, 2u);
  EXPECT_EQ(bench.read(cr) >> 25 & 1u, 0u);
  bench.set_bits(cfgr, 3);
  EXPECT_EQ(bench.read(cfgr) >> 2 & 3u, 0u) << "switched before the PLL was ready";
  bench.run_for(microseconds(200));
  EXPECT_EQ(bench.read(cfgr) >> 2 & 3u, 3u);
  EXPECT_EQ(bench.hclk_hz(), 32'000'000u);
}

TEST(RccTest, ClockInUseCannotBeSwitchedOffNorThePllChanged) {
  TestBench bench;
  bench.run_at_32_mhz();
  bench.clear_bits(cr, 1u << 24 | 1u);
  EXPECT_EQ(bench.read(cr) & 0x0300'0003u, 0x0300'0003u);
  bench.write(cfgr, 3u << 22 | 8u << 18 | 3u);
  EXPECT_EQ(bench.hclk_hz(), 32'000'000u);
}

TEST(RccTest, PrescalersAndTimerClocks) {
  TestBench bench;
  bench.run_at_32_mhz();
  bench.set_bits(cfgr, 8u << 4 | 5u << 8 | 4u << 11);  // AHB / 2, APB1 / 4, APB2 / 2
  EXPECT_EQ(bench.hclk_hz(), 16'000'000u);
  EXPECT_EQ(bench.pclk1_hz(), 4'000'000u);
  EXPECT_EQ(bench.pclk2_hz(), 8'000'000u);
  EXPECT_EQ(bench.peripherals.rcc.timer_hz(2), 8'000'000u);
  EXPECT_EQ(bench.peripherals.rcc.timer_hz(1), 16'000'000u);
}

TEST(RccTest, HseRunsInBypassModeOnly) {
  TestBench bench;
  bench.set_bits(cr, 1u << 16);
  bench.run_for(microseconds(100'000));
  EXPECT_EQ(bench.read(cr) >> 17 & 1u, 0u);
  bench.clear_bits(cr, 1u << 16);
  bench.set_bits(cr, 1u << 18);
  bench.set_bits(cr, 1u << 16);
  bench.run_for(microseconds(100));
  EXPECT_EQ(bench.read(cr) >> 17 & 1u, 1u);
  bench.set_bits(cfgr, 2);
  EXPECT_EQ(bench.hclk_hz(), 8'000'000u);
}

TEST(RccTest, ReadyInterrupt) {
  TestBench bench;
  bench.write(cir, 1u << 10);
  bench.set_bits(cr, 1);
  EXPECT_FALSE(bench.irqs[Rcc::irq]);
  bench.run_for(microseconds(10));
  EXPECT_TRUE(bench.irqs[Rcc::irq]);
  EXPECT_EQ(bench.read(cir) & 4u, 4u);
  bench.write(cir, 1u << 10 | 1u << 18);
  EXPECT_EQ(bench.read(cir) & 4u, 0u);
  EXPECT_FALSE(bench.irqs[Rcc::irq]);
}

TEST(RccTest, ResetFlagsStayUntilRemoved) {
  TestBench bench;
  bench.set_bits(csr, 1u << 24);
  EXPECT_EQ(bench.read(csr) & 0xFE00'0000u, 0u);
  bench.peripherals.reset(false);
  bench.peripherals.rcc.note_reset(1u << 29);
  EXPECT_EQ(bench.read(csr) & 0xFE00'0000u, 1u << 29 | 1u << 26);
  bench.set_bits(csr, 1u << 24);
  EXPECT_EQ(bench.read(csr) & 0xFE00'0000u, 0u);
}

TEST(RccTest, RtcDomainNeedsBackupAccessAndSurvivesReset) {
  TestBench bench;
  bench.set_bits(csr, 1u << 8);
  EXPECT_EQ(bench.read(csr) & 1u << 8, 0u) << "LSE switched on without DBP";
  bench.set_bits(apb1enr, 1u << 28);
  bench.set_bits(pwr_cr, 1u << 8);
  bench.set_bits(csr, 1u << 8);
  bench.run_for(microseconds(500'000));
  EXPECT_EQ(bench.read(csr) & 1u << 9, 0u);
  bench.run_for(microseconds(600'000));
  EXPECT_EQ(bench.read(csr) & 1u << 9, 1u << 9);
  bench.set_bits(csr, 1u << 22 | 1u << 16);
  EXPECT_EQ(bench.peripherals.rcc.rtc_hz(), 32'768u);
  bench.peripherals.reset(false);
  EXPECT_EQ(bench.peripherals.rcc.rtc_hz(), 32'768u);
  // The source cannot change but through a domain reset.
  bench.set_bits(apb1enr, 1u << 28);
  bench.set_bits(pwr_cr, 1u << 8);
  bench.set_bits(csr, 3u << 16);
  EXPECT_EQ(bench.read(csr) >> 16 & 3u, 1u);
  bench.set_bits(csr, 1u << 23);
  bench.clear_bits(csr, 1u << 23);
  EXPECT_EQ(bench.read(csr) & 0x0043'0300u, 0u);
}

TEST(RccTest, ClosedGateHidesThePeripheral) {
  TestBench bench;
  EXPECT_EQ(bench.read(0x40020000), 0u);
  bench.set_bits(ahbenr, 1);
  EXPECT_EQ(bench.read(0x40020000), 0xA800'0000u);
  bench.write(0x40020000, 0);
  bench.clear_bits(ahbenr, 1);
  bench.write(0x40020000, 0x5555);
  bench.set_bits(ahbenr, 1);
  EXPECT_EQ(bench.read(0x40020000), 0u);
}

TEST(RccTest, PeripheralReset) {
  TestBench bench;
  bench.open_gates();
  bench.write(0x4000440C, 0x200C);
  bench.write(apb1rstr, 1u << 17);
  bench.write(apb1rstr, 0);
  EXPECT_EQ(bench.read(0x4000440C), 0u);
}

TEST(RccTest, StopEndsOnMsi) {
  TestBench bench;
  bench.run_at_32_mhz();
  bench.peripherals.rcc.enter_stop();
  EXPECT_EQ(bench.hclk_hz(), 0u);
  bench.peripherals.rcc.leave_stop();
  EXPECT_EQ(bench.hclk_hz(), 2'097'000u);
  EXPECT_EQ(bench.read(cr) & 0x0300'0303u, 0x300u);
}

}  // namespace
}  // namespace goldcrest::board

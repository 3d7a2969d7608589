// SPDX-License-Identifier: MIT
#include "host/board/exti.hpp"

#include <gtest/gtest.h>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t base = 0x40010400;
constexpr std::uint32_t imr = base + 0x00;
constexpr std::uint32_t rtsr = base + 0x08;
constexpr std::uint32_t ftsr = base + 0x0C;
constexpr std::uint32_t swier = base + 0x10;
constexpr std::uint32_t pr = base + 0x14;
constexpr std::uint32_t exticr2 = 0x4001000C;

class ExtiTest : public ::testing::Test {
 protected:
  ExtiTest() { bench.open_gates(); }
  TestBench bench;
};

TEST_F(ExtiTest, FallingEdgeOfTheSelectedPort) {
  bench.drive_pin(2, 7, true);
  bench.drive_pin(1, 7, true);
  bench.write(exticr2, 2u << 12);  // line 7 = PC7
  bench.write(pr, 0xFFFF'FFFF);
  bench.write(ftsr, 1u << 7);
  bench.write(imr, 1u << 7);
  bench.drive_pin(1, 7, false);
  EXPECT_FALSE(bench.irqs[23]) << "PB7 is not connected";
  bench.drive_pin(2, 7, false);
  EXPECT_TRUE(bench.irqs[23]);
  EXPECT_EQ(bench.read(pr), 1u << 7);
  bench.write(pr, 1u << 7);
  EXPECT_FALSE(bench.irqs[23]);
  bench.drive_pin(2, 7, true);
  EXPECT_FALSE(bench.irqs[23]) << "rising edge is not enabled";
}

TEST_F(ExtiTest, MaskedLinesStayPendingUntilUnmasked) {
  bench.write(rtsr, 1);
  bench.drive_pin(0, 0, true);
  EXPECT_EQ(bench.read(pr), 1u);
  EXPECT_FALSE(bench.irqs[6]);
  bench.write(imr, 1);
  EXPECT_TRUE(bench.irqs[6]);
}

TEST_F(ExtiTest, EveryLineReachesItsVector) {
  const unsigned irqs[16] = {6, 7, 8, 9, 10, 23, 23, 23, 23, 23, 40, 40, 40, 40, 40, 40};
  bench.write(imr, 0xFFFF);
  for (unsigned line = 0; line < 16; ++line) {
    bench.write(swier, 1u << line);
    EXPECT_TRUE(bench.irqs[irqs[line]]) << line;
    bench.write(pr, 1u << line);
    EXPECT_FALSE(bench.irqs[irqs[line]]) << line;
    EXPECT_EQ(bench.read(swier), 0u);
  }
}

TEST_F(ExtiTest, InternalLines) {
  bench.write(imr, 1u << 17 | 1u << 20);
  bench.write(rtsr, 1u << 17 | 1u << 20);
  bench.peripherals.exti.set_line(Exti::line_rtc_alarm, true);
  EXPECT_TRUE(bench.irqs[41]);
  EXPECT_FALSE(bench.irqs[3]);
  bench.peripherals.exti.set_line(Exti::line_rtc_wakeup, true);
  EXPECT_TRUE(bench.irqs[3]);
}

TEST_F(ExtiTest, SyscfgSelectsPortH) {
  bench.write(0x40010008, 5u << 4);  // line 1 = PH1
  EXPECT_EQ(bench.peripherals.syscfg.exti_port(1), 7u);
  bench.write(rtsr, 2);
  bench.write(imr, 2);
  bench.drive_pin(7, 1, true);
  EXPECT_TRUE(bench.irqs[7]);
}

TEST_F(ExtiTest, EventsAreSent) {
  bench.write(base + 0x04, 1);
  bench.drive_pin(0, 0, true);
  EXPECT_EQ(bench.events, 0u) << "no edge is enabled";
  bench.write(ftsr, 1);
  bench.drive_pin(0, 0, false);
  EXPECT_EQ(bench.events, 1u);
}

TEST_F(ExtiTest, SoftwareSendsEventsToo) {
  bench.write(base + 0x04, 2);
  bench.write(swier, 2);
  EXPECT_EQ(bench.events, 1u);
  EXPECT_EQ(bench.read(pr), 0u) << "an event leaves nothing pending";
  bench.write(swier, 2);
  EXPECT_EQ(bench.events, 1u) << "it is set already";
}

TEST_F(ExtiTest, ResetClearsEverything) {
  bench.write(imr, 1);
  bench.write(swier, 1);
  ASSERT_TRUE(bench.irqs[6]);
  bench.peripherals.reset(false);
  EXPECT_FALSE(bench.irqs[6]);
  EXPECT_EQ(bench.read(pr), 0u);
}

}  // namespace
}  // namespace goldcrest::board

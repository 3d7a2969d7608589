// SPDX-License-Identifier: MIT
#include "host/board/tim.hpp"

#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t tim2 = 0x40000000;
constexpr std::uint32_t tim5 = 0x40000C00;
constexpr std::uint32_t tim6 = 0x40001000;
constexpr std::uint32_t cr1 = 0x00;
constexpr std::uint32_t dier = 0x0C;
constexpr std::uint32_t sr = 0x10;
constexpr std::uint32_t egr = 0x14;
constexpr std::uint32_t cnt = 0x24;
constexpr std::uint32_t psc = 0x28;
constexpr std::uint32_t arr = 0x2C;
constexpr std::uint32_t ccr1 = 0x34;
constexpr unsigned irq = 28;

class TimTest : public ::testing::Test {
 protected:
  TimTest() {
    bench.open_gates();
    bench.run_at_32_mhz();
  }
  static Picoseconds cycles(std::uint64_t count) { return cycles_to_time(count, 32'000'000); }
  TestBench bench;
};

TEST_F(TimTest, ResetValues) {
  EXPECT_EQ(bench.read(tim2 + arr), 0xFFFFu);
  EXPECT_EQ(bench.read(tim5 + arr), 0xFFFF'FFFFu);
  EXPECT_EQ(bench.read(tim2 + cr1), 0u);
}

TEST_F(TimTest, CountsThroughPrescalerAndReload) {
  bench.write(tim2 + psc, 31);
  bench.write(tim2 + arr, 999);
  bench.write(tim2 + egr, 1);
  EXPECT_EQ(bench.read(tim2 + sr) & 1u, 1u) << "UG sets UIF";
  bench.write(tim2 + sr, 0);
  bench.write(tim2 + cr1, 1);
  bench.run_for(microseconds(999));
  EXPECT_EQ(bench.read(tim2 + cnt), 999u);
  EXPECT_EQ(bench.read(tim2 + sr) & 1u, 0u);
  bench.run_for(microseconds(1));
  EXPECT_EQ(bench.read(tim2 + cnt), 0u);
  EXPECT_EQ(bench.read(tim2 + sr) & 1u, 1u);
}

TEST_F(TimTest, PrescalerWaitsForTheUpdate) {
  bench.write(tim2 + psc, 31);
  bench.write(tim2 + arr, 99);
  bench.write(tim2 + cr1, 1);
  bench.run_for(cycles(50));
  EXPECT_EQ(bench.read(tim2 + cnt), 50u) << "still undivided";
  bench.run_for(cycles(50 + 32 * 7));
  EXPECT_EQ(bench.read(tim2 + cnt), 7u);
}

TEST_F(TimTest, UpdateInterruptEveryMillisecond) {
  bench.write(tim2 + psc, 31);
  bench.write(tim2 + arr, 999);
  bench.write(tim2 + egr, 1);
  bench.write(tim2 + sr, 0);
  bench.write(tim2 + dier, 1);
  bench.write(tim2 + cr1, 1);
  for (int round = 0; round < 5; ++round) {
    bench.run_for(microseconds(999));
    EXPECT_FALSE(bench.irqs[irq]) << round;
    bench.run_for(microseconds(1));
    EXPECT_TRUE(bench.irqs[irq]) << round;
    bench.write(tim2 + sr, ~1u);
    EXPECT_FALSE(bench.irqs[irq]);
  }
}

TEST_F(TimTest, ShortestPeriodWithLongSleepIsStillFast) {
  bench.write(tim2 + arr, 1);
  bench.write(tim2 + cr1, 1);
  bench.run_for(microseconds(3'600'000'000));  // an hour of 16 MHz overflows
  EXPECT_EQ(bench.read(tim2 + sr) & 1u, 1u);
  EXPECT_LE(bench.read(tim2 + cnt), 1u);
}

TEST_F(TimTest, ReloadPreload) {
  bench.write(tim2 + arr, 99);
  bench.write(tim2 + cr1, 1u << 7 | 1u);
  bench.write(tim2 + arr, 49);
  bench.run_for(cycles(60));
  EXPECT_EQ(bench.read(tim2 + cnt), 60u);
  bench.run_for(cycles(40 + 50));
  EXPECT_EQ(bench.read(tim2 + cnt), 0u);
  bench.write(tim2 + cr1, 1);
  bench.write(tim2 + arr, 9);
  bench.run_for(cycles(12));
  EXPECT_EQ(bench.read(tim2 + cnt), 2u);
}

TEST_F(TimTest, OnePulseStopsAtTheEnd) {
  bench.write(tim2 + arr, 99);
  bench.write(tim2 + dier, 1);
  bench.write(tim2 + cr1, 1u << 3 | 1u);
  bench.run_for(cycles(100));
  EXPECT_TRUE(bench.irqs[irq]);
  EXPECT_EQ(bench.read(tim2 + cr1) & 1u, 0u);
  bench.run_for(cycles(1000));
  EXPECT_EQ(bench.read(tim2 + cnt), 0u);
}

TEST_F(TimTest, CompareInterruptAtItsCount) {
  bench.write(tim2 + arr, 999);
  bench.write(tim2 + ccr1 + 4, 250);
  bench.write(tim2 + dier, 4);
  bench.write(tim2 + cr1, 1);
  bench.run_for(cycles(249));
  EXPECT_FALSE(bench.irqs[irq]);
  bench.run_for(cycles(1));
  EXPECT_TRUE(bench.irqs[irq]);
  bench.write(tim2 + sr, ~4u);
  bench.run_for(cycles(999));
  EXPECT_FALSE(bench.irqs[irq]);
  bench.run_for(cycles(1));
  EXPECT_TRUE(bench.irqs[irq]);
}

TEST_F(TimTest, CompareFollowsTheCounterAsARollingAlarm) {
  bench.write(tim2 + dier, 2);
  bench.write(tim2 + cr1, 1);
  std::uint32_t target = 0;
  for (int round = 0; round < 10; ++round) {
    target = (target + 10'000) & 0xFFFFu;
    bench.write(tim2 + ccr1, target);
    bench.run_for(cycles(10'000));
    EXPECT_TRUE(bench.irqs[irq]) << round;
    EXPECT_EQ(bench.read(tim2 + cnt), target);
    bench.write(tim2 + sr, ~2u);
  }
}

TEST_F(TimTest, CountsDown) {
  bench.write(tim2 + arr, 99);
  bench.write(tim2 + cr1, 1u << 4);
  bench.write(tim2 + egr, 1);
  bench.write(tim2 + sr, 0);
  bench.write(tim2 + cr1, 1u << 4 | 1u);
  EXPECT_EQ(bench.read(tim2 + cnt), 99u);
  bench.run_for(cycles(99));
  EXPECT_EQ(bench.read(tim2 + cnt), 0u);
  EXPECT_EQ(bench.read(tim2 + sr) & 1u, 0u);
  bench.run_for(cycles(1));
  EXPECT_EQ(bench.read(tim2 + cnt), 99u);
  EXPECT_EQ(bench.read(tim2 + sr) & 1u, 1u);
}

TEST_F(TimTest, Tim5IsWide) {
  bench.write(tim5 + cr1, 1);
  bench.run_for(cycles(0x12345));
  EXPECT_EQ(bench.read(tim5 + cnt), 0x12345u);
  bench.write(tim2 + cnt, 0xFFFF'FFFF);
  EXPECT_EQ(bench.read(tim2 + cnt), 0xFFFFu);
}

TEST_F(TimTest, UpdateSourceAndDisable) {
  bench.write(tim2 + cr1, 1u << 2);
  bench.write(tim2 + egr, 1);
  EXPECT_EQ(bench.read(tim2 + sr), 0u) << "URS";
  bench.write(tim2 + arr, 9);
  bench.write(tim2 + cr1, 1u << 1 | 1u);
  bench.run_for(cycles(25));
  EXPECT_EQ(bench.read(tim2 + sr) & 1u, 0u) << "UDIS";
  EXPECT_EQ(bench.read(tim2 + cnt), 5u);
}

TEST_F(TimTest, ClockChangeKeepsTheCount) {
  bench.write(tim6 + cr1, 1);
  bench.run_for(cycles(1000));
  bench.set_bits(0x40023808, 5u << 8);  // APB1 / 4, so the timer clock is halved
  bench.run_for(cycles(1000));
  EXPECT_EQ(bench.read(tim6 + cnt), 1500u);
}

// The lazily computed counter against one that counts cycle by cycle.
TEST_F(TimTest, AgreesWithAStepByStepCounter) {
  base::SeededRandom random(20);
  for (int round = 0; round < 200; ++round) {
    bench.write(tim2 + cr1, 0);
    const std::uint32_t prescaler = random.below(4);
    const std::uint32_t reload = 1 + random.below(20);
    const std::uint32_t match = random.below(24);
    bench.write(tim2 + psc, prescaler);
    bench.write(tim2 + arr, reload);
    bench.write(tim2 + ccr1, match);
    bench.write(tim2 + egr, 1);
    bench.write(tim2 + sr, 0);
    bench.write(tim2 + cr1, 1);
    std::uint32_t count = 0;
    std::uint32_t flags = 0;
    const std::uint32_t total = random.below(300);
    for (std::uint32_t cycle = 1; cycle <= total; ++cycle) {
      if (cycle % (prescaler + 1) != 0) continue;
      if (count == reload) {
        count = 0;
        flags |= match > reload ? 3u : 1u;  // beyond the end, a comparison matches at the end
      } else {
        ++count;
      }
      if (count == match) flags |= 2;
    }
    bench.run_for(cycles(total));
    ASSERT_EQ(bench.read(tim2 + cnt), count) << round;
    ASSERT_EQ(bench.read(tim2 + sr) & 3u, flags) << round;
  }
}

}  // namespace
}  // namespace goldcrest::board

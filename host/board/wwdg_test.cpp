// SPDX-License-Identifier: MIT
#include "host/board/wwdg.hpp"

#include <gtest/gtest.h>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t cr = 0x40002C00;
constexpr std::uint32_t cfr = 0x40002C04;
constexpr std::uint32_t sr = 0x40002C08;
constexpr std::uint32_t reset_flag = 1u << 30;

class WwdgTest : public ::testing::Test {
 protected:
  WwdgTest() {
    bench.open_gates();
    bench.run_at_32_mhz();
  }
  Picoseconds step = cycles_to_time(4096, 32'000'000);
  TestBench bench;
};

TEST_F(WwdgTest, ResetValues) {
  TestBench fresh;
  fresh.open_gates();
  EXPECT_EQ(fresh.read(cr), 0x7Fu);
  EXPECT_EQ(fresh.read(cfr), 0x7Fu);
}

TEST_F(WwdgTest, BitesWhenBitSixFalls) {
  bench.write(cr, 0x7F);  // starts the count here
  bench.write(cr, 0x80 | 0x7F);
  bench.run_for(63 * step);
  EXPECT_EQ(bench.read(cr) & 0x7Fu, 0x40u);
  EXPECT_EQ(bench.reset_requested, 0u);
  bench.run_for(step);
  EXPECT_EQ(bench.reset_requested, reset_flag);
}

TEST_F(WwdgTest, EarlyWakeUpComesOneStepBefore) {
  bench.write(cfr, 1u << 9 | 0x7F);
  bench.write(cr, 0x80 | 0x50);
  bench.run_for(15 * step);
  EXPECT_FALSE(bench.irqs[Wwdg::irq]);
  bench.run_for(step);
  EXPECT_TRUE(bench.irqs[Wwdg::irq]);
  EXPECT_EQ(bench.read(sr), 1u);
  bench.write(cr, 0x80 | 0x50);
  bench.write(sr, 0);
  EXPECT_FALSE(bench.irqs[Wwdg::irq]);
  bench.run_for(15 * step);
  EXPECT_EQ(bench.reset_requested, 0u);
}

TEST_F(WwdgTest, RefreshAboveTheWindowBites) {
  bench.write(cfr, 0x50);
  bench.write(cr, 0x80 | 0x7F);
  bench.run_for(10 * step);
  bench.write(cr, 0x80 | 0x7F);
  EXPECT_EQ(bench.reset_requested, reset_flag);
}

TEST_F(WwdgTest, RefreshInsideTheWindowIsFine) {
  bench.write(cfr, 0x50);
  bench.write(cr, 0x80 | 0x7F);
  bench.run_for(48 * step);
  bench.write(cr, 0x80 | 0x7F);
  EXPECT_EQ(bench.reset_requested, 0u);
  EXPECT_EQ(bench.read(cr), 0xFFu);
}

TEST_F(WwdgTest, WritingACountBelowBites) {
  bench.write(cr, 0x80 | 0x3F);
  EXPECT_EQ(bench.reset_requested, reset_flag);
}

TEST_F(WwdgTest, PrescalerStretchesTheStep) {
  bench.write(cfr, 3u << 7 | 0x7F);
  bench.write(cr, 0x80 | 0x41);
  bench.run_for(15 * step);
  EXPECT_EQ(bench.reset_requested, 0u);
  bench.run_for(step);
  EXPECT_EQ(bench.reset_requested, reset_flag);
}

}  // namespace
}  // namespace goldcrest::board

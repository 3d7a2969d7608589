// SPDX-License-Identifier: MIT
#include "host/board/pwr.hpp"

#include <gtest/gtest.h>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t cr = 0x40007000;
constexpr std::uint32_t csr = 0x40007004;

class PwrTest : public ::testing::Test {
 protected:
  PwrTest() { bench.open_gates(); }
  TestBench bench;
};

TEST_F(PwrTest, ResetValues) {
  EXPECT_EQ(bench.read(cr), 0x1000u);
  EXPECT_EQ(bench.read(csr), 0x8u);
}

TEST_F(PwrTest, VoltageRangeTakesTimeToSettle) {
  bench.write(cr, 1u << 11);
  EXPECT_EQ(bench.read(csr) >> 4 & 1u, 1u);
  bench.run_for(microseconds(50));
  EXPECT_EQ(bench.read(csr) >> 4 & 1u, 0u);
  EXPECT_EQ(bench.peripherals.pwr.voltage_range(), 1u);
  bench.write(cr, 0);
  EXPECT_EQ(bench.peripherals.pwr.voltage_range(), 1u) << "VOS = 00 is not allowed";
}

TEST_F(PwrTest, StandbyFlagsSurviveResetUntilCleared) {
  bench.peripherals.pwr.enter_standby();
  bench.peripherals.pwr.rtc_event();
  bench.peripherals.reset(false);
  bench.open_gates();
  EXPECT_EQ(bench.read(csr) & 3u, 3u);
  bench.set_bits(cr, 1u << 2);
  EXPECT_EQ(bench.read(csr) & 3u, 2u);
  bench.set_bits(cr, 1u << 3);
  EXPECT_EQ(bench.read(csr) & 3u, 0u);
  EXPECT_EQ(bench.read(cr) & 0xCu, 0u) << "the clear bits read 0";
}

TEST_F(PwrTest, StandbySelection) {
  EXPECT_FALSE(bench.peripherals.pwr.standby_selected());
  bench.set_bits(cr, 2);
  EXPECT_TRUE(bench.peripherals.pwr.standby_selected());
}

}  // namespace
}  // namespace goldcrest::board

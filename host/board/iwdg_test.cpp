// SPDX-License-Identifier: MIT
#include "host/board/iwdg.hpp"

#include <gtest/gtest.h>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t kr = 0x40003000;
constexpr std::uint32_t pr = 0x40003004;
constexpr std::uint32_t rlr = 0x40003008;
constexpr std::uint32_t sr = 0x4000300C;
constexpr std::uint32_t reset_flag = 1u << 29;

TEST(IwdgTest, BitesAfterItsTimeAndNotBefore) {
  TestBench bench;
  bench.write(kr, 0x5555);
  bench.write(pr, 3);  // / 32
  bench.write(rlr, 1155);
  bench.run_for(microseconds(200));
  EXPECT_EQ(bench.read(sr), 0u);
  bench.write(kr, 0xCCCC);
  const Picoseconds timeout = cycles_to_time(1156 * 32, 37'000);  // about a second
  bench.run_for(timeout - 1);
  EXPECT_EQ(bench.reset_requested, 0u);
  bench.run_for(1);
  EXPECT_EQ(bench.reset_requested, reset_flag);
}

TEST(IwdgTest, ReloadKeepsItQuiet) {
  TestBench bench;
  bench.write(kr, 0xCCCC);
  const Picoseconds timeout = cycles_to_time(4096 * 4, 37'000);
  for (int round = 0; round < 10; ++round) {
    bench.run_for(timeout - 1);
    bench.write(kr, 0xAAAA);
  }
  EXPECT_EQ(bench.reset_requested, 0u);
  bench.run_for(timeout);
  EXPECT_EQ(bench.reset_requested, reset_flag);
}

TEST(IwdgTest, RegistersAreLockedWithoutTheKey) {
  TestBench bench;
  bench.write(pr, 5);
  bench.write(rlr, 1);
  EXPECT_EQ(bench.read(pr), 0u);
  EXPECT_EQ(bench.read(rlr), 0xFFFu);
  bench.write(kr, 0x5555);
  bench.write(pr, 5);
  EXPECT_EQ(bench.read(sr), 1u);
  bench.write(kr, 0xAAAA);
  bench.write(rlr, 1);
  EXPECT_EQ(bench.read(rlr), 0xFFFu) << "any other key closes them again";
  bench.run_for(microseconds(200));
  EXPECT_EQ(bench.read(sr), 0u);
}

TEST(IwdgTest, ReloadBeforeStartDoesNothing) {
  TestBench bench;
  bench.write(kr, 0xAAAA);
  bench.run_for(microseconds(60'000'000));
  EXPECT_EQ(bench.reset_requested, 0u);
}

TEST(IwdgTest, StartTurnsLsiOnForGood) {
  TestBench bench;
  bench.write(kr, 0xCCCC);
  bench.run_for(microseconds(1000));
  EXPECT_EQ(bench.read(0x40023834) & 3u, 3u);
  bench.clear_bits(0x40023834, 1);
  EXPECT_EQ(bench.read(0x40023834) & 3u, 3u);
}

TEST(IwdgTest, ResetStopsIt) {
  TestBench bench;
  bench.write(kr, 0xCCCC);
  bench.peripherals.reset(false);
  bench.run_for(microseconds(60'000'000));
  EXPECT_EQ(bench.reset_requested, 0u);
}

}  // namespace
}  // namespace goldcrest::board

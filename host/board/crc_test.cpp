// SPDX-License-Identifier: MIT
#include "host/board/crc.hpp"

#include <gtest/gtest.h>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t dr = 0x40023000;
constexpr std::uint32_t idr = 0x40023004;
constexpr std::uint32_t cr = 0x40023008;

// CRC-32/MPEG-2 of "12345678" has no published word-wise value; these come from the definition:
// one word 0 leaves the CRC of four zero bytes after 0xFFFFFFFF, 0xC704DD7B.
TEST(CrcTest, KnownValues) {
  TestBench bench;
  bench.open_gates();
  EXPECT_EQ(bench.read(dr), 0xFFFF'FFFFu);
  bench.write(dr, 0);
  EXPECT_EQ(bench.read(dr), 0xC704'DD7Bu);
  bench.write(cr, 1);
  EXPECT_EQ(bench.read(dr), 0xFFFF'FFFFu);
  // CRC-32/MPEG-2 check value: "123456789" gives 0x0376E6E7. Its first eight bytes as two words,
  // and the ninth by hand.
  bench.write(dr, 0x31323334);
  bench.write(dr, 0x35363738);
  std::uint32_t crc = bench.read(dr) ^ 0x39000000u;
  for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ ((crc >> 31) != 0 ? 0x04C1'1DB7u : 0u);
  EXPECT_EQ(crc, 0x0376'E6E7u);
}

TEST(CrcTest, IndependentDataSurvivesTheCrcReset) {
  TestBench bench;
  bench.open_gates();
  bench.write(idr, 0x1AB);
  bench.write(cr, 1);
  EXPECT_EQ(bench.read(idr), 0xABu);
}

}  // namespace
}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "sim/powercut/instants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace goldcrest::sim {
namespace {

using namespace std::chrono_literals;

TEST(Instants, are_spread_over_the_phase_and_the_same_again) {
  std::array<unsigned, 10> tenths{};
  std::set<base::Duration> instants;
  for (std::uint32_t number = 0; number < 2000; ++number) {
    const auto instant = choose_instant(1, "download", number, 70s);
    EXPECT_EQ(instant, choose_instant(1, "download", number, 70s));
    ASSERT_GE(instant, 0s);
    ASSERT_LT(instant, 70s);
    ++tenths.at(static_cast<std::size_t>(instant / 7s));
    instants.insert(instant);
  }
  EXPECT_GT(std::ranges::min(tenths), 140u);
  EXPECT_GT(instants.size(), 1990u);
  EXPECT_NE(choose_instant(1, "download", 0, 70s), choose_instant(2, "download", 0, 70s));
  EXPECT_NE(choose_instant(1, "download", 0, 70s), choose_instant(1, "confirm", 0, 70s));
  EXPECT_EQ(choose_instant(1, "download", 0, 1us), 0us);
}

TEST(Instants, are_cut_once_in_a_row_and_as_a_contact_that_bounces) {
  std::set<std::size_t> lengths;
  unsigned in_boot = 0;
  for (std::uint32_t number = 0; number < 200; ++number) {
    const auto rows = rows_at(5s, 1, "data", number, 4);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows, rows_at(5s, 1, "data", number, 4));
    for (const auto& row : rows) EXPECT_EQ(row.front().instant, 5s);
    EXPECT_EQ(rows[0].size(), 1u);
    lengths.insert(rows[1].size());
    for (std::size_t cut = 1; cut < rows[1].size(); ++cut) {
      EXPECT_LT(rows[1][cut].instant, 4s);
      if (rows[1][cut].instant < 300ms) ++in_boot;
    }
    EXPECT_GE(rows[2].size(), 13u);
    for (std::size_t cut = 1; cut < rows[2].size(); ++cut) {
      EXPECT_GE(rows[2][cut].instant, 1ms);
      EXPECT_LT(rows[2][cut].instant, 50ms);
    }
  }
  EXPECT_EQ(lengths, (std::set<std::size_t>{2, 3, 4}));
  EXPECT_GT(in_boot, 150u);
  EXPECT_EQ(rows_at(5s, 1, "data", 0, 1).size(), 2u);
}

}  // namespace
}  // namespace goldcrest::sim

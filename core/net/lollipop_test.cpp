// SPDX-License-Identifier: MIT
#include "core/net/lollipop.hpp"

#include <gtest/gtest.h>

namespace goldcrest::net::lollipop {
namespace {

TEST(Lollipop, TheExamplesOfRfc6550) {
  // Section 7.2: 240 against 5 — (256 + 5 - 240) = 21 > 16, so 240 is the greater.
  EXPECT_EQ(compare(240, 5), Order::newer);
  EXPECT_EQ(compare(5, 240), Order::older);
  // 250 against 5 — (256 + 5 - 250) = 11 <= 16, so 5 is the greater.
  EXPECT_EQ(compare(5, 250), Order::newer);
  EXPECT_EQ(compare(250, 5), Order::older);
}

TEST(Lollipop, CirclesBelow128) {
  EXPECT_EQ(compare(3, 125), Order::newer);
  EXPECT_EQ(compare(125, 3), Order::older);
  EXPECT_EQ(compare(60, 0), Order::incomparable);
  EXPECT_TRUE(supersedes(60, 0));
}

TEST(Lollipop, IsAntisymmetricEverywhere) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const auto forth = compare(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b));
      const auto back = compare(static_cast<std::uint8_t>(b), static_cast<std::uint8_t>(a));
      if (forth == Order::newer) {
        EXPECT_EQ(back, Order::older) << a << " " << b;
      }
      if (forth == Order::older) {
        EXPECT_EQ(back, Order::newer) << a << " " << b;
      }
      EXPECT_EQ(forth == Order::equal, a == b);
    }
  }
}

TEST(Lollipop, TheNextOneIsNewer) {
  std::uint8_t value = initial;
  for (int i = 0; i < 600; ++i) {
    const auto after = next(value);
    EXPECT_EQ(compare(after, value), Order::newer) << unsigned{value};
    value = after;
  }
}

}  // namespace
}  // namespace goldcrest::net::lollipop

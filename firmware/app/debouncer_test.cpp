// SPDX-License-Identifier: MIT
#include "firmware/app/debouncer.hpp"

#include <gtest/gtest.h>

namespace goldcrest::app {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr base::Instant at(int time_ms) {
  return base::Instant(milliseconds(time_ms));
}

TEST(Debouncer, OnePressForOnePress) {
  Debouncer button;
  EXPECT_EQ(button.next_deadline(), base::never);
  EXPECT_FALSE(button.advance(at(0), true, true));
  EXPECT_EQ(button.next_deadline(), at(10));
  EXPECT_FALSE(button.advance(at(5), false, true));
  EXPECT_TRUE(button.advance(at(10), false, true));
  for (int time = 20; time < 500; time += 10) EXPECT_FALSE(button.advance(at(time), false, true));
  EXPECT_FALSE(button.advance(at(500), false, false));
  EXPECT_EQ(button.next_deadline(), base::never);
}

TEST(Debouncer, BouncesAreNoPresses) {
  Debouncer button;
  int presses = 0;
  // Closing and opening, each with edges all over 5 ms.
  for (int time = 0; time < 200'000; time += 250) {
    const int phase = time % 100'000;
    const bool bouncing = phase < 5'000 || (phase >= 50'000 && phase < 55'000);
    const bool closed = bouncing ? (time / 250) % 2 == 0 : phase < 50'000;
    presses += button.advance(base::Instant(microseconds(time)), bouncing, closed) ? 1 : 0;
  }
  EXPECT_EQ(presses, 2);
}

TEST(Debouncer, ASpikeIsNoPress) {
  Debouncer button;
  EXPECT_FALSE(button.advance(at(0), true, false));
  EXPECT_FALSE(button.advance(at(10), false, false));
  EXPECT_EQ(button.next_deadline(), base::never);
}

TEST(Debouncer, TwoPressesShortlyAfterEachOther) {
  Debouncer button;
  button.advance(at(0), true, true);
  EXPECT_TRUE(button.advance(at(10), false, true));
  EXPECT_FALSE(button.advance(at(60), true, false));
  EXPECT_FALSE(button.advance(at(100), true, true));
  EXPECT_TRUE(button.advance(at(110), false, true));
}

}  // namespace
}  // namespace goldcrest::app

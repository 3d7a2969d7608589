// SPDX-License-Identifier: MIT
#include "host/system/log_limit.hpp"

#include <gtest/gtest.h>

namespace goldcrest::system {
namespace {

using namespace std::chrono_literals;

TEST(LogLimit, lets_a_burst_through_and_then_so_many_a_second) {
  LogLimit limit(100, 10);
  base::Instant now{5s};
  unsigned written = 0;
  for (int i = 0; i < 1000; ++i) written += limit.allows(now);
  EXPECT_EQ(written, 100u);
  written = 0;
  // A flood for ten seconds, a line each millisecond.
  for (int i = 0; i < 10'000; ++i) written += limit.allows(now += 1ms);
  EXPECT_GE(written, 99u);
  EXPECT_LE(written, 100u);
  now += 1h;
  written = 0;
  for (int i = 0; i < 1000; ++i) written += limit.allows(now);
  EXPECT_EQ(written, 100u);
}

TEST(LogLimit, tells_once_a_second_how_much_is_missing) {
  LogLimit limit(1, 1);
  base::Instant now{5s};
  EXPECT_EQ(limit.take_suppressed(now), 0u);
  for (int i = 0; i < 8; ++i) (void)limit.allows(now);
  EXPECT_EQ(limit.take_suppressed(now), 7u);
  EXPECT_EQ(limit.take_suppressed(now), 0u);
  (void)limit.allows(now);
  EXPECT_EQ(limit.take_suppressed(now + 10ms), 0u);
  EXPECT_EQ(limit.take_suppressed(now + 1s), 1u);
}

}  // namespace
}  // namespace goldcrest::system

// SPDX-License-Identifier: MIT
#include "core/net/trickle.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace goldcrest::net {
namespace {

using namespace std::chrono_literals;

const TrickleConfig config{.interval_min = 4096ms, .doublings = 8, .redundancy = 10};

/// The moments at which a timer fires within `duration`.
std::vector<base::Instant> fires(Trickle& timer, base::Random& random, base::Duration duration,
                                 unsigned heard_per_fire = 0) {
  std::vector<base::Instant> moments;
  const base::Instant end{duration};
  while (timer.next_deadline() <= end) {
    const auto now = timer.next_deadline();
    for (unsigned i = 0; i < heard_per_fire; ++i) timer.hear_consistent();
    if (timer.advance(now, random)) moments.push_back(now);
  }
  return moments;
}

TEST(Trickle, FiresInTheSecondHalfOfIntervalsThatDouble) {
  base::SeededRandom random(1);
  Trickle timer;
  timer.start({}, config, random);
  const auto moments = fires(timer, random, 1h);
  base::Instant begin{};
  base::Duration interval = config.interval_min;
  for (const auto moment : moments) {
    EXPECT_GE(moment, begin + interval / 2);
    EXPECT_LT(moment, begin + interval);
    begin += interval;
    interval = std::min<base::Duration>(interval * 2, config.interval_min * 256);
  }
  EXPECT_GE(moments.size(), 9u);
  EXPECT_EQ(timer.interval(), base::Duration(config.interval_min * 256));
}

TEST(Trickle, IsSilentWhenEnoughOthersSaidTheSame) {
  base::SeededRandom random(2);
  Trickle timer;
  timer.start({}, config, random);
  EXPECT_TRUE(fires(timer, random, 1h, 10).empty());
  timer.start({}, config, random);
  EXPECT_FALSE(fires(timer, random, 1h, 4).empty());
}

TEST(Trickle, NeverSuppressesWithRedundancyZero) {
  base::SeededRandom random(2);
  Trickle timer;
  auto eager = config;
  eager.redundancy = 0;
  timer.start({}, eager, random);
  EXPECT_FALSE(fires(timer, random, 1min, 100).empty());
}

TEST(Trickle, ResetGoesBackToTheShortestIntervalOnce) {
  base::SeededRandom random(3);
  Trickle timer;
  timer.start({}, config, random);
  (void)fires(timer, random, 30min);
  const base::Instant now{30min};
  timer.reset(now, random);
  EXPECT_EQ(timer.interval(), config.interval_min);
  const auto planned = timer.next_deadline();
  EXPECT_LE(planned, now + config.interval_min);
  // In the shortest interval a reset changes nothing, or a storm would keep it from firing.
  timer.reset(now + 1ms, random);
  EXPECT_EQ(timer.next_deadline(), planned);
}

TEST(Trickle, ADriverThatWasAwayDoesNotCatchUp) {
  base::SeededRandom random(4);
  Trickle timer;
  timer.start({}, config, random);
  const base::Instant late{48h};
  unsigned calls = 0;
  while (timer.next_deadline() <= late && calls < 100) {
    (void)timer.advance(late, random);
    ++calls;
  }
  EXPECT_LE(calls, 3u);
}

TEST(Trickle, StoppedItHasNoDeadline) {
  base::SeededRandom random(4);
  Trickle timer;
  EXPECT_EQ(timer.next_deadline(), base::never);
  timer.start({}, config, random);
  timer.stop();
  EXPECT_EQ(timer.next_deadline(), base::never);
  EXPECT_FALSE(timer.advance(base::Instant{1h}, random));
}

}  // namespace
}  // namespace goldcrest::net

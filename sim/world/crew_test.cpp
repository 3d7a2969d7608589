// SPDX-License-Identifier: MIT
#include "sim/world/crew.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace goldcrest::sim {
namespace {

/// Long enough for the round to be worth sharing.
std::uint64_t work(std::uint64_t seed) {
  for (unsigned round = 0; round < 8'000; ++round) seed = seed * 6364136223846793005u + 1;
  return seed;
}

TEST(Crew, EveryJobIsDoneOnceInEveryRound) {
  for (const unsigned threads : {1u, 2u, 5u}) {
    Crew crew(threads);
    EXPECT_EQ(crew.threads(), threads);
    std::vector<unsigned> done(17, 0);
    for (unsigned round = 1; round <= 500; ++round) {
      const std::size_t count = round % (done.size() + 1);
      std::vector<unsigned> before = done;
      crew.run(count, [&](std::size_t index) {
        if (work(index) != 0) ++done[index];
      });
      for (std::size_t index = 0; index < done.size(); ++index) {
        ASSERT_EQ(done[index], before[index] + (index < count ? 1u : 0u));
      }
    }
  }
}

TEST(Crew, WaitsForTheSlowestJob) {
  Crew crew(2);
  std::vector<std::uint64_t> results(4, 0);
  for (unsigned round = 0; round < 50; ++round) {
    crew.run(results.size(), [&](std::size_t index) {
      std::uint64_t value = round;
      for (std::size_t time = 0; time <= index; ++time) value = work(value);
      results[index] = value | 1u;
    });
    for (auto& result : results) {
      ASSERT_NE(result, 0u);
      result = 0;
    }
  }
}

TEST(Crew, HelpersSleepAndWakeAndCanBeDismissedAsleep) {
  Crew crew(3);
  unsigned done = 0;
  std::mutex mutex;
  for (unsigned round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // longer than helpers look
    crew.run(3, [&](std::size_t index) {
      if (work(index) == 0) return;
      const std::lock_guard lock(mutex);
      ++done;
    });
  }
  EXPECT_EQ(done, 9u);
}

TEST(Crew, DismissedWithoutEverWorking) {
  const Crew crew(4);
  EXPECT_EQ(crew.threads(), 4u);
}

}  // namespace
}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
#include "firmware/chip/ring.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace goldcrest::chip {
namespace {

TEST(Ring, UsesItsWholeCapacityInOrder) {
  Ring<int, 4> ring;
  EXPECT_TRUE(ring.empty());
  for (int i = 0; i < 4; ++i) {
    ASSERT_NE(ring.next_free(), nullptr);
    *ring.next_free() = i;
    ring.publish();
  }
  EXPECT_TRUE(ring.full());
  EXPECT_EQ(ring.next_free(), nullptr);
  for (int i = 0; i < 4; ++i) {
    ASSERT_NE(ring.oldest(), nullptr);
    EXPECT_EQ(*ring.oldest(), i);
    ring.drop();
  }
  EXPECT_EQ(ring.oldest(), nullptr);
}

TEST(Ring, BehavesLikeAQueueOfFixedLength) {
  std::mt19937 random(3);
  Ring<int, 8> ring;
  std::deque<int> model;
  for (int i = 0; i < 100'000; ++i) {
    if (random() % 2 == 0) {
      ASSERT_EQ(ring.next_free() != nullptr, model.size() < 8);
      if (int* place = ring.next_free()) {
        *place = i;
        ring.publish();
        model.push_back(i);
      }
    } else {
      ASSERT_EQ(ring.oldest() != nullptr, !model.empty());
      if (const int* oldest = ring.oldest()) {
        ASSERT_EQ(*oldest, model.front());
        ring.drop();
        model.pop_front();
      }
    }
    ASSERT_EQ(ring.size(), model.size());
  }
}

}  // namespace
}  // namespace goldcrest::chip

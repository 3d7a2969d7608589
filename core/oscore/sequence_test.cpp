// SPDX-License-Identifier: MIT
// Sequence numbers never come twice, whenever the power goes; the replay window takes each once.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/oscore/replay_window.hpp"
#include "core/oscore/sender_sequence.hpp"

namespace goldcrest::oscore {
namespace {

TEST(ReplayWindow, IsASetOfWhatWasSeen) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    ReplayWindow window;
    std::set<std::uint64_t> seen;
    std::uint64_t highest = 0;
    for (int step = 0; step < 400; ++step) {
      const auto jump = random() % 20 == 0 ? random() % 100 : random() % 4;
      const auto around = highest + jump;
      const auto back = random() % 40;
      const auto sequence = around > back ? around - back : 0;
      const bool too_old = !seen.empty() && sequence + ReplayWindow::size <= *seen.rbegin();
      const bool fresh = !too_old && !seen.contains(sequence);
      ASSERT_EQ(window.fresh(sequence), fresh) << sequence << " of " << highest;
      if (!fresh) continue;
      window.accept(sequence);
      seen.insert(sequence);
      highest = std::max(highest, sequence);
    }
  }
}

TEST(ReplayWindow, StartsAfterANumber) {
  ReplayWindow window;
  window.start_after(1000);
  for (std::uint64_t sequence = 0; sequence <= 1000; ++sequence) {
    ASSERT_FALSE(window.fresh(sequence));
  }
  EXPECT_TRUE(window.fresh(1001));
  window.accept(1003);
  EXPECT_TRUE(window.fresh(1001));
  EXPECT_FALSE(window.fresh(1000));
  window.accept(sequence_limit - 1);
  EXPECT_FALSE(window.fresh(1004));
  EXPECT_FALSE(window.fresh(sequence_limit - 1));
}

class Memory final : public SequenceStore {
 public:
  bool reserve(std::uint64_t end) override {
    if (failures > 0) {
      --failures;
      return false;
    }
    stored = end;
    ++writes;
    return true;
  }
  std::uint64_t stored = 0;
  int writes = 0;
  int failures = 0;
};

TEST(SenderSequence, NeverRepeatsOverPowerCuts) {
  std::mt19937 random(5);
  Memory memory;
  std::set<std::uint64_t> used;
  for (int start = 0; start < 200; ++start) {
    SenderSequence sequence(memory, memory.stored, 16);
    for (auto count = random() % 50; count > 0; --count) {
      memory.failures = random() % 10 == 0 ? 1 : 0;
      const auto next = sequence.take();
      if (!next) continue;
      ASSERT_TRUE(used.insert(next->sequence()).second);
      ASSERT_LT(next->sequence(), memory.stored);
    }
  }
  EXPECT_GT(used.size(), 3000u);
}

TEST(SenderSequence, WritesOnceABlockAndEndsAtTheLimit) {
  Memory memory;
  SenderSequence sequence(memory, 0, 64);
  for (int i = 0; i < 640; ++i) ASSERT_TRUE(sequence.take());
  EXPECT_EQ(memory.writes, 10);
  SenderSequence last(memory, sequence_limit - 3, 64);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(last.take());
  EXPECT_FALSE(last.take());
  EXPECT_EQ(memory.stored, sequence_limit);
  SenderSequence after(memory, memory.stored, 64);
  EXPECT_FALSE(after.take());
}

}  // namespace
}  // namespace goldcrest::oscore

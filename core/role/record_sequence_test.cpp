// SPDX-License-Identifier: MIT
// Sequence numbers over power cuts: cut at every flash operation, and again while recovering, no
// number is ever given out twice.
#include "core/role/record_sequence.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

#include "core/image/flash_map.hpp"
#include "core/update/settings.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::role {
namespace {

using sim::CutPoint;
using sim::SimulatedFlash;

// A start of the device: takes numbers until the power goes or it has enough of them.
void live(SimulatedFlash& flash, int numbers, std::set<std::uint64_t>& used) {
  update::Records records(flash);
  ASSERT_TRUE(records.open());
  RecordSequence store(records);
  const auto first = store.first(0);
  ASSERT_TRUE(first);
  oscore::SenderSequence sequence(store, *first, 4);
  for (int i = 0; i < numbers; ++i) {
    const auto number = sequence.take();
    if (!number) continue;
    ASSERT_TRUE(used.insert(number->sequence()).second) << number->sequence();
  }
}

TEST(RecordSequence, NoNumberComesTwiceOverPowerCuts) {
  std::mt19937 random(9);
  SimulatedFlash flash;
  std::set<std::uint64_t> used;
  int cuts = 0;
  for (int start = 0; start < 3000; ++start) {
    const auto point =
        std::array{CutPoint::before, CutPoint::inside, CutPoint::after}[random() % 3];
    flash.reset_operations();
    flash.cut_at(random() % 40, point, static_cast<std::uint32_t>(random()));
    try {
      live(flash, static_cast<int>(random() % 30), used);
    } catch (const sim::PowerCut&) {
      ++cuts;
    }
    flash.disarm();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "start " << start;
  }
  EXPECT_GT(cuts, 500);
  EXPECT_GT(used.size(), 5000u);
}

TEST(RecordSequence, NoNumberComesTwiceWhenARecordIsLost) {
  const auto count_start = [](update::Records& records) {
    const auto key = update::RecordKey::random_seed;
    const auto start = update::load_number(records, key)->value_or(0) + 1;
    EXPECT_TRUE(update::save_number(records, key, start));
    return start;
  };
  SimulatedFlash flash;
  std::uint64_t last = 0;
  for (int starts = 0; starts < 5; ++starts) {
    update::Records records(flash);
    ASSERT_TRUE(records.open());
    RecordSequence store(records);
    const auto first = store.first(count_start(records));
    ASSERT_TRUE(first);
    EXPECT_GT(*first, last);
    oscore::SenderSequence sequence(store, *first, RecordSequence::block);
    for (int i = 0; i < 600; ++i) last = sequence.take()->sequence();
  }
  const auto data = image::data_section;
  for (std::uint32_t offset = 0; offset < data.size; offset += image::word_size) {
    const auto bytes = flash.memory({data.base + offset, image::word_size});
    if (base::load_le32(bytes.data()) == 0) continue;
    for (const std::uint8_t damage : std::array<std::uint8_t, 2>{0x00, 0xFF}) {
      auto copy = flash;
      copy.load(data.base + offset, std::array{damage, damage, damage, damage});
      update::Records records(copy);
      ASSERT_TRUE(records.open());
      const auto first = RecordSequence(records).first(count_start(records));
      ASSERT_TRUE(first);
      EXPECT_GT(*first, last) << "word at " << offset;
    }
  }
}

TEST(RecordSequence, ADeviceThatHasStartedTooOftenGoesByItsRecordAlone) {
  SimulatedFlash flash;
  update::Records records(flash);
  ASSERT_TRUE(records.open());
  RecordSequence store(records);
  EXPECT_EQ(store.first(0xFFFFFF), std::uint64_t{0xFFFFFF} << 16u);
  EXPECT_EQ(store.first(0x1000000), 0u);
  EXPECT_EQ(store.first(0xFFFFFFFF), 0u);
}

TEST(RecordSequence, WhatMakesNoSenseCountsAsUsedUp) {
  SimulatedFlash flash;
  update::Records records(flash);
  ASSERT_TRUE(records.open());
  RecordSequence store(records);
  EXPECT_EQ(store.first(0), 0u);
  ASSERT_TRUE(store.reserve(0x123456789A));
  EXPECT_EQ(store.first(0), 0x123456789Au);
  for (const auto& value : {std::vector<std::uint8_t>(7, 1), std::vector<std::uint8_t>(9, 0),
                            std::vector<std::uint8_t>(8, 0xFF)}) {
    ASSERT_TRUE(records.write(update::RecordKey::sender_sequence, value));
    EXPECT_EQ(store.first(0), oscore::sequence_limit);
  }
}

}  // namespace
}  // namespace goldcrest::role

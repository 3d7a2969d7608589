// SPDX-License-Identifier: MIT
#include "core/image/slot.hpp"

#include <gtest/gtest.h>

#include "sim/flash/flash.hpp"

namespace goldcrest::image {
namespace {

constexpr Address state = 0x08041000 + 0x2F800;

TEST(Slot, StateWordsAreWhereTheFormatPageSays) {
  sim::SimulatedFlash flash;
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::trial_boot_3));
  const auto page = flash.memory({state, 256});
  for (std::uint32_t i = 0; i < 256; i += 4) {
    EXPECT_EQ(base::load_le32(page.data() + i), i >= 80 && i < 92 ? 0x54524941u : 0u);
  }
}

TEST(Slot, StatesInTheirOrder) {
  sim::SimulatedFlash flash;
  const auto now = [&] { return read_status(flash, Slot::app2)->state(); };
  EXPECT_EQ(now(), SlotState::empty);
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::installed));
  EXPECT_EQ(now(), SlotState::trial);
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::trial_boot_1));
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::trial_boot_2));
  EXPECT_EQ(read_status(flash, Slot::app2)->trial_boots, 2);
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::confirmed));
  EXPECT_EQ(now(), SlotState::confirmed);
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::rejected));
  EXPECT_EQ(now(), SlotState::rejected);
  EXPECT_EQ(read_status(flash, Slot::app1)->state(), SlotState::empty);
}

TEST(Slot, OneCopyCountsAndIsCompleted) {
  sim::SimulatedFlash flash;
  ASSERT_TRUE(flash.program_word(state + 12, installed_value));
  EXPECT_EQ(read_status(flash, Slot::app2)->state(), SlotState::trial);
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::installed));
  const auto operations = flash.operations();
  EXPECT_EQ(operations, 3u);
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::installed));
  EXPECT_EQ(flash.operations(), operations);
}

TEST(Slot, HalfWrittenWordsNeverMakeAnImageValidButCountAsUsedUp) {
  sim::SimulatedFlash flash;
  ASSERT_TRUE(flash.program_word(state, installed_value & 0xFFFF0000));
  ASSERT_TRUE(flash.program_word(state + 16, confirmed_value & 0x0000FFFF));
  EXPECT_EQ(read_status(flash, Slot::app2)->state(), SlotState::empty);
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::installed));
  EXPECT_EQ(read_status(flash, Slot::app2)->state(), SlotState::trial);
  ASSERT_TRUE(flash.program_word(state + 48, 1));
  EXPECT_EQ(read_status(flash, Slot::app2)->trial_boots, 1);
  ASSERT_TRUE(flash.program_word(state + 32, 0x80));
  EXPECT_EQ(read_status(flash, Slot::app2)->state(), SlotState::rejected);
}

TEST(Slot, GroupWithoutRoomIsAnError) {
  sim::SimulatedFlash flash;
  for (Address at = state; at < state + 16; at += 4) ASSERT_TRUE(flash.program_word(at, 1));
  EXPECT_EQ(set_state(flash, Slot::app2, StateGroup::installed).error(), FlashError::not_erased);
}

}  // namespace
}  // namespace goldcrest::image

// SPDX-License-Identifier: MIT
#include "core/update/boot_decision.hpp"

#include <gtest/gtest.h>

#include "core/update/test_device.hpp"

namespace goldcrest::update {
namespace {

using namespace testing;
using image::testing::lay_out;

class BootDecision : public ::testing::Test {
 protected:
  /// The slot that BOOT starts; nothing for a fatal error.
  std::optional<Slot> boot() {
    const auto choice = decide(flash, factory());
    if (!choice) return std::nullopt;
    trial = choice->trial;
    return choice->image.slot();
  }
  SlotState state(Slot slot) { return image::read_status(flash, slot)->state(); }
  void break_image(Slot slot) {
    const std::array<std::uint8_t, 4> rubbish{1, 2, 3, 4};
    flash.load(section_of(slot).base + 0x240, rubbish);
  }

  sim::SimulatedFlash flash = device();
  bool trial = false;
};

TEST_F(BootDecision, StartsTheOnlyImage) {
  EXPECT_EQ(boot(), Slot::app1);
  EXPECT_FALSE(trial);
  EXPECT_EQ(flash.operations(), 0u);
}

TEST_F(BootDecision, HighestValidVersionWins) {
  const auto newer = make_image({.version = new_version, .seed = 2});
  lay_out(flash, Slot::app2, newer, SlotState::confirmed);
  EXPECT_EQ(boot(), Slot::app2);
  break_image(Slot::app2);
  EXPECT_EQ(boot(), Slot::app1);
  lay_out(flash, Slot::app1, newer, SlotState::confirmed);
  lay_out(flash, Slot::app2, old_image(), SlotState::confirmed);
  EXPECT_EQ(boot(), Slot::app1);
  break_image(Slot::app1);
  EXPECT_EQ(boot(), Slot::app2);
  break_image(Slot::app2);
  EXPECT_EQ(decide(flash, factory()).error(), BootError::no_valid_image);
}

TEST_F(BootDecision, EmptyAndRejectedSlotsDoNotCount) {
  lay_out(flash, Slot::app2, new_image(), SlotState::empty);
  EXPECT_EQ(boot(), Slot::app1);
  lay_out(flash, Slot::app2, new_image(), SlotState::rejected);
  EXPECT_EQ(boot(), Slot::app1);
  break_image(Slot::app1);
  EXPECT_EQ(boot(), std::nullopt);
}

TEST_F(BootDecision, TrialThenRejected) {
  ASSERT_TRUE(install(flash, new_image().file()));
  for (int start = 0; start < 3; ++start) {
    EXPECT_EQ(boot(), Slot::app2);
    EXPECT_TRUE(trial);
    EXPECT_EQ(image::read_status(flash, Slot::app2)->trial_boots, start + 1);
  }
  EXPECT_EQ(boot(), Slot::app1);
  EXPECT_FALSE(trial);
  EXPECT_EQ(state(Slot::app2), SlotState::rejected);
  EXPECT_EQ(rejected_digest(flash, Slot::app2), new_image().manifest.digest);
  EXPECT_EQ(boot(), Slot::app1);
}

TEST_F(BootDecision, TrialThenConfirmed) {
  ASSERT_TRUE(install(flash, new_image().file()));
  EXPECT_EQ(boot(), Slot::app2);
  ASSERT_TRUE(confirm(flash, Slot::app2));
  ASSERT_TRUE(confirm(flash, Slot::app2));
  for (int start = 0; start < 10; ++start) {
    EXPECT_EQ(boot(), Slot::app2);
    EXPECT_FALSE(trial);
  }
  EXPECT_EQ(image::read_status(flash, Slot::app2)->trial_boots, 1);
}

TEST_F(BootDecision, FailedTrialRunsOnWhenThereIsNothingElse) {
  ASSERT_TRUE(install(flash, new_image().file()));
  break_image(Slot::app1);
  for (int start = 0; start < 10; ++start) EXPECT_EQ(boot(), Slot::app2);
  EXPECT_EQ(state(Slot::app2), SlotState::trial);
}

TEST_F(BootDecision, BothOnTrialAndUsedUpStillBoots) {
  lay_out(flash, Slot::app1, old_image(), SlotState::trial);
  lay_out(flash, Slot::app2, new_image(), SlotState::trial);
  for (int start = 0; start < 3; ++start) EXPECT_EQ(boot(), Slot::app2);
  for (int start = 0; start < 20; ++start) EXPECT_EQ(boot(), Slot::app1);
}

TEST_F(BootDecision, StartsOfATrialImageAreCountedOrDoNotHappen) {
  ASSERT_TRUE(install(flash, new_image().file()));
  flash.protect(image::app2_section);  // stands for a state page that takes no more words
  EXPECT_EQ(boot(), Slot::app1);
}

TEST_F(BootDecision, ACopyWrittenByThePackerIsEnoughAndIsCompleted) {
  const auto status = section_of(Slot::app1).base + image::state_offset;
  ASSERT_TRUE(flash.erase_page(status));
  ASSERT_TRUE(flash.program_word(status, image::installed_value));
  ASSERT_TRUE(flash.program_word(status + 16, image::confirmed_value));
  flash.reset_operations();
  EXPECT_EQ(boot(), Slot::app1);
  EXPECT_EQ(flash.operations(), 4u);
  EXPECT_EQ(boot(), Slot::app1);
  EXPECT_EQ(flash.operations(), 4u);
}

TEST_F(BootDecision, UpdatesGoBackAndForth) {
  ASSERT_TRUE(install(flash, new_image().file()));
  ASSERT_EQ(boot(), Slot::app2);
  ASSERT_TRUE(confirm(flash, Slot::app2));
  const auto third = make_image({.version = {1, 2, 31}, .sequence = 3, .seed = 5});
  ASSERT_TRUE(install(flash, third.file(), Slot::app2));
  ASSERT_EQ(boot(), Slot::app1);
  ASSERT_TRUE(confirm(flash, Slot::app1));
  EXPECT_EQ(read_versions(flash).app1, (base::Version{1, 2, 31}));
  EXPECT_EQ(read_versions(flash).app2, new_version);
}

TEST(Slots, VersionsAndRollback) {
  auto flash = device();
  EXPECT_EQ(read_versions(flash).app1, old_version);
  EXPECT_TRUE(read_versions(flash).app2.empty());
  EXPECT_TRUE(read_versions(flash).boot.empty());
  const auto info = image::emit_info({image::ImageType::boot, {0, 9, 1}, image::testing::product});
  flash.load(image::boot_section.base + image::info_offset, info);
  EXPECT_EQ(read_versions(flash).boot, (base::Version{0, 9, 1}));

  EXPECT_FALSE(rollback_possible(flash, factory()));
  lay_out(flash, Slot::app2, new_image(), SlotState::confirmed);
  EXPECT_EQ(rollback_possible(flash, factory()).error(), NoRollback::security_floor)
      << "its security counter is higher";
  const auto newer = make_image({.version = new_version, .seed = 2});
  lay_out(flash, Slot::app2, newer, SlotState::confirmed);
  const auto rollback = rollback_possible(flash, factory());
  ASSERT_TRUE(rollback);
  EXPECT_EQ(rollback->from_slot, Slot::app2);
  EXPECT_EQ(rollback->from, new_version);
  EXPECT_EQ(rollback->to, old_version);
  ASSERT_TRUE(roll_back(flash, *rollback));
  EXPECT_FALSE(rollback_possible(flash, factory()));
  EXPECT_EQ(rejected_digest(flash, Slot::app2), rollback->digest);
  EXPECT_EQ(decide(flash, factory())->image.slot(), Slot::app1);
  EXPECT_EQ(install(flash, newer.file()).error(), InstallError::rejected_before);
}

TEST(Slots, SlotAtAddress) {
  EXPECT_EQ(slot_at(0x08010000), Slot::app1);
  EXPECT_EQ(slot_at(0x0803FFFF), Slot::app1);
  EXPECT_EQ(slot_at(0x08040000), std::nullopt);
  EXPECT_EQ(slot_at(0x08041000), Slot::app2);
  EXPECT_EQ(slot_at(0x08070FFF), Slot::app2);
  EXPECT_EQ(slot_at(0x08071000), std::nullopt);
  EXPECT_EQ(slot_at(0x08000000), std::nullopt);
}

}  // namespace
}  // namespace goldcrest::update

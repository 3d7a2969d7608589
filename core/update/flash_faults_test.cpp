// SPDX-License-Identifier: MIT
// Each operation of the flash fails in turn, or is silently not done, while an update is installed,
// BOOT decides and the slots are looked at: what runs stays whole, and nothing else is started.
#include <gtest/gtest.h>

#include "core/image/test_flash.hpp"
#include "core/update/test_device.hpp"

namespace goldcrest::update {
namespace {

using namespace testing;
using image::testing::Fault;
using image::testing::for_each_fault;
using image::testing::lay_out;
using sim::SimulatedFlash;

const Image& small_image() {
  static const Image image = make_image(
      {.version = new_version, .sequence = 2, .image_size = 0x400, .relocations = 140, .seed = 6});
  return image;
}

/// Permits the old one beside it.
const Image& newer_image() {
  static const Image image = make_image({.version = new_version, .seed = 2});
  return image;
}

TEST(FlashFaults, AnInstallationThatFailsLeavesWhatRunsAndCanBeTriedAgain) {
  const auto start = device();
  const auto file = small_image().file();
  for (const auto fault : {Fault::error, Fault::skipped}) {
    int failed = 0;
    int complete = 0;
    for_each_fault(start, fault, [&](image::Flash& flash, SimulatedFlash& sound) {
      const auto current = running_image(sound, Slot::app1);
      Installer installer(flash, factory(), *current, {});
      installer.begin();
      auto result = installer.write(file);
      if (result) {
        const auto finished = installer.finish();
        if (!finished) result = std::unexpected(finished.error());
      }
      EXPECT_EQ(slot_bytes(sound, Slot::app1), slot_bytes(start, Slot::app1));
      if (result) return;
      ++failed;
      EXPECT_TRUE(result.error() == InstallError::flash ||
                  result.error() == InstallError::verification);
      complete += decide(sound, factory())->image.slot() == Slot::app2 ? 1 : 0;
      EXPECT_TRUE(install(sound, file));
    });
    EXPECT_GT(failed, 5);
    EXPECT_EQ(complete, fault == Fault::error ? 1 : 0) << "`installed` is there, but not read back";
  }
}

TEST(FlashFaults, AnImageWithoutRelocationsInstallsWhereItIsLinked) {
  auto image = new_image();
  image.relocations.clear();
  image.table.clear();
  image.manifest.relocation_count = 0;
  for (std::uint32_t i = 4; i + 4 <= image.canonical.size(); i += 4) {
    const bool in_info = i >= image::info_offset && i < image::info_offset + image::info_size;
    if (i != 4 && !in_info) base::store_le32(image.canonical.data() + i, i);
  }
  image.seal();
  SimulatedFlash flash = device();
  lay_out(flash, Slot::app2, old_image(), SlotState::confirmed);
  EXPECT_TRUE(install(flash, image.file(), Slot::app2));
  EXPECT_EQ(image::read_status(flash, Slot::app1)->state(), SlotState::trial);
}

// What BOOT starts has verified, whatever could not be read; with the next reset all is as before.
TEST(FlashFaults, BootStartsWhatVerifiesOrNothing) {
  auto start = device();
  lay_out(start, Slot::app2, new_image(), SlotState::trial);
  for (const auto fault : {Fault::error, Fault::skipped}) {
    int fatal = 0;
    int fallen_back = 0;
    for_each_fault(start, fault, [&](image::Flash& flash, SimulatedFlash& sound) {
      const auto choice = decide(flash, factory());
      if (!choice) {
        EXPECT_EQ(choice.error(), BootError::flash);
        ++fatal;
      } else if (choice->image.slot() == Slot::app1) {
        ++fallen_back;
      } else {
        EXPECT_GE(image::read_status(sound, Slot::app2)->trial_boots, 1);
      }
      EXPECT_EQ(slot_bytes(sound, Slot::app1), slot_bytes(start, Slot::app1));
      EXPECT_TRUE(decide(sound, factory()));
    });
    EXPECT_EQ(fatal > 0, fault == Fault::error);
    EXPECT_EQ(fallen_back > 0, fault == Fault::error);
  }
}

TEST(FlashFaults, WhatIsShownOfTheSlotsIsTrueOrMissing) {
  auto start = device();
  lay_out(start, Slot::app2, newer_image(), SlotState::confirmed);
  int rollbacks = 0;
  for_each_fault(start, Fault::error, [&](image::Flash& flash, SimulatedFlash&) {
    const auto rollback = rollback_possible(flash, factory());
    rollbacks += rollback ? 1 : 0;
    EXPECT_TRUE(!rollback || rollback->from == new_version);
  });
  EXPECT_EQ(rollbacks, 1) << "the run without a fault";
  for_each_fault(start, Fault::error, [&](image::Flash& flash, SimulatedFlash&) {
    const auto versions = read_versions(flash);
    EXPECT_TRUE(versions.app1.empty() || versions.app1 == old_version);
    EXPECT_TRUE(versions.app2.empty() || versions.app2 == new_version);
  });
  for_each_fault(start, Fault::error, [&](image::Flash& flash, SimulatedFlash&) {
    const auto running = running_image(flash, Slot::app2);
    EXPECT_TRUE(!running || running->version() == new_version);
  });
  lay_out(start, Slot::app2, newer_image(), SlotState::rejected);
  int digests = 0;
  for_each_fault(start, Fault::error, [&](image::Flash& flash, SimulatedFlash&) {
    const auto digest = rejected_digest(flash, Slot::app2);
    digests += digest ? 1 : 0;
    EXPECT_TRUE(!digest || *digest == newer_image().manifest.digest);
  });
  EXPECT_EQ(digests, 1);
}

TEST(FlashFaults, WhatIsNoInstallErrorHasNoLine) {
  EXPECT_EQ(describe(static_cast<InstallError>(99)), "unknown error");
}

TEST(Slots, NoRollbackToTheSameVersionAndFromEitherSlot) {
  auto flash = device();
  lay_out(flash, Slot::app2, old_image(), SlotState::confirmed);
  EXPECT_FALSE(rollback_possible(flash, factory()));
  lay_out(flash, Slot::app1, newer_image(), SlotState::confirmed);
  const auto rollback = rollback_possible(flash, factory());
  ASSERT_TRUE(rollback);
  EXPECT_EQ(rollback->from_slot, Slot::app1);
  EXPECT_EQ(rollback->to, old_version);
}

}  // namespace
}  // namespace goldcrest::update

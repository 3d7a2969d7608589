// SPDX-License-Identifier: MIT
// Each operation of the flash fails in turn: what depends on it is refused, and nothing is taken
// for valid that could not be read.
#include <gtest/gtest.h>

#include <optional>

#include "core/image/digest.hpp"
#include "core/image/test_flash.hpp"
#include "core/image/test_image.hpp"
#include "core/image/verify.hpp"

namespace goldcrest::image {
namespace {

using testing::Fault;
using testing::for_each_fault;

/// APP2 holds an image whose relocation table does not fit into one read.
sim::SimulatedFlash with_image(const testing::Image& image) {
  sim::SimulatedFlash flash;
  testing::lay_out_factory(flash);
  testing::lay_out(flash, Slot::app2, image, SlotState::confirmed);
  return flash;
}

TEST(FlashFaults, NothingVerifiesThatCouldNotBeRead) {
  const auto image = testing::make_image({.relocations = 300});
  const auto factory = testing::factory();
  int refused = 0;
  for_each_fault(with_image(image), Fault::error, [&](Flash& flash, sim::SimulatedFlash&) {
    const auto verified = verify(flash, Slot::app2, factory);
    if (verified) return;
    EXPECT_TRUE(verified.error() == VerifyError::flash || verified.error() == VerifyError::info);
    ++refused;
  });
  auto sound = with_image(image);
  testing::FaultyFlash counting(sound);
  ASSERT_TRUE(verify(counting, Slot::app2, factory));
  EXPECT_EQ(refused, counting.operations());

  const auto first = verify(sound, Slot::app2, factory);
  int again = 0;
  for_each_fault(sound, Fault::error, [&](Flash& flash, sim::SimulatedFlash&) {
    again += verify_again(flash, *first, factory) ? 1 : 0;
  });
  EXPECT_EQ(again, 1) << "the run without a fault";
}

TEST(FlashFaults, DigestNeedsEveryByte) {
  const auto image = testing::make_image({.relocations = 300});
  int whole = 0;
  for_each_fault(with_image(image), Fault::error, [&](Flash& flash, sim::SimulatedFlash&) {
    const auto digest = canonical_digest(flash, Slot::app2, image.manifest);
    whole += digest ? 1 : 0;
    EXPECT_EQ(digest ? RelocationError::flash : digest.error(), RelocationError::flash);
  });
  EXPECT_EQ(whole, 1);
}

TEST(FlashFaults, WhatIsReadInOneGoIsThereOrNot) {
  auto sound = with_image(testing::make_image());
  testing::FaultyFlash flash(sound, 0);
  EXPECT_EQ(read_factory(flash).error(), FactoryError::flash);
  EXPECT_TRUE(read_factory(flash));
  testing::FaultyFlash another(sound, 0);
  EXPECT_EQ(read_manifest(another, Slot::app2).error(), VerifyError::flash);
  EXPECT_TRUE(read_manifest(another, Slot::app2));
  testing::FaultyFlash third(sound, 0);
  EXPECT_EQ(read_info(third, app2_section.base).error(), InfoError::flash);
  EXPECT_TRUE(read_info(third, app2_section.base));
}

TEST(FlashFaults, StatusIsReadWholeOrNotAtAll) {
  int whole = 0;
  for_each_fault(with_image(testing::make_image()), Fault::error,
                 [&](Flash& flash, sim::SimulatedFlash&) {
                   const auto status = read_status(flash, Slot::app2);
                   whole += status ? 1 : 0;
                   EXPECT_EQ(status ? FlashError::hardware : status.error(), FlashError::hardware);
                 });
  EXPECT_EQ(whole, 1);
}

// One copy that cannot be written costs nothing; a read that fails leaves it open what is there.
TEST(FlashFaults, SettingAStateSucceedsOnlyIfItReadsAsSet) {
  for (const auto fault : {Fault::error, Fault::skipped}) {
    int failed = 0;
    for_each_fault(sim::SimulatedFlash(), fault, [&](Flash& flash, sim::SimulatedFlash& sound) {
      const auto set = set_state(flash, Slot::app2, StateGroup::installed);
      failed += set ? 0 : 1;
      if (set) {
        EXPECT_EQ(read_status(sound, Slot::app2)->state(), SlotState::trial);
      } else {
        EXPECT_EQ(set.error(), FlashError::hardware);
      }
    });
    EXPECT_EQ(failed, fault == Fault::error ? 2 : 0) << "before and after the copies are written";
  }
}

}  // namespace
}  // namespace goldcrest::image

// SPDX-License-Identifier: MIT
#include "firmware/app/update_memory.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "core/image/manifest.hpp"
#include "core/image/slot.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::app {
namespace {

using wire::UpdateResult;

class UpdateMemoryTest : public testing::Test {
 protected:
  UpdateMemoryTest() { EXPECT_TRUE(records_.open()); }

  /// An image with a digest of `mark` in APP2, installed, and rejected if wanted.
  void put_into_app2(std::uint8_t mark, bool rejected) {
    image::Manifest manifest{.product = *image::ProductId::from_text("test"),
                             .version = {1, 1, 31},
                             .image_size = 1024,
                             .signature_size = 100};
    manifest.digest.fill(mark);
    const auto base = image::app2_section.base;
    for (const auto offset : {image::manifest_offset, image::state_offset}) {
      ASSERT_TRUE(flash_.erase_page(base + offset));
    }
    flash_.load(base + image::manifest_offset, image::emit_manifest(manifest));
    ASSERT_TRUE(image::set_state(flash_, image::Slot::app2, image::StateGroup::installed));
    if (rejected) {
      ASSERT_TRUE(image::set_state(flash_, image::Slot::app2, image::StateGroup::rejected));
    }
  }
  UpdateMemory remembered() {
    const auto memory = recall(flash_, records_, image::Slot::app1);
    EXPECT_TRUE(memory);
    return memory ? *memory : UpdateMemory{};
  }

  sim::SimulatedFlash flash_;
  update::Records records_{flash_};
};

TEST_F(UpdateMemoryTest, ANewDeviceRemembersNothing) {
  const auto memory = remembered();
  EXPECT_EQ(memory.last_result, UpdateResult::none);
  EXPECT_TRUE(memory.rejected.empty());
}

TEST_F(UpdateMemoryTest, ResultsAreRemembered) {
  ASSERT_TRUE(remember_result(records_, UpdateResult::refused_signature));
  EXPECT_EQ(remembered().last_result, UpdateResult::refused_signature);
}

TEST_F(UpdateMemoryTest, AnInstalledImageThatIsNotRejectedChangesNothing) {
  put_into_app2(0x11, false);
  ASSERT_TRUE(remember_result(records_, UpdateResult::installed));
  EXPECT_EQ(remembered().last_result, UpdateResult::installed);
  EXPECT_TRUE(remembered().rejected.empty());
}

TEST_F(UpdateMemoryTest, AnImageThatBootGaveUpIsRevertedAndRememberedOnce) {
  put_into_app2(0x22, true);
  ASSERT_TRUE(remember_result(records_, UpdateResult::installed));
  for (int start = 0; start < 3; ++start) {
    const auto memory = remembered();
    EXPECT_EQ(memory.last_result, UpdateResult::reverted);
    ASSERT_EQ(memory.rejected.size(), 1u);
    EXPECT_EQ(memory.rejected[0][0], 0x22);
  }
  // A later result is not undone by the image that still lies there.
  ASSERT_TRUE(remember_result(records_, UpdateResult::refused_version));
  EXPECT_EQ(remembered().last_result, UpdateResult::refused_version);
}

TEST_F(UpdateMemoryTest, ARollbackByThePersonIsNotCalledReverted) {
  put_into_app2(0x33, true);
  crypto::Digest digest;
  digest.fill(0x33);
  ASSERT_TRUE(update::add_rejected_digest(records_, digest));
  ASSERT_TRUE(remember_result(records_, UpdateResult::rolled_back));
  EXPECT_EQ(remembered().last_result, UpdateResult::rolled_back);
  EXPECT_EQ(remembered().rejected.size(), 1u);
}

TEST_F(UpdateMemoryTest, ARecordThatMakesNoSenseCountsAsNone) {
  for (const std::vector<std::uint8_t>& value :
       {std::vector<std::uint8_t>{}, {14}, {255}, {1, 1}}) {
    ASSERT_TRUE(records_.write(update::RecordKey::update_result, value));
    EXPECT_EQ(remembered().last_result, UpdateResult::none);
  }
}

TEST_F(UpdateMemoryTest, APowerCutAnywhereLosesNothing) {
  put_into_app2(0x44, true);
  ASSERT_TRUE(remember_result(records_, UpdateResult::installed));
  const auto before = flash_;
  flash_.reset_operations();
  (void)remembered();
  const auto operations = flash_.operations();
  ASSERT_GT(operations, 0u);
  for (std::uint64_t cut = 0; cut < operations; ++cut) {
    for (const auto point : {sim::CutPoint::before, sim::CutPoint::inside, sim::CutPoint::after}) {
      flash_ = before;
      flash_.reset_operations();
      flash_.cut_at(cut, point, static_cast<std::uint32_t>(cut));
      update::Records records(flash_);
      try {
        (void)records.open();
        (void)recall(flash_, records, image::Slot::app1);
      } catch (const sim::PowerCut&) {
      }
      flash_.disarm();
      update::Records again(flash_);
      ASSERT_TRUE(again.open());
      const auto memory = recall(flash_, again, image::Slot::app1);
      ASSERT_TRUE(memory);
      EXPECT_EQ(memory->last_result, UpdateResult::reverted) << cut;
      EXPECT_EQ(memory->rejected.size(), 1u) << cut;
    }
  }
}

}  // namespace
}  // namespace goldcrest::app

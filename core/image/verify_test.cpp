// SPDX-License-Identifier: MIT
#include "core/image/verify.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "core/image/digest.hpp"
#include "core/image/test_image.hpp"

namespace goldcrest::image {
namespace {

class Verify : public ::testing::Test {
 protected:
  void change(Slot slot, std::uint32_t offset, std::uint8_t by) {
    const Address address = section_of(slot).base + offset / 4 * 4;
    std::array<std::uint8_t, 4> word;
    ASSERT_TRUE(flash.read(address, word));
    word[offset % 4] ^= by;
    flash.load(address, word);
  }
  VerifyError error(Slot slot) {
    const auto verified = verify(flash, slot, factory);
    EXPECT_FALSE(verified);
    return verified ? VerifyError::flash : verified.error();
  }

  sim::SimulatedFlash flash;
  const Factory factory = testing::factory();
};

TEST_F(Verify, TheSameImageHoldsInEitherSlot) {
  const auto image = testing::make_image();
  for (const auto slot : {Slot::app1, Slot::app2}) {
    testing::lay_out(flash, slot, image, SlotState::empty);
    const auto verified = verify(flash, slot, factory);
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->slot(), slot);
    EXPECT_EQ(verified->version(), (base::Version{1, 0, 31}));
    EXPECT_EQ(verified->vector_table(), section_of(slot).base);
    EXPECT_EQ(canonical_digest(flash, slot, image.manifest), image.manifest.digest);
    EXPECT_EQ(read_manifest(flash, slot), image.manifest);
  }
  EXPECT_NE(testing::relocated(image, Slot::app2), image.canonical);
}

// All but the hashing is looked at anew, and the digest is the one that was worked out.
TEST_F(Verify, AgainSeesWhatHasChangedSince) {
  const auto image = testing::make_image();
  testing::lay_out(flash, Slot::app2, image, SlotState::empty);
  const auto first = verify(flash, Slot::app2, factory);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->digest(), image.manifest.digest);
  const auto again = verify_again(flash, *first, factory);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->slot(), Slot::app2);
  EXPECT_EQ(again->manifest(), image.manifest);

  const auto refuses = [&](std::uint32_t offset, VerifyError expected) {
    change(Slot::app2, offset, 0x10);
    const auto seen = verify_again(flash, *first, factory);
    change(Slot::app2, offset, 0x10);
    EXPECT_EQ(seen ? std::nullopt : std::optional(seen.error()), expected) << offset;
  };
  refuses(manifest_offset, VerifyError::manifest);
  refuses(manifest_offset + 8, VerifyError::product);
  refuses(manifest_offset + 112, VerifyError::signature);
  refuses(manifest_offset + manifest_size + 100, VerifyError::signature);
  refuses(7, VerifyError::vectors);
  refuses(GOLDCREST_INFO_OFFSET, VerifyError::info);
  // Another image, in order in itself, is not the one that was hashed.
  testing::lay_out(flash, Slot::app2, testing::make_image({.seed = 99}), SlotState::empty);
  EXPECT_EQ(verify_again(flash, *first, factory).error(), VerifyError::digest);
}

TEST_F(Verify, SizesOfEveryKind) {
  for (const std::uint32_t size : {0x208u, 0x2FCu, 0x300u, 0x304u, 0x4000u, 0x2E000u}) {
    for (const std::uint32_t relocations : {1u, 2u, 90u}) {
      const auto image =
          testing::make_image({.image_size = size, .relocations = relocations, .seed = size});
      testing::lay_out(flash, Slot::app2, image, SlotState::empty);
      EXPECT_TRUE(verify(flash, Slot::app2, factory)) << size << ' ' << relocations;
    }
  }
}

TEST_F(Verify, EveryChangedByteIsRefused) {
  const auto image = testing::make_image();
  testing::lay_out(flash, Slot::app2, image, SlotState::empty);
  const auto table = relocation_table_offset(image.manifest.relocation_size);
  for (std::uint32_t i = 0; i < image.manifest.image_size; ++i) {
    change(Slot::app2, i, 0x04);
    EXPECT_FALSE(verify(flash, Slot::app2, factory)) << i;
    change(Slot::app2, i, 0x04);
  }
  for (std::uint32_t i = 0; i < image.manifest.relocation_size; ++i) {
    change(Slot::app2, table + i, 0x01);
    EXPECT_FALSE(verify(flash, Slot::app2, factory)) << i;
    change(Slot::app2, table + i, 0x01);
  }
  for (std::uint32_t i = 0; i < image.header().size(); ++i) {
    change(Slot::app2, manifest_offset + i, 0x20);
    EXPECT_FALSE(verify(flash, Slot::app2, factory)) << i;
    change(Slot::app2, manifest_offset + i, 0x20);
  }
  EXPECT_TRUE(verify(flash, Slot::app2, factory));
}

TEST_F(Verify, NamesWhatIsWrong) {
  EXPECT_EQ(error(Slot::app1), VerifyError::manifest);
  const auto image = testing::make_image();
  testing::lay_out(flash, Slot::app2, image, SlotState::empty);
  change(Slot::app2, 0x300, 1);
  EXPECT_EQ(error(Slot::app2), VerifyError::digest);
  change(Slot::app2, 0x300, 1);
  change(Slot::app2, relocation_table_offset(image.manifest.relocation_size), 0x80);
  EXPECT_EQ(error(Slot::app2), VerifyError::relocations);

  auto other_version = image;
  other_version.manifest.version = {1, 0, 32};
  other_version.sign();
  testing::lay_out(flash, Slot::app2, other_version, SlotState::empty);
  EXPECT_EQ(error(Slot::app2), VerifyError::info);

  for (const std::uint32_t stack : {0x20000000u, 0x20014008u, 0x20000004u, 0x08000000u}) {
    auto bad = image;
    base::store_le32(bad.canonical.data(), stack);
    bad.seal();
    testing::lay_out(flash, Slot::app2, bad, SlotState::empty);
    EXPECT_EQ(error(Slot::app2), VerifyError::vectors);
  }
  for (const std::uint32_t reset : {link_base + 0x200, link_base + 1501, 0x08000001u}) {
    auto bad = image;
    base::store_le32(bad.canonical.data() + 4, reset);
    bad.seal();
    testing::lay_out(flash, Slot::app2, bad, SlotState::empty);
    EXPECT_EQ(error(Slot::app2), VerifyError::vectors);
  }
}

TEST_F(Verify, SlotsOfRandomBytesAreRefused) {
  std::mt19937 random(3);
  const auto image = testing::make_image();
  for (int round = 0; round < 300; ++round) {
    testing::lay_out(flash, Slot::app1, image, SlotState::empty);
    const auto changes = 1 + random() % 5;
    for (std::uint32_t i = 0; i < changes; ++i) {
      const bool manifest = random() % 2 == 0;
      const auto at = manifest ? manifest_offset + random() % 144 : random() % 1500;
      change(Slot::app1, static_cast<std::uint32_t>(at), static_cast<std::uint8_t>(1u << i));
    }
    EXPECT_FALSE(verify(flash, Slot::app1, factory));
  }
}

}  // namespace
}  // namespace goldcrest::image

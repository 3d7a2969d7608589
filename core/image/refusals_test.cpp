// SPDX-License-Identifier: MIT
// The rules of manifest, factory block, Info record and slot one by one where one alone decides;
// and a line of text for every error.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/image/test_image.hpp"
#include "core/image/verify.hpp"

namespace goldcrest::image {
namespace {

/// Every error up to `last` has a line of its own, and what is no error says so.
template <typename Error>
void expect_lines(Error last) {
  std::set<std::string_view> lines;
  const auto count = static_cast<std::size_t>(last) + 1;
  for (std::size_t i = 0; i < count; ++i) lines.insert(describe(static_cast<Error>(i)));
  EXPECT_EQ(lines.size(), count);
  EXPECT_FALSE(lines.contains("unknown error"));
  EXPECT_FALSE(lines.contains(""));
  EXPECT_EQ(describe(static_cast<Error>(count)), "unknown error");
}

TEST(Refusals, EveryErrorHasALineOfItsOwn) {
  expect_lines(FactoryError::reserved);
  expect_lines(InfoError::reserved);
  expect_lines(ManifestError::revoked_keys);
  expect_lines(RelocationError::no_room);
  expect_lines(VerifyError::vectors);
}

TEST(Refusals, SignatureOfNoBytes) {
  auto manifest = testing::make_image().manifest;
  manifest.signature_size = 0;
  EXPECT_EQ(check_manifest(manifest).error(), ManifestError::signature_size);
  manifest.signature_size = 1;
  EXPECT_TRUE(check_manifest(manifest));
}

TEST(Refusals, ManifestsDifferInAnyField) {
  const auto image = testing::make_image();
  const auto differs = [&](auto change) {
    auto other = image.manifest;
    EXPECT_EQ(other, image.manifest);
    change(other);
    return other != image.manifest;
  };
  EXPECT_TRUE(differs([](auto& m) { m.signature_type = SignatureType::ecdsa_p256; }));
  EXPECT_TRUE(differs([](auto& m) { m.product = *ProductId::from_text("OTHER"); }));
  EXPECT_TRUE(differs([](auto& m) { m.version = {9, 9, 9}; }));
  EXPECT_TRUE(differs([](auto& m) { m.minimum_version = {9, 9, 9}; }));
  EXPECT_TRUE(differs([](auto& m) { ++m.sequence; }));
  EXPECT_TRUE(differs([](auto& m) { ++m.image_size; }));
  EXPECT_TRUE(differs([](auto& m) { ++m.relocation_count; }));
  EXPECT_TRUE(differs([](auto& m) { ++m.relocation_size; }));
  EXPECT_TRUE(differs([](auto& m) { ++m.signature_size; }));
  EXPECT_TRUE(differs([](auto& m) { ++m.content_key_id; }));
  EXPECT_TRUE(differs([](auto& m) { ++m.signing_key_id; }));
  EXPECT_TRUE(differs([](auto& m) { ++m.iv[15]; }));
  EXPECT_TRUE(differs([](auto& m) { ++m.digest[31]; }));
}

TEST(Refusals, InfoRecordsDifferInAnyField) {
  const Info info{ImageType::app, {1, 0, 31}, testing::product};
  EXPECT_EQ(info, (Info{ImageType::app, {1, 0, 31}, testing::product}));
  EXPECT_NE(info, (Info{ImageType::mta, {1, 0, 31}, testing::product}));
  EXPECT_NE(info, (Info{ImageType::app, {1, 0, 32}, testing::product}));
  EXPECT_NE(info, (Info{ImageType::app, {1, 0, 31}, *ProductId::from_text("OTHER")}));
}

TEST(Refusals, ProductIdWithoutAnEnd) {
  const std::string text(limits::product_id_bytes, 'a');
  const base::Bytes stored(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  EXPECT_FALSE(ProductId::from_stored(stored));
}

TEST(Refusals, FactoryBlockNeedsKeysOfBothKindsAndEachIdOnce) {
  std::array<std::uint8_t, factory_size> block;
  auto factory = testing::factory();
  factory.trust_anchors.clear();
  EXPECT_EQ(emit_factory(factory, block).error(), FactoryError::trust_anchor);
  factory = testing::factory();
  factory.content_keys.clear();
  EXPECT_EQ(emit_factory(factory, block).error(), FactoryError::content_key);
  factory = testing::factory();
  ASSERT_TRUE(factory.content_keys.push_back(factory.content_keys[0]));
  EXPECT_EQ(emit_factory(factory, block).error(), FactoryError::duplicate_key_id);
  factory.content_keys[1].key_id = 0xC2;
  EXPECT_TRUE(emit_factory(factory, block));
}

TEST(Refusals, ConfirmedCountsWithoutInstalled) {
  sim::SimulatedFlash flash;
  ASSERT_TRUE(set_state(flash, Slot::app2, StateGroup::confirmed));
  EXPECT_EQ(read_status(flash, Slot::app2)->state(), SlotState::confirmed);
}

// Signed as it is, so that only what the image says of itself can refuse it.
TEST(Refusals, ImageThatSaysItIsSomethingElse) {
  const auto factory = testing::factory();
  const auto error = [&](const Info& info) {
    auto image = testing::make_image();
    std::ranges::copy(emit_info(info), image.canonical.begin() + info_offset);
    image.seal();
    sim::SimulatedFlash flash;
    testing::lay_out(flash, Slot::app2, image, SlotState::empty);
    const auto verified = verify(flash, Slot::app2, factory);
    return verified ? std::nullopt : std::optional(verified.error());
  };
  EXPECT_EQ(error({ImageType::app, {1, 0, 31}, testing::product}), std::nullopt);
  EXPECT_EQ(error({ImageType::mta, {1, 0, 31}, testing::product}), VerifyError::info);
  EXPECT_EQ(error({ImageType::app, {1, 0, 30}, testing::product}), VerifyError::info);
  EXPECT_EQ(error({ImageType::app, {1, 0, 31}, *ProductId::from_text("OTHER")}), VerifyError::info);
}

}  // namespace
}  // namespace goldcrest::image

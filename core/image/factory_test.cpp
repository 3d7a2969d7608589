// SPDX-License-Identifier: MIT
#include "core/image/factory.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/crypto/crc32.hpp"
#include "core/image/test_image.hpp"

namespace goldcrest::image {
namespace {

using Block = std::array<std::uint8_t, factory_size>;

Block sample() {
  Block block;
  EXPECT_TRUE(emit_factory(testing::factory(), block));
  return block;
}

void fix_crc(Block& block) {
  base::store_le32(block.data() + 1020, crypto::Crc32::of(base::Bytes(block).first(1020)));
}

TEST(Factory, LayoutIsThatOfTheFormatPage) {
  const auto block = sample();
  EXPECT_EQ(base::load_be32(block.data()), 0x47464143u);
  EXPECT_EQ(block[4], 1);
  EXPECT_EQ(block[5], 1);
  EXPECT_EQ(block[6], 1);
  EXPECT_EQ(block[8], 'O');
  EXPECT_EQ(base::load_le32(block.data() + 40), 4096u);
  EXPECT_EQ(base::load_le32(block.data() + 44), 0x12345678u);
  EXPECT_EQ(base::load_le32(block.data() + 48), 8192u);
  EXPECT_EQ(block[52], 1);
  EXPECT_EQ(base::load_le32(block.data() + 96), testing::signing_key_id);
  EXPECT_EQ(block[100], 1);
  EXPECT_EQ(block[101], 48);
  EXPECT_TRUE(
      std::ranges::equal(base::Bytes(block).subspan(104, 48), testing::signer().public_key()));
  EXPECT_EQ(base::load_le32(block.data() + 416), testing::content_key_id);
  EXPECT_TRUE(std::ranges::equal(base::Bytes(block).subspan(424, 16), testing::content_key));
}

TEST(Factory, ReadsBackWhatWasEmitted) {
  sim::SimulatedFlash flash;
  testing::lay_out_factory(flash);
  const auto factory = read_factory(flash);
  ASSERT_TRUE(factory);
  EXPECT_EQ(factory->product, testing::product);
  EXPECT_EQ(factory->boot_size, 4096u);
  ASSERT_NE(factory->trust_anchor(testing::signing_key_id), nullptr);
  EXPECT_EQ(factory->trust_anchor(testing::signing_key_id)->key().size(), 48u);
  EXPECT_EQ(factory->trust_anchor(0), nullptr);
  ASSERT_NE(factory->content_key(testing::content_key_id), nullptr);
  EXPECT_EQ(factory->content_key(testing::content_key_id)->key, testing::content_key);
  EXPECT_EQ(factory->content_key(0), nullptr);
  Block again;
  ASSERT_TRUE(emit_factory(*factory, again));
  EXPECT_EQ(again, sample());
}

TEST(Factory, EveryChangedByteIsRefused) {
  auto block = sample();
  for (auto& byte : block) {
    byte ^= 0x40;
    EXPECT_FALSE(parse_factory(block));
    byte ^= 0x40;
  }
  EXPECT_EQ(parse_factory(base::Bytes(block).first(1023)).error(), FactoryError::size);
}

TEST(Factory, EveryRuleHasItsError) {
  const auto with = [](std::size_t at, std::uint8_t value) {
    auto block = sample();
    block[at] = value;
    fix_crc(block);
    return parse_factory(block).error();
  };
  EXPECT_EQ(with(0, 0), FactoryError::magic);
  EXPECT_EQ(with(4, 2), FactoryError::format_version);
  EXPECT_EQ(with(5, 0), FactoryError::trust_anchor);
  EXPECT_EQ(with(5, 2), FactoryError::trust_anchor);
  EXPECT_EQ(with(5, 5), FactoryError::trust_anchor);
  EXPECT_EQ(with(6, 0), FactoryError::content_key);
  EXPECT_EQ(with(6, 5), FactoryError::content_key);
  EXPECT_EQ(with(7, 1), FactoryError::reserved);
  EXPECT_EQ(with(8, 0), FactoryError::product);
  EXPECT_EQ(with(41, 0), FactoryError::boot_size);
  EXPECT_EQ(with(40, 1), FactoryError::boot_size);
  EXPECT_EQ(with(43, 1), FactoryError::boot_size);
  EXPECT_EQ(with(51, 1), FactoryError::mta_size);
  EXPECT_EQ(with(84, 1), FactoryError::reserved);
  EXPECT_EQ(with(100, 3), FactoryError::trust_anchor);
  EXPECT_EQ(with(100, 2), FactoryError::trust_anchor);
  EXPECT_EQ(with(101, 47), FactoryError::trust_anchor);
  EXPECT_EQ(with(101, 200), FactoryError::trust_anchor);
  EXPECT_EQ(with(102, 1), FactoryError::trust_anchor);
  EXPECT_EQ(with(175, 1), FactoryError::trust_anchor);
  EXPECT_EQ(with(300, 1), FactoryError::trust_anchor);
  EXPECT_EQ(with(420, 1), FactoryError::content_key);
  EXPECT_EQ(with(500, 1), FactoryError::content_key);
  EXPECT_EQ(with(512, 1), FactoryError::reserved);
  EXPECT_EQ(with(1019, 1), FactoryError::reserved);
  auto twice = testing::factory();
  ASSERT_TRUE(twice.trust_anchors.push_back(twice.trust_anchors[0]));
  Block block;
  EXPECT_EQ(emit_factory(twice, block).error(), FactoryError::duplicate_key_id);
}

TEST(Factory, RandomChangesAreParsedSafely) {
  std::mt19937 random(9);
  for (int round = 0; round < 3000; ++round) {
    auto block = sample();
    for (int change = 0; change < 3; ++change) {
      block[random() % 512] = static_cast<std::uint8_t>(random());
    }
    fix_crc(block);
    if (const auto factory = parse_factory(block)) {
      Block again;
      ASSERT_TRUE(emit_factory(*factory, again));
      EXPECT_EQ(again, block);
    }
  }
}

}  // namespace
}  // namespace goldcrest::image

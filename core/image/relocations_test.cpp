// SPDX-License-Identifier: MIT
#include "core/image/relocations.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

#include "core/crypto/test_hex.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::image {
namespace {

using Buffer = std::vector<std::uint8_t>;
using Offsets = std::vector<std::uint32_t>;

Buffer encode(const Offsets& offsets, std::uint32_t image_size) {
  Buffer table(relocation_size_max(static_cast<std::uint32_t>(offsets.size())));
  const auto size = encode_relocations(offsets, image_size, table);
  EXPECT_TRUE(size);
  table.resize(size.value_or(0));
  return table;
}

std::expected<Offsets, RelocationError> decode(const Buffer& table, std::uint32_t count,
                                               std::uint32_t image_size) {
  RelocationDecoder decoder(count, image_size);
  Offsets offsets;
  for (const auto byte : table) {
    const auto word = decoder.push(byte);
    if (!word) return std::unexpected(word.error());
    if (*word) offsets.push_back(**word);
  }
  if (const auto end = decoder.finish(); !end) return std::unexpected(end.error());
  return offsets;
}

TEST(Relocations, GoldenBytes) {
  // Words 0, 1, 130 and 16516: gaps 0, 0, 128 and 16385.
  const Offsets offsets{0, 4, 520, 66064};
  const auto table = encode(offsets, 0x20000);
  EXPECT_EQ(crypto::to_hex(table), "0000800181800100");
  EXPECT_EQ(decode(table, 4, 0x20000), offsets);
  EXPECT_EQ(encode({}, 400), Buffer{});
  EXPECT_EQ(decode({}, 0, 400), Offsets{});
}

TEST(Relocations, EncoderRefuses) {
  Buffer out(16);
  const auto error = [&](const Offsets& offsets, std::size_t room = 16) {
    return encode_relocations(offsets, 100, base::MutableBytes(out).first(room)).error();
  };
  EXPECT_EQ(error({2}), RelocationError::unaligned);
  EXPECT_EQ(error({100}), RelocationError::beyond_image);
  EXPECT_EQ(error({8, 4}), RelocationError::unsorted);
  EXPECT_EQ(error({8, 8}), RelocationError::unsorted);
  EXPECT_EQ(error({8}, 3), RelocationError::no_room);
}

TEST(Relocations, EveryOtherFormIsRefused) {
  const auto error = [](const char* hex, std::uint32_t count) {
    return check_relocations(crypto::from_hex(hex), count, 0x30000).error();
  };
  EXPECT_EQ(error("00000000", 5), RelocationError::truncated);
  EXPECT_EQ(error("", 1), RelocationError::truncated);
  EXPECT_EQ(error("80000000", 1), RelocationError::not_canonical);
  EXPECT_EQ(error("81800000", 1), RelocationError::not_canonical);
  EXPECT_EQ(error("81808001", 1), RelocationError::not_canonical);
  EXPECT_EQ(error("80808001", 1), RelocationError::not_canonical);
  EXPECT_EQ(error("ff800300", 1), RelocationError::beyond_image);
  EXPECT_EQ(error("ffff0200", 2), RelocationError::beyond_image);
  EXPECT_EQ(error("01000001", 1), RelocationError::padding);
  EXPECT_EQ(error("0100000000000000", 1), RelocationError::padding);
  EXPECT_EQ(error("010000", 1), RelocationError::padding);
  EXPECT_EQ(error("00000000", 0), RelocationError::padding);
  EXPECT_TRUE(check_relocations(crypto::from_hex("ffff0200"), 1, 0x30000));
}

TEST(Relocations, RoundTripAndOneFormOnly) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    const std::uint32_t image_size = 4 * (1 + static_cast<std::uint32_t>(random() % 49152));
    std::set<std::uint32_t> words;
    const auto dense = random() % 2 == 0;
    for (auto wanted = random() % 300; wanted > 0; --wanted) {
      words.insert(static_cast<std::uint32_t>(random() % (dense ? 500 : image_size / 4)) * 4);
    }
    Offsets offsets;
    for (const auto offset : words) {
      if (offset < image_size) offsets.push_back(offset);
    }
    const auto count = static_cast<std::uint32_t>(offsets.size());
    auto table = encode(offsets, image_size);
    ASSERT_EQ(decode(table, count, image_size), offsets);
    // A changed byte either breaks the table or makes it another table: never the same words.
    if (!table.empty()) {
      table[random() % table.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
      const auto changed = decode(table, count, image_size);
      EXPECT_TRUE(!changed || *changed != offsets);
      if (changed) {
        EXPECT_EQ(encode(*changed, image_size), table);
      }
    }
  }
}

TEST(Relocations, RandomBytesDecodeToWhatEncodesToThem) {
  std::mt19937 random(6);
  for (int round = 0; round < 20000; ++round) {
    Buffer table(4 * (random() % 4));
    for (auto& byte : table) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
    const auto count = static_cast<std::uint32_t>(random() % 14);
    if (const auto offsets = decode(table, count, 0x30000)) {
      EXPECT_EQ(encode(*offsets, 0x30000), table);
    }
  }
}

TEST(Relocations, FlashReaderGivesTheSame) {
  std::mt19937 random(8);
  for (const std::uint32_t count : {0u, 1u, 31u, 32u, 33u, 100u}) {
    Offsets offsets;
    for (std::uint32_t i = 0, word = 0; i < count; ++i) {
      word += 1 + static_cast<std::uint32_t>(random() % 200);
      offsets.push_back(4 * word);
    }
    const auto table = encode(offsets, 0x30000);
    sim::SimulatedFlash flash;
    flash.load(0x08020000, table);
    const auto size = static_cast<std::uint32_t>(table.size());
    FlashRelocations reader(flash, 0x08020000, size, count, 0x30000);
    Offsets read;
    auto next = reader.next();
    for (; next && *next; next = reader.next()) read.push_back(**next);
    EXPECT_TRUE(next);
    EXPECT_EQ(read, offsets);
    FlashRelocations too_many(flash, 0x08020000, size, count + 4, 0x30000);
    auto word = too_many.next();
    while (word && *word) word = too_many.next();
    ASSERT_FALSE(word);
    EXPECT_EQ(word.error(), RelocationError::truncated);
  }
}

}  // namespace
}  // namespace goldcrest::image

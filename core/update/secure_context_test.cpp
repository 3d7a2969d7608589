// SPDX-License-Identifier: MIT
#include "core/update/secure_context.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/crypto/test_hex.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::update {
namespace {

SecureContext sample() {
  SecureContext context;
  const auto fill = [](auto& field, std::string_view hex) {
    EXPECT_TRUE(field.append(crypto::from_hex(hex)));
  };
  fill(context.device_id, "01");
  fill(context.master_secret, "0102030405060708090a0b0c0d0e0f10");
  fill(context.master_salt, "9e7ca92223786340");
  return context;
}

std::vector<std::uint8_t> record_of(const SecureContext& context) {
  std::vector<std::uint8_t> bytes(secure_context_bytes);
  bytes.resize(emit_secure_context(context, bytes));
  return bytes;
}

std::string text_of(const SecureContext& context) {
  std::array<char, secure_context_text_characters> out;
  return std::string(emit_secure_context_text(context, out));
}

// The examples of docs/formats/oscore.md.
TEST(SecureContext, HasTheDocumentedForms) {
  EXPECT_EQ(text_of(sample()), "01..0102030405060708090a0b0c0d0e0f10.9e7ca92223786340.e0acafbd");
  EXPECT_EQ(crypto::to_hex(record_of(sample())),
            "0101010010"
            "0102030405060708090a0b0c0d0e0f10"
            "089e7ca92223786340");
}

TEST(SecureContext, TextAndRecordComeBackAsTheyWere) {
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    SecureContext context;
    const auto fill = [&](auto& field, std::size_t least) {
      const auto most = field.capacity();
      for (auto count = least + random() % (most - least + 1); count > 0; --count) {
        (void)field.push_back(static_cast<std::uint8_t>(random()));
      }
    };
    fill(context.device_id, 1);
    fill(context.server_id, 0);
    fill(context.master_secret, 16);
    fill(context.master_salt, 0);
    if (std::ranges::equal(context.device_id, context.server_id)) continue;
    const auto text = text_of(context);
    const auto from_text = parse_secure_context_text(text);
    ASSERT_TRUE(from_text) << text;
    const auto from_record = parse_secure_context(record_of(*from_text));
    ASSERT_TRUE(from_record);
    EXPECT_EQ(text_of(*from_record), text);
  }
}

TEST(SecureContext, NoMistypedCharacterIsTaken) {
  const auto text = text_of(sample());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : std::string_view("0123456789abcdefg. ")) {
      auto typed = text;
      typed[i] = c;
      if (typed == text) continue;
      EXPECT_FALSE(parse_secure_context_text(typed)) << typed;
    }
    auto shorter = text;
    shorter.erase(i, 1);
    EXPECT_FALSE(parse_secure_context_text(shorter)) << shorter;
    EXPECT_FALSE(parse_secure_context_text(text.substr(0, i)));
  }
  std::string upper = text;
  for (auto& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_FALSE(parse_secure_context_text(upper)) << "the check is over the characters as they are";
}

TEST(SecureContext, NoBrokenRecordIsTaken) {
  const auto record = record_of(sample());
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_FALSE(parse_secure_context(base::Bytes(record).first(size)));
  }
  auto longer = record;
  longer.push_back(0);
  EXPECT_FALSE(parse_secure_context(longer));
  auto other_version = record;
  other_version[0] = 2;
  EXPECT_FALSE(parse_secure_context(other_version));
  const auto equal_ids = crypto::from_hex("0101010101100102030405060708090a0b0c0d0e0f1000");
  EXPECT_FALSE(parse_secure_context(equal_ids));
  const auto short_secret = crypto::from_hex("010101000f0102030405060708090a0b0c0d0e0f00");
  EXPECT_FALSE(parse_secure_context(short_secret));
}

TEST(SecureContext, IsARecordOfItsOwn) {
  sim::SimulatedFlash flash;
  Records records(flash);
  ASSERT_TRUE(records.open());
  const auto none = load_secure_context(records);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  ASSERT_TRUE(save_secure_context(records, sample()));
  Records later(flash);
  ASSERT_TRUE(later.open());
  const auto loaded = load_secure_context(later);
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ(text_of(**loaded), text_of(sample()));
}

}  // namespace
}  // namespace goldcrest::update

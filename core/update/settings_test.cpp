// SPDX-License-Identifier: MIT
#include "core/update/settings.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/crypto/test_hex.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::update {
namespace {

Settings full() {
  Settings settings;
  settings.wifi_ssid = Text<32>::from("workshop");
  settings.wifi_security = Text<16>::from("WPA2");
  settings.wifi_passkey = Text<63>::from("correct horse");
  settings.device_fields[0] = Text<32>::from("seven");
  settings.device_fields[2] = Text<32>::from("nine");
  settings.server_address = {0xAA, 0xAA, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return settings;
}

TEST(Settings, GoldenBytes) {
  std::array<std::uint8_t, 512> out;
  const auto size = emit_settings(full(), out);
  EXPECT_EQ(crypto::to_hex(base::Bytes(out).first(size)),
            "01"
            "0108776f726b73686f70"
            "020457504132"
            "030d636f727265637420686f727365"
            "0705736576656e"
            "09046e696e65"
            "0a10aaaa0000000000000000000000000001");
  EXPECT_EQ(parse_settings(base::Bytes(out).first(size)), full());
}

TEST(Settings, LongestFitIntoARecord) {
  Settings settings;
  settings.wifi_ssid = Text<32>::from(std::string(32, 's'));
  settings.wifi_security = Text<16>::from(std::string(16, 'e'));
  settings.wifi_passkey = Text<63>::from(std::string(63, 'p'));
  for (auto& field : settings.device_fields) field = Text<32>::from(std::string(32, 'f'));
  settings.server_address.emplace();
  std::array<std::uint8_t, limits::record_bytes> out;
  EXPECT_EQ(parse_settings(base::Bytes(out).first(emit_settings(settings, out))), settings);
  EXPECT_FALSE(Text<32>::from(std::string(33, 'x')));
  EXPECT_FALSE(Text<32>::from(""));
}

TEST(Settings, MalformedIsRefused) {
  const auto bad = [](const char* hex) { return !parse_settings(crypto::from_hex(hex)); };
  EXPECT_TRUE(bad(""));
  EXPECT_TRUE(bad("02"));
  EXPECT_TRUE(bad("0101"));
  EXPECT_TRUE(bad("010100"));
  EXPECT_TRUE(bad("01010261"));
  EXPECT_TRUE(bad("01020161010161"));
  EXPECT_TRUE(bad("01010161010161"));
  EXPECT_TRUE(bad("01040161"));
  EXPECT_TRUE(bad("010a0461616161"));
  EXPECT_TRUE(bad("0101021b63")) << "a terminal would obey it";
  EXPECT_TRUE(bad("0107017f"));
  EXPECT_TRUE(bad("01070180"));
  EXPECT_FALSE(bad("010702207e"));
  EXPECT_FALSE(bad("01"));
}

TEST(Settings, RandomBytesRoundTripOrAreRefused) {
  std::mt19937 random(2);
  std::array<std::uint8_t, 512> out;
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::uint8_t> bytes(1 + random() % 10);
    for (auto& byte : bytes) {
      byte = static_cast<std::uint8_t>(random() % 2 == 0 ? random() % 12 : ' ' + random() % 95);
    }
    bytes[0] = 1;
    if (const auto settings = parse_settings(bytes)) {
      accepted += bytes.size() > 1 ? 1 : 0;
      const auto size = emit_settings(*settings, out);
      EXPECT_TRUE(std::ranges::equal(base::Bytes(out).first(size), bytes));
    }
  }
  EXPECT_GT(accepted, 10);
}

TEST(Settings, AreKeptInRecords) {
  sim::SimulatedFlash flash;
  Records records(flash);
  ASSERT_TRUE(records.open());
  EXPECT_EQ(load_settings(records), Settings{});
  ASSERT_TRUE(save_settings(records, full()));
  Records again(flash);
  ASSERT_TRUE(again.open());
  EXPECT_EQ(load_settings(again), full());
  EXPECT_EQ(load_number(again, RecordKey::random_seed), std::nullopt);
  ASSERT_TRUE(save_number(again, RecordKey::random_seed, 0x01020304));
  EXPECT_EQ(load_number(again, RecordKey::random_seed), 0x01020304u);
}

TEST(Settings, RejectedDigestsAreRememberedOnceAndTheOldestGoes) {
  sim::SimulatedFlash flash;
  Records records(flash);
  ASSERT_TRUE(records.open());
  for (std::uint8_t i = 1; i <= 6; ++i) {
    ASSERT_TRUE(add_rejected_digest(records, {i}));
    ASSERT_TRUE(add_rejected_digest(records, {i}));
  }
  const auto digests = load_rejected_digests(records);
  ASSERT_TRUE(digests);
  ASSERT_EQ(digests->size(), limits::rejected_digests);
  EXPECT_EQ((*digests)[0], crypto::Digest{3});
  EXPECT_EQ((*digests)[3], crypto::Digest{6});
}

}  // namespace
}  // namespace goldcrest::update

// SPDX-License-Identifier: MIT
#include "core/update/records.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "core/crypto/crc32.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::update {
namespace {

using Buffer = std::vector<std::uint8_t>;

std::optional<Buffer> value(Records& records, RecordKey key) {
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto read = records.read(key, buffer);
  EXPECT_TRUE(read);
  if (!read || !*read) return std::nullopt;
  return Buffer((*read)->begin(), (*read)->end());
}

TEST(Records, LayoutIsThatOfTheFormatPage) {
  sim::SimulatedFlash flash;
  Records records(flash);
  ASSERT_TRUE(records.open());
  ASSERT_TRUE(records.write(RecordKey::update_result, Buffer{0xAA, 0xBB, 0xCC, 0xDD, 0xEE}));
  const auto bank = flash.memory({image::data_section.base, 4096});
  const auto word = [&](std::size_t at) { return base::load_le32(bank.data() + at); };
  const Buffer header{'G', 'D', 'A', 'T', 1, 0, 0, 0};
  for (std::size_t copy = 0; copy < 3; ++copy) {
    EXPECT_EQ(word(8 * copy), 1u);
    EXPECT_EQ(word(8 * copy + 4), crypto::Crc32::of(header));
  }
  EXPECT_EQ(word(24), 0u);
  EXPECT_EQ(word(32), 0xF3FA0C05u);  // key 3, length 5, and complement
  EXPECT_EQ(word(36), 1u);
  EXPECT_EQ(word(40), 0xDDCCBBAAu);
  EXPECT_EQ(word(44), 0x000000EEu);
  Buffer covered{1, 0, 0, 0};
  covered.insert(covered.end(), bank.begin() + 32, bank.begin() + 48);
  for (std::size_t copy = 0; copy < 3; ++copy) {
    EXPECT_EQ(word(48 + 4 * copy), crypto::Crc32::of(covered));
  }
  EXPECT_EQ(word(60), 0u);
}

TEST(Records, KeepsWhatWasWritten) {
  sim::SimulatedFlash flash;
  {
    Records records(flash);
    ASSERT_TRUE(records.open());
    EXPECT_EQ(value(records, RecordKey::settings), std::nullopt);
    ASSERT_TRUE(records.write(RecordKey::settings, Buffer{1, 2, 3}));
    ASSERT_TRUE(records.write(RecordKey::random_seed, Buffer(512, 7)));
    ASSERT_TRUE(records.write(RecordKey::settings, Buffer{4}));
    EXPECT_EQ(records.write(RecordKey::settings, Buffer(513, 1)).error(), RecordError::too_long);
  }
  Records records(flash);
  ASSERT_TRUE(records.open());
  EXPECT_EQ(value(records, RecordKey::settings), Buffer{4});
  EXPECT_EQ(value(records, RecordKey::random_seed), Buffer(512, 7));
  ASSERT_TRUE(records.remove(RecordKey::settings));
  ASSERT_TRUE(records.remove(RecordKey::poll_interval));
  EXPECT_EQ(value(records, RecordKey::settings), std::nullopt);
  Records again(flash);
  ASSERT_TRUE(again.open());
  EXPECT_EQ(value(again, RecordKey::settings), std::nullopt);
  std::array<std::uint8_t, 511> small;
  EXPECT_EQ(again.read(RecordKey::random_seed, small).error(), RecordError::too_long);
}

TEST(Records, UnchangedValueIsNotWrittenAgain) {
  sim::SimulatedFlash flash;
  Records records(flash);
  ASSERT_TRUE(records.open());
  ASSERT_TRUE(records.write(RecordKey::settings, Buffer{1, 2, 3}));
  const auto operations = flash.operations();
  ASSERT_TRUE(records.write(RecordKey::settings, Buffer{1, 2, 3}));
  EXPECT_EQ(flash.operations(), operations);
}

TEST(Records, ManyRandomWritesAndRestarts) {
  sim::SimulatedFlash flash;
  std::mt19937 random(11);
  std::map<RecordKey, Buffer> expected;
  std::optional<Records> records;
  for (int round = 0; round < 3000; ++round) {
    if (!records || random() % 10 == 0) {
      records.emplace(flash);
      ASSERT_TRUE(records->open());
    }
    const auto key = static_cast<RecordKey>(1 + random() % 5);
    Buffer bytes(random() % 8 == 0 ? random() % 513 : random() % 20);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : 0);
    ASSERT_TRUE(records->write(key, bytes));
    expected[key] = bytes;
    for (const auto& [one, stored] : expected) {
      EXPECT_EQ(value(*records, one).value_or(Buffer{}), stored);
    }
  }
}

TEST(Records, FullSectionIsAnErrorAndLosesNothing) {
  sim::SimulatedFlash flash;
  Records records(flash);
  ASSERT_TRUE(records.open());
  std::uint8_t stored = 0;
  std::expected<void, RecordError> result;
  for (std::uint8_t key = 1; key <= record_keys && result; ++key) {
    result = records.write(static_cast<RecordKey>(key), Buffer(512, key));
    if (result) stored = key;
  }
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), RecordError::no_room);
  EXPECT_GE(stored, 5);
  for (std::uint8_t key = 1; key <= stored; ++key) {
    EXPECT_EQ(value(records, static_cast<RecordKey>(key)), Buffer(512, key));
  }
}

TEST(Records, ForeignContentsAreTakenAsEmpty) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    sim::SimulatedFlash flash;
    Buffer bytes(8192);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    flash.load(image::data_section.base, bytes);
    Records records(flash);
    ASSERT_TRUE(records.open());
    EXPECT_EQ(value(records, RecordKey::settings), std::nullopt);
    ASSERT_TRUE(records.write(RecordKey::settings, Buffer{1}));
    EXPECT_EQ(value(records, RecordKey::settings), Buffer{1});
  }
}

TEST(Records, DamagedBytesCostAtMostTheRecordTheyAreIn) {
  std::mt19937 random(4);
  for (int round = 0; round < 500; ++round) {
    sim::SimulatedFlash flash;
    Records records(flash);
    ASSERT_TRUE(records.open());
    ASSERT_TRUE(records.write(RecordKey::settings, Buffer(40, 1)));
    ASSERT_TRUE(records.write(RecordKey::update_result, Buffer(40, 2)));
    ASSERT_TRUE(records.write(RecordKey::poll_interval, Buffer(40, 3)));
    const auto damaged = static_cast<image::Address>(32 + 60 + 4 * (random() % 15));
    std::array<std::uint8_t, 4> rubbish;
    base::store_le32(rubbish.data(), static_cast<std::uint32_t>(random()));
    flash.load(image::data_section.base + damaged, rubbish);
    Records again(flash);
    ASSERT_TRUE(again.open());
    EXPECT_EQ(value(again, RecordKey::settings), Buffer(40, 1));
    EXPECT_EQ(value(again, RecordKey::poll_interval), Buffer(40, 3));
  }
}

TEST(Records, ErrorsOfTheFlashAreReported) {
  sim::SimulatedFlash flash;
  flash.protect(image::data_section);
  Records records(flash);
  EXPECT_EQ(records.open().error(), RecordError::flash);
}

}  // namespace
}  // namespace goldcrest::update

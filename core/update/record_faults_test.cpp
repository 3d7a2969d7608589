// SPDX-License-Identifier: MIT
// The DATA section when the flash fails, and words in it that no power cut and no writer of records
// leaves: what was stored is kept, or the error is told.
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <vector>

#include "core/crypto/test_hex.hpp"
#include "core/image/test_flash.hpp"
#include "core/update/records.hpp"
#include "core/update/secure_context.hpp"
#include "core/update/settings.hpp"

namespace goldcrest::update {
namespace {

using Buffer = std::vector<std::uint8_t>;
using image::testing::Fault;
using image::testing::FaultyFlash;
using image::testing::for_each_fault;
using sim::SimulatedFlash;

constexpr image::Address data = image::data_section.base;

std::optional<Buffer> value(SimulatedFlash& flash, RecordKey key) {
  Records records(flash);
  EXPECT_TRUE(records.open());
  std::array<std::uint8_t, limits::record_bytes> buffer;
  const auto read = records.read(key, buffer);
  EXPECT_TRUE(read);
  if (!read || !*read) return std::nullopt;
  return Buffer((*read)->begin(), (*read)->end());
}

void write(SimulatedFlash& flash, RecordKey key, const Buffer& bytes) {
  Records records(flash);
  ASSERT_TRUE(records.open());
  ASSERT_TRUE(records.write(key, bytes));
}

void load_word(SimulatedFlash& flash, image::Address address, std::uint32_t word) {
  std::array<std::uint8_t, 4> bytes;
  base::store_le32(bytes.data(), word);
  flash.load(address, bytes);
}

SimulatedFlash with_values() {
  SimulatedFlash flash;
  write(flash, RecordKey::poll_interval, Buffer{9});
  write(flash, RecordKey::settings, Buffer{1, 2, 3});
  return flash;
}

/// So full that a value of five bytes makes a new bank necessary.
SimulatedFlash with_full_bank() {
  auto flash = with_values();
  for (std::uint8_t round = 1;; ++round) {
    auto next = flash;
    write(next, RecordKey::random_seed, Buffer(5, round));
    if (base::load_le32(next.memory({data + 4096, 4}).data()) != 0) return flash;
    flash = next;
  }
}

void every_fault(const SimulatedFlash& start, Fault fault) {
  int failed = 0;
  for_each_fault(start, fault, [&](image::Flash& flash, SimulatedFlash& sound) {
    Records records(flash);
    const auto opened = records.open();
    const bool written = opened && records.write(RecordKey::settings, Buffer{4, 5, 6, 7, 8});
    failed += written ? 0 : 1;
    const auto settings = value(sound, RecordKey::settings);
    EXPECT_TRUE(settings == (Buffer{4, 5, 6, 7, 8}) || (!written && settings == (Buffer{1, 2, 3})));
    EXPECT_EQ(value(sound, RecordKey::poll_interval), Buffer{9});
    write(sound, RecordKey::settings, Buffer{6});
    EXPECT_EQ(value(sound, RecordKey::settings), Buffer{6});
  });
  EXPECT_EQ(failed > 0, fault == Fault::error);
}

TEST(RecordFaults, AValueIsReplacedOrKeptWhateverFails) {
  every_fault(with_values(), Fault::error);
  every_fault(with_values(), Fault::skipped);
}

TEST(RecordFaults, AValueIsReplacedOrKeptWhileTheBankIsChanged) {
  every_fault(with_full_bank(), Fault::error);
}

TEST(RecordFaults, AValueIsReplacedOrKeptWhileTheBankIsCleared) {
  auto start = with_values();
  load_word(start, data + 400, 0x12345678);  // as of a record that was cut short
  every_fault(start, Fault::error);
}

TEST(RecordFaults, ABankIsLaidOutOrNot) {
  int failed = 0;
  for_each_fault(SimulatedFlash(), Fault::error, [&](image::Flash& flash, SimulatedFlash& sound) {
    Records records(flash);
    failed += records.open() ? 0 : 1;
    write(sound, RecordKey::settings, Buffer{6});
    EXPECT_EQ(value(sound, RecordKey::settings), Buffer{6});
  });
  EXPECT_GT(failed, 16);
}

TEST(RecordFaults, EveryLoadTellsWhatCouldNotBeRead) {
  SimulatedFlash flash;
  write(flash, RecordKey::settings, Buffer{1});
  write(flash, RecordKey::rejected_digests, Buffer(32, 1));
  write(flash, RecordKey::sender_sequence, Buffer{1});
  write(flash, RecordKey::poll_interval, Buffer{1, 2, 3, 4});
  const auto errors = [&](auto load) {
    FaultyFlash counting(flash);
    Records opened(counting);
    EXPECT_TRUE(opened.open());
    int failed = 0;
    for (std::uint64_t later = 0; later < 2; ++later) {
      FaultyFlash faulty(flash, counting.operations() + later);
      Records records(faulty);
      EXPECT_TRUE(records.open());
      const auto loaded = load(records);
      failed += !loaded && loaded.error() == RecordError::flash ? 1 : 0;
    }
    return failed;
  };
  EXPECT_EQ(errors([](auto& records) { return load_settings(records); }), 2);
  EXPECT_EQ(errors([](auto& records) { return load_rejected_digests(records); }), 2);
  EXPECT_EQ(errors([](auto& records) { return add_rejected_digest(records, {7}); }), 2);
  EXPECT_EQ(errors([](auto& records) { return load_sequence_end(records); }), 2);
  EXPECT_EQ(errors([](auto& records) { return load_number(records, RecordKey::poll_interval); }),
            2);
}

// A value so chosen that the CRC-32 of its record is 0, which in flash would be no commit at all.
TEST(RecordFaults, ACheckOfZeroIsStoredAsSomethingElse) {
  SimulatedFlash flash;
  const auto chosen = crypto::from_hex("8745a105");
  write(flash, RecordKey::settings, chosen);
  const auto bank = flash.memory({data, 64});
  EXPECT_EQ(base::load_le32(bank.data() + 48), 0xFFFFFFFFu);
  EXPECT_EQ(value(flash, RecordKey::settings), chosen);
}

// The first word of a record, with its complement, as docs/formats/data.md has it.
constexpr std::uint32_t first_word(std::uint32_t key, std::uint32_t length) {
  const std::uint32_t value = key << 10 | length;
  return value | ~value << 16;
}

TEST(RecordFaults, WordsThatCanBeNoRecordArePassedOver) {
  for (const auto word : {first_word(0, 4), first_word(16, 4), first_word(1, 513)}) {
    SimulatedFlash flash;
    write(flash, RecordKey::settings, Buffer{1, 2, 3});
    load_word(flash, data + 32 + 100, word);
    EXPECT_EQ(value(flash, RecordKey::settings), (Buffer{1, 2, 3}));
  }
  SimulatedFlash flash;
  write(flash, RecordKey::settings, Buffer{1, 2, 3});
  load_word(flash, data + 4096 - 8, first_word(1, 512));  // would reach beyond its bank
  EXPECT_EQ(value(flash, RecordKey::settings), (Buffer{1, 2, 3}));
}

TEST(RecordFaults, AHeaderCopyHalfThereIsPassedOver) {
  SimulatedFlash flash;
  write(flash, RecordKey::settings, Buffer{1, 2, 3});
  load_word(flash, data, 0);  // generation gone, its check still there
  EXPECT_EQ(value(flash, RecordKey::settings), (Buffer{1, 2, 3}));
  EXPECT_EQ(base::load_le32(flash.memory({data + 24, 4}).data()), 1u) << "the fourth stands in";
}

TEST(RecordFaults, EveryErrorHasALineOfItsOwn) {
  std::set<std::string_view> lines;
  for (const auto error : {RecordError::flash, RecordError::too_long, RecordError::no_room}) {
    lines.insert(describe(error));
  }
  EXPECT_EQ(lines.size(), 3u);
  EXPECT_FALSE(lines.contains("unknown error"));
  EXPECT_EQ(describe(static_cast<RecordError>(9)), "unknown error");
}

TEST(RecordFaults, NumbersAndDigestsOfOtherLengths) {
  SimulatedFlash flash;
  Records records(flash);
  ASSERT_TRUE(records.open());
  ASSERT_TRUE(records.write(RecordKey::poll_interval, Buffer{1, 2, 3}));
  EXPECT_EQ(load_number(records, RecordKey::poll_interval), std::nullopt);
  ASSERT_TRUE(
      records.write(RecordKey::rejected_digests, Buffer(32 * limits::rejected_digests + 32, 5)));
  EXPECT_EQ(load_rejected_digests(records)->size(), limits::rejected_digests);
}

TEST(RecordFaults, FieldsOfASecureContextThatAreTooLongAreRefused) {
  const std::string secret = "0102030405060708090a0b0c0d0e0f10";
  const auto refused = [](const std::string& hex) {
    return !parse_secure_context(crypto::from_hex(hex));
  };
  EXPECT_FALSE(
      refused("01"
              "0101"
              "0102"
              "10" +
              secret + "00"));
  EXPECT_TRUE(
      refused("01"
              "080102030405060708"
              "0102"
              "10" +
              secret + "00"));
  EXPECT_TRUE(
      refused("01"
              "0101"
              "080102030405060708"
              "10" +
              secret + "00"));
  EXPECT_TRUE(
      refused("01"
              "0101"
              "0102"
              "21" +
              secret + secret + "0100"));
  EXPECT_TRUE(
      refused("01"
              "0101"
              "0102"
              "10" +
              secret + "11" + secret + "00"));
  EXPECT_TRUE(
      refused("01"
              "00"
              "0102"
              "10" +
              secret + "00"))
      << "no device id";
  EXPECT_FALSE(parse_secure_context_text("0102030405060708.." + secret + "..00000000"));
  EXPECT_FALSE(parse_secure_context_text("01.0102030405060708." + secret + "..00000000"));
  EXPECT_FALSE(parse_secure_context_text("01.." + secret + secret + "00..00000000"));
  // Well-formed and its check right, but the secret too short.
  EXPECT_FALSE(parse_secure_context_text("01..0102..df003a74"));
}

}  // namespace
}  // namespace goldcrest::update

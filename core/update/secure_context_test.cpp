// SPDX-License-Identifier: MIT
#include "core/update/secure_context.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/crypto/test_hex.hpp"
#include "core/image/flash_map.hpp"
#include "core/image/test_flash.hpp"
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

// ---- What a device knows of its context --------------------------------------------------------

using sim::CutPoint;
using sim::SimulatedFlash;

SecureContext another() {
  auto context = sample();
  context.device_id.front() = 2;
  return context;
}

void with_records(SimulatedFlash& flash, const std::function<void(Records&)>& action) {
  Records records(flash);
  ASSERT_TRUE(records.open());
  action(records);
}

/// "none", "1" or "2" by the context's device id, or why it is not known.
std::string known(image::Flash& flash) {
  Records records(flash);
  (void)records.open();
  const auto context = load_secure_context(records);
  if (!context) return std::string(describe(context.error()));
  return *context ? std::to_string(*(*context)->device_id.data()) : "none";
}

void save_sample(Records& records) {
  ASSERT_TRUE(save_secure_context(records, sample()));
}
void save_another(Records& records) {
  ASSERT_TRUE(save_secure_context(records, another()));
}
void forget(Records& records) {
  ASSERT_TRUE(forget_secure_context(records));
}

TEST(SecureContext, WhatWasLostIsToldFromWhatNeverWas) {
  SimulatedFlash flash;
  EXPECT_EQ(known(flash), "none");
  with_records(flash, save_sample);
  EXPECT_EQ(known(flash), "1");
  with_records(flash,
               [](Records& records) { ASSERT_TRUE(records.remove(RecordKey::secure_context)); });
  EXPECT_EQ(known(flash), "damaged");
  with_records(flash, save_another);
  EXPECT_EQ(known(flash), "2") << "provisioning again mends it";
  with_records(flash, forget);
  EXPECT_EQ(known(flash), "none") << "somebody meant it";
  with_records(flash, save_sample);
  EXPECT_EQ(known(flash), "1");
}

TEST(SecureContext, ARecordOfAnotherFormatIsNotNone) {
  EXPECT_EQ(describe(static_cast<SecureContextError>(99)), "unknown error");
  SimulatedFlash flash;
  for (const auto& value :
       {std::vector<std::uint8_t>{2, 1, 1}, {0}, std::vector<std::uint8_t>(512, 1)}) {
    with_records(flash, [&](Records& records) {
      ASSERT_TRUE(records.write(RecordKey::secure_context, value));
    });
    EXPECT_EQ(known(flash), "unknown format");
  }
  with_records(flash, save_sample);
  EXPECT_EQ(known(flash), "1");
}

TEST(SecureContext, NumbersThatMakeNoSenseAreUsedUpUntilTheNextContext) {
  SimulatedFlash flash;
  with_records(flash, [](Records& records) {
    EXPECT_EQ(load_sequence_end(records), 0u);
    ASSERT_TRUE(save_sequence_end(records, 0x123456789A));
    EXPECT_EQ(load_sequence_end(records), 0x123456789Au);
    ASSERT_TRUE(save_secure_context(records, sample()));
    EXPECT_EQ(load_sequence_end(records), 0x123456789Au) << "numbers go on";
    ASSERT_TRUE(forget_secure_context(records));
    EXPECT_EQ(load_sequence_end(records), 0x123456789Au);
    for (const auto& value :
         {std::vector<std::uint8_t>(7, 1), std::vector<std::uint8_t>(9, 0),
          std::vector<std::uint8_t>(8, 0xFF), std::vector<std::uint8_t>(10, 1)}) {
      ASSERT_TRUE(records.write(RecordKey::sender_sequence, value));
      EXPECT_EQ(load_sequence_end(records), sequence_numbers_end);
      ASSERT_TRUE(save_secure_context(records, sample()));
      EXPECT_EQ(load_sequence_end(records), sequence_numbers_end / 2);
    }
  });
}

/// Of the change from one state to another: what a cut at any operation leaves.
void expect_old_or_new(const SimulatedFlash& before, void (*change)(Records&),
                       const std::string& after) {
  auto undisturbed = before;
  const auto old = known(undisturbed);
  undisturbed.reset_operations();
  with_records(undisturbed, change);
  EXPECT_EQ(known(undisturbed), after);
  std::mt19937 random(5);
  for (std::uint64_t operation = 0; operation < undisturbed.operations(); ++operation) {
    for (const auto point : {CutPoint::before, CutPoint::inside, CutPoint::after}) {
      auto flash = before;
      flash.reset_operations();
      flash.cut_at(operation, point, static_cast<std::uint32_t>(random()));
      EXPECT_THROW(with_records(flash, change), sim::PowerCut);
      flash.disarm();
      const auto found = known(flash);
      EXPECT_TRUE(found == old || found == after) << found << " after operation " << operation;
      with_records(flash, change);
      EXPECT_EQ(known(flash), after);
    }
  }
}

TEST(SecureContext, APowerCutLeavesTheOldOrTheNew) {
  SimulatedFlash flash;
  with_records(flash, [](auto&) {});
  expect_old_or_new(flash, save_sample, "1");
  expect_old_or_new(flash, forget, "none");
  with_records(flash, save_sample);
  expect_old_or_new(flash, save_another, "2");
  expect_old_or_new(flash, forget, "none");
  with_records(flash, forget);
  expect_old_or_new(flash, save_another, "2");
}

TEST(SecureContext, AFlashThatFailsLeavesTheOldOrTheNewOrIsTold) {
  using image::testing::Fault;
  SimulatedFlash flash;
  with_records(flash, save_sample);
  for (const bool forgetting : {false, true}) {
    const std::string after = forgetting ? "none" : "2";
    const auto step = [&](image::Flash& faulty, SimulatedFlash& sound) {
      Records records(faulty);
      (void)records.open();
      const auto done =
          forgetting ? forget_secure_context(records) : save_secure_context(records, another());
      const auto found = known(sound);
      EXPECT_TRUE(found == after || (!done && found == "1")) << found;
    };
    image::testing::for_each_fault(flash, Fault::error, step);
  }
  // Whatever cannot be read: never as if there were no context.
  int failed = 0;
  const auto read = [&](image::Flash& faulty, SimulatedFlash&) {
    const auto found = known(faulty);
    EXPECT_NE(found, "none");
    failed += found == "unreadable" ? 1 : 0;
  };
  image::testing::for_each_fault(flash, Fault::error, read);
  EXPECT_GT(failed, 100);
  with_records(flash,
               [](Records& records) { ASSERT_TRUE(records.remove(RecordKey::secure_context)); });
  image::testing::for_each_fault(flash, Fault::error, read);
}

TEST(SecureContext, NoDamagedWordMakesADeviceSpeakAsIfItHadNone) {
  SimulatedFlash flash;
  with_records(flash, forget);  // what the damage could lead back to
  with_records(flash, save_sample);
  std::mt19937 random(6);
  const auto data = image::data_section;
  int lost = 0;
  for (std::uint32_t offset = 0; offset < data.size; offset += image::word_size) {
    const auto bytes = flash.memory({data.base + offset, image::word_size});
    const auto word = base::load_le32(bytes.data());
    if (word == 0) continue;
    for (const auto damaged : {0u, ~0u, word ^ (1u << random() % 32)}) {
      auto copy = flash;
      std::array<std::uint8_t, 4> stored{};
      base::store_le32(stored.data(), damaged);
      copy.load(data.base + offset, stored);
      const auto found = known(copy);
      EXPECT_NE(found, "none") << "word at " << offset;
      lost += found == "damaged" ? 1 : 0;
      EXPECT_EQ(known(copy), found) << "the next start says the same";
    }
  }
  EXPECT_GT(lost, 20);
}

}  // namespace
}  // namespace goldcrest::update

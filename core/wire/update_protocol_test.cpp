// SPDX-License-Identifier: MIT
// The examples of docs/formats/update-protocol.md are the golden vectors here; they were encoded by
// another CBOR implementation.
#include "core/wire/update_protocol.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "core/base/random.hpp"

namespace goldcrest::wire {
namespace {

using Data = std::vector<std::uint8_t>;

Data from_hex(std::string_view text) {
  Data data;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    data.push_back(
        static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return data;
}

Data written(const std::optional<base::Bytes>& bytes) {
  EXPECT_TRUE(bytes.has_value());
  return bytes ? Data(bytes->begin(), bytes->end()) : Data();
}

// As recorded from a field device that runs 1.1.2.
const Data recorded_classic = from_hex(
    "134f54412d53544d33324c312d535049524954310302000101"
    "00000000");

const Data golden_ask = from_hex(
    "a900734f54412d53544d33324c312d535049524954310103021a0100001f03821a0100001f000458200001020304"
    "05060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f05480280e1fffe112233060008010919"
    "0200");
const Data golden_rejecting_ask = from_hex(
    "a90061410103021a0101000203821a010100011a0101000205480000000000000000060b07815820aaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0801091840");
const Data golden_offer = from_hex(
    "a600190e100170757064617465732f6636336430333035021a00016200031a0101001f04445fa3c11e0558202021"
    "22232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");
const Data golden_nothing = from_hex("a100190e10");

Ask example_ask() {
  Ask ask;
  ask.product = "OTA-STM32L1-SPIRIT1";
  ask.running = {1, 0, 31};
  ask.slots = {base::Version{1, 0, 31}, base::Version{}};
  std::iota(ask.running_digest.emplace().begin(), ask.running_digest->end(), std::uint8_t{0});
  ask.device = {{0x02, 0x80, 0xe1, 0xff, 0xfe, 0x11, 0x22, 0x33}};
  ask.block_size = 512;
  return ask;
}

Offer example_offer() {
  Offer offer{
      .path = "updates/f63d0305", .size = 90624, .version = {1, 1, 31}, .etag = {}, .digest = {}};
  EXPECT_TRUE(offer.etag.append(from_hex("5fa3c11e")));
  std::iota(offer.digest.begin(), offer.digest.end(), std::uint8_t{32});
  return offer;
}

TEST(ClassicRequest, ParsesAndEmitsTheRecordedOne) {
  const auto request = parse_classic_request(recorded_classic);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->product, "OTA-STM32L1-SPIRIT1");
  EXPECT_EQ(request->image_type, application_image_type);
  EXPECT_EQ(request->version, (base::Version{1, 1, 2}));
  EXPECT_EQ(request->offset, 0u);
  std::array<std::uint8_t, classic_request_bytes> buffer{};
  EXPECT_EQ(written(emit(*request, buffer)), recorded_classic);
}

TEST(ClassicRequest, RejectsEveryTruncationAndExtension) {
  for (std::size_t size = 0; size < recorded_classic.size(); ++size) {
    EXPECT_FALSE(parse_classic_request(base::Bytes(recorded_classic).first(size))) << size;
  }
  auto longer = recorded_classic;
  longer.push_back(0);
  EXPECT_EQ(parse_classic_request(longer).error(), UpdateProtocolError::malformed);
}

TEST(ClassicRequest, RejectsProductIdsThatCannotBe) {
  auto request = recorded_classic;
  request[3] = '/';
  EXPECT_EQ(parse_classic_request(request).error(), UpdateProtocolError::bad_value);
  request[3] = '\n';
  EXPECT_EQ(parse_classic_request(request).error(), UpdateProtocolError::bad_value);
  EXPECT_FALSE(parse_classic_request(Data{0, 3, 0, 0, 0, 0, 0, 0, 0, 0}));
  std::array<std::uint8_t, 64> buffer{};
  const std::string too_long(32, 'x');
  EXPECT_FALSE(emit(ClassicRequest{.product = too_long, .version = {}}, buffer));
  const std::string longest(31, 'x');
  EXPECT_EQ(emit(ClassicRequest{.product = longest, .version = {}}, buffer)->size(),
            classic_request_bytes);
}

TEST(Ask, EmitsAndParsesTheExample) {
  std::array<std::uint8_t, ask_bytes> buffer{};
  EXPECT_EQ(written(emit(example_ask(), buffer)), golden_ask);
  const auto ask = parse_ask(golden_ask);
  ASSERT_TRUE(ask);
  EXPECT_EQ(ask->product, "OTA-STM32L1-SPIRIT1");
  EXPECT_EQ(ask->image_type, 3);
  EXPECT_EQ(ask->running, (base::Version{1, 0, 31}));
  EXPECT_EQ(ask->slots[0], (base::Version{1, 0, 31}));
  EXPECT_TRUE(ask->slots[1].empty());
  EXPECT_EQ(ask->running_digest, example_ask().running_digest);
  EXPECT_EQ(ask->device, example_ask().device);
  EXPECT_EQ(ask->last_result, UpdateResult::none);
  EXPECT_TRUE(ask->rejected.empty());
  EXPECT_EQ(ask->capabilities, capability::full_image);
  EXPECT_EQ(ask->block_size, 512);
}

TEST(Ask, CarriesRejectedDigests) {
  Ask ask;
  ask.product = "A";
  ask.running = {1, 1, 2};
  ask.slots = {base::Version{1, 1, 1}, base::Version{1, 1, 2}};
  ask.last_result = UpdateResult::reverted;
  ImageDigest digest{};
  digest.fill(0xAA);
  ASSERT_TRUE(ask.rejected.push_back(digest));
  ask.block_size = 64;
  std::array<std::uint8_t, ask_bytes> buffer{};
  EXPECT_EQ(written(emit(ask, buffer)), golden_rejecting_ask);
  const auto parsed = parse_ask(golden_rejecting_ask);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->rejects(digest));
  EXPECT_FALSE(parsed->rejects(ImageDigest{}));
  EXPECT_EQ(parsed->last_result, UpdateResult::reverted);
  EXPECT_FALSE(parsed->running_digest);
}

TEST(Ask, TheLongestFitsItsBuffer) {
  auto ask = example_ask();
  const std::string product(31, 'P');
  ask.product = product;
  ask.image_type = 0xFF;
  ask.running = base::Version{255, 255, 65535};
  ask.slots.fill(ask.running);
  ask.last_result = static_cast<UpdateResult>(0xFF);
  ask.capabilities = 0xFFFFFFFF;
  ask.block_size = 0xFFFF;
  while (ask.rejected.push_back(ImageDigest{})) {
  }
  std::array<std::uint8_t, ask_bytes> buffer{};
  const auto bytes = emit(ask, buffer);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(parse_ask(*bytes)->rejected.size(), limits::rejected_digests);
}

TEST(Ask, PassesOverFieldsOfLaterVersions) {
  auto extended = golden_ask;
  extended[0] = 0xaa;  // one pair more
  for (const auto byte : from_hex("181982a10203f5"))
    extended.push_back(byte);  // 25: [{2: 3}, true]
  EXPECT_TRUE(parse_ask(extended));
}

TEST(Ask, SaysWhatIsWrong) {
  EXPECT_EQ(parse_ask({}).error(), UpdateProtocolError::malformed);
  EXPECT_EQ(parse_ask(from_hex("a0")).error(), UpdateProtocolError::missing_field);
  EXPECT_EQ(parse_ask(from_hex("a200614100614100")).error(), UpdateProtocolError::malformed);
  auto descending = from_hex("a40103006141021a0101000205480000000000000000");
  EXPECT_EQ(parse_ask(descending).error(), UpdateProtocolError::malformed);
  auto bad_product = golden_rejecting_ask;
  bad_product[3] = ' ';
  EXPECT_EQ(parse_ask(bad_product).error(), UpdateProtocolError::bad_value);
  for (std::size_t size = 0; size < golden_ask.size(); ++size) {
    EXPECT_FALSE(parse_ask(base::Bytes(golden_ask).first(size))) << size;
  }
  auto longer = golden_ask;
  longer.push_back(0);
  EXPECT_EQ(parse_ask(longer).error(), UpdateProtocolError::malformed);
}

TEST(Answer, EmitsAndParsesTheExamples) {
  std::array<std::uint8_t, answer_bytes> buffer{};
  const auto offer = example_offer();
  EXPECT_EQ(written(emit(Answer{.retry_after_s = 3600, .offer = offer}, buffer)), golden_offer);
  const auto answer = parse_answer(golden_offer);
  ASSERT_TRUE(answer && answer->offer);
  EXPECT_EQ(answer->retry_after_s, 3600u);
  EXPECT_EQ(answer->offer->path, offer.path);
  EXPECT_EQ(answer->offer->size, offer.size);
  EXPECT_EQ(answer->offer->version, offer.version);
  EXPECT_TRUE(std::ranges::equal(answer->offer->etag, offer.etag));
  EXPECT_EQ(answer->offer->digest, offer.digest);

  EXPECT_EQ(written(emit(Answer{.retry_after_s = 3600, .offer = {}}, buffer)), golden_nothing);
  const auto nothing = parse_answer(golden_nothing);
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->offer);
  EXPECT_EQ(nothing->retry_after_s, 3600u);
}

TEST(Answer, RefusesHalfAnOffer) {
  EXPECT_EQ(parse_answer(from_hex("a2000a01617a")).error(), UpdateProtocolError::missing_field);
  for (std::size_t size = 0; size < golden_offer.size(); ++size) {
    EXPECT_FALSE(parse_answer(base::Bytes(golden_offer).first(size))) << size;
  }
  auto absolute = golden_offer;
  absolute[7] = '/';
  EXPECT_EQ(parse_answer(absolute).error(), UpdateProtocolError::bad_value);
  std::array<std::uint8_t, answer_bytes> buffer{};
  auto offer = example_offer();
  const std::string longest(offer_path_bytes - 1, 'p');
  offer.path = longest;
  EXPECT_TRUE(parse_answer(*emit(Answer{.retry_after_s = 0xFFFFFFFF, .offer = offer}, buffer)));
  const std::string too_long(offer_path_bytes, 'p');
  offer.path = too_long;
  EXPECT_FALSE(parse_answer(*emit(Answer{.retry_after_s = 1, .offer = offer}, buffer)));
}

// A message with any one byte changed is rejected or parsed into something that emits again.
TEST(UpdateProtocolRobustness, SurvivesMutations) {
  base::SeededRandom random(4);
  for (int round = 0; round < 20000; ++round) {
    auto data = round % 2 == 0 ? golden_ask : golden_offer;
    for (std::uint32_t i = 1 + random.below(4); i > 0; --i) {
      data[random.below(static_cast<std::uint32_t>(data.size()))] =
          static_cast<std::uint8_t>(random.next());
    }
    std::array<std::uint8_t, ask_bytes> buffer{};
    if (const auto ask = parse_ask(data)) {
      EXPECT_TRUE(emit(*ask, buffer));
    }
    if (const auto answer = parse_answer(data)) {
      EXPECT_TRUE(emit(*answer, buffer));
    }
    if (const auto classic = parse_classic_request(data)) {
      EXPECT_TRUE(emit(*classic, buffer));
    }
  }
}

}  // namespace
}  // namespace goldcrest::wire

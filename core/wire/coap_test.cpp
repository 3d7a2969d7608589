// SPDX-License-Identifier: MIT
#include "core/wire/coap.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/random.hpp"

namespace goldcrest::wire::coap {
namespace {

using Data = std::vector<std::uint8_t>;

Data written(const std::optional<base::Bytes>& bytes) {
  EXPECT_TRUE(bytes.has_value());
  return bytes ? Data(bytes->begin(), bytes->end()) : Data();
}

// RFC 7252 appendix A, figure 16: GET /temperature, message id 0x7d34, and its piggybacked
// response.
TEST(Coap, EmitsAndParsesTheRequestOfTheRfc) {
  const Data expected{0x40, 0x01, 0x7d, 0x34, 0xbb, 't', 'e', 'm',
                      'p',  'e',  'r',  'a',  't',  'u', 'r', 'e'};
  std::array<std::uint8_t, 64> buffer{};
  MessageWriter writer(buffer, Type::confirmable, Code::get, 0x7d34);
  writer.path("/temperature");
  EXPECT_EQ(written(writer.finish()), expected);

  const auto message = parse(expected);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, Type::confirmable);
  EXPECT_EQ(message->code, Code::get);
  EXPECT_EQ(message->message_id, 0x7d34);
  EXPECT_TRUE(message->token.bytes().empty());
  EXPECT_TRUE(message->options.path_is("temperature"));
  EXPECT_FALSE(message->options.path_is("temperature/x"));
  EXPECT_FALSE(message->options.path_is(""));
  EXPECT_TRUE(message->payload.empty());
}

TEST(Coap, EmitsAndParsesTheResponseOfTheRfc) {
  const Data expected{0x60, 0x45, 0x7d, 0x34, 0xff, '2', '2', '.', '3', ' ', 'C'};
  std::array<std::uint8_t, 64> buffer{};
  MessageWriter writer(buffer, Type::acknowledgement, Code::content, 0x7d34);
  writer.payload_text("22.3 C");
  EXPECT_EQ(written(writer.finish()), expected);

  const auto message = parse(expected);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, Type::acknowledgement);
  EXPECT_EQ(message->code, Code::content);
  EXPECT_EQ(text_of(message->payload), "22.3 C");
}

// RFC 7252 figure 17: the same with the one-byte token 0x20.
TEST(Coap, CarriesTheToken) {
  const Data expected{0x41, 0x01, 0x7d, 0x35, 0x20, 0xbb, 't', 'e', 'm',
                      'p',  'e',  'r',  'a',  't',  'u',  'r', 'e'};
  std::array<std::uint8_t, 64> buffer{};
  const Data token{0x20};
  MessageWriter writer(buffer, Type::confirmable, Code::get, 0x7d35, Token(token));
  writer.path("temperature");
  EXPECT_EQ(written(writer.finish()), expected);
  EXPECT_EQ(parse(expected)->token, Token(token));
}

// The request a field device sent: docs/formats/update-protocol.md, classic.
TEST(Coap, ParsesTheRecordedClassicRequest) {
  const Data recorded{0x40, 0x01, 0x2c, 0x96, 0xb7, 0x75, 0x70, 0x64, 0x61, 0x74, 0x65,
                      0x73, 0xc1, 0x04, 0xff, 0x13, 0x4f, 0x54, 0x41, 0x2d, 0x53, 0x54,
                      0x4d, 0x33, 0x32, 0x4c, 0x31, 0x2d, 0x53, 0x50, 0x49, 0x52, 0x49,
                      0x54, 0x31, 0x03, 0x02, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00};
  const auto message = parse(recorded);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_id, 0x2c96);
  EXPECT_TRUE(message->options.path_is("updates"));
  EXPECT_EQ(message->options.block(option::block2),
            (Block{.number = 0, .more = false, .size_exponent = 4}));
  EXPECT_EQ(message->payload.size(), 29u);

  std::array<std::uint8_t, 64> buffer{};
  MessageWriter writer(buffer, Type::confirmable, Code::get, 0x2c96);
  writer.path("updates");
  writer.option_block(option::block2, *message->options.block(option::block2));
  writer.payload(message->payload);
  EXPECT_EQ(written(writer.finish()), recorded);
}

TEST(Coap, ExtendsDeltasAndLengths) {
  for (const std::size_t length : {0u, 12u, 13u, 268u, 269u, 1000u}) {
    for (const std::uint16_t number :
         std::initializer_list<std::uint16_t>{1, 12, 13, 268, 269, 65535}) {
      std::vector<std::uint8_t> buffer(1100);
      const Data value(length, 0xAB);
      MessageWriter writer(buffer, Type::confirmable, Code::get, 1);
      writer.option(number, value);
      const auto message = parse(*writer.finish());
      ASSERT_TRUE(message);
      const auto found = message->options.find(number);
      ASSERT_TRUE(found) << number << " " << length;
      EXPECT_EQ(Data(found->value.begin(), found->value.end()), value);
      EXPECT_EQ(message->options.count(number), 1u);
    }
  }
}

TEST(Coap, EncodesUintsInAsFewBytesAsItTakes) {
  const auto encoded = [](std::uint32_t value) {
    std::array<std::uint8_t, 16> buffer{};
    MessageWriter writer(buffer, Type::confirmable, Code::get, 1);
    writer.option_uint(option::size2, value);
    const auto message = parse(*writer.finish());
    EXPECT_EQ(message->options.uint(option::size2), value);
    return message->options.find(option::size2)->value.size();
  };
  EXPECT_EQ(encoded(0), 0u);
  EXPECT_EQ(encoded(255), 1u);
  EXPECT_EQ(encoded(256), 2u);
  EXPECT_EQ(encoded(90624), 3u);
  EXPECT_EQ(encoded(0xFFFFFFFF), 4u);
  const Data padded{0, 0, 1};
  EXPECT_EQ(parse_uint(padded), 1u);
  const Data too_long{0, 0, 0, 0, 1};
  EXPECT_EQ(parse_uint(too_long), std::nullopt);
}

// RFC 7959 section 2.2; the second value is one that a field server logged: block 353 of 256 bytes.
TEST(Coap, ParsesBlocks) {
  const Data first{0x0e};
  EXPECT_EQ(Block::parse(first), (Block{.number = 0, .more = true, .size_exponent = 6}));
  const Data logged{0x16, 0x14};
  const auto last = Block::parse(logged);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->number, 353u);
  EXPECT_EQ(last->offset() + last->size(), 90624u);
  EXPECT_EQ(last->value(), 0x1614u);
  const Data reserved{0x07};
  EXPECT_FALSE(Block::parse(reserved));
  const Data too_long{0, 0, 0, 4};
  EXPECT_FALSE(Block::parse(too_long));
  EXPECT_EQ(Block::parse({}), Block{});
  EXPECT_EQ(size_exponent_for(16), 0);
  EXPECT_EQ(size_exponent_for(511), 4);
  EXPECT_EQ(size_exponent_for(512), 5);
  EXPECT_EQ(size_exponent_for(4096), 6);
}

TEST(Coap, RejectsMalformedMessages) {
  const auto error = [](const Data& data) {
    const auto message = parse(data);
    EXPECT_FALSE(message);
    return message ? MessageError::too_short : message.error();
  };
  EXPECT_EQ(error({}), MessageError::too_short);
  EXPECT_EQ(error({0x40, 0x01, 0x00}), MessageError::too_short);
  EXPECT_EQ(error({0x80, 0x01, 0x00, 0x01}), MessageError::unknown_version);
  EXPECT_EQ(error({0x49, 0x01, 0x00, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9}),
            MessageError::bad_token_length);
  EXPECT_EQ(error({0x42, 0x01, 0x00, 0x01, 1}), MessageError::too_short);
  EXPECT_EQ(error({0x40, 0x01, 0x00, 0x01, 0xf0}), MessageError::bad_option);
  EXPECT_EQ(error({0x40, 0x01, 0x00, 0x01, 0x1f}), MessageError::bad_option);
  EXPECT_EQ(error({0x40, 0x01, 0x00, 0x01, 0xd1}), MessageError::bad_option);
  EXPECT_EQ(error({0x40, 0x01, 0x00, 0x01, 0xb4, 'a', 'b', 'c'}), MessageError::bad_option);
  // A number above 65535: delta 65535, then delta 1.
  EXPECT_EQ(error({0x40, 0x01, 0x00, 0x01, 0xe0, 0xfe, 0xf2, 0x10}), MessageError::bad_option);
  EXPECT_EQ(error({0x40, 0x01, 0x00, 0x01, 0xff}), MessageError::empty_payload);
  EXPECT_EQ(error({0x40, 0x00, 0x00, 0x01, 0xff, 0x00}), MessageError::empty_with_content);
  EXPECT_EQ(error({0x41, 0x00, 0x00, 0x01, 0x20}), MessageError::empty_with_content);
  EXPECT_TRUE(parse(Data{0x40, 0x00, 0x12, 0x34}));
  EXPECT_EQ(peek_header(Data{0x4f, 0x01, 0xab, 0xcd})->message_id, 0xabcd);
  EXPECT_FALSE(peek_header(Data{0x00, 0x01, 0xab, 0xcd}));
}

TEST(Coap, ComparesPaths) {
  const auto options_match = [](std::string_view emitted, std::string_view asked) {
    std::array<std::uint8_t, 64> buffer{};
    MessageWriter writer(buffer, Type::confirmable, Code::get, 1);
    writer.path(emitted);
    return parse(*writer.finish())->options.path_is(asked);
  };
  EXPECT_TRUE(options_match("/updates/f63d0305", "updates/f63d0305"));
  EXPECT_TRUE(options_match("", ""));
  EXPECT_TRUE(options_match("/", ""));
  EXPECT_FALSE(options_match("updates", "updates/f63d0305"));
  EXPECT_FALSE(options_match("updates/f63d0305", "updates"));
  EXPECT_FALSE(options_match("updates/", "updates"));
  EXPECT_FALSE(options_match("", "updates"));
}

TEST(Coap, SaysWhenTheBufferIsTooSmall) {
  std::array<std::uint8_t, 8> buffer{};
  MessageWriter writer(buffer, Type::confirmable, Code::get, 1);
  writer.path("temperature");
  EXPECT_FALSE(writer.finish());
}

// Whatever options and payload go in come out again, in order.
TEST(CoapProperty, RoundTrips) {
  base::SeededRandom random(1);
  for (int round = 0; round < 2000; ++round) {
    Data token(random.below(9));
    for (auto& byte : token) byte = static_cast<std::uint8_t>(random.next());
    std::vector<std::pair<std::uint16_t, Data>> options;
    std::uint32_t number = 0;
    for (std::uint32_t i = random.below(6); i > 0; --i) {
      number = std::min(number + random.below(random.below(2) == 0 ? 20 : 12000), 65535u);
      Data value(random.below(random.below(4) == 0 ? 400 : 14));
      for (auto& byte : value) byte = static_cast<std::uint8_t>(random.next());
      options.emplace_back(number, value);
    }
    Data payload(random.below(50));
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(random.next());

    std::vector<std::uint8_t> buffer(4096);
    const auto type = static_cast<Type>(random.below(4));
    const auto id = static_cast<std::uint16_t>(random.next());
    MessageWriter writer(buffer, type, Code::put, id, Token(token));
    for (const auto& [option_number, value] : options) writer.option(option_number, value);
    writer.payload(payload);
    const auto message = parse(*writer.finish());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->type, type);
    EXPECT_EQ(message->message_id, id);
    EXPECT_EQ(message->token, Token(token));
    EXPECT_TRUE(std::ranges::equal(message->payload, payload));
    std::size_t index = 0;
    for (const auto& parsed : message->options) {
      ASSERT_LT(index, options.size());
      EXPECT_EQ(parsed.number, options[index].first);
      EXPECT_TRUE(std::ranges::equal(parsed.value, options[index].second));
      ++index;
    }
    EXPECT_EQ(index, options.size());
  }
}

// Hostile bytes are rejected or parsed into views that lie within them.
TEST(CoapRobustness, SurvivesRandomBytes) {
  base::SeededRandom random(2);
  std::size_t parsed = 0;
  for (int round = 0; round < 50000; ++round) {
    Data data(random.below(40));
    for (auto& byte : data) byte = static_cast<std::uint8_t>(random.next());
    if (!data.empty()) data[0] = static_cast<std::uint8_t>(0x40 | (data[0] & 0x33));
    const auto message = parse(data);
    if (!message) continue;
    ++parsed;
    for (const auto& parsed_option : message->options) {
      EXPECT_GE(parsed_option.value.data(), data.data());
      EXPECT_LE(parsed_option.value.data() + parsed_option.value.size(), data.data() + data.size());
    }
  }
  EXPECT_GT(parsed, 100u);
}

}  // namespace
}  // namespace goldcrest::wire::coap

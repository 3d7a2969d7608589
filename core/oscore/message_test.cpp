// SPDX-License-Identifier: MIT
// RFC 8613 appendix C, all eight test vectors, and the rules of section 8: what is protected comes
// back as it was, and nothing that was changed comes back at all.
#include "core/oscore/message.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/crypto/test_hex.hpp"

namespace goldcrest::oscore {
namespace {

namespace coap = wire::coap;
using crypto::from_hex;
using crypto::to_hex;
using Buffer = std::vector<std::uint8_t>;

struct Input {
  std::string_view salt, sender, recipient;
  std::optional<std::string_view> id_context = {};
};

Context derive(const Input& input) {
  const auto secret = from_hex("0102030405060708090a0b0c0d0e0f10");
  const auto salt = from_hex(input.salt);
  const auto sender = from_hex(input.sender);
  const auto recipient = from_hex(input.recipient);
  const auto id_context = from_hex(input.id_context.value_or(""));
  const auto context = Context::derive(
      {.master_secret = secret,
       .master_salt = salt,
       .sender_id = sender,
       .recipient_id = recipient,
       .id_context = input.id_context ? std::optional<base::Bytes>(id_context) : std::nullopt});
  EXPECT_TRUE(context.has_value());
  return *context;
}

// Contexts keep their keys to themselves; two keys are the same when they seal alike.
std::string sealed_by(const crypto::AesCcm& cipher) {
  std::vector<std::uint8_t> message(40);
  cipher.seal({}, {}, message);
  return to_hex(message);
}
std::string sealed_by(std::string_view key_hex) {
  const auto bytes = from_hex(key_hex);
  crypto::AesKey key{};
  std::ranges::copy(bytes, key.begin());
  return sealed_by(crypto::AesCcm(key));
}

struct KeyVector {
  Input client;
  std::string_view sender_key, recipient_key, common_iv, sender_nonce, recipient_nonce;
};

const KeyVector c1{{"9e7ca92223786340", "", "01"},     "f0910ed7295e6ad4b54fc793154302ff",
                   "ffb14e093c94c9cac9471648b4f98710", "4622d4dd6d944168eefb54987c",
                   "4622d4dd6d944168eefb54987c",       "4722d4dd6d944169eefb54987c"};
const KeyVector c2{{"", "00", "01"},
                   "321b26943253c7ffb6003b0b64d74041",
                   "e57b5635815177cd679ab4bcec9d7dda",
                   "be35ae297d2dace910c52e99f9",
                   "bf35ae297d2dace910c52e99f9",
                   "bf35ae297d2dace810c52e99f9"};
const KeyVector c3{{"9e7ca92223786340", "", "01", "37cbf3210017a2d3"},
                   "af2a1300a5e95788b356336eeecd2b92",
                   "e39a0c7c77b43f03b4b39ab9a268699f",
                   "2ca58fb85ff1b81c0b7181b85e",
                   "2ca58fb85ff1b81c0b7181b85e",
                   "2da58fb85ff1b81d0b7181b85e"};

Context server_of(const KeyVector& vector) {
  return derive({vector.client.salt, vector.client.recipient, vector.client.sender,
                 vector.client.id_context});
}

TEST(OscoreVectors, C1ToC3KeysAndNonces) {
  for (const auto& vector : {c1, c2, c3}) {
    const auto client = derive(vector.client);
    const auto server = server_of(vector);
    const auto zero = PartialIv::of(0);
    EXPECT_EQ(sealed_by(client.sender_cipher()), sealed_by(vector.sender_key));
    EXPECT_EQ(sealed_by(client.recipient_cipher()), sealed_by(vector.recipient_key));
    EXPECT_EQ(sealed_by(server.sender_cipher()), sealed_by(vector.recipient_key));
    EXPECT_EQ(sealed_by(server.recipient_cipher()), sealed_by(vector.sender_key));
    // With an empty id and a Partial IV of zero the nonce is the Common IV.
    EXPECT_EQ(to_hex(client.nonce({}, zero)), vector.common_iv);
    EXPECT_EQ(to_hex(server.nonce({}, zero)), vector.common_iv);
    EXPECT_EQ(to_hex(client.nonce(client.sender_id(), zero)), vector.sender_nonce);
    EXPECT_EQ(to_hex(client.nonce(client.recipient_id(), zero)), vector.recipient_nonce);
    EXPECT_EQ(to_hex(server.nonce(server.sender_id(), zero)), vector.recipient_nonce);
    EXPECT_EQ(to_hex(server.nonce(server.recipient_id(), zero)), vector.sender_nonce);
  }
}

struct RequestVector {
  KeyVector keys;
  std::string_view plain, option, protected_;
};

TEST(OscoreVectors, C4ToC6Requests) {
  for (const auto& vector : {
           RequestVector{c1, "44015d1f00003974396c6f63616c686f737483747631", "0914",
                         "44025d1f00003974396c6f63616c686f7374620914ff"
                         "612f1092f1776f1c1668b3825e"},
           RequestVector{c2, "440171c30000b932396c6f63616c686f737483747631", "091400",
                         "440271c30000b932396c6f63616c686f737463091400ff"
                         "4ed339a5a379b0b8bc731fffb0"},
           RequestVector{c3, "44012f8eef9bbf7a396c6f63616c686f737483747631",
                         "19140837cbf3210017a2d3",
                         "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3ff"
                         "72cd7273fd331ac45cffbe55c3"},
       }) {
    const auto plain = from_hex(vector.plain);
    const auto message = coap::parse(plain);
    ASSERT_TRUE(message);
    Buffer out(100);
    const auto sent =
        protect_request(derive(vector.keys.client), PartialIv::of(20), *message, {}, out);
    ASSERT_TRUE(sent);
    EXPECT_EQ(to_hex(*sent), vector.protected_);

    const auto received = coap::parse(*sent);
    ASSERT_TRUE(received);
    EXPECT_EQ(to_hex(received->options.find(oscore_option)->value), vector.option);
    const auto option = read_option(*received);
    ASSERT_TRUE(option);
    const auto binding = binding_of(*option);
    ASSERT_TRUE(binding);
    EXPECT_EQ(binding->partial_iv.sequence(), 20u);
    Buffer opened(100);
    const auto read = unprotect_request(server_of(vector.keys), *binding, *received, opened);
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(to_hex(*read), vector.plain);
  }
}

TEST(OscoreVectors, C7AndC8Responses) {
  const auto plain = from_hex("64455d1f00003974ff48656c6c6f20576f726c6421");
  const auto message = coap::parse(plain);
  ASSERT_TRUE(message);
  const RequestBinding binding{.kid = {}, .partial_iv = PartialIv::of(20)};
  for (const auto& [own, expected] :
       {std::pair<std::optional<PartialIv>, std::string_view>{
            std::nullopt, "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106"},
        {PartialIv::of(0),
         "64445d1f00003974920100ff4d4c13669384b67354b2b6175ff4b8658c666a6cf88e"}}) {
    Buffer out(100);
    const auto sent = protect_response(server_of(c1), binding, own, *message, out);
    ASSERT_TRUE(sent);
    EXPECT_EQ(to_hex(*sent), expected);
    Buffer opened(100);
    const auto read = unprotect_response(derive(c1.client), binding, *coap::parse(*sent), opened);
    ASSERT_TRUE(read);
    EXPECT_EQ(*coap::parse(*read)->token.bytes().begin(), 0);
    EXPECT_EQ(to_hex(*read), to_hex(plain));
  }
}

TEST(OscoreOption, OnlyTheOneEncodingIsRead) {
  const auto empty = parse_option({});
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->partial_iv || empty->kid || empty->kid_context);
  for (const auto* hex : {"0900", "01ff", "05ffffffffff", "08", "0801020304050607", "1000",
                          "1002abcd", "191402aabb01", "0100"}) {
    const auto bytes = from_hex(hex);
    const auto parsed = parse_option(bytes);
    ASSERT_TRUE(parsed) << hex;
    std::array<std::uint8_t, option_value_bytes> out;
    EXPECT_EQ(to_hex(emit_option(*parsed, out)), hex);
  }
  // Zero flags, reserved flags and lengths, cut short, leading zeros, bytes too many.
  for (const auto* hex :
       {"00", "0014", "2114", "4114", "8114", "06aabbccddeeff", "07aabbccddeeff00", "0b1400",
        "02aa", "10", "1003aabb", "0114ff", "1001aabb", "020014"}) {
    EXPECT_FALSE(parse_option(from_hex(hex))) << hex;
  }
}

TEST(OscorePartialIv, IsAsShortAsItCanBe) {
  for (const auto& [sequence, hex] : {std::pair<std::uint64_t, const char*>{0, "00"},
                                      {1, "01"},
                                      {255, "ff"},
                                      {256, "0100"},
                                      {0x010000, "010000"},
                                      {0xFFFFFFFF, "ffffffff"},
                                      {sequence_limit - 1, "ffffffffff"}}) {
    const auto partial_iv = PartialIv::of(sequence);
    EXPECT_EQ(to_hex(partial_iv.bytes()), hex);
    EXPECT_EQ(partial_iv.sequence(), sequence);
  }
}

TEST(OscoreContext, RefusesInputThatBreaksTheRules) {
  const Buffer secret(16, 1), longer(8, 2), id{1}, other{2}, long_context(17, 3);
  EXPECT_TRUE(Context::derive({secret, {}, id, other}));
  EXPECT_FALSE(Context::derive({base::Bytes(secret).first(15), {}, id, other}));
  EXPECT_FALSE(Context::derive({secret, {}, longer, other}));
  EXPECT_FALSE(Context::derive({secret, {}, id, longer}));
  EXPECT_FALSE(Context::derive({secret, {}, id, id}));
  EXPECT_FALSE(Context::derive({secret, {}, id, other, long_context}));
}

class RandomMessages {
 public:
  explicit RandomMessages(std::uint32_t seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  Buffer bytes(std::size_t count) {
    Buffer result(count);
    for (auto& byte : result) byte = static_cast<std::uint8_t>(random_());
    return result;
  }
  // Options of all classes; Observe only when asked for, as it does not survive.
  Buffer message(bool request) {
    Buffer buffer(1200);
    static constexpr std::array request_codes{coap::Code::get, coap::Code::fetch, coap::Code::post};
    static constexpr std::array response_codes{coap::Code::content, coap::Code::not_found,
                                               coap::Code::service_unavailable};
    const auto code = request ? request_codes[below(3)] : response_codes[below(3)];
    coap::MessageWriter writer(buffer, static_cast<coap::Type>(below(3)), code,
                               static_cast<std::uint16_t>(random_()), coap::Token(bytes(below(9))));
    static constexpr std::array<std::uint16_t, 17> numbers{1,  3,  4,  5,  7,  8,  11,  12,  14,
                                                           15, 17, 23, 27, 39, 60, 252, 2049};
    for (const auto number : numbers) {
      if (below(3) != 0) continue;
      if (!request && (number == 3 || number == 7 || number == 39)) continue;
      for (auto copies = 1 + below(2); copies > 0; --copies) {
        writer.option(number, bytes(below(below(10) == 0 ? 300 : 14)));
      }
    }
    writer.payload(bytes(below(4) == 0 ? 0 : below(200)));
    const auto written = writer.finish();
    buffer.resize(written ? written->size() : 0);
    return buffer;
  }

 private:
  std::mt19937 random_;
};

TEST(OscoreMessage, WhatIsProtectedComesBackAsItWas) {
  RandomMessages random(7);
  const auto client = derive(c3.client);
  const auto server = server_of(c3);
  int checked = 0;
  for (unsigned round = 0; round < 3000; ++round) {
    const auto plain = random.message(true);
    if (plain.empty()) continue;
    const auto request = coap::parse(plain);
    ASSERT_TRUE(request);
    const auto sequence = PartialIv::of(random.below(0xFFFFFFFF));
    Buffer out(plain.size() + overhead_bytes);
    const auto sent = protect_request(client, sequence, *request, {}, out);
    ASSERT_TRUE(sent) << describe(sent.error());
    const auto received = coap::parse(*sent);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->code, coap::Code::post);
    for (const auto& option : received->options) {
      EXPECT_TRUE(option.number == 3 || option.number == 7 || option.number == 39 ||
                  option.number == oscore_option);
    }
    const auto binding = binding_of(*read_option(*received));
    ASSERT_TRUE(binding);
    Buffer opened(sent->size() + 8 * 5);
    const auto read = unprotect_request(server, *binding, *received, opened);
    ASSERT_TRUE(read) << describe(read.error()) << " " << to_hex(plain);
    ASSERT_EQ(to_hex(*read), to_hex(plain));

    const auto answer = random.message(false);
    if (answer.empty()) continue;
    Buffer answer_out(answer.size() + overhead_bytes);
    const auto own = random.below(2) == 0 ? std::nullopt : std::optional(PartialIv::of(round));
    const auto returned = protect_response(server, *binding, own, *coap::parse(answer), answer_out);
    ASSERT_TRUE(returned);
    Buffer answer_opened(returned->size() + unprotect_slack_bytes);
    const auto back = unprotect_response(client, *binding, *coap::parse(*returned), answer_opened);
    ASSERT_TRUE(back) << describe(back.error());
    ASSERT_EQ(to_hex(*back), to_hex(answer));
    ++checked;
  }
  EXPECT_GT(checked, 2000);
}

// Type, Message ID, Token and the options of class U are not protected; all the rest is.
TEST(OscoreMessage, NoFlippedBitIsBelieved) {
  RandomMessages random(11);
  const auto client = derive(c2.client);
  const auto server = server_of(c2);
  int refused = 0;
  for (unsigned round = 0; round < 40; ++round) {
    Buffer plain(64);
    coap::MessageWriter writer(plain, coap::Type::confirmable, coap::Code::fetch, 77,
                               coap::Token(random.bytes(4)));
    writer.path("updates");
    writer.option_uint(coap::option::block2, random.below(4096));
    writer.payload(random.bytes(1 + random.below(20)));
    const auto request = coap::parse(*writer.finish());
    Buffer out(200);
    const auto sent = protect_request(client, PartialIv::of(round), *request, {}, out);
    ASSERT_TRUE(sent);
    for (std::size_t bit = 8; bit < 8 * sent->size(); ++bit) {
      Buffer changed(sent->begin(), sent->end());
      changed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      const auto received = coap::parse(changed);
      if (!received) continue;
      const auto option = read_option(*received);
      const auto binding = option ? binding_of(*option) : std::unexpected(option.error());
      if (!binding) {
        ++refused;
        continue;
      }
      Buffer opened(changed.size() + unprotect_slack_bytes);
      const auto read = unprotect_request(server, *binding, *received, opened);
      // Code, Message ID and Token are those of the message layer.
      if (bit < 8 * 8) {
        ASSERT_TRUE(read);
      } else {
        ASSERT_FALSE(read) << "bit " << bit << " of " << to_hex(*sent);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 3000);
}

TEST(OscoreMessage, AResponseFitsItsOwnRequestOnly) {
  const auto client = derive(c1.client);
  const auto server = server_of(c1);
  const auto plain = from_hex("64455d1f00003974ff48656c6c6f");
  Buffer out(100), opened(100);
  const RequestBinding one{.kid = {}, .partial_iv = PartialIv::of(1)};
  const RequestBinding two{.kid = {}, .partial_iv = PartialIv::of(2)};
  for (const auto& own : {std::optional<PartialIv>(), std::optional(PartialIv::of(9))}) {
    const auto sent = protect_response(server, one, own, *coap::parse(plain), out);
    ASSERT_TRUE(sent);
    const auto received = coap::parse(*sent);
    EXPECT_TRUE(unprotect_response(client, one, *received, opened));
    EXPECT_EQ(unprotect_response(client, two, *received, opened).error(), Error::decryption_failed);
    // Nor is it a request, nor a message of the client's own.
    EXPECT_FALSE(unprotect_response(server, one, *received, opened));
    EXPECT_FALSE(unprotect_request(client, one, *received, opened));
  }
}

TEST(OscoreMessage, RefusesWhatItCannotCarry) {
  const auto client = derive(c1.client);
  Buffer buffer(100), out(100);
  for (const auto number : {coap::option::proxy_uri, oscore_option}) {
    coap::MessageWriter writer(buffer, coap::Type::confirmable, coap::Code::get, 1);
    writer.option_text(number, "x");
    const auto message = coap::parse(*writer.finish());
    EXPECT_EQ(protect_request(client, PartialIv::of(0), *message, {}, out).error(),
              Error::unsupported);
  }
  const auto plain = from_hex("44015d1f00003974396c6f63616c686f737483747631");
  const auto message = coap::parse(plain);
  // 35 bytes, and up to three that the plaintext takes on its way.
  for (std::size_t size = 0; size < 35; ++size) {
    Buffer small(size);
    const auto result = protect_request(client, PartialIv::of(20), *message, {}, small);
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error(), Error::too_long);
  }
  Buffer enough(38);
  const auto sent = protect_request(client, PartialIv::of(20), *message, {}, enough);
  ASSERT_TRUE(sent);
  const auto received = coap::parse(*sent);
  const auto binding = binding_of(*read_option(*received));
  const auto server = server_of(c1);
  for (std::size_t size = 0; size < 22; ++size) {
    Buffer small(size);
    EXPECT_EQ(unprotect_request(server, *binding, *received, small).error(), Error::too_long);
  }
}

TEST(OscoreMessage, ObserveIsLeftOutAndEchoIsPutIn) {
  const auto client = derive(c1.client);
  const auto server = server_of(c1);
  Buffer buffer(100), out(100), opened(120);
  coap::MessageWriter writer(buffer, coap::Type::confirmable, coap::Code::get, 1);
  writer.option_uint(coap::option::observe, 0);
  writer.path("a");
  writer.option_uint(coap::option::no_response, 2);
  const auto message = coap::parse(*writer.finish());
  const auto echo = from_hex("c0ffee");
  const auto sent = protect_request(client, PartialIv::of(3), *message, echo, out);
  ASSERT_TRUE(sent);
  const auto received = coap::parse(*sent);
  const auto read =
      unprotect_request(server, *binding_of(*read_option(*received)), *received, opened);
  ASSERT_TRUE(read);
  const auto inner = coap::parse(*read);
  EXPECT_EQ(inner->options.count(coap::option::observe), 0u);
  EXPECT_EQ(to_hex(inner->options.find(echo_option)->value), "c0ffee");
  EXPECT_EQ(inner->options.uint(coap::option::no_response), 2u);
  EXPECT_TRUE(inner->options.path_is("a"));
}

// Sections 8.2 and 8.4, step 1: whoever adds options on the way adds nothing to the message.
TEST(OscoreMessage, OuterOptionsOfClassEAreDiscarded) {
  const auto client = derive(c2.client);
  const auto server = server_of(c2);
  const auto request = from_hex("440171c30000b932b3747631");
  Buffer out(100), changed(200), opened(200);
  const auto add_options = [&](base::Bytes datagram) {
    const auto message = coap::parse(datagram);
    coap::MessageWriter writer(changed, message->type, message->code, message->message_id,
                               message->token);
    writer.option_text(coap::option::if_match, "x");
    writer.option_uint(coap::option::observe, 0);
    writer.option(oscore_option, message->options.find(oscore_option)->value);
    writer.option_text(coap::option::uri_path, "elsewhere");
    writer.option_uint(coap::option::max_age, 99);
    writer.option_block(coap::option::block2, {.number = 7, .more = true, .size_exponent = 2});
    writer.option_uint(coap::option::size2, 1);
    writer.option_uint(2049, 1);
    writer.payload(message->payload);
    return coap::parse(*writer.finish());
  };
  const auto sent = protect_request(client, PartialIv::of(1), *coap::parse(request), {}, out);
  ASSERT_TRUE(sent);
  const auto received = add_options(*sent);
  const auto binding = binding_of(*read_option(*received));
  const auto read = unprotect_request(server, *binding, *received, opened);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_hex(*read), to_hex(request));
  const auto response = from_hex("644571c30000b932ff68656c6c6f");
  const auto answer = protect_response(server, *binding, std::nullopt, *coap::parse(response), out);
  ASSERT_TRUE(answer);
  const auto back = unprotect_response(client, *binding, *add_options(*answer), opened);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_hex(*back), to_hex(response));
}

TEST(OscoreMessage, AuthenticNonsenseIsRefused) {
  const auto client = derive(c1.client);
  const auto server = server_of(c1);
  // Sealed by hand: a response code, an empty message, an OSCORE or Uri-Host option, a broken
  // option.
  for (const auto* plaintext : {"45", "00", "01910a", "013178", "01f0", "01ff"}) {
    auto sealed = from_hex(plaintext);
    sealed.resize(sealed.size() + crypto::ccm_tag_size);
    const RequestBinding binding{.kid = {}, .partial_iv = PartialIv::of(20)};
    client.sender_cipher().seal(client.nonce({}, binding.partial_iv),
                                from_hex("8368456e63727970743040488501810a40411440"), sealed);
    Buffer datagram(100), opened(100);
    coap::MessageWriter writer(datagram, coap::Type::confirmable, coap::Code::post, 1);
    writer.option(oscore_option, from_hex("0914"));
    writer.payload(sealed);
    const auto result = unprotect_request(server, binding, *coap::parse(*writer.finish()), opened);
    ASSERT_FALSE(result) << plaintext;
    EXPECT_EQ(result.error(), Error::malformed_plaintext);
  }
}

}  // namespace
}  // namespace goldcrest::oscore

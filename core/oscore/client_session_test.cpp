// SPDX-License-Identifier: MIT
// The client's side of a conversation: repetitions, losses, a server that challenges, and strangers
// who answer in its place.
#include "core/oscore/client_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "core/crypto/test_hex.hpp"

namespace goldcrest::oscore {
namespace {

namespace coap = wire::coap;
using crypto::to_hex;
using Datagram = std::vector<std::uint8_t>;

class Memory final : public SequenceStore {
 public:
  bool reserve(std::uint64_t) override { return !broken; }
  bool broken = false;
};

class ClientSessionTest : public ::testing::Test {
 protected:
  static Context derive(bool client) {
    const Datagram secret(16, 7), one{1}, two{2};
    return *Context::derive({secret, {}, client ? one : two, client ? two : one});
  }

  static Datagram request(std::uint16_t message_id, std::uint8_t token) {
    Datagram buffer(100);
    const Datagram token_bytes{token};
    coap::MessageWriter writer(buffer, coap::Type::confirmable, coap::Code::get, message_id,
                               coap::Token(token_bytes));
    writer.path("updates");
    const auto written = writer.finish();
    return {written->begin(), written->end()};
  }

  Datagram send(const Datagram& plain) {
    const auto sent = session.outgoing(plain, out);
    EXPECT_TRUE(sent.has_value());
    return {sent->begin(), sent->end()};
  }

  std::optional<Datagram> take(const Datagram& datagram) {
    const auto plain = session.incoming(datagram, in);
    if (!plain) return std::nullopt;
    return Datagram(plain->begin(), plain->end());
  }

  // What the server makes of a request: it must open, and its sequence number must be new or that
  // of the very same bytes.
  coap::Message open(const Datagram& sent) {
    const auto received = coap::parse(sent);
    const auto binding = binding_of(*read_option(*received));
    const auto plain = unprotect_request(server, *binding, *received, server_in);
    EXPECT_TRUE(plain.has_value());
    const auto [known, is_new] = seen.try_emplace(binding->partial_iv.sequence(), sent);
    EXPECT_TRUE(is_new || known->second == sent) << "a nonce was used twice";
    return *coap::parse(*plain);
  }

  Datagram answer(const Datagram& sent, coap::Code code, base::Bytes echo = {}) {
    const auto received = coap::parse(sent);
    Datagram buffer(100), sealed(200);
    coap::MessageWriter writer(buffer, coap::Type::acknowledgement, code, received->message_id,
                               received->token);
    if (!echo.empty()) writer.option(echo_option, echo);
    writer.payload_text(echo.empty() ? "hello" : "");
    const auto result = protect_response(
        server, *binding_of(*read_option(*received)),
        echo.empty() ? std::nullopt : std::optional(PartialIv::of(++server_sequence)),
        *coap::parse(*writer.finish()), sealed);
    EXPECT_TRUE(result.has_value());
    return {result->begin(), result->end()};
  }

  Context client = derive(true);
  Context server = derive(false);
  Memory memory;
  SenderSequence sequence{memory, 0, 8};
  ClientSession session{client, sequence};
  Datagram out = Datagram(200), in = Datagram(200), server_in = Datagram(200);
  std::map<std::uint64_t, Datagram> seen;
  std::uint64_t server_sequence = 0;
};

TEST_F(ClientSessionTest, ARepetitionIsTheSameBytesAndAnotherRequestIsNot) {
  const auto first = send(request(1, 1));
  EXPECT_EQ(open(first).code, coap::Code::get);
  EXPECT_EQ(send(request(1, 1)), first);
  const auto second = send(request(2, 2));
  (void)open(second);
  EXPECT_EQ(send(request(1, 1)), first);
  EXPECT_EQ(send(request(2, 2)), second);
  // The same token and Message ID over other contents is another request.
  auto other = request(1, 1);
  other.push_back(0xFF);
  other.push_back('x');
  (void)open(send(other));
  EXPECT_EQ(seen.size(), 3u);
}

TEST_F(ClientSessionTest, AnswersComeThroughAsPlainCoap) {
  const auto one = send(request(10, 1));
  const auto two = send(request(11, 2));
  for (const auto& [sent, message_id] : {std::pair(two, 11), std::pair(one, 10)}) {
    const auto plain = take(answer(sent, coap::Code::content));
    ASSERT_TRUE(plain);
    const auto message = coap::parse(*plain);
    EXPECT_EQ(message->code, coap::Code::content);
    EXPECT_EQ(message->message_id, message_id);
    EXPECT_EQ(coap::text_of(message->payload), "hello");
  }
}

TEST_F(ClientSessionTest, TokensAreShortAndNeverThoseOfAnotherRequest) {
  std::vector<coap::Token> tokens;
  for (std::uint8_t i = 1; i <= ClientSession::requests; ++i) {
    const auto sent = send(request(i, 7));
    const auto token = coap::parse(sent)->token;
    EXPECT_EQ(token.bytes().size(), 2u);
    EXPECT_EQ(std::ranges::count(tokens, token), 0);
    tokens.push_back(token);
    const auto plain = take(answer(sent, coap::Code::content));
    ASSERT_TRUE(plain);
    EXPECT_EQ(coap::parse(*plain)->token, coap::Token(Datagram{7}));
  }
}

TEST_F(ClientSessionTest, StrangersAreNotHeard) {
  const auto sent = send(request(5, 5));
  Datagram buffer(60);
  coap::MessageWriter writer(buffer, coap::Type::acknowledgement, coap::Code::unauthorized, 5,
                             coap::parse(sent)->token);
  writer.payload_text("Security context not found");
  const auto forged = *writer.finish();
  EXPECT_FALSE(take({forged.begin(), forged.end()}));
  EXPECT_EQ(session.unprotected_answer(), coap::Code::unauthorized);
  for (const auto type : {coap::Type::reset, coap::Type::acknowledgement}) {
    const auto empty = coap::empty_message(type, 5);
    EXPECT_FALSE(take({empty.begin(), empty.end()}));
  }
  const auto good = answer(sent, coap::Code::content);
  for (std::size_t bit = 16; bit < 8 * good.size(); ++bit) {
    auto changed = good;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    ASSERT_FALSE(take(changed)) << bit;
  }
  EXPECT_TRUE(take(good));
  EXPECT_FALSE(session.unprotected_answer());
  // A ping is the layer above's to reset.
  const auto ping = coap::empty_message(coap::Type::confirmable, 9);
  EXPECT_TRUE(take({ping.begin(), ping.end()}));
}

TEST_F(ClientSessionTest, AChallengeIsMetWithTheNextRepetition) {
  const Datagram echo{1, 2, 3, 4, 5, 6, 7, 8};
  const auto first = send(request(20, 1));
  const auto parallel = send(request(21, 2));
  const auto challenge = answer(first, coap::Code::unauthorized, echo);
  EXPECT_FALSE(take(challenge));
  for (std::uint16_t id = 20; id <= 21; ++id) {
    const auto again = send(request(id, static_cast<std::uint8_t>(id - 19)));
    EXPECT_NE(coap::parse(again)->message_id, id);
    EXPECT_NE(coap::parse(again)->token, coap::parse(id == 20 ? first : parallel)->token);
    const auto opened = open(again);
    ASSERT_TRUE(opened.options.find(echo_option));
    EXPECT_EQ(to_hex(opened.options.find(echo_option)->value), to_hex(echo));
    EXPECT_EQ(send(request(id, static_cast<std::uint8_t>(id - 19))), again);
    if (id == 21) {
      const auto plain = take(answer(again, coap::Code::content));
      ASSERT_TRUE(plain);
      EXPECT_EQ(coap::parse(*plain)->message_id, id);
      EXPECT_EQ(coap::parse(*plain)->token, coap::Token(Datagram{2}));
    }
  }
  // From then on there is no Echo any more, and what was sealed with it is not sealed otherwise.
  const auto later = send(request(22, 3));
  EXPECT_FALSE(open(later).options.find(echo_option));
  (void)open(send(request(20, 1)));
  EXPECT_FALSE(take(challenge)) << "recorded and played again";
  EXPECT_EQ(send(request(22, 3)), later);
}

TEST_F(ClientSessionTest, AChallengeThatIsPlayedAgainChangesNothing) {
  const Datagram echo{1, 2, 3};
  const auto first = send(request(20, 1));
  (void)send(request(21, 2));
  const auto challenge = answer(first, coap::Code::unauthorized, echo);
  EXPECT_FALSE(take(challenge));
  // The other request meets the challenge, while the first has not been repeated yet.
  EXPECT_TRUE(take(answer(send(request(21, 2)), coap::Code::content)));
  EXPECT_FALSE(take(challenge));
  EXPECT_FALSE(open(send(request(22, 3))).options.find(echo_option));
}

TEST_F(ClientSessionTest, TheOldestRequestIsForgotten) {
  const auto first = send(request(1, 1));
  for (std::uint8_t i = 2; i <= 1 + ClientSession::requests; ++i) (void)send(request(i, i));
  EXPECT_FALSE(take(answer(first, coap::Code::content)));
  (void)open(first);
  (void)open(send(request(1, 1)));
}

TEST_F(ClientSessionTest, WithoutASequenceNumberNothingLeaves) {
  memory.broken = true;
  const auto plain = request(1, 1);
  EXPECT_EQ(session.outgoing(plain, out).error(), Error::no_sequence_number);
  memory.broken = false;
  (void)open(send(plain));
}

}  // namespace
}  // namespace goldcrest::oscore

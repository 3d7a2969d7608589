// SPDX-License-Identifier: MIT
#include "core/net/coap_exchange.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace goldcrest::net {
namespace {

namespace coap = wire::coap;
using coap::Code;
using coap::Type;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = CoapOutcome::Kind;
using Data = std::vector<std::uint8_t>;

const wire::Endpoint server{wire::Ipv6Address::from_ipv4({192, 168, 1, 64}), 5683};
const wire::Endpoint stranger{wire::Ipv6Address::from_ipv4({192, 168, 1, 65}), 5683};

class Exchanges : public ::testing::Test {
 protected:
  // Sends what is due and returns it parsed; `sent` keeps the bytes alive.
  std::optional<coap::Message> transmit() {
    const auto transmission = exchanges.next_transmission(now);
    if (!transmission) return std::nullopt;
    EXPECT_LE(transmission->message.size(), limits::coap_request_bytes);
    destination = transmission->destination;
    sent.assign(transmission->message.begin(), transmission->message.end());
    const auto message = coap::parse(sent);
    EXPECT_TRUE(message);
    return *message;
  }
  Data response(Type type, std::uint16_t id, const coap::Token& token,
                std::string_view payload = "x", Code code = Code::content) {
    Data buffer(64);
    coap::MessageWriter writer(buffer, type, code, id, token);
    writer.payload_text(payload);
    const auto written = *writer.finish();
    return Data(written.begin(), written.end());
  }
  std::optional<CoapOutcome> receive(const Data& data, const wire::Endpoint& from = server) {
    received = data;
    return exchanges.receive(now, from, received);
  }
  std::optional<CoapOutcome> receive_empty(Type type, std::uint16_t id) {
    const auto message = coap::empty_message(type, id);
    return receive(Data(message.begin(), message.end()));
  }

  base::SeededRandom random{1};
  CoapExchanges exchanges{random, server};
  base::Instant now{};
  Data sent, received;
  wire::Endpoint destination;
};

TEST_F(Exchanges, CarriesARequestAndItsPiggybackedResponse) {
  const auto handle =
      exchanges.start(now, {.host = "update.example",
                            .path = "/updates/f63d0305",
                            .query = "a=1&b",
                            .content_format = coap::content_format::cbor,
                            .accept = 42,
                            .block2 = coap::Block{.number = 3, .more = false, .size_exponent = 5},
                            .payload = coap::bytes_of("pay")});
  ASSERT_TRUE(handle);
  const auto request = transmit();
  ASSERT_TRUE(request);
  EXPECT_EQ(destination, server);
  EXPECT_EQ(request->type, Type::confirmable);
  EXPECT_EQ(request->code, Code::get);
  EXPECT_TRUE(request->options.path_is("updates/f63d0305"));
  EXPECT_EQ(coap::text_of(request->options.find(coap::option::uri_host)->value), "update.example");
  EXPECT_EQ(request->options.count(coap::option::uri_query), 2u);
  EXPECT_EQ(request->options.uint(coap::option::content_format), 60u);
  EXPECT_EQ(request->options.uint(coap::option::accept), 42u);
  EXPECT_EQ(request->options.block(coap::option::block2)->number, 3u);
  EXPECT_EQ(coap::text_of(request->payload), "pay");
  EXPECT_FALSE(transmit());

  now += milliseconds(120);
  const auto outcome =
      receive(response(Type::acknowledgement, request->message_id, request->token, "data"));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, Kind::response);
  EXPECT_EQ(outcome->exchange, *handle);
  EXPECT_EQ(coap::text_of(outcome->message.payload), "data");
  EXPECT_EQ(outcome->round_trip, milliseconds(120));
  EXPECT_FALSE(outcome->retransmitted);
  EXPECT_EQ(exchanges.outstanding(), 0u);
  EXPECT_EQ(exchanges.next_deadline(), base::never);
  // The duplicate finds nobody, and as an ACK it is no reason to say anything.
  EXPECT_FALSE(receive(received));
  EXPECT_FALSE(transmit());
}

// RFC 7252 section 4.2 and 4.8: 2 to 3 s, doubled four times, and then it is over.
TEST_F(Exchanges, RetransmitsWithTheRfcsTimersAndGivesUp) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    random = base::SeededRandom(seed);
    const auto handle = exchanges.start(now, {.path = "a"});
    ASSERT_TRUE(transmit());
    const auto first = sent;
    auto timeout = exchanges.next_deadline() - now;
    EXPECT_GE(timeout, seconds(2));
    EXPECT_LE(timeout, seconds(3));
    for (int retransmission = 1; retransmission <= 4; ++retransmission) {
      now = exchanges.next_deadline() - milliseconds(1);
      EXPECT_FALSE(transmit());
      now += milliseconds(1);
      EXPECT_FALSE(exchanges.advance(now));
      ASSERT_TRUE(transmit()) << retransmission;
      EXPECT_EQ(sent, first);
      timeout *= 2;
      EXPECT_EQ(exchanges.next_deadline() - now, timeout);
    }
    now = exchanges.next_deadline();
    EXPECT_FALSE(transmit());
    const auto outcome = exchanges.advance(now);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->kind, Kind::timeout);
    EXPECT_EQ(outcome->exchange, *handle);
    EXPECT_TRUE(outcome->retransmitted);
    EXPECT_FALSE(exchanges.advance(now));
  }
}

TEST_F(Exchanges, WaitsForASeparateResponseAndAcknowledgesIt) {
  (void)exchanges.start(now, {.path = "a"});
  const auto request = transmit();
  EXPECT_FALSE(receive_empty(Type::acknowledgement, request->message_id));
  now += seconds(60);
  EXPECT_FALSE(transmit());  // acknowledged: no retransmission
  EXPECT_FALSE(exchanges.advance(now));
  const auto separate = response(Type::confirmable, 0x7777, request->token);
  const auto outcome = receive(separate);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, Kind::response);
  for (int copy = 0; copy < 2; ++copy) {
    const auto ack = transmit();
    ASSERT_TRUE(ack);
    EXPECT_EQ(ack->type, Type::acknowledgement);
    EXPECT_EQ(ack->code, Code::empty);
    EXPECT_EQ(ack->message_id, 0x7777);
    // The duplicate is acknowledged again and not delivered again.
    EXPECT_FALSE(receive(separate));
  }
}

TEST_F(Exchanges, GivesUpWaitingForASeparateResponse) {
  (void)exchanges.start(now, {.path = "a"}, {.response_timeout = seconds(30)});
  const auto request = transmit();
  (void)receive_empty(Type::acknowledgement, request->message_id);
  now += seconds(29);
  EXPECT_FALSE(exchanges.advance(now));
  now += seconds(1);
  EXPECT_EQ(exchanges.advance(now)->kind, Kind::timeout);
}

TEST_F(Exchanges, TakesAResponseThatOvertookItsAck) {
  (void)exchanges.start(now, {.path = "a"});
  const auto request = transmit();
  const auto id = request->message_id;
  EXPECT_TRUE(receive(response(Type::non_confirmable, 5, request->token)));
  EXPECT_FALSE(receive_empty(Type::acknowledgement, id));
  EXPECT_FALSE(transmit());
}

TEST_F(Exchanges, ReportsAReset) {
  const auto handle = exchanges.start(now, {.path = "a"});
  const auto request = transmit();
  EXPECT_FALSE(receive_empty(Type::reset, static_cast<std::uint16_t>(request->message_id + 1)));
  const auto outcome = receive_empty(Type::reset, request->message_id);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, Kind::reset);
  EXPECT_EQ(outcome->exchange, *handle);
}

TEST_F(Exchanges, MatchesTokenAndMessageIdAndEndpoint) {
  (void)exchanges.start(now, {.path = "a"});
  const auto request = transmit();
  const auto id = request->message_id;
  const auto token = request->token;
  const Data other_token{1, 2, 3};
  EXPECT_FALSE(receive(response(Type::acknowledgement, id, coap::Token(other_token))));
  const auto other_id = static_cast<std::uint16_t>(id + 1);
  EXPECT_FALSE(receive(response(Type::acknowledgement, other_id, token)));
  EXPECT_FALSE(receive(response(Type::acknowledgement, id, token), stranger));
  EXPECT_FALSE(receive(response(Type::reset, id, token)));  // a reset is empty
  EXPECT_EQ(exchanges.outstanding(), 1u);
  EXPECT_TRUE(receive(response(Type::acknowledgement, id, token)));
}

TEST_F(Exchanges, ResetsWhatItCannotProcess) {
  const auto expect_reset = [&](const Data& data, std::uint16_t id, const wire::Endpoint& from) {
    EXPECT_FALSE(receive(data, from));
    const auto reset = transmit();
    ASSERT_TRUE(reset);
    EXPECT_EQ(destination, from);
    EXPECT_EQ(reset->type, Type::reset);
    EXPECT_EQ(reset->message_id, id);
  };
  expect_reset({0x40, 0x00, 0x12, 0x34}, 0x1234, server);             // ping
  expect_reset({0x40, 0x01, 0x12, 0x35}, 0x1235, server);             // a request
  expect_reset({0x40, 0x45, 0x12, 0x36, 0xFF, 'x'}, 0x1236, server);  // an unknown response
  expect_reset({0x49, 0x45, 0x12, 0x37}, 0x1237, server);             // a format error
  expect_reset({0x40, 0xE0, 0x12, 0x38}, 0x1238, server);             // a reserved code
  expect_reset({0x40, 0x01, 0x12, 0x39}, 0x1239, stranger);
  for (const auto& silent : std::vector<Data>{{},
                                              {0x50, 0x01, 1, 1},
                                              {0x80, 0x01, 1, 1},
                                              {0x60, 0x45, 1, 1, 0xFF, 'x'},
                                              {0x70, 0, 1, 1}}) {
    EXPECT_FALSE(receive(silent));
    EXPECT_FALSE(transmit());
  }
}

TEST_F(Exchanges, BoundsTheOutstandingRequests) {
  std::vector<ExchangeHandle> handles;
  while (!exchanges.full()) handles.push_back(*exchanges.start(now, {.path = "a"}));
  EXPECT_EQ(handles.size(), limits::coap_exchanges);
  EXPECT_FALSE(exchanges.start(now, {.path = "a"}));
  exchanges.cancel(handles[0]);
  EXPECT_TRUE(exchanges.start(now, {.path = "a"}));
  exchanges.cancel_all();
  EXPECT_EQ(exchanges.outstanding(), 0u);
  const Data long_payload(limits::coap_request_bytes, 'x');
  EXPECT_FALSE(exchanges.start(now, {.path = "a", .payload = long_payload}));
}

TEST_F(Exchanges, DropsTheResponseToWhatWasCancelled) {
  const auto handle = exchanges.start(now, {.path = "a"});
  const auto request = transmit();
  exchanges.cancel(*handle);
  EXPECT_FALSE(receive(response(Type::acknowledgement, request->message_id, request->token)));
}

TEST_F(Exchanges, KeepsConcurrentExchangesApart) {
  const auto first = exchanges.start(now, {.path = "a"});
  const auto second = exchanges.start(now, {.path = "b"});
  const auto first_request = transmit();
  const auto first_token = first_request->token;
  const auto first_id = first_request->message_id;
  const auto second_request = transmit();
  EXPECT_NE(first_id, second_request->message_id);
  EXPECT_NE(first_token, second_request->token);
  EXPECT_EQ(
      receive(response(Type::acknowledgement, second_request->message_id, second_request->token))
          ->exchange,
      *second);
  EXPECT_EQ(receive(response(Type::acknowledgement, first_id, first_token))->exchange, *first);
}

TEST_F(Exchanges, SurvivesRandomDatagrams) {
  base::SeededRandom noise(5);
  for (int round = 0; round < 30000; ++round) {
    if (!exchanges.full()) (void)exchanges.start(now, {.path = "a"});
    while (exchanges.next_transmission(now)) {
    }
    Data data(noise.below(24));
    for (auto& byte : data) byte = static_cast<std::uint8_t>(noise.next());
    if (!data.empty()) data[0] = static_cast<std::uint8_t>(0x40 | (data[0] & 0x3F));
    (void)receive(data, noise.below(8) == 0 ? stranger : server);
    now += milliseconds(noise.below(3000));
    while (exchanges.advance(now)) {
    }
    ASSERT_LE(exchanges.outstanding(), limits::coap_exchanges);
  }
}

class Challenged : public Exchanges {
 protected:
  Data challenge(const coap::Message& request, std::size_t echo_size = 8) {
    Data buffer(100);
    coap::MessageWriter writer(buffer, Type::acknowledgement, Code::unauthorized,
                               request.message_id, request.token);
    echo.assign(echo_size, 0xE0);
    writer.option(coap::option::echo, echo);
    const auto written = *writer.finish();
    return Data(written.begin(), written.end());
  }
  Data echo;
};

// RFC 9175: the server wants to see that we are where we say.
TEST_F(Challenged, RepeatsARequestWithTheEchoThatIsAskedFor) {
  const auto handle =
      exchanges.start(now, {.path = "updates", .payload = coap::bytes_of("payload")});
  const auto request = *transmit();
  const auto first_id = request.message_id;
  EXPECT_FALSE(receive(challenge(request)));
  EXPECT_EQ(exchanges.outstanding(), 1u);
  const auto again = transmit();
  ASSERT_TRUE(again);
  EXPECT_NE(again->message_id, first_id);
  EXPECT_TRUE(again->options.path_is("updates"));
  EXPECT_TRUE(std::ranges::equal(again->options.find(coap::option::echo)->value, echo));
  EXPECT_EQ(coap::text_of(again->payload), "payload");
  const auto outcome = receive(response(Type::acknowledgement, again->message_id, again->token));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exchange, *handle);
  EXPECT_EQ(outcome->message.code, Code::content);
  // From now on at once.
  ASSERT_TRUE(exchanges.start(now, {.path = "updates"}));
  const auto next = *transmit();
  EXPECT_EQ(next.options.count(coap::option::echo), 1u);
  // Another server has not asked for it.
  exchanges.set_server(stranger);
  ASSERT_TRUE(exchanges.start(now, {.path = "updates"}));
  EXPECT_EQ(transmit()->options.count(coap::option::echo), 0u);
}

TEST_F(Challenged, GivesUpAfterASecondChallenge) {
  ASSERT_TRUE(exchanges.start(now, {.path = "updates"}));
  const auto request = *transmit();
  EXPECT_FALSE(receive(challenge(request)));
  const auto again = *transmit();
  const auto outcome = receive(challenge(again));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->message.code, Code::unauthorized);
  EXPECT_EQ(exchanges.outstanding(), 0u);
}

TEST_F(Challenged, TakesAnEchoOfAWrongSizeForAnyOtherRefusal) {
  for (const std::size_t size : {0u, 41u}) {
    ASSERT_TRUE(exchanges.start(now, {.path = "updates"}));
    const auto request = *transmit();
    const auto outcome = receive(challenge(request, size));
    ASSERT_TRUE(outcome) << size;
    EXPECT_EQ(outcome->message.code, Code::unauthorized);
  }
}

TEST_F(Challenged, ARequestThatHasNoRoomForTheEchoIsRefused) {
  const Data payload(limits::coap_request_bytes - 25, 1);
  ASSERT_TRUE(exchanges.start(now, {.path = "updates", .payload = payload}));
  const auto request = *transmit();
  const auto outcome = receive(challenge(request, 40));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->message.code, Code::unauthorized);
}

}  // namespace
}  // namespace goldcrest::net

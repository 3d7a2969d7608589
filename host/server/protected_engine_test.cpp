// SPDX-License-Identifier: MIT
// Protected conversations with the server: a whole update over a bad path, a restart in the middle
// of it, replays, other people's contexts, and what the policies refuse.
#include "host/server/protected_engine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/crypto/crc32.hpp"
#include "core/image/test_image.hpp"
#include "core/oscore/client_session.hpp"
#include "core/role/protected_client.hpp"
#include "core/role/update_client.hpp"
#include "host/server/log.hpp"
#include "host/server/store.hpp"
#include "host/server/test_network.hpp"

namespace goldcrest::server {
namespace {

namespace coap = wire::coap;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Path;
using Bytes = std::vector<std::uint8_t>;

constexpr std::string_view product = "OTA-STM32L1-SPIRIT1";
const wire::Eui64 device_one{{0, 0x73, 0x7A, 0x4E, 0xB9, 4, 0xB3, 1}};
const wire::Eui64 device_two{{0, 0x73, 0x7A, 0x4E, 0xB9, 4, 0xB3, 2}};

oscore::SharedContext shared_context(std::uint8_t id, const wire::Eui64& device) {
  oscore::SharedContext shared;
  shared.name = fmt::format("node-{}", id);
  shared.device = device;
  shared.device_id = {id};
  shared.master_secret = Bytes(16, static_cast<std::uint8_t>(0x50 + id));
  return shared;
}

class Memory final : public oscore::SequenceStore {
 public:
  bool reserve(std::uint64_t end) override {
    if (!broken) stored = end;
    return !broken;
  }
  std::uint64_t stored = 0;
  bool broken = false;
};

class Counting final : public SecretRandom {
 public:
  void fill(base::MutableBytes out) override {
    for (auto& byte : out) byte = ++next_;
  }

 private:
  std::uint8_t next_ = 0;
};

class Lines final : public RequestLog {
 public:
  void request(const RequestRecord& record) override { lines.push_back(to_text(record)); }
  std::size_t with(std::string_view text) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(lines, [&](const auto& l) { return l.contains(text); }));
  }
  std::vector<std::string> lines;
};

// The server with its files: restart() loses what is in memory.
class ProtectedServer {
 public:
  explicit ProtectedServer(OscorePolicy policy) : policy_(policy) { restart(); }

  void restart() {
    engine_.reset();
    sessions_ = ContextSessions();
    sessions_.update(contexts);
    sequence_ = std::make_unique<oscore::SenderSequence>(memory, memory.stored, 16);
    engine_ =
        std::make_unique<ProtectedEngine>(plain_, sessions_, *sequence_, random_, policy_, &log);
  }
  void reload() { sessions_.update(contexts); }
  std::optional<Bytes> receive(base::Instant now, base::Bytes datagram,
                               const wire::Endpoint& from = testing::client_endpoint) {
    const auto answer = engine_->receive(now, from, datagram);
    if (!answer) return std::nullopt;
    return Bytes(answer->begin(), answer->end());
  }

  std::vector<oscore::SharedContext> contexts{shared_context(1, device_one),
                                              shared_context(2, device_two)};
  Store store;
  Memory memory;
  Lines log;

 private:
  OscorePolicy policy_;
  Engine plain_{store, {}, &log};
  ContextSessions sessions_;
  Counting random_;
  std::unique_ptr<oscore::SenderSequence> sequence_;
  std::unique_ptr<ProtectedEngine> engine_;
};

Bytes add_file(Store& store) {
  const auto file = image::testing::make_image({.version = {1, 1, 31}, .image_size = 20000}).file();
  const auto added =
      store.add(fmt::format("{}_1_1_31_APP_0x{:08X}.fmu", product, crypto::Crc32::of(file)), file);
  EXPECT_TRUE(added.has_value());
  return file;
}

// --- Single requests
// ------------------------------------------------------------------------------

class Requests : public ::testing::Test {
 protected:
  struct Device {
    explicit Device(const oscore::SharedContext& shared) : context(oscore::device_end(shared)) {}
    oscore::Context context;
    Memory memory;
    oscore::SenderSequence sequence{memory, 0, 16};
    oscore::ClientSession session{context, sequence};
  };

  Bytes request(std::string_view path, coap::Code code = coap::Code::get, base::Bytes payload = {},
                coap::Type type = coap::Type::confirmable) {
    ++message_id_;
    Bytes buffer(600);
    const Bytes token{static_cast<std::uint8_t>(message_id_)};
    coap::MessageWriter writer(buffer, type, code, message_id_, coap::Token(token));
    writer.path(path);
    if (!payload.empty()) writer.option_uint(coap::option::content_format, 60);
    writer.payload(payload);
    const auto written = writer.finish();
    return {written->begin(), written->end()};
  }
  Bytes ask(const wire::Eui64& device) {
    wire::Ask ask;
    ask.product = product;
    ask.running = {1, 0, 31};
    ask.device = device;
    std::array<std::uint8_t, wire::ask_bytes> buffer;
    return request("updates", coap::Code::fetch, *wire::emit(ask, buffer));
  }
  Bytes sealed(Device& device, const Bytes& plain) {
    Bytes out(700);
    const auto sent = device.session.outgoing(plain, out);
    EXPECT_TRUE(sent.has_value());
    return {sent->begin(), sent->end()};
  }
  // The answer as the device reads it; nothing when it must not believe it.
  std::optional<coap::Code> code_of(Device& device, const std::optional<Bytes>& answer) {
    if (!answer) return std::nullopt;
    const auto plain = device.session.incoming(*answer, in_);
    if (!plain) return std::nullopt;
    return coap::parse(*plain)->code;
  }
  // Asks until the server believes that the device is alive.
  void synchronise(Device& device) {
    const auto plain = request(".well-known/core");
    EXPECT_FALSE(code_of(device, server.receive(now, sealed(device, plain))));
    EXPECT_EQ(code_of(device, server.receive(now, sealed(device, plain))), coap::Code::content);
  }
  static coap::Code outer_code(const std::optional<Bytes>& answer) {
    return answer ? coap::parse(*answer)->code : coap::Code::empty;
  }

  ProtectedServer server{OscorePolicy::optional};
  Device one{server.contexts[0]};
  base::Instant now{};
  std::uint16_t message_id_ = 0;
  Bytes in_ = Bytes(1500);
};

TEST_F(Requests, TheFirstIsChallengedAndOnlyAFreshOneIsAnswered) {
  const auto plain = request(".well-known/core");
  const auto first = sealed(one, plain);
  const auto challenge = server.receive(now, first);
  EXPECT_EQ(outer_code(challenge), coap::Code::changed);  // even a challenge is sealed
  // Played again, the first request is challenged again, for it proves nothing.
  EXPECT_EQ(server.log.with("challenged"), 1u);
  (void)server.receive(now, first);
  EXPECT_EQ(server.log.with("challenged"), 2u);
  EXPECT_FALSE(code_of(one, challenge));
  const auto second = sealed(one, plain);
  EXPECT_EQ(code_of(one, server.receive(now, second)), coap::Code::content);
  // Now it is a replay, as everything before it.
  EXPECT_EQ(outer_code(server.receive(now, first)), coap::Code::unauthorized);
  EXPECT_EQ(server.log.with("Replay detected"), 1u);
}

TEST_F(Requests, ALateEchoProvesNothing) {
  const auto plain = request(".well-known/core");
  EXPECT_FALSE(code_of(one, server.receive(now, sealed(one, plain))));
  now += seconds(248);
  EXPECT_FALSE(code_of(one, server.receive(now, sealed(one, plain))));
  EXPECT_EQ(code_of(one, server.receive(now, sealed(one, plain))), coap::Code::content);
}

TEST_F(Requests, RepetitionsGetTheSameBytesAndReplaysGetNothing) {
  synchronise(one);
  const auto sent = sealed(one, request(".well-known/core"));
  const auto answer = server.receive(now, sent);
  EXPECT_EQ(server.receive(now + seconds(100), sent), answer);
  const auto served = server.log.lines.size();
  (void)server.receive(now, sent);
  EXPECT_EQ(server.log.lines.size(), served) << "a repetition is not done twice";
  // From elsewhere, or too late, it is a replay.
  const wire::Endpoint elsewhere{wire::Ipv6Address::from_ipv4({10, 0, 0, 66}), 1};
  EXPECT_EQ(outer_code(server.receive(now, sent, elsewhere)), coap::Code::unauthorized);
  EXPECT_EQ(outer_code(server.receive(now + seconds(248), sent)), coap::Code::unauthorized);
}

TEST_F(Requests, UnknownKeysAndDamageGetTheErrorsOfTheRfc) {
  synchronise(one);
  auto stranger_context = shared_context(9, device_one);
  Device stranger(stranger_context);
  const auto unknown = server.receive(now, sealed(stranger, request("updates")));
  ASSERT_EQ(outer_code(unknown), coap::Code::unauthorized);
  const auto message = coap::parse(*unknown);
  EXPECT_EQ(coap::text_of(message->payload), "Security context not found");
  EXPECT_EQ(message->options.uint(coap::option::max_age), 0u);

  stranger_context.device_id = {1};  // the id of another, without its secret
  Device impostor(stranger_context);
  for (int i = 0; i < 40; ++i) {
    // The first two numbers are the real device's already.
    EXPECT_EQ(outer_code(server.receive(now, sealed(impostor, request("updates")))),
              i < 2 ? coap::Code::unauthorized : coap::Code::bad_request);
  }
  // What he sent has used up none of the real device's numbers.
  EXPECT_EQ(code_of(one, server.receive(now, sealed(one, request(".well-known/core")))),
            coap::Code::content);
  Bytes buffer(60);
  coap::MessageWriter writer(buffer, coap::Type::confirmable, coap::Code::post, 1);
  writer.option(oscore::oscore_option, Bytes{0xE9, 0});
  writer.payload(Bytes(20));
  const auto malformed = *writer.finish();
  EXPECT_EQ(outer_code(server.receive(now, malformed)), coap::Code::bad_option);
}

TEST_F(Requests, ADeviceSpeaksForItselfOnly) {
  synchronise(one);
  EXPECT_EQ(code_of(one, server.receive(now, sealed(one, ask(device_one)))), coap::Code::content);
  EXPECT_EQ(code_of(one, server.receive(now, sealed(one, ask(device_two)))), coap::Code::forbidden);
  // Nor does anybody speak for it who has no key at all.
  EXPECT_EQ(outer_code(server.receive(now, ask(device_one))), coap::Code::unauthorized);
  EXPECT_EQ(outer_code(server.receive(now, ask(wire::Eui64{}))), coap::Code::content);
  EXPECT_EQ(server.log.with("context=node-1"), 4u);
}

TEST_F(Requests, OptionalServesOthersAndRequiredDoesNot) {
  EXPECT_EQ(outer_code(server.receive(now, request(".well-known/core"))), coap::Code::content);
  ProtectedServer strict(OscorePolicy::required);
  for (const auto type : {coap::Type::confirmable, coap::Type::non_confirmable}) {
    const auto answer = strict.receive(now, request(".well-known/core", coap::Code::get, {}, type));
    ASSERT_TRUE(answer);
    EXPECT_EQ(outer_code(answer), coap::Code::unauthorized);
    EXPECT_LT(answer->size(), 40u);
  }
  const auto ping = coap::empty_message(coap::Type::confirmable, 7);
  EXPECT_EQ(outer_code(strict.receive(now, ping)), coap::Code::empty);
}

TEST_F(Requests, AClassicQuestionWithoutAnAnswerIsNotFound) {
  synchronise(one);
  std::array<std::uint8_t, wire::classic_request_bytes> buffer;
  const auto payload = wire::emit(
      wire::ClassicRequest{.product = product, .image_type = 3, .version = {9, 0, 0}, .offset = 0},
      buffer);
  ASSERT_TRUE(payload);
  Bytes plain(200);
  coap::MessageWriter writer(plain, coap::Type::confirmable, coap::Code::get, 900);
  writer.path("updates");
  writer.payload(*payload);
  plain.resize(writer.finish()->size());
  EXPECT_EQ(code_of(one, server.receive(now, sealed(one, plain))), coap::Code::not_found);
}

TEST_F(Requests, AReloadKeepsTheSessionsThatStay) {
  synchronise(one);
  Device two(server.contexts[1]);
  server.contexts[1].master_secret[0] ^= 1;
  server.reload();
  EXPECT_EQ(code_of(one, server.receive(now, sealed(one, request(".well-known/core")))),
            coap::Code::content);
  EXPECT_EQ(outer_code(server.receive(now, sealed(two, request("updates")))),
            coap::Code::bad_request);
  server.contexts.erase(server.contexts.begin());
  server.reload();
  EXPECT_EQ(outer_code(server.receive(now, sealed(one, request("updates")))),
            coap::Code::unauthorized);
}

TEST_F(Requests, WithoutANumberThereIsNoChallenge) {
  server.memory.broken = true;
  EXPECT_EQ(outer_code(server.receive(now, sealed(one, request("updates")))),
            coap::Code::service_unavailable);
}

// --- Whole updates
// --------------------------------------------------------------------------------

class Sink final : public role::UpdateSink {
 public:
  void begin() override { bytes.clear(); }
  void expect_size(std::uint32_t) override {}
  std::expected<void, role::Refusal> write(base::Bytes data) override {
    bytes.insert(bytes.end(), data.begin(), data.end());
    return {};
  }
  std::expected<void, role::Refusal> finish() override { return {}; }
  std::uint32_t total_size() const override { return 0; }
  base::Version version() const override { return {1, 1, 31}; }
  Bytes bytes;
};

class Events final : public role::UpdateEvents {
 public:
  void asked(bool classic) override { classic ? ++classic_asks : ++asks; }
  void server_reached() override { ++reached; }
  void nothing_newer(base::Duration) override { ++nothing; }
  void found(base::Version, std::uint32_t) override { ++found_; }
  void progress(std::uint32_t count, std::uint32_t) override { received = count; }
  void refused(const role::Refusal&, base::Duration) override { ++failures; }
  void complete(base::Version) override { completed = true; }
  void failed(std::string_view, base::Duration) override { ++failures; }
  int asks = 0, classic_asks = 0, reached = 0, nothing = 0, found_ = 0, failures = 0;
  std::uint32_t received = 0;
  bool completed = false;
};

class ProtectedUpdate : public ::testing::Test {
 protected:
  void SetUp() override {
    wire::Ask ask;
    ask.product = product;
    ask.running = {1, 0, 31};
    ask.device = device_one;
    client.set_device(ask);
    client.set_server(testing::server_endpoint);
    client.set_online(path.now(), true);
  }

  ProtectedServer server{OscorePolicy::required};
  // Whoever sits between the two, and what he makes of an answer.
  std::function<std::optional<Bytes>(std::optional<Bytes>, base::Bytes)> on_path =
      [](std::optional<Bytes> answer, base::Bytes) { return answer; };

  base::SeededRandom random{1};
  Sink sink;
  Events events;
  role::UpdateClient client{random, sink, events};
  oscore::Context context{oscore::device_end(server.contexts[0])};
  Memory memory;
  oscore::SenderSequence sequence{memory, 0, 64};
  role::ProtectedClient application{client, context, sequence};
  Path path{application,
            [this](base::Instant now, base::Bytes datagram) {
              return on_path(server.receive(now, datagram), datagram);
            },
            {},
            1};
};

TEST_F(ProtectedUpdate, IsFetchedOverABadPath) {
  const auto file = add_file(server.store);
  path.set_conditions(
      {.frame_loss = 0.03, .duplicates = 0.05, .jitter = std::chrono::milliseconds(40)});
  EXPECT_TRUE(path.run_until([&] { return events.completed; }, hours(1)));
  EXPECT_EQ(sink.bytes, file);
  EXPECT_EQ(server.log.with("Replay detected"), 0u);
  EXPECT_EQ(server.log.with("challenged"), 1u);
  EXPECT_EQ(events.classic_asks, 0);
}

TEST_F(ProtectedUpdate, GoesOnWhenTheServerRestarts) {
  const auto file = add_file(server.store);
  EXPECT_TRUE(path.run_until([&] { return events.received > 8000; }, hours(1)));
  const auto before = path.now();
  server.restart();
  EXPECT_TRUE(path.run_until([&] { return events.completed; }, hours(1)));
  EXPECT_EQ(sink.bytes, file);
  EXPECT_EQ(events.found_, 1) << "the download went on and did not start again";
  EXPECT_GE(server.log.with("challenged"), 2u);
  EXPECT_LT(path.now() - before, minutes(1));
}

TEST_F(ProtectedUpdate, NobodyCanAnswerInTheServersPlace) {
  add_file(server.store);
  // Every answer is replaced: by a reset, which leads unprotected devices to the classic protocol,
  // by "nothing newer", and by "not found".
  int turn = 0;
  on_path = [&](std::optional<Bytes>, base::Bytes datagram) -> std::optional<Bytes> {
    const auto request = coap::parse(datagram);
    if (turn++ % 2 == 0) {
      const auto reset = coap::empty_message(coap::Type::reset, request->message_id);
      return Bytes(reset.begin(), reset.end());
    }
    Bytes buffer(40);
    coap::MessageWriter writer(buffer, coap::Type::acknowledgement,
                               turn % 4 == 0 ? coap::Code::valid : coap::Code::not_found,
                               request->message_id, request->token);
    buffer.resize(writer.finish()->size());
    return buffer;
  };
  path.run(minutes(30));
  EXPECT_GT(turn, 20);
  EXPECT_EQ(events.reached + events.nothing + events.classic_asks + events.found_, 0);
  EXPECT_GT(events.failures, 3) << "as if nobody answered";
}

TEST_F(ProtectedUpdate, ChangedAndReplayedAnswersChangeNothing) {
  const auto file = add_file(server.store);
  std::vector<Bytes> recorded;
  base::SeededRandom choice(3);
  on_path = [&](std::optional<Bytes> answer, base::Bytes) -> std::optional<Bytes> {
    if (!answer) return answer;
    recorded.push_back(*answer);
    const auto kind = choice.below(4);
    if (kind == 0) (*answer)[choice.below(static_cast<std::uint32_t>(answer->size()))] ^= 0x10;
    if (kind == 1) return recorded[choice.below(static_cast<std::uint32_t>(recorded.size()))];
    return answer;
  };
  EXPECT_TRUE(path.run_until([&] { return events.completed; }, hours(2)));
  EXPECT_EQ(sink.bytes, file);
  EXPECT_EQ(events.classic_asks, 0);
}

// What protection costs: the figures of docs/network.md.
TEST_F(ProtectedUpdate, CostsAFewBytesADatagram) {
  const Bytes plain{0x44, 0x01, 0,    1,   1,   2,   3,   4,   0xB7, 'u', 'p', 'd',  'a',  't',
                    'e',  's',  0x08, '1', '2', '3', '4', '5', '6',  '7', '8', 0xC2, 0x10, 0x5E};
  Bytes out(100);
  oscore::ClientSession session(context, sequence);
  const auto sent = session.outgoing(plain, out);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->size() - plain.size(), 12u);
}

}  // namespace
}  // namespace goldcrest::server

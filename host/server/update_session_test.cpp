// SPDX-License-Identifier: MIT
// The update client against the server's engine, in virtual time and over bad paths.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/crypto/crc32.hpp"
#include "core/image/test_image.hpp"
#include "core/role/update_client.hpp"
#include "host/server/engine.hpp"
#include "host/server/store.hpp"
#include "host/server/test_network.hpp"

namespace goldcrest::server {
namespace {

using role::Refusal;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Path;
using testing::PathConditions;
using wire::UpdateResult;

using Bytes = std::vector<std::uint8_t>;

constexpr std::string_view product = "OTA-STM32L1-SPIRIT1";

Bytes make_file(base::Version version, std::uint32_t image_size, std::uint32_t seed = 1) {
  return image::testing::make_image({.version = version, .image_size = image_size, .seed = seed})
      .file();
}

std::string name_of(const Bytes& file, base::Version version) {
  return fmt::format("{}_{}_{}_{}_APP_0x{:08X}.fmu", product, version.major, version.minor,
                     version.build, crypto::Crc32::of(file));
}

// Takes everything, as the installer does, and refuses on request.
class RecordingSink final : public role::UpdateSink {
 public:
  void begin() override {
    bytes.clear();
    expected_size.reset();
    ++begun;
  }
  void expect_size(std::uint32_t size) override {
    EXPECT_TRUE(bytes.empty());
    expected_size = size;
  }
  std::expected<void, Refusal> write(base::Bytes data) override {
    bytes.insert(bytes.end(), data.begin(), data.end());
    if (refuse_at && bytes.size() >= *refuse_at) {
      return std::unexpected(Refusal{UpdateResult::refused_signature, "signature"});
    }
    return {};
  }
  std::expected<void, Refusal> finish() override {
    if (refuse_at_end) return std::unexpected(Refusal{UpdateResult::refused_digest, "digest"});
    return {};
  }
  std::uint32_t total_size() const override {
    const auto manifest = image::parse_manifest(bytes);
    return manifest ? manifest->file_size() : 0;
  }
  base::Version version() const override {
    const auto manifest = image::parse_manifest(bytes);
    return manifest ? manifest->version : base::Version{};
  }

  Bytes bytes;
  std::optional<std::uint32_t> expected_size;
  int begun = 0;
  std::optional<std::size_t> refuse_at;
  bool refuse_at_end = false;
};

class RecordingEvents final : public role::UpdateEvents {
 public:
  void asked(bool classic) override { ++(classic ? asked_classic : asked_current); }
  void server_reached() override { ++reached; }
  void nothing_newer(base::Duration after) override {
    ++nothing;
    ask_again_after = after;
  }
  void found(base::Version version, std::uint32_t size) override {
    found_version = version;
    found_size = size;
    ++finds;
  }
  void progress(std::uint32_t received, std::uint32_t total) override {
    // Never back, but to the start of another file.
    EXPECT_TRUE(received > last_received || received <= limits::coap_block_bytes);
    last_received = received;
    last_total = total;
  }
  void refused(const Refusal& refusal, base::Duration after) override {
    refusals.push_back(refusal);
    ask_again_after = after;
  }
  void complete(base::Version version) override { completed = version; }
  void failed(std::string_view reason, base::Duration after) override {
    failures.emplace_back(reason);
    ask_again_after = after;
  }

  int asked_classic = 0, asked_current = 0, reached = 0, nothing = 0, finds = 0;
  base::Version found_version;
  std::uint32_t found_size = 0, last_received = 0, last_total = 0;
  std::vector<Refusal> refusals;
  std::vector<std::string> failures;
  std::optional<base::Version> completed;
  base::Duration ask_again_after{0};
};

class Session : public ::testing::Test {
 protected:
  void SetUp() override {
    ask_.product = product;
    ask_.running = {1, 0, 31};
    client.set_device(ask_);
    client.set_server(testing::server_endpoint);
    client.set_online(path.now(), true);
  }

  const Update* add(base::Version version, std::uint32_t image_size, std::uint32_t seed = 1) {
    file = make_file(version, image_size, seed);
    const auto added = store.add(name_of(file, version), file);
    EXPECT_TRUE(added) << (added ? "" : added.error());
    return *added;
  }
  bool run_to_completion(base::Duration at_most) {
    return path.run_until([&] { return events.completed.has_value(); }, at_most);
  }
  void expect_the_file() {
    EXPECT_TRUE(sink.bytes == file);
    EXPECT_EQ(sink.expected_size, file.size());
    EXPECT_EQ(events.last_received, file.size());
    EXPECT_EQ(events.last_total, file.size());
    EXPECT_TRUE(client.installed());
  }

  Store store;
  Engine engine{store, EngineSettings{}};
  // Whether the server knows only the classic protocol, as the field's servers do.
  bool classic_server = false;
  wire::coap::Code unknown_method = wire::coap::Code::method_not_allowed;
  bool reset_unknown_method = false;

  // Somebody else answers all questions so, and the next request for a block with an error.
  std::optional<wire::Answer> forged_answer;
  std::optional<wire::coap::Code> forged_refusal_of_a_block;
  // From one block that is answered to the next, at least.
  base::Duration slowest_block{0};
  base::Instant last_block{};

  std::optional<Bytes> serve(base::Instant now, base::Bytes datagram) {
    const auto header = wire::coap::peek_header(datagram);
    if (forged_answer && header && header->code == wire::coap::Code::fetch) {
      return forge_answer(datagram);
    }
    if (header && header->code == wire::coap::Code::get) {
      if (const auto code = std::exchange(forged_refusal_of_a_block, std::nullopt)) {
        return empty_response(datagram, *code);
      }
      if (now - last_block < slowest_block) return std::nullopt;
      last_block = now;
    }
    if (classic_server && header && header->code == wire::coap::Code::fetch) {
      return refuse_fetch(datagram);
    }
    const auto answer = engine.receive(now, testing::client_endpoint, datagram);
    if (!answer) return std::nullopt;
    return Bytes(answer->begin(), answer->end());
  }
  Bytes forge_answer(base::Bytes datagram) {
    const auto request = wire::coap::parse(datagram);
    std::array<std::uint8_t, wire::answer_bytes> payload{};
    Bytes buffer(wire::answer_bytes + 64);
    wire::coap::MessageWriter writer(buffer, wire::coap::Type::acknowledgement,
                                     wire::coap::Code::content, request->message_id,
                                     request->token);
    writer.option_uint(wire::coap::option::content_format, wire::coap::content_format::cbor);
    writer.payload(*wire::emit(*forged_answer, payload));
    const auto written = *writer.finish();
    return {written.begin(), written.end()};
  }
  Bytes refuse_fetch(base::Bytes datagram) {
    const auto request = wire::coap::parse(datagram);
    if (reset_unknown_method) {
      const auto reset = wire::coap::empty_message(wire::coap::Type::reset, request->message_id);
      return Bytes(reset.begin(), reset.end());
    }
    return empty_response(datagram, unknown_method);
  }
  static Bytes empty_response(base::Bytes datagram, wire::coap::Code code) {
    const auto request = wire::coap::parse(datagram);
    Bytes buffer(64);
    wire::coap::MessageWriter writer(buffer, wire::coap::Type::acknowledgement, code,
                                     request->message_id, request->token);
    const auto written = *writer.finish();
    return {written.begin(), written.end()};
  }

  base::SeededRandom random{7};
  RecordingSink sink;
  RecordingEvents events;
  wire::Ask ask_;
  role::UpdateClient client{random, sink, events};
  Path path{client, [this](base::Instant now, base::Bytes d) { return serve(now, d); }, {}, 11};
  Bytes file;
};

TEST_F(Session, FetchesTheUpdateOverAGoodPath) {
  add({1, 1, 31}, 90000);
  ASSERT_TRUE(run_to_completion(minutes(5)));
  expect_the_file();
  EXPECT_EQ(events.found_version, (base::Version{1, 1, 31}));
  EXPECT_EQ(events.found_size, file.size());
  EXPECT_EQ(events.finds, 1);
  EXPECT_EQ(events.asked_current, 1);
  EXPECT_EQ(events.reached, 1);
  EXPECT_EQ(sink.begun, 1);
  // One ask and one request a block, each answered once: nothing was asked for twice.
  EXPECT_EQ(path.datagrams(), 2 * (1 + (file.size() + 511) / 512));
  // Nothing more is asked once it is installed.
  path.run(hours(5));
  EXPECT_EQ(events.asked_current, 1);
}

TEST_F(Session, SaysWhenThereIsNothingNewer) {
  add({1, 0, 31}, 2000);
  path.run(seconds(30));
  EXPECT_EQ(events.nothing, 1);
  EXPECT_EQ(events.reached, 1);
  EXPECT_EQ(sink.begun, 0);
  // The server's interval and up to a tenth on top, and then it asks again.
  EXPECT_GE(events.ask_again_after, seconds(3600));
  EXPECT_LE(events.ask_again_after, seconds(3960));
  path.run(seconds(4000));
  EXPECT_EQ(events.nothing, 2);
}

// Without a security context anybody who hears the question can answer it.
TEST_F(Session, IsSilencedByNoAnswerForMoreThanADay) {
  forged_answer = wire::Answer{.retry_after_s = 0xFFFFFFFF, .offer = {}};
  path.run(minutes(1));
  EXPECT_EQ(events.nothing, 1);
  EXPECT_GE(events.ask_again_after, hours(24));
  EXPECT_LE(events.ask_again_after, hours(24) * 11 / 10);
  forged_answer.reset();
  add({1, 1, 31}, 2000);
  path.run(hours(23));
  EXPECT_EQ(events.asked_current, 1);
  ASSERT_TRUE(run_to_completion(hours(4)));
}

TEST_F(Session, AWishEndsWithTheNextQuestion) {
  forged_answer = wire::Answer{.retry_after_s = 20 * 3600, .offer = {}};
  path.run(minutes(1));
  EXPECT_GE(events.ask_again_after, hours(20));
  // A server that wishes nothing: the classic one.
  forged_answer.reset();
  classic_server = true;
  client.start(path.now());
  path.run(minutes(1));
  EXPECT_EQ(events.asked_classic, 1);
  EXPECT_LE(events.ask_again_after, minutes(66));
}

TEST_F(Session, AWeekIsForServersThatAreKnownAndForOwners) {
  forged_answer = wire::Answer{.retry_after_s = 0xFFFFFFFF, .offer = {}};
  for (const auto& settings : {role::UpdateClientSettings{.longest_wish = std::chrono::days(7)},
                               role::UpdateClientSettings{.poll_interval = hours(1'000'000)}}) {
    role::UpdateClient patient(random, sink, events, settings);
    patient.set_device(ask_);
    patient.set_server(testing::server_endpoint);
    Path to_it{patient, [this](base::Instant now, base::Bytes d) { return serve(now, d); }, {}, 3};
    patient.set_online(to_it.now(), true);
    to_it.run(minutes(1));
    EXPECT_GE(events.ask_again_after, std::chrono::days(7));
    EXPECT_LE(events.ask_again_after, minutes(7 * 24 * 66));
  }
}

TEST_F(Session, AsksWhenTheButtonIsPressed) {
  path.run(minutes(1));
  EXPECT_EQ(events.nothing, 1);
  add({1, 1, 31}, 2000);
  client.start(path.now());
  EXPECT_TRUE(client.busy());
  client.start(path.now());  // once is enough
  ASSERT_TRUE(run_to_completion(minutes(1)));
  EXPECT_EQ(events.asked_current, 2);
}

TEST_F(Session, FailsWithoutServerOrNetwork) {
  client.set_server(wire::Endpoint{});
  client.start(path.now());
  ASSERT_EQ(events.failures.size(), 1u);
  EXPECT_EQ(events.failures[0], "no update server is set");
  client.set_server(testing::server_endpoint);
  client.set_online(path.now(), false);
  client.start(path.now());
  ASSERT_EQ(events.failures.size(), 2u);
  path.run(hours(1));
  EXPECT_EQ(path.datagrams(), 0u);
}

struct Loss {
  double frame_loss;
  std::uint64_t seed;
};

class LossySession : public Session, public ::testing::WithParamInterface<Loss> {};

// A fifth of all frames lost without link retransmission, a tenth of the datagrams twice, and
// delays that let them overtake each other.
TEST_P(LossySession, Completes) {
  add({1, 1, 31}, 20000);
  Path lossy(
      client, [this](base::Instant now, base::Bytes d) { return serve(now, d); },
      {.frame_loss = GetParam().frame_loss,
       .duplicates = 0.1,
       .jitter = testing::milliseconds(200)},
      GetParam().seed);
  ASSERT_TRUE(lossy.run_until([&] { return events.completed.has_value(); }, hours(2)));
  expect_the_file();
  EXPECT_EQ(sink.begun, 1);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LossySession,
                         ::testing::Values(Loss{0.05, 1}, Loss{0.2, 1}, Loss{0.2, 2}, Loss{0.2, 3},
                                           Loss{0.2, 4}, Loss{0.2, 5}, Loss{0.3, 6}));

class OutageSession : public Session, public ::testing::WithParamInterface<int> {};

TEST_P(OutageSession, GoesOnFromTheBlockItHas) {
  add({1, 1, 31}, 60000);
  ASSERT_TRUE(path.run_until([&] { return events.last_received > 20000; }, minutes(5)));
  const auto before = events.last_received;
  path.set_server_away(true);
  path.run(minutes(GetParam()));
  EXPECT_LE(events.last_received, before + 1024);
  path.set_server_away(false);
  const auto back = path.now();
  ASSERT_TRUE(path.run_until([&] { return events.last_received > before + 1024; }, minutes(1)))
      << "the server is back and nobody asks";
  ASSERT_TRUE(run_to_completion(minutes(5)));
  expect_the_file();
  EXPECT_EQ(sink.begun, 1);
  EXPECT_EQ(events.asked_current, 1);
  EXPECT_LT(path.now() - back, minutes(3));
}

INSTANTIATE_TEST_SUITE_P(Minutes, OutageSession, ::testing::Values(1, 5, 25));

TEST_F(Session, GivesUpAfterHalfAnHourOfSilence) {
  add({1, 1, 31}, 60000);
  ASSERT_TRUE(path.run_until([&] { return events.last_received > 20000; }, minutes(5)));
  path.set_server_away(true);
  path.run(minutes(29));
  EXPECT_TRUE(events.failures.empty());
  path.run(minutes(2));
  ASSERT_EQ(events.failures.size(), 1u);
  EXPECT_EQ(events.failures[0], "no progress for too long");
  EXPECT_EQ(client.last_result(), UpdateResult::gave_up);
  path.run(hours(5));
  path.set_server_away(false);
  ASSERT_TRUE(run_to_completion(minutes(20)));
  expect_the_file();
  EXPECT_EQ(sink.begun, 1) << "what it had is not fetched again";
}

// Whoever can answer in the server's place can end a download, and wins nothing by it.
TEST_F(Session, LosesNothingByForgedRefusalsOfABlock) {
  using wire::coap::Code;
  add({1, 1, 31}, 60000);
  std::uint32_t at = 5000;
  for (const auto code : {Code::not_found, Code::bad_request, Code::forbidden}) {
    ASSERT_TRUE(path.run_until([&] { return events.last_received > at; }, minutes(5)));
    at += 5000;
    forged_refusal_of_a_block = code;
    ASSERT_TRUE(path.run_until([&] { return !forged_refusal_of_a_block; }, minutes(5)));
  }
  ASSERT_TRUE(run_to_completion(minutes(30)));
  expect_the_file();
  EXPECT_EQ(sink.begun, 1);
}

// A block now and then is progress, but not for ever.
TEST_F(Session, AsksAnewWhenABlockComesEveryQuarterOfAnHour) {
  add({1, 1, 31}, 60000);
  slowest_block = minutes(14);
  path.run(hours(10));
  EXPECT_TRUE(events.failures.empty());
  path.run(hours(2));
  ASSERT_FALSE(events.failures.empty());
  EXPECT_EQ(events.failures[0], "the download is too slow");
  EXPECT_EQ(client.last_result(), UpdateResult::gave_up);
  EXPECT_GT(events.asked_current, 1);
  slowest_block = base::Duration{0};
  ASSERT_TRUE(run_to_completion(minutes(30)));
  expect_the_file();
  EXPECT_EQ(sink.begun, 1);
}

// Blocks of 128 bytes, 0.7 bytes a second: the size follows the silence.
TEST_F(Session, IsNotTooSlowWhereTheServerIsOnlyScarce) {
  add({1, 1, 31}, 88000);
  path.set_conditions({.frame_loss = 0.02});
  slowest_block = minutes(3);
  ASSERT_TRUE(run_to_completion(hours(48)));
  expect_the_file();
  EXPECT_TRUE(events.failures.empty());
  EXPECT_GT(path.now(), base::Instant{} + hours(27));
}

TEST_F(Session, TriesAgainWhenTheServerIsAwayFromTheStart) {
  add({1, 1, 31}, 2000);
  path.set_server_away(true);
  path.run(minutes(10));
  EXPECT_GE(events.failures.size(), 2u);
  EXPECT_EQ(events.reached, 0);
  path.set_server_away(false);
  ASSERT_TRUE(run_to_completion(minutes(5)));
}

TEST_F(Session, StartsOverWhenTheFileIsReplaced) {
  const auto* first = add({1, 1, 31}, 60000);
  const auto first_name = first->name;
  ASSERT_TRUE(path.run_until([&] { return events.last_received > 20000; }, minutes(5)));
  ASSERT_TRUE(store.remove(first_name));
  add({1, 1, 32}, 50000, 2);
  ASSERT_TRUE(run_to_completion(minutes(5)));
  expect_the_file();
  EXPECT_EQ(events.completed, (base::Version{1, 1, 32}));
  EXPECT_EQ(sink.begun, 2);
}

TEST_F(Session, EndsWhenTheFileIsTakenAway) {
  const auto* update = add({1, 1, 31}, 60000);
  const auto name = update->name;
  ASSERT_TRUE(path.run_until([&] { return events.last_received > 20000; }, minutes(5)));
  ASSERT_TRUE(store.remove(name));
  path.run(minutes(2));
  EXPECT_EQ(events.nothing, 1);
  EXPECT_FALSE(client.busy());
}

// What is refused may have been spoilt on the way: it is fetched again, and again, but less often.
TEST_F(Session, FetchesARefusedFileAgainAfterPausesThatDouble) {
  add({1, 1, 31}, 60000);
  sink.refuse_at = 1700;
  const auto wait_for = [&](int begun, base::Duration at_most) {
    EXPECT_TRUE(path.run_until([&] { return sink.begun == begun; }, at_most));
    return path.now();
  };
  auto last = wait_for(1, minutes(1));
  int begun = 1;
  for (const auto pause : {4, 8, 16, 32, 64}) {
    const auto now = wait_for(++begun, hours(2));
    EXPECT_GE(now - last, minutes(pause));
    EXPECT_LE(now - last, seconds(pause * 66 + 5));
    EXPECT_LE(sink.bytes.size(), 2048u);
    last = now;
  }
  EXPECT_EQ(events.refusals[0].reason, "signature");
  EXPECT_EQ(client.last_result(), UpdateResult::refused_signature);
  // From here on one comes back with every four hours. In between nothing is said.
  const auto datagrams = path.datagrams();
  path.run(minutes(90));
  EXPECT_LE(path.datagrams(), datagrams + 10);
  wait_for(7, hours(5));
  path.run(minutes(1));
  // A person may insist, and once it is as it should be it gets in.
  client.start(path.now());
  path.run(minutes(1));
  EXPECT_EQ(sink.begun, 8);
  sink.refuse_at.reset();
  ASSERT_TRUE(run_to_completion(minutes(4 * 66)));
  expect_the_file();
}

// Whoever has something refused does so at the price of downloads that the device does not make.
TEST_F(Session, BeginsSixFilesAndThenOneEveryFourHours) {
  sink.refuse_at_end = true;
  std::uint32_t offered = 0;
  const auto offer_another_until = [&](base::Instant end) {
    while (path.now() < end) {
      if (events.refusals.size() >= offered) {
        ++offered;
        add({2, 0, static_cast<std::uint16_t>(offered)}, 3000, offered);
      }
      path.run(minutes(1));
    }
  };
  const auto begin = path.now();
  offer_another_until(begin + minutes(7 * 60 + 30));
  EXPECT_EQ(sink.begun, 7);
  offer_another_until(begin + hours(72));
  EXPECT_GE(sink.begun, 6 + 72 / 4 - 2);
  EXPECT_LE(sink.begun, 6 + 72 / 4);
  // Left alone for a day it has all six again.
  store = Store{};
  path.run(hours(30));
  const auto rested = sink.begun;
  offered = static_cast<std::uint32_t>(events.refusals.size());
  offer_another_until(path.now() + hours(3) + minutes(59));
  EXPECT_EQ(sink.begun, rested + 6);
  // A person may insist.
  const auto begun = sink.begun;
  sink.refuse_at_end = false;
  client.start(path.now());
  ASSERT_TRUE(run_to_completion(minutes(1)));
  EXPECT_EQ(sink.begun, begun + 1);
}

// A file that changes under every download is begun twice in a session, and then waited for.
TEST_F(Session, AFileThatIsNeverTheSameIsNotBegunForEver) {
  std::uint16_t build = 0;
  const auto another = [&] {
    store = Store{};
    ++build;
    add({2, 0, build}, 30000, build);
  };
  another();
  const auto end = path.now() + hours(3);
  while (path.now() < end) {
    (void)path.run_until([&] { return events.last_received > 2000; }, seconds(20));
    if (events.last_received > 2000) another();
    events.last_received = 0;
  }
  EXPECT_EQ(sink.begun, 6);
  EXPECT_EQ(events.failures.back(), "the file keeps changing");
}

TEST_F(Session, DoesNotGetWhatItRejectedBefore) {
  const auto* update = add({1, 1, 31}, 3000);
  ASSERT_TRUE(ask_.rejected.push_back(update->manifest.digest));
  client.set_device(ask_);
  path.run(minutes(5));
  EXPECT_EQ(events.nothing, 1);
  EXPECT_EQ(sink.begun, 0);
  // An older image that was not rejected is offered instead.
  add({1, 0, 40}, 3000, 5);
  client.start(path.now());
  ASSERT_TRUE(run_to_completion(minutes(5)));
  EXPECT_EQ(events.completed, (base::Version{1, 0, 40}));
}

struct Fallback {
  bool reset;
  wire::coap::Code code;
};
class ClassicSession : public Session, public ::testing::WithParamInterface<Fallback> {
 protected:
  void SetUp() override {
    Session::SetUp();
    classic_server = true;
    reset_unknown_method = GetParam().reset;
    unknown_method = GetParam().code;
  }
};

TEST_P(ClassicSession, FallsBackToClassic) {
  add({1, 1, 31}, 30000);
  ASSERT_TRUE(run_to_completion(minutes(10)));
  expect_the_file();
  EXPECT_EQ(events.asked_current, 1);
  EXPECT_EQ(events.asked_classic, 1);
  EXPECT_EQ(events.finds, 1);
  EXPECT_EQ(events.found_version, (base::Version{1, 1, 31}));
}

TEST_P(ClassicSession, TakesAResetForNothingNewer) {
  path.run(minutes(1));
  EXPECT_EQ(events.asked_classic, 1);
  EXPECT_EQ(events.nothing, 1);
  EXPECT_GE(events.reached, 1);
}

TEST_P(ClassicSession, SurvivesLossAndOutage) {
  add({1, 1, 31}, 20000);
  path.set_conditions({.frame_loss = 0.1, .duplicates = 0.1, .jitter = testing::milliseconds(300)});
  ASSERT_TRUE(path.run_until([&] { return events.last_received > 5000; }, hours(1)));
  path.set_server_away(true);
  path.run(minutes(5));
  path.set_server_away(false);
  ASSERT_TRUE(path.run_until([&] { return events.last_received > 10000; }, hours(1)));
  EXPECT_TRUE(events.failures.empty());
  path.set_server_away(true);
  path.run(hours(2));
  EXPECT_EQ(events.failures.front(), "no progress for too long");
  path.set_server_away(false);
  ASSERT_TRUE(run_to_completion(hours(2)));
  expect_the_file();
  EXPECT_EQ(sink.begun, 1);
}

TEST_P(ClassicSession, FetchesARefusedFileLessAndLessOften) {
  add({1, 1, 31}, 20000);
  sink.refuse_at_end = true;
  path.run(hours(24));
  EXPECT_GE(sink.begun, 10);
  EXPECT_LE(sink.begun, 12);
  sink.refuse_at_end = false;
  ASSERT_TRUE(run_to_completion(minutes(4 * 66)));
  expect_the_file();
}

INSTANTIATE_TEST_SUITE_P(Servers, ClassicSession,
                         ::testing::Values(Fallback{true, wire::coap::Code::empty},
                                           Fallback{false, wire::coap::Code::method_not_allowed},
                                           Fallback{false, wire::coap::Code::not_found}));

}  // namespace
}  // namespace goldcrest::server

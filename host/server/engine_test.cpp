// SPDX-License-Identifier: MIT
#include "host/server/engine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "core/crypto/crc32.hpp"
#include "core/image/test_image.hpp"
#include "host/server/log.hpp"
#include "host/server/store.hpp"
#include "host/server/test_network.hpp"

namespace goldcrest::server {
namespace {

namespace coap = wire::coap;
namespace option = wire::coap::option;
using coap::Block;
using coap::Code;
using coap::Type;
using Bytes = std::vector<std::uint8_t>;

class LastRecord final : public RequestLog {
 public:
  void request(const RequestRecord& record) override {
    text = to_text(record);
    json = to_json(record).dump();
    ++count;
  }
  std::string text, json;
  int count = 0;
};

class ServerEngine : public ::testing::Test {
 protected:
  struct Request {
    Type type = Type::confirmable;
    Code code = Code::get;
    std::string path = {};
    std::optional<Block> block2 = {};
    std::vector<std::pair<std::uint16_t, Bytes>> options = {};  // ascending, beside path and block2
    Bytes payload = {};
  };

  const Update& add(base::Version version, std::uint32_t size = 3000, base::Version minimum = {}) {
    const auto file = image::testing::make_image({.version = version,
                                                  .minimum_version = minimum,
                                                  .image_size = size,
                                                  .seed = version.packed()})
                          .file();
    const auto name = fmt::format("OTA-STM32L1-SPIRIT1_{}_{}_{}_APP_0x{:08X}.fmu", version.major,
                                  version.minor, version.build, crypto::Crc32::of(file));
    return **store.add(name, file);
  }

  Bytes encode(const Request& request) {
    std::map<std::uint16_t, std::vector<Bytes>> sorted;
    for (const auto& [number, value] : request.options) sorted[number].push_back(value);
    std::istringstream segments(request.path);
    for (std::string segment; std::getline(segments, segment, '/');) {
      sorted[option::uri_path].emplace_back(segment.begin(), segment.end());
    }
    Bytes buffer(4096);
    const Bytes token{0xCA, 0xFE};
    coap::MessageWriter writer(buffer, request.type, request.code, 0x4711, coap::Token(token));
    bool block_written = !request.block2;
    for (const auto& [number, values] : sorted) {
      if (!block_written && number > option::block2) {
        writer.option_block(option::block2, *request.block2);
        block_written = true;
      }
      for (const auto& value : values) writer.option(number, value);
    }
    if (!block_written) writer.option_block(option::block2, *request.block2);
    writer.payload(request.payload);
    const auto written = *writer.finish();
    return Bytes(written.begin(), written.end());
  }

  std::optional<Bytes> receive(const Bytes& datagram) {
    const auto reply = engine.receive(base::Instant{}, testing::client_endpoint, datagram);
    if (!reply) return std::nullopt;
    return Bytes(reply->begin(), reply->end());
  }

  // The answer to a confirmable request, which must be piggybacked and carry the token.
  coap::Message ask(const Request& request) {
    const auto reply = receive(encode(request));
    EXPECT_TRUE(reply);
    answer = reply.value_or(Bytes{0x70, 0, 0, 0});
    const auto message = coap::parse(answer);
    EXPECT_TRUE(message);
    EXPECT_EQ(message->message_id, 0x4711);
    if (message->code != Code::empty) {
      EXPECT_EQ(message->type, Type::acknowledgement);
      EXPECT_EQ(message->token.bytes().size(), 2u);
    }
    return *message;
  }
  Code code_of(const Request& request) { return ask(request).code; }

  Bytes fetch_all(const std::string& path, std::uint8_t exponent, const Bytes& payload = {}) {
    Bytes whole;
    for (std::uint32_t number = 0;; ++number) {
      const auto message =
          ask({.path = path, .block2 = Block{number, false, exponent}, .payload = payload});
      EXPECT_EQ(message.code, Code::content);
      whole.insert(whole.end(), message.payload.begin(), message.payload.end());
      const auto block = message.options.block(option::block2);
      if (!block || !block->more) return whole;
      EXPECT_EQ(block->number, number);
    }
  }

  Bytes classic(base::Version version, std::uint32_t offset = 0,
                std::string_view product = "OTA-STM32L1-SPIRIT1") {
    std::array<std::uint8_t, wire::classic_request_bytes> buffer{};
    const auto written = *wire::emit(
        wire::ClassicRequest{.product = product, .version = version, .offset = offset}, buffer);
    return Bytes(written.begin(), written.end());
  }
  Bytes ask_payload(base::Version running, const std::vector<wire::ImageDigest>& rejected = {}) {
    wire::Ask ask;
    ask.product = "OTA-STM32L1-SPIRIT1";
    ask.running = running;
    for (const auto& digest : rejected) EXPECT_TRUE(ask.rejected.push_back(digest));
    std::array<std::uint8_t, wire::ask_bytes> buffer{};
    const auto written = *wire::emit(ask, buffer);
    return Bytes(written.begin(), written.end());
  }
  Request ask_request(const Bytes& payload) {
    return {.code = Code::fetch,
            .path = "updates",
            .options = {{option::content_format, {60}}},
            .payload = payload};
  }
  bool is_reset(const Request& request) {
    const auto message = ask(request);
    return message.type == Type::reset && message.code == Code::empty;
  }

  Store store;
  LastRecord log;
  Engine engine{store, EngineSettings{}, &log};
  Bytes answer;
};

TEST_F(ServerEngine, ServesAFileInEveryBlockSize) {
  const auto& update = add({1, 1, 31});
  for (std::uint8_t exponent = 0; exponent <= 6; ++exponent) {
    EXPECT_EQ(fetch_all(update.path, exponent), update.bytes) << int{exponent};
  }
}

TEST_F(ServerEngine, TellsEtagSizeAndFormat) {
  const auto& update = add({1, 1, 31});
  const auto first = ask({.path = update.path, .block2 = Block{0, false, 5}});
  EXPECT_EQ(first.options.uint(option::size2), update.bytes.size());
  EXPECT_EQ(first.options.uint(option::content_format), coap::content_format::octet_stream);
  EXPECT_TRUE(std::ranges::equal(first.options.find(option::etag)->value, update.etag));
  const auto third = ask({.path = update.path, .block2 = Block{2, false, 5}});
  EXPECT_EQ(third.options.count(option::size2), 0u);
  EXPECT_TRUE(std::ranges::equal(third.options.find(option::etag)->value, update.etag));
  EXPECT_TRUE(std::ranges::equal(third.payload, base::Bytes(update.bytes).subspan(1024, 512)));
  // Without Block2 the server begins with its largest.
  const auto plain = ask({.path = update.path});
  EXPECT_EQ(plain.options.block(option::block2), (Block{0, true, 6}));
}

// The same request gives the same bytes, from this server or from another with the same files.
TEST_F(ServerEngine, AnswersDuplicatesAlike) {
  const auto& update = add({1, 1, 31});
  Store other_store;
  ASSERT_TRUE(other_store.add(update.name, update.bytes));
  Engine other(other_store, EngineSettings{});
  for (const auto& request :
       {Request{.path = update.path, .block2 = Block{3, false, 4}},
        Request{.type = Type::non_confirmable, .path = update.path},
        ask_request(ask_payload({1, 0, 0})), Request{.path = ".well-known/core"},
        Request{.path = "updates", .payload = classic({1, 0, 0})}}) {
    const auto datagram = encode(request);
    const auto first = receive(datagram);
    EXPECT_EQ(receive(datagram), first);
    const auto replica = other.receive(base::Instant{}, testing::server_endpoint, datagram);
    ASSERT_TRUE(replica && first);
    EXPECT_TRUE(std::ranges::equal(*replica, *first));
  }
}

TEST_F(ServerEngine, LimitsTheBlockSize) {
  const auto& update = add({1, 1, 31});
  Engine small(store, {.retry_after_s = 0, .max_size_exponent = 2});
  const auto datagram = encode({.path = update.path, .block2 = Block{1, false, 6}});
  const auto reply = small.receive(base::Instant{}, testing::client_endpoint, datagram);
  const auto message = coap::parse(*reply);
  // Byte 1024 as it was asked for, in a smaller block.
  EXPECT_EQ(message->options.block(option::block2), (Block{16, true, 2}));
  EXPECT_TRUE(std::ranges::equal(message->payload, base::Bytes(update.bytes).subspan(1024, 64)));
}

TEST_F(ServerEngine, OffersTheHighestVersionThatFits) {
  const auto offered = [&](base::Version running,
                           const std::vector<wire::ImageDigest>& rejected = {}) {
    const auto message = ask(ask_request(ask_payload(running, rejected)));
    EXPECT_EQ(message.code, Code::content);
    EXPECT_EQ(message.options.uint(option::content_format), coap::content_format::cbor);
    const auto parsed = wire::parse_answer(message.payload);
    EXPECT_TRUE(parsed);
    EXPECT_EQ(parsed->retry_after_s, 3600u);
    return parsed->offer ? parsed->offer->version : base::Version{};
  };
  EXPECT_TRUE(offered({1, 0, 31}).empty());
  const auto& low = add({1, 1, 0});
  const auto& high = add({1, 2, 0});
  add({2, 0, 0}, 3000, {1, 1, 0});
  EXPECT_EQ(offered({1, 0, 31}), (base::Version{1, 2, 0}));
  EXPECT_EQ(offered({1, 1, 0}), (base::Version{2, 0, 0}));
  EXPECT_TRUE(offered({2, 0, 0}).empty());
  EXPECT_EQ(offered({1, 0, 31}, {high.manifest.digest}), (base::Version{1, 1, 0}));
  EXPECT_TRUE(offered({1, 0, 31}, {high.manifest.digest, low.manifest.digest}).empty());
  const auto message = ask(ask_request(ask_payload({1, 0, 31})));
  const auto parsed = wire::parse_answer(message.payload);
  EXPECT_EQ(parsed->offer->path, high.path);
  EXPECT_EQ(parsed->offer->size, high.bytes.size());
  EXPECT_EQ(parsed->offer->digest, high.manifest.digest);
  EXPECT_EQ(fetch_all(std::string(parsed->offer->path), 6), high.bytes);
}

TEST_F(ServerEngine, SaysWhatIsWrongWithAnAsk) {
  auto request = ask_request(ask_payload({1, 0, 0}));
  request.options.clear();
  EXPECT_EQ(code_of(request), Code::unsupported_content_format);
  request.options = {{option::content_format, {42}}};
  EXPECT_EQ(code_of(request), Code::unsupported_content_format);
  EXPECT_EQ(code_of(ask_request({0x01})), Code::bad_request);
  const auto incomplete = ask(ask_request({0xA0}));
  EXPECT_EQ(incomplete.code, Code::unprocessable_entity);
  EXPECT_EQ(coap::text_of(incomplete.payload), "a required field is missing");
  request = ask_request(ask_payload({1, 0, 0}));
  request.options.push_back({option::accept, {42}});
  EXPECT_EQ(code_of(request), Code::not_acceptable);
}

TEST_F(ServerEngine, ServesClassicFromTheOffsetOn) {
  const auto& update = add({1, 1, 31});
  EXPECT_EQ(fetch_all("updates", 4, classic({1, 1, 2})), update.bytes);
  const Bytes tail(update.bytes.begin() + 1000, update.bytes.end());
  EXPECT_EQ(fetch_all("updates", 4, classic({1, 1, 2}, 1000)), tail);
  EXPECT_NE(log.text.find(fmt::format("bytes [{}, {}) of {}", 1000 + (tail.size() - 1) / 256 * 256,
                                      update.bytes.size(), update.bytes.size())),
            std::string::npos)
      << log.text;
  EXPECT_EQ(code_of({.path = "updates", .payload = classic({1, 1, 2}, 100000)}), Code::bad_request);
}

TEST_F(ServerEngine, ResetsClassicRequestsThatGetNothing) {
  add({1, 1, 31});
  EXPECT_TRUE(is_reset({.path = "updates", .payload = classic({1, 1, 31})}));
  EXPECT_TRUE(is_reset({.path = "updates", .payload = classic({1, 0, 0}, 0, "OTHER")}));
  EXPECT_TRUE(is_reset({.path = "elsewhere", .payload = classic({1, 0, 0})}));
  EXPECT_NE(log.text.find("-> RST"), std::string::npos);
  EXPECT_FALSE(is_reset({.path = "elsewhere"}));
  EXPECT_EQ(code_of({.path = "updates", .payload = {1, 2, 3}}), Code::bad_request);
}

// The frames of a field device: the datagram is at the end of what the two fragments carry.
TEST_F(ServerEngine, ServesTheRecordedFieldDevice) {
  const auto& update = add({1, 1, 31});
  std::ifstream file(GOLDCREST_ROOT "/tests/vectors/contiki-spirit1/field-device-asks.hex");
  Bytes datagram;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    words >> std::hex;
    Bytes frame;
    for (unsigned byte; words >> byte;) frame.push_back(static_cast<std::uint8_t>(byte));
    // First fragment: 21 bytes of MAC, 4 of FRAG1, IPv6 uncompressed; then UDP 5683 to 5683.
    const Bytes ports{0x16, 0x33, 0x16, 0x33};
    const auto udp = std::ranges::search(frame, ports).begin();
    const auto header = udp == frame.end() ? 21 + 5 : udp - frame.begin() + 8;
    datagram.insert(datagram.end(), frame.begin() + header, frame.end());
  }
  ASSERT_EQ(datagram.size(), 44u);
  const auto reply = receive(datagram);
  ASSERT_TRUE(reply);
  const auto message = coap::parse(*reply);
  EXPECT_EQ(message->type, Type::acknowledgement);
  EXPECT_EQ(message->code, Code::content);
  EXPECT_EQ(message->message_id, 0x2C96);
  EXPECT_TRUE(message->token.bytes().empty());
  EXPECT_EQ(message->options.block(option::block2), (Block{0, true, 4}));
  EXPECT_TRUE(std::ranges::equal(message->payload, base::Bytes(update.bytes).first(256)));
  EXPECT_EQ(log.text,
            fmt::format("192.168.1.72:5683 GET /updates Block2=0/0/256 product=OTA-STM32L1-SPIRIT1 "
                        "type=3 version=1.1.2 offset=0 -> 2.05 Content {} bytes [0, 256) of {}",
                        update.name, update.bytes.size()));
}

TEST_F(ServerEngine, AnswersWithTheRfcsErrors) {
  const auto& update = add({1, 1, 31});
  EXPECT_EQ(code_of({.path = "nothing"}), Code::not_found);
  EXPECT_EQ(code_of({.path = ""}), Code::not_found);
  EXPECT_EQ(code_of({.path = "updates/00000000"}), Code::not_found);
  EXPECT_EQ(code_of({.path = update.path + "/x"}), Code::not_found);
  for (const auto code :
       {Code::post, Code::put, Code::del, Code::patch, Code::ipatch, static_cast<Code>(0x1F)}) {
    EXPECT_EQ(code_of({.code = code, .path = "updates"}), Code::method_not_allowed);
    EXPECT_EQ(code_of({.code = code, .path = update.path}), Code::method_not_allowed);
    EXPECT_EQ(code_of({.code = code, .path = ".well-known/core"}), Code::method_not_allowed);
  }
  EXPECT_EQ(code_of({.path = update.path, .options = {{9, {}}}}), Code::bad_option);
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::if_none_match, {}}}}),
            Code::bad_option);
  EXPECT_EQ(
      code_of({.path = update.path, .options = {{option::accept, {0}}, {option::accept, {0}}}}),
      Code::bad_option);
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::uri_host, {}}}}), Code::bad_option);
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::proxy_uri, {'x'}}}}),
            Code::proxying_not_supported);
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::block2, {0x07}}}}),
            Code::bad_request);
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::block2, {0, 0, 0, 1}}}}),
            Code::bad_option);
  EXPECT_EQ(code_of({.path = update.path, .block2 = Block{99999, false, 6}}), Code::bad_request);
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::accept, {60}}}}),
            Code::not_acceptable);
  const auto large = ask({.code = Code::fetch, .path = "updates", .payload = Bytes(1025)});
  EXPECT_EQ(large.code, Code::request_entity_too_large);
  EXPECT_EQ(large.options.uint(option::size1), request_payload_limit);
  EXPECT_FALSE(large.payload.empty());
  EXPECT_EQ(code_of({.code = Code::fetch,
                     .path = "updates",
                     .options = {{option::content_format, {60}}, {option::block1, {0x0E}}},
                     .payload = Bytes(1024)}),
            Code::request_entity_too_large);
  // Elective options of others are no matter.
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::observe, {}}, {2050, {1}}}}),
            Code::content);
}

TEST_F(ServerEngine, EvaluatesEtagAndIfMatch) {
  const auto& update = add({1, 1, 31});
  const Bytes tag(update.etag.begin(), update.etag.end());
  const auto valid =
      ask({.path = update.path, .options = {{option::etag, {1}}, {option::etag, tag}}});
  EXPECT_EQ(valid.code, Code::valid);
  EXPECT_TRUE(valid.payload.empty());
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::etag, {1}}}}), Code::content);
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::if_match, tag}}}), Code::content);
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::if_match, {}}}}), Code::content);
  EXPECT_EQ(code_of({.path = update.path, .options = {{option::if_match, {1}}}}),
            Code::precondition_failed);
}

TEST_F(ServerEngine, ListsItsResources) {
  EXPECT_EQ(code_of({.path = "updates"}), Code::content);
  const auto& update = add({1, 1, 31});
  const auto message = ask({.path = ".well-known/core"});
  EXPECT_EQ(message.options.uint(option::content_format), coap::content_format::link_format);
  const auto links = std::string(coap::text_of(message.payload));
  EXPECT_NE(links.find("</updates>;"), std::string::npos);
  EXPECT_NE(links.find(fmt::format("</{}>;rt=\"goldcrest.fmu\";ct=42;sz={}", update.path,
                                   update.bytes.size())),
            std::string::npos);
  for (std::uint16_t build = 32; build < 60; ++build) add({1, 1, build}, 1500);
  const auto all = fetch_all(".well-known/core", 6);
  EXPECT_EQ(std::ranges::count(all, '<'), 30);
}

TEST_F(ServerEngine, KeepsToTheMessageLayer) {
  EXPECT_EQ(receive({0x40, 0x00, 0x12, 0x34}), (Bytes{0x70, 0x00, 0x12, 0x34}));  // ping
  EXPECT_EQ(receive({0x40, 0x45, 0x12, 0x34}), (Bytes{0x70, 0x00, 0x12, 0x34}));  // response
  EXPECT_EQ(receive({0x40, 0x20, 0x12, 0x34}), (Bytes{0x70, 0x00, 0x12, 0x34}));  // reserved class
  EXPECT_EQ(receive({0x49, 0x01, 0x12, 0x34}), (Bytes{0x70, 0x00, 0x12, 0x34}));  // format error
  for (const auto& silent : std::vector<Bytes>{{},
                                               {0x40},
                                               {0x80, 0x01, 0, 1},
                                               {0x50, 0x00, 0, 1},
                                               {0x59, 0x01, 0, 1},
                                               {0x60, 0x01, 0, 1},
                                               {0x70, 0x00, 0, 1},
                                               {0x50, 0x45, 0, 1}}) {
    EXPECT_FALSE(receive(silent));
  }
  EXPECT_EQ(log.count, 0);
  const auto non = receive(encode({.type = Type::non_confirmable, .path = "nothing"}));
  ASSERT_TRUE(non);
  EXPECT_EQ(coap::parse(*non)->type, Type::non_confirmable);
  EXPECT_EQ(coap::parse(*non)->code, Code::not_found);
  EXPECT_FALSE(receive(encode({.type = Type::non_confirmable, .options = {{9, {}}}})));
}

TEST_F(ServerEngine, LogsWhatStrangersSendWithoutHarm) {
  const auto code = code_of({.path = "\x1b[31m\"\\\n", .options = {{option::uri_host, {0xFF, 0}}}});
  EXPECT_EQ(code, Code::not_found);
  EXPECT_EQ(log.text.find('\x1b'), std::string::npos);
  EXPECT_EQ(log.text.find('\n'), std::string::npos);
  EXPECT_NE(log.json.find("\\\""), std::string::npos);
}

// Whatever comes, every answer is a CoAP message, and confirmable requests get one.
TEST_F(ServerEngine, SurvivesRandomAndMutatedDatagrams) {
  const auto& update = add({1, 1, 31});
  const std::vector<Bytes> seeds{encode({.path = update.path, .block2 = Block{1, false, 5}}),
                                 encode(ask_request(ask_payload({1, 0, 0}))),
                                 encode({.path = "updates", .payload = classic({1, 0, 0})})};
  base::SeededRandom random(12);
  for (int round = 0; round < 30000; ++round) {
    auto datagram = seeds[random.below(3)];
    for (std::uint32_t i = random.below(5); i > 0; --i) {
      datagram[random.below(static_cast<std::uint32_t>(datagram.size()))] =
          static_cast<std::uint8_t>(random.next());
    }
    datagram.resize(datagram.size() - random.below(4));
    const auto reply = receive(datagram);
    if (reply) {
      ASSERT_TRUE(coap::parse(*reply));
      ASSERT_LE(reply->size(), 1152u);
    } else if (const auto header = coap::peek_header(datagram)) {
      ASSERT_NE(header->type, Type::confirmable);
    }
  }
}

}  // namespace
}  // namespace goldcrest::server

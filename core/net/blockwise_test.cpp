// SPDX-License-Identifier: MIT
#include "core/net/blockwise.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace goldcrest::net {
namespace {

namespace coap = wire::coap;
using coap::Block;
using coap::Code;
using std::chrono::minutes;
using std::chrono::seconds;
using Data = std::vector<std::uint8_t>;

const wire::Endpoint server{wire::Ipv6Address::from_ipv4({10, 0, 0, 1}), 5683};

// A server that a test tells how to behave; it answers by the letter of RFC 7959.
class Download : public ::testing::Test {
 protected:
  struct Behaviour {
    std::uint8_t max_size_exponent = 6;
    Data etag{1, 2, 3, 4};
    bool size2 = true;
    std::optional<Code> code;     // instead of a block
    std::optional<Block> lie;     // instead of the right Block2
    std::optional<Data> payload;  // instead of the right bytes
    bool with_block2 = true;
    bool reset = false;
    std::optional<std::uint16_t> extra_critical;
  };

  void SetUp() override {
    base::SeededRandom bytes(3);
    resource.resize(3000);
    for (auto& byte : resource) byte = static_cast<std::uint8_t>(bytes.next());
  }

  Data answer(const coap::Message& request) {
    if (behaviour.reset) {
      const auto message = coap::empty_message(coap::Type::reset, request.message_id);
      return Data(message.begin(), message.end());
    }
    auto block = request.options.block(coap::option::block2).value_or(Block{});
    const auto offset = block.offset();
    block.size_exponent = std::min(block.size_exponent, behaviour.max_size_exponent);
    block.number = offset >> (block.size_exponent + 4u);
    Data buffer(1200);
    coap::MessageWriter writer(buffer, coap::Type::acknowledgement,
                               behaviour.code.value_or(Code::content), request.message_id,
                               request.token);
    if (!behaviour.code) {
      const auto begin = std::min<std::size_t>(offset, resource.size());
      const auto size =
          behaviour.with_block2 ? std::min(block.size(), resource.size() - begin) : resource.size();
      block.more = begin + size < resource.size();
      if (!behaviour.etag.empty()) writer.option(coap::option::etag, behaviour.etag);
      if (behaviour.extra_critical) writer.option(*behaviour.extra_critical, {});
      if (behaviour.with_block2) {
        writer.option_block(coap::option::block2, behaviour.lie.value_or(block));
      }
      if (behaviour.size2 && offset == 0) {
        writer.option_uint(coap::option::size2, static_cast<std::uint32_t>(resource.size()));
      }
      writer.payload(behaviour.payload ? base::Bytes(*behaviour.payload)
                                       : base::Bytes(resource).subspan(begin, size));
    }
    const auto written = *writer.finish();
    return Data(written.begin(), written.end());
  }

  // One request of those waiting is answered; which one, `order` says.
  enum class Order { first, last };
  bool step(Order order = Order::first) {
    while (const auto outcome = exchanges.advance(now)) handle(*outcome);
    download.advance(now);
    while (const auto transmission = exchanges.next_transmission(now)) {
      waiting.emplace_back(transmission->message.begin(), transmission->message.end());
    }
    if (waiting.empty()) return false;
    const auto datagram = order == Order::first ? waiting.front() : waiting.back();
    order == Order::first ? waiting.pop_front() : waiting.pop_back();
    const auto request = coap::parse(datagram);
    if (const auto block = request->options.block(coap::option::block2)) asked.push_back(*block);
    if (!silent) {
      const auto reply = answer(*request);
      if (const auto outcome = exchanges.receive(now, server, reply)) handle(*outcome);
    }
    now += std::chrono::milliseconds(50);
    return true;
  }
  void handle(const CoapOutcome& outcome) {
    EXPECT_TRUE(download.handle(now, outcome));
    while (const auto bytes = download.next_data()) {
      data.insert(data.end(), bytes->begin(), bytes->end());
    }
  }
  void begin(const DownloadSettings& settings = {}, const BlockDownload::Expected& expected = {}) {
    download.begin(now, {.path = "file"}, settings, expected);
  }
  DownloadStatus run(Order order = Order::first) {
    for (int i = 0; i < 2000 && download.status() == DownloadStatus::running; ++i) {
      if (!step(order)) {
        now = std::max(now, std::min(exchanges.next_deadline(), download.next_deadline()));
      }
    }
    return download.status();
  }

  base::SeededRandom random{9};
  CoapExchanges exchanges{random, server};
  std::array<std::uint8_t, 512> reorder{};
  BlockDownload download{exchanges, reorder};
  base::Instant now{};
  Behaviour behaviour;
  Data resource, data;
  std::deque<Data> waiting;
  std::vector<Block> asked;
  bool silent = false;
};

TEST_F(Download, FetchesEveryBlockOnceInOrder) {
  begin();
  EXPECT_EQ(run(), DownloadStatus::complete);
  EXPECT_EQ(data, resource);
  ASSERT_EQ(asked.size(), 6u);
  for (std::uint32_t number = 0; number < 6; ++number) {
    EXPECT_EQ(asked[number], (Block{.number = number, .more = false, .size_exponent = 5}));
  }
  EXPECT_EQ(download.size(), 3000u);
  EXPECT_EQ(exchanges.outstanding(), 0u);
}

class DownloadInSizes : public Download,
                        public ::testing::WithParamInterface<std::tuple<int, int, std::size_t>> {};

// Any size asked for, any limit of the server, sizes around multiples of blocks; answers in order
// and the other way round.
TEST_P(DownloadInSizes, GivesTheSameBytes) {
  const auto [exponent, limit, size] = GetParam();
  for (const std::size_t outstanding : {1u, 2u}) {
    for (const auto order : {Order::first, Order::last}) {
      resource.resize(size);
      behaviour.max_size_exponent = static_cast<std::uint8_t>(limit);
      data.clear();
      begin({.max_size_exponent = static_cast<std::uint8_t>(exponent),
             .min_size_exponent = 0,
             .outstanding = outstanding});
      ASSERT_EQ(run(order), DownloadStatus::complete) << outstanding;
      ASSERT_EQ(data, resource);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, DownloadInSizes,
    ::testing::Combine(::testing::Values(0, 3, 5), ::testing::Values(0, 2, 6),
                       ::testing::Values(std::size_t{0}, std::size_t{1}, std::size_t{15},
                                         std::size_t{16}, std::size_t{512}, std::size_t{513},
                                         std::size_t{1024}, std::size_t{3000})));

TEST_F(Download, KeepsTwoRequestsOutstanding) {
  begin({.outstanding = 2}, {.size = 3000, .etag = behaviour.etag});
  EXPECT_TRUE(step(Order::last));
  EXPECT_EQ(exchanges.outstanding(), 1u);  // the second block came early: one is kept
  EXPECT_TRUE(data.empty());
  EXPECT_TRUE(step());
  EXPECT_EQ(data.size(), 1024u);
  EXPECT_EQ(run(Order::last), DownloadStatus::complete);
  EXPECT_EQ(data, resource);
  EXPECT_EQ(asked.size(), 6u);
}

TEST_F(Download, TakesAResourceWithoutBlock2) {
  resource.resize(100);
  behaviour.with_block2 = false;
  begin();
  EXPECT_EQ(run(), DownloadStatus::complete);
  EXPECT_EQ(data, resource);
}

TEST_F(Download, HalvesTheBlocksInSilenceAndGoesOn) {
  begin();
  step();
  EXPECT_EQ(data.size(), 512u);
  silent = true;
  const auto start = now;
  while (now < start + minutes(20)) {
    if (!step()) now = std::min(exchanges.next_deadline(), download.next_deadline());
  }
  EXPECT_EQ(download.status(), DownloadStatus::running);
  EXPECT_EQ(download.block_size(), 128u);
  // Two transmissions every half minute or so once it is clear that nobody is there.
  EXPECT_LT(asked.size(), 120u);
  EXPECT_GT(asked.size(), 40u);
  EXPECT_LT(download.last_progress(), start + seconds(1));
  silent = false;
  asked.clear();
  waiting.clear();
  EXPECT_EQ(run(), DownloadStatus::complete);
  EXPECT_EQ(data, resource);
  // It goes on where it was, and the blocks grow again.
  EXPECT_EQ(asked.front().offset(), 512u);
  EXPECT_EQ(asked.back().size_exponent, 5);
}

TEST_F(Download, NoticesThatTheResourceChanged) {
  begin();
  step();
  behaviour.etag = {9};
  EXPECT_EQ(run(), DownloadStatus::changed);
  behaviour.etag = {1, 2, 3, 4};
  begin();
  step();
  behaviour.etag.clear();  // a tag that is no more there is no longer the same
  EXPECT_EQ(run(), DownloadStatus::changed);
  behaviour.etag = {1, 2, 3, 4};
  begin();
  step();
  resource.resize(2000);
  behaviour.size2 = false;
  EXPECT_EQ(run(), DownloadStatus::changed);
  begin({}, {.size = 1999, .etag = behaviour.etag});
  EXPECT_EQ(run(), DownloadStatus::changed);
  begin({},
        {.size = {}, .etag = resource.empty() ? base::Bytes() : base::Bytes(resource).first(4)});
  EXPECT_EQ(run(), DownloadStatus::changed);
}

TEST_F(Download, GoesOnAfterAnEndWithTheSameFile) {
  begin();
  while (data.size() < 1024) ASSERT_TRUE(step());
  download.stop();
  exchanges.cancel_all();
  waiting.clear();
  data.resize(992);  // somebody has kept less than was handed over
  asked.clear();
  download.resume(now, {.path = "file"}, 992);
  EXPECT_EQ(download.received(), 992u);
  EXPECT_EQ(run(), DownloadStatus::complete);
  EXPECT_EQ(data, resource);
  EXPECT_EQ(asked.front().offset(), 992u);

  // It knows what file it was.
  begin();
  while (data.size() < 4000) ASSERT_TRUE(step());
  download.stop();
  exchanges.cancel_all();
  waiting.clear();
  behaviour.etag = {5, 6, 7, 8};
  download.resume(now, {.path = "file"}, 512);
  EXPECT_EQ(run(), DownloadStatus::changed);
}

TEST_F(Download, ReportsErrorsOfTheServer) {
  behaviour.code = Code::not_found;
  begin();
  EXPECT_EQ(run(), DownloadStatus::not_found);
  behaviour.code = Code::unauthorized;
  begin();
  EXPECT_EQ(run(), DownloadStatus::rejected);
  EXPECT_EQ(download.response_code(), Code::unauthorized);
  behaviour.reset = true;
  begin();
  EXPECT_EQ(run(), DownloadStatus::reset);
}

TEST_F(Download, WaitsForAServerThatIsNotWell) {
  behaviour.code = Code::service_unavailable;
  begin();
  const auto start = now;
  while (now < start + minutes(5)) {
    if (!step()) now = download.next_deadline();
  }
  EXPECT_EQ(download.status(), DownloadStatus::running);
  EXPECT_LT(asked.size(), 40u);
  behaviour.code.reset();
  EXPECT_EQ(run(), DownloadStatus::complete);
  EXPECT_EQ(data, resource);
}

TEST_F(Download, GivesUpOnBlocksThatBreakTheRules) {
  behaviour.lie = Block{.number = 5, .more = true, .size_exponent = 5};
  begin();
  EXPECT_EQ(run(), DownloadStatus::malformed);  // another block than asked for
  behaviour.lie = Block{.number = 0, .more = true, .size_exponent = 6};
  begin();
  EXPECT_EQ(run(), DownloadStatus::malformed);  // larger than asked for
  behaviour.lie.reset();
  behaviour.payload = Data(511);
  begin();
  EXPECT_EQ(run(), DownloadStatus::malformed);  // shorter than it says, with more to come
  behaviour.payload.reset();
  behaviour.extra_critical = 9;
  begin();
  EXPECT_EQ(run(), DownloadStatus::malformed);  // RFC 7252 section 5.4.1
  EXPECT_TRUE(data.empty());
}

TEST_F(Download, SaysWhenTheRequestIsTooLong) {
  const std::string path(limits::coap_request_bytes, 'p');
  download.begin(now, {.path = path}, {});
  download.advance(now);
  EXPECT_EQ(download.status(), DownloadStatus::request_too_long);
}

TEST_F(Download, LeavesOutcomesOfOthersAlone) {
  begin();
  CoapOutcome outcome;
  outcome.exchange.token = 12345;
  EXPECT_FALSE(download.handle(now, outcome));
  download.stop();
  EXPECT_EQ(download.status(), DownloadStatus::idle);
  EXPECT_EQ(exchanges.outstanding(), 0u);
}

}  // namespace
}  // namespace goldcrest::net

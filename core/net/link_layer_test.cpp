// SPDX-License-Identifier: MIT
#include "core/net/link_layer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

namespace goldcrest::net {
namespace {

using namespace std::chrono_literals;
using Frame = std::vector<std::uint8_t>;

const wire::Eui64 own{{2, 0, 0, 0, 0, 0, 0, 1}};
const wire::Eui64 peer{{2, 0, 0, 0, 0, 0, 0, 2}};
const wire::Eui64 stranger{{2, 0, 0, 0, 0, 0, 0, 3}};
const Frame payload{0x7A, 1, 2, 3};

struct Link : ::testing::Test {
  Link() { make({.eui64 = own}); }
  void make(LinkConfig config) {
    link = std::make_unique<LinkLayer>(config, neighbours, sources, random, statistics);
  }

  Frame frame(std::uint8_t sequence, bool ack_request = false,
              wire::MacAddress to = wire::MacAddress::from(own), wire::Eui64 from = peer,
              std::uint16_t pan = 0xABCD) {
    auto mac = wire::MacFrame::data(pan, sequence, wire::MacAddress::from(from), to, payload);
    mac.ack_request = ack_request;
    Frame bytes(64);
    base::ByteWriter writer(bytes);
    mac.emit(writer);
    bytes.resize(writer.size());
    return bytes;
  }
  static Frame ack(std::uint8_t sequence) { return {0x02, 0x00, sequence}; }

  /// Drives until the link hands a frame out; empty when it has none within a second.
  Frame take() {
    const auto end = now + 1s;
    while (now < end) {
      link->advance(now);
      if (const auto out = link->next_transmission(now)) {
        last_immediate = out->immediate;
        return Frame(out->frame.begin(), out->frame.end());
      }
      const auto next = link->next_deadline();
      if (next == base::never || next > end) return {};
      now = std::max(next, now + 1us);
    }
    return {};
  }
  Frame take_and_send() {
    const auto bytes = take();
    if (!bytes.empty()) link->transmission_done(now += 10ms, TransmitResult::sent);
    return bytes;
  }
  static bool asks(const Frame& bytes) { return wire::MacFrame::parse(bytes)->ack_request; }

  std::array<Neighbour, 4> storage{};
  NeighbourTable neighbours{storage};
  std::array<SourceRecord, 4> sources{};
  base::SeededRandom random{1};
  LinkStatistics statistics;
  std::unique_ptr<LinkLayer> link;
  base::Instant now{};
  bool last_immediate = false;
};

TEST_F(Link, HandsUpWhatIsForUsAndNothingElse) {
  const auto first = frame(1);  // what is handed up points into it
  const auto up = link->receive(now, first, -70);
  ASSERT_TRUE(up);
  EXPECT_EQ(up->source, peer);
  EXPECT_FALSE(up->broadcast);
  EXPECT_EQ(Frame(up->payload.begin(), up->payload.end()), payload);
  const auto to_all = link->receive(now, frame(2, false, wire::MacAddress::broadcast()), -70);
  ASSERT_TRUE(to_all);
  EXPECT_TRUE(to_all->broadcast);
  EXPECT_FALSE(link->receive(now, frame(3, true, wire::MacAddress::from(stranger)), -70));
  EXPECT_FALSE(link->receive(now, frame(4, false, wire::MacAddress::from(own), peer, 0x1234), -70));
  EXPECT_FALSE(link->receive(now, frame(5, false, wire::MacAddress::from(own), own), -70));
  EXPECT_FALSE(link->receive(now, Frame{1, 2, 3}, -70));
  EXPECT_EQ(statistics.frames_foreign, 3u);
  EXPECT_EQ(statistics.frames_malformed, 1u);
}

TEST_F(Link, RejectsDuplicatesButAcknowledgesThemAgain) {
  EXPECT_TRUE(link->receive(now, frame(9, true), -70));
  EXPECT_EQ(take_and_send(), ack(9));
  EXPECT_TRUE(last_immediate);
  EXPECT_FALSE(link->receive(now, frame(9, true), -70));
  EXPECT_EQ(take_and_send(), ack(9));
  EXPECT_EQ(statistics.duplicates, 1u);
  EXPECT_EQ(statistics.acks_sent, 2u);
}

TEST_F(Link, LateFramesAreNewsOldOnesAreNot) {
  EXPECT_TRUE(link->receive(now, frame(250), -70));
  EXPECT_TRUE(link->receive(now, frame(254), -70));
  EXPECT_TRUE(link->receive(now, frame(252), -70)) << "overtaken by 254";
  EXPECT_FALSE(link->receive(now, frame(252), -70));
  EXPECT_TRUE(link->receive(now, frame(1), -70)) << "past the wrap";
  EXPECT_FALSE(link->receive(now, frame(254), -70));
  // The same number from somebody else, or after a while, is another frame.
  EXPECT_TRUE(link->receive(now, frame(1, false, wire::MacAddress::from(own), stranger), -70));
  EXPECT_TRUE(link->receive(now + 10s, frame(1), -70));
}

TEST_F(Link, AsksASilentNeighbourNowAndThenAndNeverRepeats) {
  unsigned asked = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(link->idle());
    link->send(now, peer, payload, true);
    const auto bytes = take_and_send();
    ASSERT_FALSE(bytes.empty());
    asked += asks(bytes);
    EXPECT_TRUE(take().empty()) << "sent once, whatever happens";
    ASSERT_EQ(link->take_outcome(), LinkOutcome::sent);
  }
  EXPECT_GE(asked, 5u);
  EXPECT_LE(asked, 7u);
  EXPECT_EQ(statistics.retransmissions, 0u);
  EXPECT_EQ(statistics.frames_sent, 100u);
}

TEST_F(Link, RetransmitsOnceTheNeighbourHasAcknowledged) {
  link->send(now, peer, payload, true);
  const auto probe = take_and_send();
  ASSERT_TRUE(asks(probe));
  (void)link->receive(now += 3ms, ack(probe[2]), -70);
  EXPECT_EQ(link->take_outcome(), LinkOutcome::sent);
  EXPECT_EQ(neighbours.find(peer)->acks, AckAbility::proven);

  link->send(now, peer, payload, true);
  const auto first = take_and_send();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(take_and_send(), first) << "the very same frame";
  (void)link->receive(now += 3ms, ack(first[2]), -70);
  EXPECT_EQ(link->take_outcome(), LinkOutcome::sent);
  EXPECT_EQ(statistics.retransmissions, 3u);
  EXPECT_GT(neighbours.find(peer)->etx.value(), etx_unit);
}

TEST_F(Link, GivesUpAfterTheLimitAndSaysSo) {
  neighbours.add(now, peer, -70)->acks = AckAbility::proven;
  link->send(now, peer, payload, true);
  unsigned sent = 0;
  while (!take_and_send().empty()) ++sent;
  EXPECT_EQ(sent, LinkConfig{}.attempts);
  EXPECT_EQ(link->take_outcome(), LinkOutcome::given_up);
  EXPECT_EQ(neighbours.find(peer)->consecutive_failures, 1);
}

TEST_F(Link, ANeighbourThatStopsAcknowledgingCountsAsSilentAgain) {
  neighbours.add(now, peer, -70)->acks = AckAbility::proven;
  for (int i = 0; i < 6; ++i) {
    link->send(now, peer, payload, true);
    while (!take_and_send().empty()) {
    }
    EXPECT_EQ(link->take_outcome(), LinkOutcome::given_up);
  }
  (void)link->receive(now, frame(77), -70);
  EXPECT_EQ(neighbours.find(peer)->acks, AckAbility::doubted);
  link->send(now, peer, payload, true);
  EXPECT_FALSE(take_and_send().empty());
  EXPECT_TRUE(take_and_send().empty());
  EXPECT_EQ(link->take_outcome(), LinkOutcome::sent);
}

TEST_F(Link, WhoAsksForAcksGivesThemToo) {
  neighbours.add(now, peer, -70);
  (void)link->receive(now, frame(1, true), -70);
  EXPECT_EQ(neighbours.find(peer)->acks, AckAbility::proven);
}

TEST_F(Link, AForeignOrStaleAckChangesNothing) {
  neighbours.add(now, peer, -70)->acks = AckAbility::proven;
  (void)link->receive(now, ack(5), -70);
  link->send(now, peer, payload, true);
  const auto bytes = take_and_send();
  (void)link->receive(now, ack(static_cast<std::uint8_t>(bytes[2] + 1)), -70);
  EXPECT_FALSE(link->take_outcome());
  (void)link->receive(now, ack(bytes[2]), -70);
  EXPECT_EQ(link->take_outcome(), LinkOutcome::sent);
  EXPECT_EQ(statistics.acks_received, 1u);
}

TEST_F(Link, PolicyNeverNeitherAsksNorAnswers) {
  make({.eui64 = own, .acks = LinkAckPolicy::never});
  EXPECT_TRUE(link->receive(now, frame(9, true), -70));
  EXPECT_TRUE(take().empty());
  link->send(now, peer, payload, true);
  EXPECT_FALSE(asks(take_and_send()));
}

TEST_F(Link, PolicyAlwaysAsksFromTheFirstFrameOn) {
  make({.eui64 = own, .acks = LinkAckPolicy::always});
  link->send(now, peer, payload, true);
  const auto first = take_and_send();
  EXPECT_TRUE(asks(first));
  EXPECT_EQ(take_and_send(), first);
}

TEST_F(Link, ABusyChannelIsTriedAgainLaterAndLater) {
  link->send(now, std::nullopt, payload, true);
  base::Duration longest{};
  unsigned tries = 0;
  while (true) {
    const auto before = now;
    if (take().empty()) break;
    longest = std::max(longest, now - before);
    ++tries;
    link->transmission_done(now, TransmitResult::channel_busy);
    if (link->idle() || tries > 100) break;
  }
  EXPECT_EQ(tries, LinkConfig{}.busy_limit);
  EXPECT_GT(longest, 20ms);
  EXPECT_EQ(link->take_outcome(), LinkOutcome::given_up);
}

TEST_F(Link, StaysQuietWhileSomebodyElseWaitsForAnAck) {
  link->send(now, std::nullopt, payload, false);
  (void)link->receive(now, frame(3, true, wire::MacAddress::from(stranger)), -70);
  EXPECT_FALSE(link->next_transmission(now));
  EXPECT_GT(link->next_deadline(), now + 4ms);
}

TEST_F(Link, GapsInSequenceNumbersTellTheEtxOfASilentNeighbour) {
  auto* neighbour = neighbours.add(now, peer, -70);
  std::uint8_t sequence = 0;
  for (int i = 0; i < 100; ++i) {
    (void)link->receive(now += 20ms, frame(sequence), -70);
    sequence = static_cast<std::uint8_t>(sequence + 2);  // every other frame is lost
  }
  EXPECT_NEAR(neighbour->etx.value(), 2 * etx_unit, 8);
  for (int i = 0; i < 100; ++i) (void)link->receive(now += 20ms, frame(sequence++), -70);
  EXPECT_NEAR(neighbour->etx.value(), etx_unit, 8);
}

}  // namespace
}  // namespace goldcrest::net

// SPDX-License-Identifier: MIT
// The IPv6 layer with an owner that the test plays.
#include "core/net/mesh_stack.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "core/wire/udp.hpp"

namespace goldcrest::net {
namespace {

using namespace std::chrono_literals;
using Packet = std::vector<std::uint8_t>;

const wire::Eui64 own{{2, 0, 0, 0, 0, 0, 0, 1}};
const wire::Eui64 parent{{2, 0, 0, 0, 0, 0, 0, 2}};
const wire::Eui64 child{{2, 0, 0, 0, 0, 0, 0, 3}};
const auto prefix = *wire::Ipv6Address::parse("aaaa::");
const auto own_address = wire::Ipv6Address::from_prefix(prefix, own);
const auto own_link_local = wire::Ipv6Address::link_local_from(own);
const auto child_address = wire::Ipv6Address::from_prefix(prefix, child);
const auto grandchild = *wire::Ipv6Address::parse("aaaa::1234");
const auto world = *wire::Ipv6Address::parse("2001:db8::1");

struct MeshStackTest : ::testing::Test, MeshOwner {
  MeshStackTest() {
    stack = std::make_unique<MeshStack>(
        MeshConfig{.link = {.eui64 = own, .acks = LinkAckPolicy::never}}, *this, neighbours,
        MeshMemory{queue_bytes, queue_entries, reassemblies, sources}, random);
    stack->set_prefix(prefix);
  }

  RplPosition rpl_position() const override {
    return {.joined = true, .root = false, .instance_id = 30, .rank = 512};
  }
  NextHop next_hop(const wire::Ipv6Address& destination) override {
    if (const auto found = routes.find(destination); found != routes.end()) return found->second;
    return {.kind = NextHop::Kind::neighbour, .eui64 = parent, .down = false};
  }
  void receive_rpl(base::Instant, const RplPacket&) override { ++rpl_messages; }
  bool receive_udp(base::Instant, const wire::Endpoint&, const wire::Endpoint& to,
                   base::Bytes) override {
    return to.port == 5683;
  }
  void rank_error(base::Instant) override { ++rank_errors; }
  void forwarding_error(base::Instant, const wire::Ipv6Address& destination,
                        const wire::Eui64&) override {
    routes.erase(destination);
    ++forwarding_errors;
  }
  bool send_outside(base::Instant, base::Bytes, const std::optional<wire::Eui64>&) override {
    return false;
  }

  /// A UDP datagram, with a RPL option where asked for.
  static Packet datagram(const wire::Ipv6Address& from, const wire::Ipv6Address& to,
                         std::optional<wire::RplOption> option = {}, std::uint8_t hop_limit = 64,
                         std::uint16_t port = 5683, std::size_t size = 8) {
    Packet bytes(1280);
    base::ByteWriter writer(bytes);
    const std::vector<std::uint8_t> payload(size, 0x55);
    wire::emit_ipv6(
        writer,
        {.next_header = option ? wire::next_header::hop_by_hop : wire::next_header::udp,
         .hop_limit = hop_limit,
         .source = from,
         .destination = to},
        [&](base::ByteWriter& out) {
          if (option) {
            out.u8(wire::next_header::udp);
            out.u8(0);
            option->emit(out);
          }
          wire::UdpDatagram{.source_port = 7, .destination_port = port, .payload = payload}.emit(
              out, from, to);
        });
    bytes.resize(writer.size());
    return bytes;
  }

  /// As one frame from a neighbour.
  void hear(const wire::Eui64& from, const Packet& packet, bool broadcast = false) {
    const auto to = broadcast ? wire::MacAddress::broadcast() : wire::MacAddress::from(own);
    Packet frame(127);
    base::ByteWriter writer(frame);
    wire::MacFrame::data(0xABCD, ++sequence, wire::MacAddress::from(from), to, {}).emit(writer);
    const auto covered =
        wire::compress_header(packet, {wire::MacAddress::from(from), to}, {}, writer);
    ASSERT_TRUE(covered);
    writer.bytes(base::Bytes(packet).subspan(*covered));
    ASSERT_TRUE(writer.ok());
    stack->receive(now, writer.written(), -70);
  }

  Packet whole_datagram(const wire::MacFrame& mac) {
    Packet bytes(1280);
    const wire::LinkAddresses link{mac.source, mac.destination};
    if (const auto header = wire::FragmentHeader::parse(mac.payload)) {
      auto data = mac.payload.subspan(header->size());
      if (header->first) {
        const auto size =
            wire::decompress_first_fragment(data, header->datagram_size, link, {}, bytes);
        data = base::Bytes(bytes).first(*size);
      }
      const auto whole = receiver.receive(now, {.source = own,
                                                .tag = header->datagram_tag,
                                                .datagram_size = header->datagram_size,
                                                .offset = header->datagram_offset,
                                                .data = data});
      return whole ? Packet(whole->begin(), whole->end()) : Packet();
    }
    bytes.resize(wire::decompress(mac.payload, link, {}, bytes).value());
    return bytes;
  }

  struct Sent {
    wire::MacAddress to;
    Packet bytes;
    wire::Ipv6Header header;
    std::optional<wire::RplOption> option;
  };
  /// Every datagram that goes on air.
  std::vector<Sent> sent() {
    std::vector<Sent> result;
    for (int i = 0; i < 1000; ++i) {
      const auto next = stack->next_deadline();
      if (next == base::never || next > now + 1s) break;
      now = std::max(now, next);
      stack->advance(now);
      const auto out = stack->next_transmission(now);
      if (!out) {
        now += 1ms;
        continue;
      }
      const Packet frame(out->frame.begin(), out->frame.end());
      stack->transmission_done(now += 5ms, TransmitResult::sent);
      const auto mac = wire::MacFrame::parse(frame);
      const auto bytes = whole_datagram(*mac);
      if (bytes.empty()) continue;
      Sent entry{mac->destination, bytes, *wire::Ipv6Header::parse(bytes), {}};
      if (const auto options = wire::hop_by_hop(bytes); options && *options && (*options)->rpl) {
        entry.option = (*options)->rpl->option;
      }
      result.push_back(entry);
    }
    return result;
  }

  std::array<Neighbour, 4> storage{};
  NeighbourTable neighbours{storage};
  std::array<SourceRecord, 4> sources{};
  std::array<Reassembly, 3> reassemblies{};
  std::array<QueuedDatagram, 8> queue_entries{};
  std::array<std::uint8_t, 2560> queue_bytes{};
  base::SeededRandom random{1};
  std::map<wire::Ipv6Address, NextHop> routes{
      {child_address, {.kind = NextHop::Kind::neighbour, .eui64 = child, .down = true}},
      {grandchild, {.kind = NextHop::Kind::neighbour, .eui64 = child, .down = true}}};
  std::unique_ptr<MeshStack> stack;
  base::Instant now{1s};
  std::uint8_t sequence = 0;
  std::array<Reassembly, 1> receiver_buffers{};
  AdaptationStatistics receiver_statistics;
  Reassembler receiver{receiver_buffers, receiver_statistics};
  int rpl_messages = 0, rank_errors = 0, forwarding_errors = 0;
};

TEST_F(MeshStackTest, ForwardsUpwardsWithItsOwnRank) {
  hear(child, datagram(child_address, world, wire::RplOption{.instance = 30, .sender_rank = 700}));
  const auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].to, wire::MacAddress::from(parent));
  EXPECT_EQ(out[0].header.hop_limit, 63);
  ASSERT_TRUE(out[0].option);
  EXPECT_EQ(*out[0].option, (wire::RplOption{.instance = 30, .sender_rank = 512}));
  EXPECT_EQ(rank_errors, 0);
}

TEST_F(MeshStackTest, PutsTheOptionIntoPacketsThatHaveNone) {
  const auto forwarded = [&](const wire::Eui64& from, const Packet& packet) {
    hear(from, packet);
    const auto out = sent();
    EXPECT_EQ(out.size(), 1u);
    return out.at(0).option;
  };
  const auto upwards = forwarded(child, datagram(child_address, world));
  ASSERT_TRUE(upwards);
  EXPECT_FALSE(upwards->down);
  const auto downwards = forwarded(parent, datagram(world, grandchild));
  ASSERT_TRUE(downwards);
  EXPECT_TRUE(downwards->down);
  EXPECT_FALSE(forwarded(parent, datagram(world, child_address)))
      << "its destination is the next hop";
}

TEST_F(MeshStackTest, AtTheTopOfThePathAPacketTurnsDown) {
  hear(child,
       datagram(child_address, grandchild, wire::RplOption{.instance = 30, .sender_rank = 700}));
  const auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  ASSERT_TRUE(out[0].option);
  EXPECT_TRUE(out[0].option->down);
}

TEST_F(MeshStackTest, TheFirstRankContradictionIsMarkedTheSecondEndsThePacket) {
  wire::RplOption option{.instance = 30, .sender_rank = 300};  // up, from above
  hear(child, datagram(child_address, world, option));
  const auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_TRUE(out[0].option->rank_error);
  EXPECT_EQ(rank_errors, 1);
  option.rank_error = true;
  hear(child, datagram(child_address, world, option));
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(rank_errors, 2);
  EXPECT_EQ(stack->statistics().ipv6.rank_errors, 1u);
  // Down, from below.
  hear(parent, datagram(world, grandchild,
                        wire::RplOption{.down = true, .instance = 30, .sender_rank = 600}));
  EXPECT_EQ(rank_errors, 3);
}

TEST_F(MeshStackTest, UnderstandsSendersThatCarryDagRank) {
  hear(child, datagram(child_address, world, wire::RplOption{.instance = 30, .sender_rank = 5}));
  hear(child, datagram(child_address, world, wire::RplOption{.instance = 30, .sender_rank = 0}));
  EXPECT_EQ(rank_errors, 0);
  hear(child, datagram(child_address, world, wire::RplOption{.instance = 30, .sender_rank = 3}));
  EXPECT_EQ(rank_errors, 1);
}

TEST_F(MeshStackTest, APacketWithoutAWayDownGoesBackToWhoSentIt) {
  routes.erase(grandchild);
  hear(parent, datagram(world, grandchild,
                        wire::RplOption{.down = true, .instance = 30, .sender_rank = 256}));
  const auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].to, wire::MacAddress::from(parent));
  EXPECT_TRUE(out[0].option->forwarding_error);
}

TEST_F(MeshStackTest, APacketThatCameBackEndsTheRouteAndGoesFurtherUp) {
  hear(child,
       datagram(world, grandchild,
                wire::RplOption{
                    .down = true, .forwarding_error = true, .instance = 30, .sender_rank = 700}));
  EXPECT_EQ(forwarding_errors, 1);
  EXPECT_EQ(routes.count(grandchild), 0u);
  const auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].to, wire::MacAddress::from(parent));
  EXPECT_TRUE(out[0].option->forwarding_error);
}

TEST_F(MeshStackTest, NeverSendsAPacketBackUpWhereItCameFrom) {
  hear(parent, datagram(world, *wire::Ipv6Address::parse("aaaa::99")));
  const auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].header.next_header, wire::next_header::hop_by_hop);
  EXPECT_EQ(out[0].header.destination, world) << "an ICMPv6 error to the source";
  EXPECT_EQ(out[0].header.source, own_address);
}

TEST_F(MeshStackTest, TheHopLimitEndsAPacket) {
  hear(child, datagram(child_address, world, {}, 1));
  auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].header.destination, child_address);
  const auto upper = wire::upper_layer(out[0].bytes);
  ASSERT_TRUE(upper);
  const auto message =
      wire::Icmpv6Message::parse(upper->payload, out[0].header.source, out[0].header.destination);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, wire::icmpv6_type::time_exceeded);
  EXPECT_EQ(stack->statistics().ipv6.hop_limit_exceeded, 1u);
}

TEST_F(MeshStackTest, AnotherInstanceIsNotForwarded) {
  hear(child, datagram(child_address, world, wire::RplOption{.instance = 31, .sender_rank = 700}));
  for (const auto& out : sent()) EXPECT_NE(out.header.destination, world);
}

TEST_F(MeshStackTest, AClosedPortIsReportedButNotToMulticast) {
  hear(child, datagram(child_address, own_address, {}, 64, 9));
  auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  const auto message = wire::Icmpv6Message::parse(wire::upper_layer(out[0].bytes)->payload,
                                                  out[0].header.source, out[0].header.destination);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, wire::icmpv6_type::destination_unreachable);
  EXPECT_EQ(message->code, wire::unreachable_code::port);
  hear(child, datagram(wire::Ipv6Address::link_local_from(child), wire::all_nodes, {}, 64, 9),
       true);
  EXPECT_TRUE(sent().empty());
}

TEST_F(MeshStackTest, ErrorsAreRateLimited) {
  for (int i = 0; i < 100; ++i) hear(child, datagram(child_address, own_address, {}, 64, 9));
  EXPECT_LE(stack->statistics().ipv6.icmp_errors_sent, 6u);
  EXPECT_GE(stack->statistics().ipv6.icmp_errors_suppressed, 90u);
}

TEST_F(MeshStackTest, NoErrorAnswersAnError) {
  const wire::ErrorReport report{.type = wire::icmpv6_type::time_exceeded};
  Packet bytes(200);
  base::ByteWriter writer(bytes);
  wire::emit_ipv6(
      writer,
      {.next_header = wire::next_header::icmpv6,
       .hop_limit = 1,
       .source = child_address,
       .destination = world},
      [&](base::ByteWriter& out) { wire::emit_icmpv6(out, child_address, world, report); });
  bytes.resize(writer.size());
  hear(child, bytes);
  EXPECT_TRUE(sent().empty());
}

template <typename Body>
Packet icmpv6(const wire::Ipv6Address& from, const wire::Ipv6Address& to, std::uint8_t hop_limit,
              const Body& body) {
  Packet bytes(400);
  base::ByteWriter writer(bytes);
  wire::emit_ipv6(writer,
                  {.next_header = wire::next_header::icmpv6,
                   .hop_limit = hop_limit,
                   .source = from,
                   .destination = to},
                  [&](base::ByteWriter& out) { wire::emit_icmpv6(out, from, to, body); });
  bytes.resize(writer.size());
  return bytes;
}

TEST_F(MeshStackTest, AnswersEchoRequests) {
  const std::array<std::uint8_t, 4> data{1, 2, 3, 4};
  hear(child, icmpv6(child_address, own_address, 64,
                     wire::Echo{.identifier = 5, .sequence = 6, .data = data}));
  const auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].header.source, own_address);
  const auto message = wire::Icmpv6Message::parse(wire::upper_layer(out[0].bytes)->payload,
                                                  out[0].header.source, out[0].header.destination);
  ASSERT_TRUE(message);
  const auto echo = wire::Echo::parse(*message);
  ASSERT_TRUE(echo);
  EXPECT_TRUE(echo->reply);
  EXPECT_EQ(echo->identifier, 5);
  EXPECT_EQ(echo->sequence, 6);
  EXPECT_EQ(Packet(echo->data.begin(), echo->data.end()), Packet(data.begin(), data.end()));
}

TEST_F(MeshStackTest, AnswersNeighbourSolicitationsOnTheLinkOnly) {
  const auto from = wire::Ipv6Address::link_local_from(child);
  const wire::NeighbourSolicitation question{.target = own_link_local,
                                             .source_link_address = child};
  hear(child, icmpv6(from, wire::solicited_node(own_link_local), 255, question), true);
  auto out = sent();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].header.hop_limit, 255);
  const auto message = wire::Icmpv6Message::parse(wire::upper_layer(out[0].bytes)->payload,
                                                  out[0].header.source, out[0].header.destination);
  ASSERT_TRUE(message);
  const auto advertisement = wire::NeighbourAdvertisement::parse(*message);
  ASSERT_TRUE(advertisement);
  EXPECT_TRUE(advertisement->solicited);
  EXPECT_EQ(advertisement->target, own_link_local);
  EXPECT_EQ(advertisement->target_link_address, own);
  // A hop limit below 255 says that it was forwarded.
  hear(child, icmpv6(from, own_link_local, 254, question));
  EXPECT_TRUE(sent().empty());
}

TEST_F(MeshStackTest, ARplMessageWhoseSourceIsAnothersIsRefused) {
  const auto honest = wire::Ipv6Address::link_local_from(child);
  hear(child, icmpv6(honest, wire::all_rpl_nodes, 64, wire::Dis{}), true);
  EXPECT_EQ(rpl_messages, 1);
  hear(parent, icmpv6(honest, wire::all_rpl_nodes, 64, wire::Dis{}), true);
  EXPECT_EQ(rpl_messages, 1);
  EXPECT_EQ(stack->statistics().rpl.malformed, 1u);
}

TEST_F(MeshStackTest, LinkLocalPacketsAreNotForwarded) {
  hear(child, datagram(wire::Ipv6Address::link_local_from(child), world));
  hear(child, datagram(child_address, wire::Ipv6Address::link_local_from(parent)));
  hear(child, datagram(child_address, world), true);  // a unicast packet in a broadcast frame
  EXPECT_TRUE(sent().empty());
}

TEST_F(MeshStackTest, TheQueueIsBounded) {
  unsigned queued = 0;
  const Packet payload(600, 1);
  for (int i = 0; i < 100; ++i) {
    queued += stack->send_udp(now, {world, 5683}, 5683, payload);
  }
  EXPECT_EQ(queued, 3u);
  EXPECT_EQ(stack->statistics().adaptation.queue_full, 97u);
}

}  // namespace
}  // namespace goldcrest::net

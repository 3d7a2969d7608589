// SPDX-License-Identifier: MIT
// The mesh as its users expect it, on whole nodes and a whole border router.
#include "core/role/node.hpp"

#include <gtest/gtest.h>

#include "core/role/test_network.hpp"

namespace goldcrest::role {
namespace {

using namespace testing;

const wire::Endpoint server{wire::Ipv6Address::from_ipv4({192, 168, 1, 64}), 5683};

Frame pattern(std::size_t size, unsigned salt = 0) {
  Frame bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + salt);
  return bytes;
}

/// The peer in the world: sends every datagram back to where it came from.
std::size_t echo_outside(TestNetwork& network) {
  std::size_t count = 0;
  while (const auto datagram = network.router().take_from_mesh()) {
    const Frame bytes(datagram->begin(), datagram->end());
    const auto header = wire::Ipv6Header::parse(bytes);
    const auto upper = wire::upper_layer(bytes);
    EXPECT_TRUE(header && upper);
    if (!header || !upper || upper->protocol != wire::next_header::udp) continue;
    EXPECT_EQ(header->next_header, wire::next_header::udp) << "no RPL option may leave the mesh";
    const auto udp = wire::UdpDatagram::parse(upper->payload, header->source, header->destination);
    EXPECT_TRUE(udp);
    const auto answer = udp_datagram({header->destination, udp->destination_port},
                                     {header->source, udp->source_port},
                                     Frame(udp->payload.begin(), udp->payload.end()));
    EXPECT_EQ(network.router().send_to_mesh(network.channel.now(), answer),
              SendToMeshResult::accepted);
    ++count;
  }
  return count;
}

/// Sends `payload` to the server and waits for it to come back.
bool echo_round(TestNetwork& network, TestNode& node, const Frame& payload, base::Duration limit) {
  const auto before = node.application.incoming.size();
  node.application.send(server, payload);
  node.node.advance(network.channel.now());
  const bool came = network.channel.run_until(
      [&] {
        echo_outside(network);
        return node.application.incoming.size() > before;
      },
      limit);
  return came && node.application.incoming.back().payload == payload &&
         node.application.incoming.back().peer == server;
}

TEST(Node, TakesNoMoreMemoryThanItsBudget) {
  EXPECT_LE(sizeof(Node), 12u * 1024);
}

TEST(Node, JoinsTheRootNextToIt) {
  TestNetwork network;
  network.line(1);
  ASSERT_TRUE(network.form(10s));
  auto& node = network.node(1);
  EXPECT_EQ(node.events.instances, 1);
  EXPECT_EQ(node.events.joins, 1);
  EXPECT_GE(node.node.rank(), 256);
  EXPECT_LE(node.node.rank(), 128 + 512);
  ASSERT_NE(node.node.preferred_parent(), nullptr);
  EXPECT_EQ(node.node.preferred_parent()->eui64, eui64(0x1000));
  EXPECT_EQ(node.address(), wire::Ipv6Address::from_prefix({{0xAA, 0xAA}}, eui64(1)));
  network.channel.run(3s);
  EXPECT_EQ(node.events.confirmations, 1);
}

class Hops : public ::testing::TestWithParam<unsigned> {};

TEST_P(Hops, JoinPingBothWaysAndCarryUdp) {
  TestNetwork network(GetParam());
  network.line(GetParam());
  ASSERT_TRUE(network.form(120s));
  auto& last = network.node(GetParam());
  EXPECT_TRUE(network.ping_from_root(last, 5s));
  EXPECT_TRUE(network.ping_root(last, 5s));
  EXPECT_TRUE(network.ping_from_root(last, 20s, 1000));
  EXPECT_TRUE(echo_round(network, last, pattern(100), 5s));
  // 1,280 bytes with IPv6, RPL option and UDP.
  EXPECT_TRUE(echo_round(network, last, pattern(1224), 30s));
}

TEST_P(Hops, AFullDatagramFromTheWorldArrives) {
  TestNetwork network(GetParam() + 40);
  network.line(GetParam());
  ASSERT_TRUE(network.form(120s));
  auto& last = network.node(GetParam());
  const auto payload = pattern(1232, 9);
  const auto datagram = udp_datagram(server, {last.address(), 5683}, payload);
  ASSERT_EQ(datagram.size(), 1280u);
  EXPECT_EQ(network.router().send_to_mesh(network.channel.now(), datagram),
            SendToMeshResult::accepted);
  EXPECT_TRUE(network.channel.run_until([&] { return !last.application.incoming.empty(); }, 30s));
  EXPECT_EQ(last.application.incoming.at(0).payload, payload);
}

INSTANTIATE_TEST_SUITE_P(Mesh, Hops, ::testing::Values(1u, 2u, 4u));

TEST(Node, NodesReachEachOtherThroughTheMesh) {
  TestNetwork network;
  network.line(3);
  ASSERT_TRUE(network.form());
  auto& first = network.node(1);
  auto& last = network.node(3);
  ASSERT_TRUE(first.node.ping(network.channel.now(), last.address(), 1));
  EXPECT_TRUE(network.channel.run_until([&] { return first.node.echo_replies() == 1; }, 5s));
  ASSERT_TRUE(last.node.ping(network.channel.now(), first.address(), 1));
  EXPECT_TRUE(network.channel.run_until([&] { return last.node.echo_replies() == 1; }, 5s));
}

TEST(Node, LearnsThatItsNeighbourAcknowledges) {
  TestNetwork network;
  network.line(1);
  ASSERT_TRUE(network.form());
  EXPECT_TRUE(network.ping_root(network.node(1), 5s));
  EXPECT_EQ(network.node(1).node.preferred_parent()->acks, net::AckAbility::proven);
  EXPECT_GT(network.node(1).node.statistics().link.acks_received, 0u);
}

TEST(Node, WorksWithNeighboursThatNeverAcknowledge) {
  TestNetwork network;
  auto& silent = network.add_node(NodeKind::router, net::LinkAckPolicy::never);
  auto& beyond = network.add_node();
  network.channel.connect(0, 1);
  network.channel.connect(1, 2);
  ASSERT_TRUE(network.form());
  network.channel.run(20s);
  EXPECT_TRUE(echo_round(network, silent, pattern(900), 10s));
  // A collision, with a DIO of somebody out of earshot, costs the datagram.
  unsigned came_back = 0;
  for (unsigned i = 0; i < 10; ++i) came_back += echo_round(network, beyond, pattern(900, i), 5s);
  EXPECT_GE(came_back, 8u);
  EXPECT_EQ(beyond.node.preferred_parent()->acks, net::AckAbility::unknown);
  EXPECT_EQ(beyond.node.statistics().link.retransmissions, 0u);
  EXPECT_EQ(silent.node.statistics().link.acks_sent, 0u);
  // Asking for an ack is the exception.
  EXPECT_LE(network.router().statistics().link.retransmissions, 0u);
}

class Disturbed : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Disturbed, ALossyMeshFormsAndCarriesDatagrams) {
  TestNetwork network(GetParam());
  network.channel.disturbance = {.loss = 0.2, .duplicates = 0.05, .late = 0.05};
  network.line(3);
  ASSERT_TRUE(network.form(300s));
  auto& last = network.node(3);
  unsigned came_back = 0;
  for (unsigned round = 0; round < 20; ++round) {
    came_back += echo_round(network, last, pattern(300, round), 4s);
  }
  // UDP promises nothing, but with link retransmission nearly all must come through.
  EXPECT_GE(came_back, 17u);
  EXPECT_EQ(network.node(1).events.repairs + network.node(2).events.repairs, 0);
  for (const auto& incoming : last.application.incoming) EXPECT_EQ(incoming.payload.size(), 300u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Disturbed, ::testing::Range<std::uint64_t>(1, 9));

TEST(Node, SwitchesToAnotherParentWhenItsParentDies) {
  TestNetwork network(3);
  for (int i = 0; i < 3; ++i) network.add_node();
  // Two ways up: 3 - 1 - root and 3 - 2 - root.
  network.channel.connect(0, 1);
  network.channel.connect(0, 2);
  network.channel.connect(1, 3);
  network.channel.connect(2, 3);
  ASSERT_TRUE(network.form());
  network.channel.run(60s);
  auto& node = network.node(3);
  const bool by_first = node.node.preferred_parent()->eui64 == eui64(1);
  network.channel.silence(by_first ? 1 : 2);
  bool back = false;
  for (int i = 0; i < 12 && !back; ++i) back = echo_round(network, node, pattern(50), 5s);
  EXPECT_TRUE(back);
  EXPECT_EQ(node.node.preferred_parent()->eui64, eui64(by_first ? 2 : 1));
}

TEST(Node, FindsOutThatASilentParentThatNeverAcknowledgedIsGone) {
  TestNetwork network(5);
  network.add_node(NodeKind::router, net::LinkAckPolicy::never);
  network.add_node(NodeKind::router, net::LinkAckPolicy::never);
  auto& node = network.add_node();
  network.channel.connect(0, 1);
  network.channel.connect(0, 2);
  network.channel.connect(1, 3);
  network.channel.connect(2, 3);
  ASSERT_TRUE(network.form());
  network.channel.run(60s);
  const bool by_first = node.node.preferred_parent()->eui64 == eui64(1);
  network.channel.silence(by_first ? 1 : 2);
  network.channel.run(240s);
  EXPECT_TRUE(node.node.joined());
  EXPECT_EQ(node.node.preferred_parent()->eui64, eui64(by_first ? 2 : 1));
  EXPECT_TRUE(echo_round(network, node, pattern(50), 5s));
}

TEST(Node, PoisonsAndRejoinsWhenItsOnlyParentDiesAndReturns) {
  TestNetwork network(6);
  network.line(2);
  ASSERT_TRUE(network.form());
  network.channel.disconnect(0, 1);
  auto& child = network.node(2);
  // Data makes the loss known.
  network.node(1).application.send(server, pattern(20));
  network.node(1).node.advance(network.channel.now());
  EXPECT_TRUE(network.channel.run_until([&] { return !network.node(1).node.joined(); }, 300s));
  EXPECT_TRUE(network.channel.run_until([&] { return !child.node.joined(); }, 60s))
      << "the poison must reach the child";
  EXPECT_EQ(child.node.rank(), net::infinite_rank);
  network.channel.connect(0, 1);
  EXPECT_TRUE(network.channel.run_until(
      [&] { return network.node(1).node.joined() && child.node.joined(); }, 180s));
  bool back = false;
  for (int i = 0; i < 10 && !back; ++i) back = echo_round(network, child, pattern(50), 3s);
  EXPECT_TRUE(back);
}

class RootRestart : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RootRestart, TheMeshComesBackByItself) {
  TestNetwork network(GetParam());
  network.channel.disturbance.loss = 0.05;
  network.line(3);
  ASSERT_TRUE(network.form());
  network.channel.run(100s);
  network.restart_root();
  EXPECT_EQ(network.router().route_count(), 0u);
  EXPECT_TRUE(network.form(60s)) << "routes must be announced again";
  EXPECT_TRUE(echo_round(network, network.node(3), pattern(200), 10s));
}

TEST_P(RootRestart, AlsoAfterALongAbsence) {
  TestNetwork network(GetParam() + 100);
  network.line(3);
  ASSERT_TRUE(network.form());
  network.channel.silence(0);
  network.channel.run(600s);
  network.restart_root();
  EXPECT_TRUE(network.form(180s));
  EXPECT_TRUE(echo_round(network, network.node(3), pattern(200), 10s));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RootRestart, ::testing::Range<std::uint64_t>(1, 6));

TEST(Node, ANodeRestartsAndIsReachableAgain) {
  TestNetwork network(8);
  network.line(2);
  ASSERT_TRUE(network.form());
  auto fresh = std::make_unique<TestNode>(1, 4711, NodeKind::router, net::LinkAckPolicy::learn);
  network.channel.revive(1, fresh->station);
  network.nodes[0] = std::move(fresh);
  network.node(1).node.start(network.channel.now());
  ASSERT_TRUE(network.channel.run_until([&] { return network.node(1).node.joined(); }, 30s));
  bool back = false;
  for (int i = 0; i < 20 && !back; ++i) back = echo_round(network, network.node(2), pattern(9), 5s);
  EXPECT_TRUE(back) << "the child behind it, too";
}

TEST(Node, ALeafJoinsButNobodyJoinsThroughIt) {
  TestNetwork network(9);
  auto& leaf = network.add_node(NodeKind::leaf);
  auto& beyond = network.add_node();
  network.channel.connect(0, 1);
  network.channel.connect(1, 2);
  network.channel.run(120s);
  EXPECT_TRUE(leaf.node.joined());
  EXPECT_TRUE(echo_round(network, leaf, pattern(50), 5s));
  EXPECT_FALSE(beyond.node.joined());
}

TEST(Node, ADenseMeshFormsWithinAMinute) {
  TestNetwork network(10);
  constexpr unsigned count = 10;
  for (unsigned i = 0; i < count; ++i) network.add_node();
  for (unsigned a = 0; a <= count; ++a) {
    for (unsigned b = a + 1; b <= count; ++b) network.channel.connect(a, b);
  }
  EXPECT_TRUE(network.form(60s));
  for (unsigned i = 1; i <= count; ++i) EXPECT_TRUE(network.ping_from_root(network.node(i), 5s));
}

TEST(Node, RandomFramesNeitherCrashNorJoinIt) {
  base::SeededRandom random(77);
  TestNode test(1, 5, NodeKind::router, net::LinkAckPolicy::learn);
  base::Instant now{};
  test.node.start(now);
  for (int i = 0; i < 50'000; ++i) {
    Frame frame(random.below(130));
    for (auto& byte : frame) byte = static_cast<std::uint8_t>(random.next());
    if (frame.size() > 21 && i % 2 == 0) {
      // A frame that gets past the MAC.
      const Frame header{0x41, 0xD8, static_cast<std::uint8_t>(i), 0xCD, 0xAB, 0xFF, 0xFF};
      std::ranges::copy(header, frame.begin());
      frame[15] =
          static_cast<std::uint8_t>(std::array{0x7A, 0x7E, 0xC0, 0xE0, 0x41}[random.below(5)]);
    }
    now += 1ms;
    test.node.receive(now, frame, -80);
    if (test.node.next_deadline() <= now) test.node.advance(now);
    if (test.node.next_transmission(now)) {
      test.node.transmission_done(now, net::TransmitResult::sent);
    }
  }
  EXPECT_FALSE(test.node.joined());
}

}  // namespace
}  // namespace goldcrest::role

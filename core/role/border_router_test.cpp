// SPDX-License-Identifier: MIT
#include "core/role/border_router.hpp"

#include <gtest/gtest.h>

#include "core/role/test_network.hpp"
#include "core/wire/rpl.hpp"

namespace goldcrest::role {
namespace {

using namespace testing;

const wire::Endpoint server{wire::Ipv6Address::from_ipv4({10, 0, 0, 1}), 5683};
const auto nobody = *wire::Ipv6Address::parse("aaaa::dead:beef");

TEST(BorderRouter, DrawsTheDodag) {
  TestNetwork network(21);
  network.line(3);
  ASSERT_TRUE(network.form());
  network.channel.run(5s);
  const auto& parents = network.root->events.parents;
  ASSERT_EQ(parents.size(), 3u);
  EXPECT_EQ(parents.at(network.node(1).address()), network.router().global_address());
  EXPECT_EQ(parents.at(network.node(2).address()), network.node(1).address());
  EXPECT_EQ(parents.at(network.node(3).address()), network.node(2).address());
}

TEST(BorderRouter, APacketForNobodyIsAnsweredWithAnError) {
  TestNetwork network(22);
  network.line(1);
  ASSERT_TRUE(network.form());
  auto& router = network.router();
  EXPECT_EQ(
      router.send_to_mesh(network.channel.now(), udp_datagram(server, {nobody, 5683}, Frame(10))),
      SendToMeshResult::no_route);
  const auto answer = router.take_from_mesh();
  ASSERT_TRUE(answer);
  const auto header = wire::Ipv6Header::parse(*answer);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->destination, server.address);
  EXPECT_EQ(header->source, router.global_address());
  const auto message =
      wire::Icmpv6Message::parse(answer->subspan(40), header->source, header->destination);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, wire::icmpv6_type::destination_unreachable);
  EXPECT_EQ(message->code, wire::unreachable_code::address);
}

TEST(BorderRouter, CarriesNothingFromOutsideToOutside) {
  TestNetwork network(24);
  network.channel.run(5s);
  auto& router = network.router();
  const wire::Endpoint elsewhere{*wire::Ipv6Address::parse("::ffff:203.0.113.9"), 7};
  const auto before = router.dropped_to_outside();
  (void)router.send_to_mesh(network.channel.now(), udp_datagram(server, elsewhere, Frame(10)));
  EXPECT_FALSE(router.take_from_mesh());
  EXPECT_EQ(router.dropped_to_outside(), before + 1);
}

TEST(BorderRouter, RefusesWhatIsNoDatagram) {
  TestNetwork network(23);
  auto& router = network.router();
  const auto now = network.channel.now();
  EXPECT_EQ(router.send_to_mesh(now, Frame{}), SendToMeshResult::malformed);
  EXPECT_EQ(router.send_to_mesh(now, Frame(39, 0x60)), SendToMeshResult::malformed);
  EXPECT_EQ(router.send_to_mesh(now, Frame(100, 0x45)), SendToMeshResult::malformed);
  EXPECT_EQ(router.send_to_mesh(now, Frame(9000, 0x60)), SendToMeshResult::malformed);
  EXPECT_FALSE(router.take_from_mesh());
  // A longer packet than the mesh carries is told so.
  EXPECT_EQ(router.send_to_mesh(now, udp_datagram(server, {nobody, 1}, Frame(1300))),
            SendToMeshResult::malformed);
  const auto answer = router.take_from_mesh();
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[40], wire::icmpv6_type::packet_too_big);
  EXPECT_EQ(base::load_be32(answer->data() + 44), 1280u);
}

TEST(BorderRouter, AnswersAPingFromTheWorld) {
  TestNetwork network(24);
  auto& router = network.router();
  Frame bytes(100);
  base::ByteWriter writer(bytes);
  const auto to = router.global_address();
  wire::emit_ipv6(
      writer,
      {.next_header = wire::next_header::icmpv6, .source = server.address, .destination = to},
      [&](base::ByteWriter& out) {
        wire::emit_icmpv6(out, server.address, to, wire::Echo{.sequence = 3});
      });
  bytes.resize(writer.size());
  EXPECT_EQ(router.send_to_mesh(network.channel.now(), bytes), SendToMeshResult::accepted);
  const auto answer = router.take_from_mesh();
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[40], wire::icmpv6_type::echo_reply);
}

TEST(BorderRouter, BoundsWhatWaitsOnBothSides) {
  TestNetwork network(25);
  network.line(1);
  ASSERT_TRUE(network.form());
  auto& router = network.router();
  unsigned accepted = 0;
  for (int i = 0; i < 100; ++i) {
    const auto result = router.send_to_mesh(
        network.channel.now(), udp_datagram(server, {network.node(1).address(), 5683}, Frame(500)));
    accepted += result == SendToMeshResult::accepted;
    EXPECT_TRUE(result == SendToMeshResult::accepted || result == SendToMeshResult::queue_full);
  }
  EXPECT_LE(accepted, limits::router_outgoing_datagrams);
  EXPECT_GE(accepted, limits::router_outgoing_datagrams - 2);
  network.channel.run(60s);
  EXPECT_EQ(network.node(1).application.incoming.size(), accepted);
  // Nobody takes what comes up.
  for (int i = 0; i < 50; ++i) {
    network.node(1).application.send(server, Frame(10));
    network.node(1).node.advance(network.channel.now());
    network.channel.run(500ms);
  }
  EXPECT_GT(router.dropped_to_outside(), 0u);
  unsigned waiting = 0;
  while (router.take_from_mesh()) ++waiting;
  EXPECT_EQ(waiting, limits::router_outgoing_datagrams);
}

TEST(BorderRouter, ForgetsANodeThatDied) {
  TestNetwork network(26);
  network.line(1);
  ASSERT_TRUE(network.form());
  network.channel.silence(1);
  network.channel.run(31min);
  EXPECT_EQ(network.router().route_count(), 0u);
  ASSERT_EQ(network.root->events.removals.size(), 1u);
  EXPECT_EQ(network.root->events.removals[0], "its lifetime is over");
}

TEST(BorderRouter, KeepsTheRoutesOfNodesThatLive) {
  TestNetwork network(27);
  network.line(3);
  ASSERT_TRUE(network.form());
  network.channel.run(2h);
  EXPECT_EQ(network.router().route_count(), 3u);
  EXPECT_TRUE(network.root->events.removals.empty());
  EXPECT_EQ(network.node(3).events.repairs, 0);
  EXPECT_TRUE(network.ping_from_root(network.node(3), 5s));
}

TEST(BorderRouter, AGlobalRepairMovesEverybodyToTheNextVersion) {
  TestNetwork network(28);
  network.line(3);
  ASSERT_TRUE(network.form());
  network.channel.run(60s);
  const auto before = network.router().dodag().version;
  network.router().global_repair(network.channel.now());
  EXPECT_EQ(network.router().dodag().version, net::lollipop::next(before));
  network.channel.run(30s);
  for (unsigned i = 1; i <= 3; ++i) {
    ASSERT_TRUE(network.node(i).node.joined());
    EXPECT_EQ(network.node(i).node.dodag()->version, network.router().dodag().version);
    EXPECT_EQ(network.node(i).events.versions, 1);
  }
  EXPECT_TRUE(network.ping_from_root(network.node(3), 5s));
}

TEST(BorderRouter, ARestartedRootGoesOnFromTheVersionItHears) {
  TestNetwork network(29);
  network.line(1);
  ASSERT_TRUE(network.form());
  for (int i = 0; i < 3; ++i) {
    network.channel.run(30s);
    network.router().global_repair(network.channel.now());
  }
  network.channel.run(30s);
  const auto before = network.router().dodag().version;
  EXPECT_EQ(before, 243);
  network.restart_root();
  network.channel.run(30s);
  EXPECT_TRUE(net::lollipop::supersedes(network.router().dodag().version, before));
  EXPECT_EQ(network.node(1).node.dodag()->version, network.router().dodag().version);
}

/// DAOs written by hand.
struct Daos : ::testing::Test {
  Daos() : network(30) { network.channel.run(5s); }

  void hear_dao(const wire::Eui64& from, const wire::Ipv6Address& source,
                const wire::Ipv6Address& to, const std::vector<wire::DaoRoute>& routes,
                bool ack = false) {
    Frame options(600);
    base::ByteWriter option_writer(options);
    for (const auto& route : routes) wire::emit_route(option_writer, route);
    const wire::Dao dao{.instance = 30,
                        .ack_requested = ack,
                        .sequence = ++sequence,
                        .dodag_id = network.router().global_address(),
                        .options = option_writer.written()};
    Frame bytes(1280);
    base::ByteWriter writer(bytes);
    wire::emit_ipv6(writer,
                    {.next_header = wire::next_header::icmpv6, .source = source, .destination = to},
                    [&](base::ByteWriter& out) { wire::emit_icmpv6(out, source, to, dao); });
    bytes.resize(writer.size());
    Frame frame(800);
    base::ByteWriter frame_writer(frame);
    const wire::LinkAddresses link{wire::MacAddress::from(from),
                                   wire::MacAddress::from(eui64(0x1000))};
    wire::MacFrame::data(0xABCD, sequence, link.source, link.destination, {}).emit(frame_writer);
    const auto covered = wire::compress_header(bytes, link, {}, frame_writer);
    ASSERT_TRUE(covered);
    frame_writer.bytes(base::Bytes(bytes).subspan(*covered));
    network.router().receive(network.channel.now(), frame_writer.written(), -70);
  }
  wire::Ipv6Address global(unsigned number) {
    return wire::Ipv6Address::from_prefix(network.router().prefix(), eui64(number));
  }
  void hear_storing(unsigned from, const std::vector<wire::DaoRoute>& routes) {
    hear_dao(eui64(from), wire::Ipv6Address::link_local_from(eui64(from)),
             network.router().link_local_address(), routes);
  }
  wire::DaoRoute route(unsigned target, std::uint8_t lifetime = 30,
                       std::uint8_t path_sequence = 240) {
    return {.target = {.prefix = global(target)},
            .transit = {.path_sequence = path_sequence, .path_lifetime = lifetime}};
  }

  TestNetwork network;
  std::uint8_t sequence = 0;
};

TEST_F(Daos, SeveralTargetsInOne) {
  hear_storing(1, {route(1), route(2), route(3)});
  EXPECT_EQ(network.router().route_count(), 3u);
}

TEST_F(Daos, NoPathTakesTheRouteOfThatNeighbourOnly) {
  hear_storing(1, {route(1), route(3)});
  hear_storing(2, {route(3, 30, 241)});
  hear_storing(1, {route(3, 0, 242)});
  EXPECT_EQ(network.router().route_count(), 2u) << "3 moved to 2 before";
  hear_storing(2, {route(3, 0, 242)});
  EXPECT_EQ(network.router().route_count(), 1u);
}

TEST_F(Daos, AnOlderPathSequenceDoesNotMoveARoute) {
  hear_storing(2, {route(3, 30, 245)});
  hear_storing(1, {route(3, 30, 241)});
  for (const auto& entry : network.router().routes()) {
    if (entry.used) {
      EXPECT_EQ(entry.next_hop, eui64(2));
    }
  }
}

TEST_F(Daos, AnOlderPathSequenceLongAfterwardsIsANodeThatStartedAfresh) {
  hear_storing(2, {route(3, 30, 245)});
  network.channel.run(11s);
  hear_storing(1, {route(3, 30, 241)});
  bool moved = false;
  for (const auto& entry : network.router().routes()) {
    moved = moved || (entry.used && entry.next_hop == eui64(1));
  }
  EXPECT_TRUE(moved);
}

TEST_F(Daos, TargetsOutsideThePrefixAreRefusedLoudly) {
  auto foreign = route(1);
  foreign.target.prefix = *wire::Ipv6Address::parse("2001:db8::1");
  hear_storing(1, {foreign});
  auto wide = route(1);
  wide.target = {.prefix_length = 64, .prefix = network.router().prefix()};
  hear_storing(1, {wide});
  EXPECT_EQ(network.router().route_count(), 0u);
  EXPECT_EQ(network.root->events.refusals.size(), 2u);
}

TEST_F(Daos, ANonStoringChildOfTheRootIsServed) {
  auto announced = route(1);
  announced.transit.parent = network.router().global_address();
  hear_dao(eui64(1), global(1), network.router().global_address(), {announced});
  ASSERT_EQ(network.router().route_count(), 1u);
  EXPECT_EQ(network.router().send_to_mesh(network.channel.now(),
                                          udp_datagram(server, {global(1), 5683}, Frame(4))),
            SendToMeshResult::accepted);
}

TEST_F(Daos, ANonStoringNodeFurtherDownIsRefusedLoudly) {
  auto announced = route(2);
  announced.transit.parent = global(1);
  hear_dao(eui64(1), global(2), network.router().global_address(), {announced});
  EXPECT_EQ(network.router().route_count(), 0u);
  ASSERT_EQ(network.root->events.refusals.size(), 1u);
  EXPECT_NE(network.root->events.refusals[0].find("source routing"), std::string::npos);
}

TEST_F(Daos, AFullTableForgetsTheOldestAnnouncementsAndServesOn) {
  for (unsigned i = 0; i < limits::router_routes + 5; ++i) {
    hear_storing(1, {route(i + 1)});
    network.channel.run(1ms);
  }
  EXPECT_EQ(network.router().route_count(), limits::router_routes);
  EXPECT_TRUE(network.root->events.refusals.empty());
  ASSERT_EQ(network.root->events.removals.size(), 5u);
  EXPECT_EQ(network.root->events.removals[0], "its place was needed");
  for (unsigned i = 0; i < 5; ++i)
    EXPECT_FALSE(network.root->events.parents.contains(global(i + 1)));
}

TEST_F(Daos, NobodyHoldsARouteForLongerThanTheDefaultLifetime) {
  hear_storing(1, {route(1, 0xFF), route(2, 0xFE)});
  network.channel.run(31min);
  EXPECT_EQ(network.router().route_count(), 0u);
}

TEST(BorderRouter, RandomFramesDoNotUpsetIt) {
  base::SeededRandom random(78);
  RecordedRootEvents events;
  auto router =
      std::make_unique<BorderRouter>(BorderRouterConfig{.eui64 = eui64(0x1000)}, random, events);
  base::Instant now{};
  router->start(now);
  for (int i = 0; i < 50'000; ++i) {
    Frame frame(random.below(110));
    for (auto& byte : frame) byte = static_cast<std::uint8_t>(random.next());
    if (frame.size() > 21 && i % 2 == 0) {
      const Frame header{0x41, 0xD8, static_cast<std::uint8_t>(i), 0xCD, 0xAB, 0xFF, 0xFF};
      std::ranges::copy(header, frame.begin());
      frame[15] =
          static_cast<std::uint8_t>(std::array{0x7A, 0x7E, 0xC0, 0xE0, 0x41}[random.below(5)]);
    }
    now += 1ms;
    router->receive(now, frame, -80);
    (void)router->send_to_mesh(now, frame);
    if (router->next_deadline() <= now) router->advance(now);
    if (router->next_transmission(now)) router->transmission_done(now, net::TransmitResult::sent);
    while (router->take_from_mesh()) {
    }
  }
  EXPECT_EQ(router->route_count(), 0u);
}

}  // namespace
}  // namespace goldcrest::role

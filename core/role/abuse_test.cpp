// SPDX-License-Identifier: MIT
// Somebody in radio range who forges frames, faster than a radio could, against a border router
// with an honest mesh: what is full of forgeries makes room, honest nodes keep their routes and are
// served, and what the border router sends because of it is bounded. All memory of the border
// router is inside the object; sizes are those of core/base/limits.hpp.
#include <gtest/gtest.h>

#include "core/role/test_network.hpp"
#include "core/wire/rpl.hpp"
#include "core/wire/sixlowpan.hpp"

namespace goldcrest::role {
namespace {

using namespace testing;

const wire::Endpoint server{wire::Ipv6Address::from_ipv4({10, 0, 0, 1}), 5683};

class RouterUnderAbuse : public ::testing::Test {
 protected:
  RouterUnderAbuse() : network(41) {
    network.line(2);
    EXPECT_TRUE(network.form());
  }

  static wire::Eui64 forged(unsigned number) {
    return {{0x0A, 0, 0, 0, static_cast<std::uint8_t>(number >> 24),
             static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
             static_cast<std::uint8_t>(number)}};
  }
  wire::Ipv6Address global(const wire::Eui64& eui64) {
    return wire::Ipv6Address::from_prefix(network.router().prefix(), eui64);
  }

  void hear(const wire::Eui64& from, base::Bytes payload, bool broadcast = false) {
    Frame frame(128);
    base::ByteWriter writer(frame);
    wire::MacFrame::data(
        0xABCD, ++sequence_, wire::MacAddress::from(from),
        broadcast ? wire::MacAddress::broadcast() : wire::MacAddress::from(eui64(0x1000)), payload)
        .emit(writer);
    ASSERT_TRUE(writer.ok());
    network.router().receive(network.channel.now(), writer.written(), -70);
  }
  template <typename Message>
  void hear_rpl(const wire::Eui64& from, const Message& message, bool multicast = false) {
    const auto source = wire::Ipv6Address::link_local_from(from);
    const auto to = multicast ? wire::all_rpl_nodes : network.router().link_local_address();
    hear_datagram(from, icmpv6(source, to, message), multicast);
  }
  template <typename Message>
  static Frame icmpv6(const wire::Ipv6Address& source, const wire::Ipv6Address& to,
                      const Message& message) {
    Frame datagram(300);
    base::ByteWriter writer(datagram);
    wire::emit_ipv6(writer,
                    {.next_header = wire::next_header::icmpv6, .source = source, .destination = to},
                    [&](base::ByteWriter& out) { wire::emit_icmpv6(out, source, to, message); });
    datagram.resize(writer.size());
    return datagram;
  }
  void hear_datagram(const wire::Eui64& from, const Frame& datagram, bool multicast = false) {
    const wire::LinkAddresses link{
        wire::MacAddress::from(from),
        multicast ? wire::MacAddress::broadcast() : wire::MacAddress::from(eui64(0x1000))};
    Frame payload(200);
    base::ByteWriter out(payload);
    const auto covered = wire::compress_header(datagram, link, {}, out);
    ASSERT_TRUE(covered);
    out.bytes(base::Bytes(datagram).subspan(*covered));
    hear(from, out.written(), multicast);
  }
  void hear_dao(const wire::Eui64& from, const wire::Ipv6Address& target,
                std::uint8_t lifetime = 0xFF) {
    Frame options(80);
    base::ByteWriter writer(options);
    wire::emit_route(writer, {.target = {.prefix = target},
                              .transit = {.path_sequence = 240, .path_lifetime = lifetime}});
    hear_rpl(from, wire::Dao{.instance = 30,
                             .ack_requested = true,
                             .sequence = sequence_,
                             .dodag_id = network.router().global_address(),
                             .options = writer.written()});
  }
  /// An empty piece of a datagram that never becomes whole.
  void hear_fragment(const wire::Eui64& from, std::uint16_t tag, bool first) {
    Frame payload(80);
    base::ByteWriter writer(payload);
    wire::FragmentHeader{.first = first,
                         .datagram_size = 1280,
                         .datagram_tag = tag,
                         .datagram_offset = first ? std::uint16_t{0} : std::uint16_t{640}}
        .emit(writer);
    if (first) writer.u8(0x41);
    Frame data(48);
    data[0] = 0x60;
    writer.bytes(data);
    hear(from, writer.written());
  }

  /// A datagram of ten fragments from the far node to the world and one back, each repeated like a
  /// confirmable message of CoAP.
  bool served() {
    auto& node = network.node(2);
    node.application.incoming.clear();
    const auto up = repeated(
        [&] {
          node.application.send(server, Frame(600, 0x5A));
          node.node.advance(network.channel.now());
        },
        [&] { return network.router().take_from_mesh().has_value(); });
    const auto down = repeated(
        [&] {
          (void)network.router().send_to_mesh(
              network.channel.now(),
              udp_datagram(server, {node.address(), 5683}, Frame(300, 0xA5)));
        },
        [&] { return !node.application.incoming.empty(); });
    return up && down;
  }
  bool repeated(const std::function<void()>& send, const std::function<bool()>& arrived) {
    while (network.router().take_from_mesh()) {
    }
    for (auto timeout = base::Duration(2s); timeout <= 32s; timeout *= 2) {
      send();
      const auto done = [&] {
        disturb();
        return arrived();
      };
      if (network.channel.run_until(done, timeout)) return true;
    }
    return false;
  }
  void disturb() {
    if (disturbance) disturbance();
  }

  std::size_t forged_neighbours() {
    return static_cast<std::size_t>(std::ranges::count_if(
        network.router().neighbours(),
        [](const net::Neighbour& entry) { return entry.used && entry.eui64.bytes[0] == 0x0A; }));
  }

  TestNetwork network;
  std::function<void()> disturbance;

 private:
  std::uint8_t sequence_ = 0;
};

TEST_F(RouterUnderAbuse, AFloodOfDaosTakesNoRouteFromHonestNodes) {
  ASSERT_TRUE(served());
  for (unsigned i = 0; i < 1500; ++i) {
    hear_dao(forged(i), global(forged(i)));
    if (i % 50 == 0) network.channel.run(1ms);
  }
  EXPECT_GT(network.root->events.removals.size(), 1000u);
  EXPECT_TRUE(network.all_reachable());
  EXPECT_TRUE(served());
}

TEST_F(RouterUnderAbuse, AFloodOfTargetsThroughOneNeighbourTakesNoRouteFromHonestNodes) {
  ASSERT_TRUE(served());
  for (unsigned i = 0; i < limits::router_routes + 500; ++i) hear_dao(forged(1), global(forged(i)));
  EXPECT_EQ(network.router().route_count(), limits::router_routes);
  EXPECT_TRUE(network.all_reachable());
  EXPECT_TRUE(served());
}

// The table is full of forgeries that last as long as they may; who comes then gets in.
TEST_F(RouterUnderAbuse, NewcomersJoinAfterAFloodOfDaos) {
  ASSERT_TRUE(served());
  for (unsigned i = 0; i < 300; ++i) hear_dao(forged(i), global(forged(i)));
  auto& newcomer = network.add_node();
  network.channel.connect(0, 3);
  EXPECT_TRUE(network.form(60s));
  EXPECT_TRUE(newcomer.node.joined());
  EXPECT_TRUE(network.ping_from_root(newcomer, 5s));
  network.channel.run(31min);
  EXPECT_EQ(network.router().route_count(), 3u) << "nobody lasts longer than the default lifetime";
}

TEST_F(RouterUnderAbuse, AFloodOfDiosPushesNoChildOut) {
  ASSERT_TRUE(served());
  const auto dodag = network.router().dodag();
  for (unsigned i = 0; i < 5000; ++i) {
    hear_rpl(forged(i),
             wire::Dio{.instance = dodag.instance_id,
                       .version = dodag.version,
                       .rank = 300,
                       .mode_of_operation = wire::rpl_mode::storing,
                       .dodag_id = dodag.dodag_id},
             true);
  }
  EXPECT_LT(forged_neighbours(), limits::router_neighbours);
  EXPECT_TRUE(network.all_reachable());
  EXPECT_TRUE(served());
}

// Forged nodes that ask for DIOs, each for itself: a few get one.
TEST_F(RouterUnderAbuse, AFloodOfDisIsNotAnsweredOneByOne) {
  ASSERT_TRUE(served());
  const auto before = network.router().statistics().rpl.dio_sent;
  for (unsigned i = 0; i < 1000; ++i) {
    hear_rpl(forged(i), wire::Dis{});
    network.channel.run(10ms);
  }
  EXPECT_LE(network.router().statistics().rpl.dio_sent - before, 8u + 2u * 10u + 8u);
  EXPECT_TRUE(served());
}

// From sources nobody knows, and from such as have become neighbours first.
TEST_F(RouterUnderAbuse, FragmentsThatNeverBecomeDatagramsDoNotKeepHonestOnesOut) {
  ASSERT_TRUE(served());
  for (unsigned i = 0; i < 40; ++i) hear_dao(forged(i), global(forged(i)));
  unsigned count = 0;
  auto last = network.channel.now();
  disturbance = [&] {
    // A frame for each 12 ms: more than a radio has room for beside honest ones.
    while (last + 12ms <= network.channel.now()) {
      last += 12ms;
      hear_fragment(forged(count % 60), static_cast<std::uint16_t>(count), count % 2 == 0);
      ++count;
    }
  };
  for (int round = 0; round < 5; ++round) EXPECT_TRUE(served()) << round;
  EXPECT_GT(count, 100u);
}

TEST_F(RouterUnderAbuse, AFloodOfGarbageIsSurvived) {
  base::SeededRandom random(6);
  for (int i = 0; i < 20'000; ++i) {
    Frame garbage(1 + random.below(70));
    for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random.next());
    hear(forged(random.next()), garbage, i % 2 == 0);
  }
  EXPECT_TRUE(network.all_reachable());
  EXPECT_TRUE(served());
}

// Whoever has that address would get the answers: to a ping, to a closed port, to a used up hop
// limit, from the border router and from an honest node.
TEST_F(RouterUnderAbuse, AForgedSourceInTheWorldIsNotAnswered) {
  const auto victim = *wire::Ipv6Address::parse("2001:db8::1");
  const auto thief = forged(1);
  auto& router = network.router();
  const auto nobody = global(forged(2));
  for (const auto& to : {router.global_address(), network.node(2).address(), nobody}) {
    hear_datagram(thief, icmpv6(victim, to, wire::Echo{.sequence = 1}));
    auto packet = udp_datagram({victim, 9}, {to, 9}, Frame(4));
    hear_datagram(thief, packet);
    packet[wire::Ipv6Header::hop_limit_offset] = 1;
    hear_datagram(thief, packet);
    network.channel.run(5s);
  }
  EXPECT_FALSE(router.take_from_mesh());
  EXPECT_TRUE(served());
}

TEST_F(RouterUnderAbuse, NobodyInTheMeshSpeaksToTheWorldAsTheBorderRouter) {
  hear_datagram(forged(1), udp_datagram({network.router().global_address(), 9}, server, Frame(4)));
  EXPECT_FALSE(network.router().take_from_mesh());
  EXPECT_EQ(network.router().dropped_to_outside(), 1u);
}

// From the world, to addresses that do not exist: each could be a node whose DAO was lost.
TEST_F(RouterUnderAbuse, AScanOfThePrefixDoesNotKeepTheMeshBusy) {
  network.channel.run(60s);
  const auto before = network.router().statistics().rpl.dao_received;
  for (unsigned i = 0; i < 36'000; ++i) {
    (void)network.router().send_to_mesh(network.channel.now(),
                                        udp_datagram(server, {global(forged(i)), 5683}, Frame(8)));
    while (network.router().take_from_mesh()) {
    }
    network.channel.run(100ms);
  }
  // In an hour, twice a DAO for each trigger, of which there would be 360, and a refresh now and
  // then.
  EXPECT_LT(network.router().statistics().rpl.dao_received - before, 60u);
  EXPECT_TRUE(served());
}

// From the world, to one node, as fast as it goes. The others, of which one hears nothing of the
// router and collides with it, have their share of the radio all the same, and routing has too.
TEST_F(RouterUnderAbuse, AFloodToOneNodeLeavesTheOthersTheirShare) {
  const auto flooded = wire::Endpoint{network.node(1).address(), 5683};
  const auto seconds_of_ten_exchanges = [&] {
    const auto begin = network.channel.now();
    for (int exchange = 0; exchange < 10; ++exchange) EXPECT_TRUE(served()) << exchange;
    return std::chrono::duration<double>(network.channel.now() - begin).count();
  };
  const auto calm = seconds_of_ten_exchanges();
  const wire::Endpoint stranger{wire::Ipv6Address::from_ipv4({198, 51, 100, 1}), 1};
  for (const std::size_t size : {1200u, 20u}) {
    const auto flood = udp_datagram(stranger, flooded, Frame(size, 0x77));
    disturbance = [this, flood] {
      for (int i = 0; i < 4; ++i) {
        (void)network.router().send_to_mesh(network.channel.now(), flood);
      }
    };
    const auto disturbed = seconds_of_ten_exchanges();
    std::printf("10 exchanges: %.1f s, during a flood of datagrams of %zu bytes %.1f s (%.2f)\n",
                calm, size, disturbed, calm / disturbed);
    EXPECT_LT(disturbed, 10 * calm) << size;
  }
  auto& newcomer = network.add_node();
  network.channel.connect(0, 3);
  const auto joined = [&] {
    disturb();
    return network.all_reachable();
  };
  EXPECT_TRUE(network.channel.run_until(joined, 60s));
  EXPECT_TRUE(newcomer.node.joined());
}

}  // namespace
}  // namespace goldcrest::role

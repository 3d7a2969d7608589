// SPDX-License-Identifier: MIT
// The control plane of a node, with the messages of its neighbours written by hand.
#include "core/net/rpl_router.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "core/net/rpl_root.hpp"

namespace goldcrest::net {
namespace {

using namespace std::chrono_literals;

wire::Eui64 eui(unsigned number) {
  return {{2, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(number)}};
}
wire::Ipv6Address link_local(unsigned number) {
  return wire::Ipv6Address::link_local_from(eui(number));
}
const auto prefix = *wire::Ipv6Address::parse("aaaa::");
wire::Ipv6Address global(unsigned number) {
  return wire::Ipv6Address::from_prefix(prefix, eui(number));
}
const auto dodag_id = global(100);

struct Router : ::testing::Test, RplOutput, RplEvents {
  Router() { router.start(now); }

  // RplOutput
  bool send_rpl(base::Instant, const wire::Ipv6Address& to, const wire::Dis&) override {
    if (!room) return false;
    dis_to.push_back(to);
    return true;
  }
  bool send_rpl(base::Instant, const wire::Ipv6Address& to, const wire::Dio& dio) override {
    if (!room) return false;
    dio_to.push_back(to);
    dios.push_back(dio);
    return true;
  }
  bool send_rpl(base::Instant, const wire::Ipv6Address& to, const wire::Dao& dao) override {
    if (!room) return false;
    Sent sent{.to = to, .ack = dao.ack_requested, .sequence = dao.sequence, .routes = {}};
    auto routes_of_dao = dao.routes();
    while (const auto route = routes_of_dao.next()) sent.routes.push_back(*route);
    daos.push_back(sent);
    return true;
  }
  bool send_rpl(base::Instant, const wire::Ipv6Address& to, const wire::DaoAck& ack) override {
    if (!room) return false;
    ack_to.push_back(to);
    acks.push_back(ack);
    return true;
  }
  void set_prefix(const std::optional<wire::Ipv6Address>& value) override { given_prefix = value; }
  // RplEvents
  void dodag_refused(base::Instant, const DodagInfo&, std::string_view why) override {
    refusals.emplace_back(why);
  }
  void parent_lost(base::Instant, const wire::Ipv6Address&) override { ++lost; }
  void local_repair(base::Instant, std::string_view) override { ++repairs; }
  void route_confirmed(base::Instant, const wire::Ipv6Address&) override { ++confirmed; }

  template <typename Body>
  void hear(unsigned from, const Body& body, const wire::Ipv6Address& to) {
    std::vector<std::uint8_t> bytes(1200);
    base::ByteWriter writer(bytes);
    body.emit(writer);
    router.receive(now, {.source = link_local(from),
                         .destination = to,
                         .link_source = eui(from),
                         .rssi_dbm = -70,
                         .message = {.type = body.icmpv6_type(),
                                     .code = body.icmpv6_code(),
                                     .body = writer.written()}});
  }
  static wire::Dio dio(std::uint16_t rank, std::uint8_t version = 240, std::uint8_t dtsn = 240) {
    return {.instance = 30,
            .version = version,
            .rank = rank,
            .mode_of_operation = wire::rpl_mode::storing,
            .dtsn = dtsn,
            .dodag_id = dodag_id,
            .configuration = default_dodag_configuration(),
            .prefix =
                wire::PrefixInformation{.prefix_length = 64, .autonomous = true, .prefix = prefix}};
  }
  void hear_dio(unsigned from, const wire::Dio& message) {
    hear(from, message, wire::all_rpl_nodes);
  }
  void hear_dao(unsigned from, const std::vector<wire::DaoRoute>& announced, bool ack = false) {
    std::vector<std::uint8_t> options(1000);
    base::ByteWriter writer(options);
    for (const auto& route : announced) wire::emit_route(writer, route);
    hear(
        from,
        wire::Dao{.instance = 30, .ack_requested = ack, .sequence = 7, .options = writer.written()},
        link_local(1));
  }
  static wire::DaoRoute announce(unsigned target, std::uint8_t lifetime = 30,
                                 std::uint8_t sequence = 240) {
    return {.target = {.prefix = global(target)},
            .transit = {.path_sequence = sequence, .path_lifetime = lifetime}};
  }
  void ack_last_dao(unsigned from) {
    hear(from, wire::DaoAck{.instance = 30, .sequence = daos.back().sequence}, link_local(1));
  }
  void run(base::Duration duration) {
    const auto end = now + duration;
    for (int i = 0; i < 100'000; ++i) {
      const auto next = router.next_deadline();
      if (next > end) break;
      now = std::max(now, next);
      router.advance(now);
    }
    now = end;
  }
  void join() {
    hear_dio(2, dio(128));
    run(1s);
    ack_last_dao(2);
    run(1s);
    ASSERT_TRUE(router.joined());
  }
  const DodagInfo& joined_dodag() {
    info = router.dodag().value();
    return info;
  }

  struct Sent {
    wire::Ipv6Address to;
    bool ack = false;
    std::uint8_t sequence = 0;
    std::vector<wire::DaoRoute> routes;
  };
  bool room = true;
  std::vector<wire::Ipv6Address> dis_to, dio_to, ack_to;
  std::vector<wire::Dio> dios;
  std::vector<Sent> daos;
  std::vector<wire::DaoAck> acks;
  std::vector<std::string> refusals;
  std::optional<wire::Ipv6Address> given_prefix;
  DodagInfo info;
  int lost = 0, repairs = 0, confirmed = 0;

  std::array<Neighbour, 6> neighbour_storage{};
  std::array<Route, 4> route_storage{};
  NeighbourTable neighbours{neighbour_storage};
  RouteTable routes{route_storage};
  RplStatistics statistics;
  base::SeededRandom random{1};
  base::Instant now{};
  RplRouter router{{.eui64 = eui(1)}, neighbours, routes, *this, *this, statistics, random};
};

TEST_F(Router, SolicitsUntilItHearsADodagAndThenNoMore) {
  run(60s);
  EXPECT_GE(dis_to.size(), 4u);
  EXPECT_LE(dis_to.size(), 10u);
  for (const auto& to : dis_to) EXPECT_EQ(to, wire::all_rpl_nodes);
  const auto before = dis_to.size();
  hear_dio(2, dio(128));
  EXPECT_EQ(given_prefix, prefix);
  neighbours.find(eui(2))->last_heard = now + 60s;
  run(60s);
  EXPECT_EQ(dis_to.size(), before);
}

TEST_F(Router, RefusesADodagItCannotServeAndSaysWhyOnce) {
  auto other = dio(128);
  other.mode_of_operation = wire::rpl_mode::non_storing;
  hear_dio(2, other);
  hear_dio(2, other);
  other = dio(128);
  other.configuration->objective_code_point = 0;
  hear_dio(2, other);
  other = dio(128);
  other.configuration->min_hop_rank_increase = 0;
  hear_dio(2, other);
  EXPECT_FALSE(router.joined());
  EXPECT_EQ(refusals.size(), 3u);
}

TEST_F(Router, AsksForTheConfigurationWhereADioHasNone) {
  auto bare = dio(128);
  bare.configuration.reset();
  hear_dio(2, bare);
  EXPECT_FALSE(router.joined());
  ASSERT_EQ(dis_to.size(), 1u);
  EXPECT_EQ(dis_to[0], link_local(2));
}

TEST_F(Router, DoesNotJoinAPoisonedDodag) {
  hear_dio(2, dio(infinite_rank));
  EXPECT_FALSE(router.joined());
}

TEST_F(Router, AnnouncesItselfToItsParentAndRepeatsUntilAcknowledged) {
  hear_dio(2, dio(128));
  run(1s);
  ASSERT_EQ(daos.size(), 1u);
  EXPECT_EQ(daos[0].to, link_local(2));
  EXPECT_TRUE(daos[0].ack);
  ASSERT_EQ(daos[0].routes.size(), 1u);
  EXPECT_EQ(daos[0].routes[0].target.prefix, global(1));
  run(3s);
  ASSERT_EQ(daos.size(), 2u);
  EXPECT_EQ(daos[1].sequence, daos[0].sequence) << "the same DAO again";
  EXPECT_EQ(confirmed, 0);
  ack_last_dao(2);
  EXPECT_EQ(confirmed, 1);
  neighbours.find(eui(2))->last_heard = now + 600s;
  run(600s);
  EXPECT_EQ(daos.size(), 2u);
  for (int i = 0; i < 400 && daos.size() == 2; ++i) {
    neighbours.find(eui(2))->last_heard = now;
    run(1s);
  }
  ASSERT_EQ(daos.size(), 3u) << "refreshed well before half an hour is over";
  EXPECT_NE(daos[2].sequence, daos[1].sequence);
}

TEST_F(Router, ARejectedDaoIsTriedAgainLater) {
  hear_dio(2, dio(128));
  run(1s);
  hear(2, wire::DaoAck{.instance = 30, .sequence = daos.back().sequence, .status = 200},
       link_local(1));
  EXPECT_EQ(confirmed, 0);
  run(5s);
  EXPECT_EQ(daos.size(), 1u);
  run(25s);
  EXPECT_GE(daos.size(), 2u);
}

TEST_F(Router, AStrangersAckConfirmsNothing) {
  hear_dio(2, dio(128));
  run(1s);
  ack_last_dao(3);
  EXPECT_EQ(confirmed, 0);
}

TEST_F(Router, WithoutRoomEverythingIsSentLater) {
  room = false;
  hear_dio(2, dio(128));
  run(10s);
  EXPECT_TRUE(daos.empty());
  room = true;
  run(10s);
  EXPECT_FALSE(daos.empty());
  EXPECT_FALSE(dios.empty());
}

TEST_F(Router, ChildrensTargetsGoUpAndNoPathFollows) {
  join();
  hear_dao(3, {announce(3), announce(4)}, true);
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_EQ(ack_to[0], link_local(3));
  EXPECT_EQ(acks[0].status, 0);
  EXPECT_EQ(routes.size(), 2u);
  EXPECT_EQ(neighbours.find(eui(3))->routes, 2);
  run(1s);
  ASSERT_EQ(daos.back().routes.size(), 2u);
  EXPECT_EQ(daos.back().routes[0].target.prefix, global(3));
  EXPECT_EQ(daos.back().routes[0].transit.path_lifetime, 30);
  ack_last_dao(2);
  hear_dao(3, {announce(4, 0, 241)});
  EXPECT_EQ(routes.size(), 1u);
  run(1s);
  ASSERT_EQ(daos.back().routes.size(), 1u);
  EXPECT_EQ(daos.back().routes[0].target.prefix, global(4));
  EXPECT_EQ(daos.back().routes[0].transit.path_lifetime, 0);
}

TEST_F(Router, AFullTableRejectsTheDao) {
  join();
  hear_dao(3, {announce(11), announce(12), announce(13), announce(14), announce(15)}, true);
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_TRUE(acks[0].rejected());
  EXPECT_EQ(routes.size(), 4u);
}

TEST_F(Router, ADaoFromTheParentIsALoopAndChangesNothing) {
  join();
  hear_dao(2, {announce(9)});
  EXPECT_EQ(routes.size(), 0u);
}

TEST_F(Router, RoutesRunOutAndAreWithdrawn) {
  join();
  hear_dao(3, {announce(3, 2)});
  run(1s);
  ack_last_dao(2);
  for (int i = 0; i < 13; ++i) {
    neighbours.find(eui(2))->last_heard = now;
    run(10s);
  }
  EXPECT_EQ(routes.size(), 0u);
  ASSERT_FALSE(daos.back().routes.empty());
  EXPECT_EQ(daos.back().routes[0].transit.path_lifetime, 0);
  EXPECT_EQ(neighbours.find(eui(3))->routes, 0);
}

TEST_F(Router, ANewDtsnOfTheParentAsksForAllRoutesAgain) {
  join();
  hear_dao(3, {announce(3)});
  run(1s);
  ack_last_dao(2);
  const auto before = daos.size();
  hear_dio(2, dio(128, 240, 241));
  run(1s);
  ASSERT_EQ(daos.size(), before + 1);
  EXPECT_EQ(daos.back().routes.size(), 2u);
}

TEST_F(Router, SwitchesToABetterParentTellsItEverythingAndTheOldOneNoPath) {
  hear_dio(2, dio(600));
  run(1s);
  ack_last_dao(2);
  hear_dao(3, {announce(3)});
  run(1s);
  ack_last_dao(2);
  daos.clear();
  hear_dio(4, dio(128));
  EXPECT_EQ(router.preferred_parent()->eui64, eui(4));
  run(1s);
  ASSERT_EQ(daos.size(), 2u);
  EXPECT_EQ(daos[0].to, link_local(2));
  EXPECT_EQ(daos[0].routes.size(), 2u);
  for (const auto& route : daos[0].routes) EXPECT_EQ(route.transit.path_lifetime, 0);
  EXPECT_EQ(daos[1].to, link_local(4));
  EXPECT_EQ(daos[1].routes.size(), 2u);
  for (const auto& route : daos[1].routes) EXPECT_NE(route.transit.path_lifetime, 0);
}

TEST_F(Router, ItsOwnChildIsNoParent) {
  join();
  hear_dio(3, dio(router.rank() + 128));
  hear_dio(2, dio(infinite_rank));
  EXPECT_FALSE(router.joined()) << "the only other one is below";
  EXPECT_EQ(repairs, 1);
}

TEST_F(Router, PoisonsBeforeItSearchesAgain) {
  join();
  hear_dao(3, {announce(3)});
  dios.clear();
  const auto solicitations = dis_to.size();
  hear_dio(2, dio(infinite_rank));
  run(2s);
  ASSERT_GE(dios.size(), 2u);
  for (const auto& sent : dios) EXPECT_EQ(sent.rank, infinite_rank);
  hear_dio(5, dio(256));
  EXPECT_FALSE(router.joined()) << "held down while the poison spreads";
  run(5s);
  EXPECT_GT(dis_to.size(), solicitations);
  hear_dio(5, dio(256));
  EXPECT_TRUE(router.joined());
}

TEST_F(Router, LeavesRatherThanExceedMaxRankIncrease) {
  join();
  hear_dio(2, dio(128 + 0x380 + 200));
  EXPECT_FALSE(router.joined());
}

TEST_F(Router, FollowsANewVersionAndIgnoresAnOldOne) {
  join();
  hear_dao(3, {announce(3)});
  hear_dio(2, dio(128, 241));
  EXPECT_EQ(joined_dodag().version, 241);
  EXPECT_EQ(routes.size(), 0u);
  hear_dio(2, dio(128, 240));
  EXPECT_EQ(joined_dodag().version, 241);
  EXPECT_EQ(router.preferred_parent()->eui64, eui(2));
}

TEST_F(Router, AParentThatSolicitsHasNoDodag) {
  join();
  hear(2, wire::Dis{}, wire::all_rpl_nodes);
  EXPECT_FALSE(router.joined());
  EXPECT_EQ(lost, 1);
}

TEST_F(Router, AUnicastDisIsAnsweredAtOnceToWhoAsked) {
  join();
  dios.clear();
  dio_to.clear();
  hear(7, wire::Dis{}, link_local(1));
  ASSERT_EQ(dio_to.size(), 1u);
  EXPECT_EQ(dio_to[0], link_local(7));
  EXPECT_EQ(dios[0].rank, router.rank());
  EXPECT_EQ(dios[0].dodag_id, dodag_id);
  EXPECT_TRUE(dios[0].configuration);
  EXPECT_TRUE(dios[0].prefix);
  // For another instance there is no answer.
  hear(
      7,
      wire::Dis{.solicited = wire::SolicitedInformation{.instance = 9, .instance_predicate = true}},
      link_local(1));
  EXPECT_EQ(dio_to.size(), 1u);
}

TEST_F(Router, ASilentParentIsAskedAndThenGivenUp) {
  join();
  dis_to.clear();
  run(115s);
  EXPECT_TRUE(dis_to.empty());
  run(15s);
  ASSERT_FALSE(dis_to.empty());
  EXPECT_EQ(dis_to[0], link_local(2));
  run(30s);
  EXPECT_EQ(lost, 1);
  EXPECT_FALSE(router.joined());
}

TEST_F(Router, AnAnswerKeepsTheParent) {
  join();
  for (int i = 0; i < 100; ++i) {
    const auto before = dis_to.size();
    run(10s);
    if (dis_to.size() > before) hear_dio(2, dio(128));
  }
  EXPECT_TRUE(router.joined());
  EXPECT_EQ(lost, 0);
  EXPECT_GT(dis_to.size(), 3u);
}

TEST_F(Router, RandomMessagesNeitherCrashNorLeakRoutes) {
  for (int i = 0; i < 30'000; ++i) {
    std::vector<std::uint8_t> body(random.below(90));
    for (auto& byte : body) byte = static_cast<std::uint8_t>(random.below(3) ? 0 : random.next());
    if (body.size() > 30 && i % 3 == 0) body[0] = 30;
    const auto from = 2 + random.below(8);
    router.receive(now, {.source = link_local(from),
                         .destination = random.below(2) ? wire::all_rpl_nodes : link_local(1),
                         .link_source = eui(from),
                         .rssi_dbm = -70,
                         .message = {.type = wire::icmpv6_type::rpl_control,
                                     .code = static_cast<std::uint8_t>(random.below(5)),
                                     .body = body}});
    if (i % 10 == 0) run(base::Duration(random.below(3'000'000)));
    if (i % 500 == 0) hear_dio(2, dio(128));
    for (const auto& neighbour : neighbours.entries()) {
      if (!neighbour.used) continue;
      const auto count = std::ranges::count_if(routes.entries(), [&](const Route& route) {
        return route.used && !route.withdrawn && route.next_hop == neighbour.eui64;
      });
      ASSERT_EQ(count, neighbour.routes);
    }
  }
}

}  // namespace
}  // namespace goldcrest::net

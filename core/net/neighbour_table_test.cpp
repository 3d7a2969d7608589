// SPDX-License-Identifier: MIT
#include "core/net/neighbour_table.hpp"

#include <gtest/gtest.h>

#include <array>

#include "core/net/mrhof.hpp"
#include "core/net/route_table.hpp"

namespace goldcrest::net {
namespace {

using namespace std::chrono_literals;

wire::Eui64 eui(unsigned number) {
  return {{0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(number >> 8),
           static_cast<std::uint8_t>(number)}};
}

TEST(Etx, FollowsTheAttempts) {
  Etx etx = Etx::guess(-60);
  EXPECT_FALSE(etx.measured());
  for (int i = 0; i < 40; ++i) etx.sample(1);
  EXPECT_TRUE(etx.measured());
  EXPECT_LE(etx.value(), 132);
  for (int i = 0; i < 60; ++i) etx.sample(3);
  EXPECT_NEAR(etx.value(), 3 * etx_unit, 8);
  for (int i = 0; i < 200; ++i) etx.sample(1'000'000);
  EXPECT_LE(etx.value(), etx_maximum);
}

TEST(Etx, NeverFallsBelowOne) {
  Etx etx;
  for (int i = 0; i < 100; ++i) etx.sample(0);
  EXPECT_EQ(etx.value(), etx_unit);
}

TEST(NeighbourTable, FindsWhatWasAdded) {
  std::array<Neighbour, 3> storage{};
  NeighbourTable table(storage);
  EXPECT_EQ(table.find(eui(1)), nullptr);
  auto* one = table.add({}, eui(1), -70);
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(table.add({}, eui(1), -70), one);
  EXPECT_EQ(table.find(eui(1)), one);
  EXPECT_EQ(table.size(), 1u);
  table.remove(*one);
  EXPECT_EQ(table.find(eui(1)), nullptr);
}

TEST(NeighbourTable, TheOneHeardLeastRecentlyMakesRoomButNeverAPinnedOne) {
  std::array<Neighbour, 3> storage{};
  NeighbourTable table(storage);
  for (unsigned i = 1; i <= 3; ++i) table.add(base::Instant{i * 1s}, eui(i), -70);
  table.find(eui(1))->preferred_parent = true;
  ASSERT_NE(table.add(base::Instant{9s}, eui(4), -70), nullptr);
  EXPECT_NE(table.find(eui(1)), nullptr);
  EXPECT_EQ(table.find(eui(2)), nullptr);
  EXPECT_EQ(table.evictions(), 1u);
  for (auto& entry : table.entries()) entry.routes = 1;
  EXPECT_EQ(table.add(base::Instant{10s}, eui(5), -70), nullptr);
}

struct Mrhof : ::testing::Test {
  Mrhof() : table(storage) {}
  Neighbour& candidate(unsigned number, std::uint16_t rank, unsigned attempts) {
    auto* entry = table.add({}, eui(number), -70);
    entry->rank = rank;
    entry->version = constraints.version;
    for (int i = 0; i < 100; ++i) entry->etx.sample(attempts);
    return *entry;
  }
  std::array<Neighbour, 4> storage{};
  NeighbourTable table;
  ParentConstraints constraints{.version = 240};
};

TEST_F(Mrhof, TakesTheCheapestPathNotTheLowestRank) {
  candidate(1, 128, 4);  // 128 + 4 * 128
  auto& good = candidate(2, 256, 1);
  EXPECT_EQ(select_parent(table.entries(), constraints), &good);
}

TEST_F(Mrhof, ChangesOnlyForAClearGain) {
  auto& current = candidate(1, 256, 1);
  current.preferred_parent = true;
  auto& other = candidate(2, 128, 1);
  EXPECT_EQ(select_parent(table.entries(), constraints), &current) << "128 better is not enough";
  current.rank = 400;
  EXPECT_EQ(select_parent(table.entries(), constraints), &other);
}

TEST_F(Mrhof, RefusesWhatCannotBeAParent) {
  auto& one = candidate(1, 256, 1);
  EXPECT_NE(rank_through(one, constraints), infinite_rank);
  auto other_version = constraints;
  other_version.version = 241;
  EXPECT_EQ(rank_through(one, other_version), infinite_rank);
  auto below = constraints;
  below.rank_below = 256;
  EXPECT_EQ(rank_through(one, below), infinite_rank);
  auto limited = constraints;
  limited.rank_limit = 300;
  EXPECT_EQ(rank_through(one, limited), infinite_rank);
  one.consecutive_failures = dead_after_failures;
  EXPECT_EQ(rank_through(one, constraints), infinite_rank);
  one.consecutive_failures = 0;
  for (int i = 0; i < 100; ++i) one.etx.sample(6);
  EXPECT_EQ(rank_through(one, constraints), infinite_rank);
  one.preferred_parent = true;
  EXPECT_NE(rank_through(one, constraints), infinite_rank) << "a parent gets more patience";
}

TEST_F(Mrhof, RankGrowsByAtLeastMinHopRankIncrease) {
  constraints.min_hop_rank_increase = 512;
  EXPECT_EQ(rank_through(candidate(1, 512, 1), constraints), 1024);
}

TEST(RouteTable, AddsFindsAndForgets) {
  std::array<Route, 2> storage{};
  RouteTable table(storage);
  const auto a = *wire::Ipv6Address::parse("aaaa::1");
  const auto b = *wire::Ipv6Address::parse("aaaa::2");
  auto* route = table.add(a);
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(table.add(a), route);
  EXPECT_EQ(table.find(a), route);
  EXPECT_EQ(table.find(b), nullptr);
  ASSERT_NE(table.add(b), nullptr);
  EXPECT_EQ(table.add(*wire::Ipv6Address::parse("aaaa::3")), nullptr);
  route->withdrawn = true;
  EXPECT_EQ(table.find(a), nullptr) << "a withdrawn route carries nothing";
  EXPECT_EQ(table.add(a), route) << "but may come back";
  EXPECT_EQ(table.size(), 1u);
}

}  // namespace
}  // namespace goldcrest::net

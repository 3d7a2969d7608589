// SPDX-License-Identifier: MIT
// The same seed and inputs give the same run, byte by byte: everything the boards trace, say, send
// and remember, however many threads run them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/scenarios/places.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

constexpr unsigned boards = 3;

struct Outcome {
  std::vector<std::string> trace;  ///< of all boards, in the order in which the world told it
  std::vector<std::string> consoles;
  std::vector<std::vector<std::uint8_t>> states;
  std::uint64_t packets = 0;
};

/// Three manufactured nodes start and join a border router.
Outcome play(std::uint64_t seed, unsigned threads) {
  Outcome outcome;
  sim::World world({.seed = seed, .loss = 0.1}, threads);
  std::vector<std::string> router_lines;
  router::DodagLog log([&](std::string_view line) { router_lines.emplace_back(line); });
  auto& router = world.add_router({.eui64 = places::router_eui64}, places::router(), seed + 1, log);
  router.start(world.now());
  std::vector<sim::BoardStation*> stations;
  for (unsigned number = 0; number < boards; ++number) {
    auto& station = world.add_board(
        {.seed = seed * 16 + number,
         .unique_id = {0x0A0B0C0D, 0x31373538, 1 + number},
         .trace = {"interrupts", "radio", "serial", "flash", "power", "unmodelled"},
         .trace_sink = [&outcome, number](std::string_view line) {
           outcome.trace.push_back(std::to_string(number) + " " + std::string(line));
         }});
    station.board().power(true);
    EXPECT_TRUE(station.board().program(0x08000000, read_all(man_image())).has_value());
    station.board().reset();
    stations.push_back(&station);
  }
  world.run_for(6s);
  for (auto* station : stations) {
    outcome.consoles.push_back(station->console());
    outcome.states.push_back(station->board().save());
  }
  outcome.packets = world.air().statistics().packets;
  return outcome;
}

void expect_same(const Outcome& one, const Outcome& other) {
  ASSERT_EQ(one.trace.size(), other.trace.size());
  for (std::size_t line = 0; line < one.trace.size(); ++line) {
    ASSERT_EQ(one.trace[line], other.trace[line]) << "line " << line;
  }
  EXPECT_EQ(one.consoles, other.consoles);
  EXPECT_EQ(one.packets, other.packets);
  EXPECT_TRUE(one.states == other.states);
}

TEST(Determinism, three_boards_do_the_same_again_with_any_number_of_threads) {
  const Outcome outcome = play(seed(), 1);
  ASSERT_GT(outcome.packets, 10u) << "they have been on the air";
  ASSERT_GT(outcome.trace.size(), 1'000u);
  expect_same(outcome, play(seed(), 1));
  expect_same(outcome, play(seed(), 2));
  expect_same(outcome, play(seed(), 5));
  EXPECT_NE(outcome.trace, play(seed() + 1, 1).trace) << "the seed matters";
}

}  // namespace
}  // namespace goldcrest::scenario

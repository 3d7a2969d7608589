// SPDX-License-Identifier: MIT
// Updates while the network misbehaves: they take longer, and never start over.
#include <gtest/gtest.h>

#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

TEST(Disturbance, an_update_completes_though_a_fifth_of_the_frames_is_lost) {
  Scenario scenario({.air = {.loss = 0.20, .duplicate = 0.05, .reorder = 0.05}});
  auto& node = scenario.node();
  node.runs("1.0.31");
  node.joins();
  scenario.server().publishes("1.1.31");
  node.presses_button();
  node.finds("1.1.31");
  node.completes_update_to("1.1.31", 30min);
  node.confirms("1.1.31");
  EXPECT_EQ(scenario.server().restarts(), 0u) << replay_command();
  // Losses cost repetitions of frames and blocks, not of the file.
  EXPECT_LT(scenario.server().bytes_served(), 2 * read_all(release("1.1.31")).size());
  const auto& air = scenario.world().air().statistics();
  EXPECT_GT(air.lost * 5, air.delivered) << "the air was as bad as it should be";
}

void server_is_away(base::Duration time) {
  Scenario scenario;
  auto& node = scenario.node();
  node.joins();
  scenario.server().publishes("1.1.31");
  node.presses_button();
  node.finds("1.1.31");
  node.reaches_percent(40);
  scenario.server().goes_away();
  scenario.waits(5s);  // what is under way arrives
  const auto received = node.received_bytes();
  scenario.waits(time);
  EXPECT_EQ(node.received_bytes(), received) << "the server was away";
  scenario.server().comes_back();
  node.completes_update_to("1.1.31");
  EXPECT_EQ(scenario.server().restarts(), 0u) << replay_command();
}

TEST(Disturbance, an_update_goes_on_after_the_server_was_away_for_a_minute) {
  server_is_away(1min);
}

TEST(Disturbance, an_update_goes_on_after_the_server_was_away_for_five_minutes) {
  server_is_away(5min);
}

TEST(Disturbance, an_update_goes_on_after_the_border_router_was_restarted) {
  Scenario scenario;
  auto& node = scenario.node();
  node.joins();
  scenario.server().publishes("1.1.31");
  node.presses_button();
  node.finds("1.1.31");
  node.reaches_percent(40);
  scenario.router_restarts(10s);
  EXPECT_EQ(scenario.router().border_router()->route_count(), 0u) << "it remembers nothing";
  node.completes_update_to("1.1.31");
  EXPECT_EQ(scenario.server().restarts(), 0u) << replay_command();
  node.confirms("1.1.31");
}

}  // namespace
}  // namespace goldcrest::scenario

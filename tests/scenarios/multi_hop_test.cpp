// SPDX-License-Identifier: MIT
// Two nodes in a chain: border router – near – far. The far one does not hear the border router.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

using ::testing::HasSubstr;

struct Chain : Scenario {
  Chain() : Scenario({.nodes = 2}) {
    cannot_hear(router().station(), far.station());
    near.joins();
    far.joins();
    EXPECT_THAT(far.console(), HasSubstr("parent none -> " + near.address())) << replay_command();
    until([this] { return router().border_router()->route_count() == 2; }, 1min,
          "the border router knows the way to both");
  }
  Node& near = node(0);
  Node& far = node(1);
};

TEST(MultiHop, both_nodes_of_a_chain_update_the_far_one_through_the_near_one) {
  Chain chain;
  chain.server().publishes("1.1.31");
  chain.far.presses_button();
  chain.far.completes_update_to("1.1.31");
  chain.far.joins();
  chain.far.confirms("1.1.31");
  if (!chain.near.has_said("COMPLETE")) {
    chain.near.presses_button();
    chain.near.completes_update_to("1.1.31");
  }
  chain.near.joins();
  chain.near.confirms("1.1.31");
}

TEST(MultiHop, the_far_node_goes_on_while_the_near_one_updates_and_restarts) {
  Chain chain;
  chain.server().publishes("1.1.31");
  chain.far.presses_button();
  chain.far.finds("1.1.31");
  chain.near.presses_button();
  chain.near.completes_update_to("1.1.31");
  EXPECT_FALSE(chain.far.has_said("COMPLETE")) << "it was on its way meanwhile";
  const auto received = chain.far.received_bytes();
  EXPECT_GT(received, 0u);
  // It never goes back behind what it had.
  chain.until(
      [&] {
        EXPECT_GE(chain.far.received_bytes(), received) << replay_command();
        return chain.far.has_said("COMPLETE") || ::testing::Test::HasFailure();
      },
      30min, "the far node completes");
  chain.far.completes_update_to("1.1.31");
  chain.far.joins();
  chain.far.confirms("1.1.31");
  chain.near.confirms("1.1.31");
}

}  // namespace
}  // namespace goldcrest::scenario

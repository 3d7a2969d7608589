// SPDX-License-Identifier: MIT
// Which version runs from which slot: consecutive updates, roll-back, and trials that fail.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

constexpr std::string_view prompt = "option> ";

void update_to(Scenario& scenario, std::string_view version) {
  auto& node = scenario.node();
  scenario.server().publishes(version);
  node.presses_button();
  node.finds(version);
  node.completes_update_to(version);
}

TEST(Versions, two_updates_in_a_row_go_from_app1_to_app2_to_app1_and_can_be_rolled_back) {
  Scenario scenario;
  auto& node = scenario.node();
  node.says("Running from: APP1, confirmed", 10s);
  node.says("APP1 version: 1.0.31", 1s);
  node.says("APP2 version: 0.0.0", 1s);
  node.runs("1.0.31");
  node.joins();

  update_to(scenario, "1.1.31");
  EXPECT_TRUE(node.has_said("Running from: APP2, on trial: start 1 of 3"));
  EXPECT_TRUE(node.has_said("APP1 version: 1.0.31"));
  EXPECT_TRUE(node.has_said("APP2 version: 1.1.31"));
  node.joins();
  node.confirms("1.1.31");

  update_to(scenario, "1.2.31");
  EXPECT_TRUE(node.has_said("Running from: APP1, on trial: start 1 of 3"));
  EXPECT_TRUE(node.has_said("APP1 version: 1.2.31"));
  EXPECT_TRUE(node.has_said("APP2 version: 1.1.31"));
  node.joins();
  node.confirms("1.2.31");

  node.resets(true);
  node.says(prompt, 10s);
  node.types("5\r");
  node.says("rollback to version 1.1.31 from 1.2.31 y/n?", 5s);
  node.types("y");
  node.says("rolled back to version 1.1.31", 5s);
  node.resets();
  node.says("Running from: APP2, confirmed", 10s);
  node.runs("1.1.31");
  node.joins();
  node.presses_button();
  node.says("[Update: nothing newer", 1min);
  ASSERT_FALSE(scenario.server().asked().empty());
  EXPECT_EQ(scenario.server().asked().back().rejected, 1u) << "1.2.31 is not wanted again";

  // The rejected slot takes the next update.
  update_to(scenario, "1.3.31");
  EXPECT_TRUE(node.has_said("APP1 version: 1.3.31"));
  EXPECT_TRUE(node.has_said("APP2 version: 1.1.31"));
}

TEST(Versions, an_update_that_never_reaches_its_server_gives_way_to_the_old_application) {
  Scenario scenario;
  auto& node = scenario.node();
  node.joins();
  update_to(scenario, "1.1.31");
  scenario.server().goes_away();
  for (const int start : {2, 3}) {
    node.says("[Trial over without reaching the server: resetting]", 11min);
    node.says(fmt::format("Running from: APP2, on trial: start {} of 3", start), 10s);
  }
  node.says("[Trial over without reaching the server: resetting]", 11min);
  node.says("Running from: APP1, confirmed", 10s);
  node.runs("1.0.31");
  node.joins();

  // The server still offers 1.1.31, and is told not to.
  const auto served = scenario.server().served().size();
  scenario.server().comes_back();
  node.presses_button();
  node.says("[Update: nothing newer", 5min);
  const auto& asked = scenario.server().asked().back();
  EXPECT_EQ(asked.running, (base::Version{1, 0, 31}));
  EXPECT_EQ(asked.rejected, 1u);
  EXPECT_EQ(asked.last_result, wire::UpdateResult::reverted);
  EXPECT_EQ(scenario.server().served().size(), served);

  // Another one is taken.
  update_to(scenario, "1.2.31");
  node.joins();
  node.confirms("1.2.31");
}

TEST(Versions, an_update_that_hangs_at_its_first_instruction_gives_way_to_the_old_application) {
  Scenario scenario;
  auto& node = scenario.node();
  node.joins();
  const auto path = hanging_release();
  ASSERT_TRUE(scenario.server().publishes(path.filename().string(), read_all(path)));
  node.presses_button();
  node.finds("1.1.31");
  node.says("[Rebooting into version 1.1.31]", 20min);
  // Three starts, each ended by the watchdog after 19 to 30 s, then BOOT gives up on it.
  const auto reboot = scenario.now();
  node.says("Reset: watchdog", 3min);
  EXPECT_GT(scenario.now() - reboot, 50s);
  node.says("Running from: APP1, confirmed", 1s);
  node.runs("1.0.31");
  node.joins();
  node.presses_button();
  node.says("[Update: nothing newer", 5min);
  EXPECT_EQ(scenario.server().asked().back().rejected, 1u);
}

}  // namespace
}  // namespace goldcrest::scenario

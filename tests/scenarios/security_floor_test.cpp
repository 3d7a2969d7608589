// SPDX-License-Identifier: MIT
// The security floor and the change of the signing key, on the whole system: releases of a higher
// security counter end the way back, and a spare key takes the first one out of use.
#include <gtest/gtest.h>

#include "core/image/flash_map.hpp"
#include "core/image/slot.hpp"
#include "host/packer/memory_flash.hpp"
#include "host/packer/update_file.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

class SecurityFloor : public ::testing::Test {
 protected:
  std::string publish(const std::filesystem::path& path) {
    const auto name = path.filename().string();
    scenario.expect(scenario.server().publishes(name, read_all(path)), "the server takes " + name);
    return name;
  }
  void update_to(const std::filesystem::path& path, std::string_view version) {
    const auto name = publish(path);
    node.presses_button();
    node.finds(version);
    node.completes_update_to(version);
    node.joins();
    node.confirms(version);
    scenario.server().withdraws(name);
  }
  /// By the node, before it has written anything.
  void expect_refused(const std::filesystem::path& path, std::string_view reason) {
    const auto operations = node.board().flash_operations();
    const auto name = publish(path);
    node.presses_button();
    node.says("[Update refused: ", 5min);
    node.says(reason, 1s);
    scenario.waits(1s);
    scenario.server().withdraws(name);
    EXPECT_EQ(node.board().flash_operations(), operations);
  }
  void expect_reported(wire::UpdateResult result) {
    node.presses_button();
    node.says("[Update: nothing newer", 1min);
    EXPECT_EQ(scenario.server().asked().back().last_result, result);
  }
  /// With a programmer, as an installer would leave it, and confirmed.
  void put_into_app2(const std::filesystem::path& path) {
    const auto file = read_all(path);
    const auto parts = packer::split_update(file);
    ASSERT_TRUE(parts.has_value());
    const auto content = packer::decrypt_payload(*parts, content_key().key);
    ASSERT_TRUE(content.has_value());
    packer::MemoryFlash flash;
    ASSERT_TRUE(packer::install(flash, image::Slot::app2, *parts, *content).has_value());
    ASSERT_TRUE(image::set_state(flash, image::Slot::app2, image::StateGroup::confirmed));
    ASSERT_TRUE(node.board()
                    .program(image::app2_section.base, flash.view(image::app2_section))
                    .has_value());
  }

  Scenario scenario{{.server_checks_signatures = false}};  // an attacker's server
  Node& node = scenario.node();
};

TEST_F(SecurityFloor, nothing_leads_back_below_it_and_a_spare_key_revokes_the_first) {
  node.joins();
  update_to(floor_release(), "1.1.31");

  node.resets(true);
  node.says("option> ", 10s);
  node.types("5\r");
  node.says("the older application is below the security floor", 5s);
  node.resets();
  node.runs("1.1.31");
  node.joins();

  expect_refused(release("1.2.31"), "security counter is below");
  expect_reported(wire::UpdateResult::refused_policy);

  update_to(revoking_release(), "1.2.31");
  expect_refused(revoked_release(), "signed with a key that has been revoked");
  expect_reported(wire::UpdateResult::refused_policy);

  // A signed image of a higher version, put there past the installer.
  put_into_app2(revoked_release());
  node.resets();
  node.says("Running from: APP1, confirmed", 10s);
  node.runs("1.2.31");
  EXPECT_TRUE(node.has_said("APP2 version: 1.3.31"));
}

}  // namespace
}  // namespace goldcrest::scenario

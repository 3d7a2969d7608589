// SPDX-License-Identifier: MIT
// What all attacks have in common: a node that has joined, runs 1.0.31 from APP1 and must go on
// doing so; a server that would also serve forged files; and an attacker who can take its place.
//
// When a test ends, nothing has been written to the slot that ran (but its state words).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/image/flash_map.hpp"
#include "core/image/slot.hpp"
#include "tests/scenarios/impostor.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {

class Attacks : public ::testing::Test {
 protected:
  Attacks() : scenario_({.server_checks_signatures = false}) {}

  void SetUp() override {
    node().joins();
    runs_from(image::app1_section);
  }
  void TearDown() override {
    node().board().watch_flash({});
    EXPECT_EQ(running_slot_writes_, 0u) << replay_command();
  }

  Scenario& scenario() { return scenario_; }
  Node& node() { return scenario_.node(); }
  Server& server() { return scenario_.server(); }

  /// Whoever answers at the server's address from now on is the attacker.
  Impostor& attacker_takes_over() { return attacker_.emplace(scenario_); }
  Impostor& attacker() { return *attacker_; }

  /// From now on this slot must not be touched. Flash operations are counted from here, too.
  void runs_from(const image::Section& running) {
    operations_before_ = node().board().flash_operations();
    node().board().watch_flash([this, running](const board::FlashOperation& operation) {
      const bool state_word = operation.kind == board::FlashOperationKind::program_word &&
                              operation.address >= running.base + image::state_offset;
      if (running.contains(operation.address) && !state_word) ++running_slot_writes_;
      if (operation.kind == board::FlashOperationKind::erase_page) ++erases_;
    });
  }
  std::uint64_t flash_operations() {
    return node().board().flash_operations() - operations_before_;
  }
  std::uint64_t erases() const { return erases_; }

  /// Somebody presses the button, and what is offered is refused for this reason.
  void expect_refused(std::string_view reason,
                      std::source_location where = std::source_location::current()) {
    node().presses_button();
    node().says("[Update refused: ", 10min, where);
    node().says(reason, 1s, where);
    scenario_.waits(1s);
  }
  /// The attacker is gone, and nothing that he has done keeps the server's update out.
  void expect_honest_update(std::string_view version = "1.1.31",
                            std::source_location where = std::source_location::current()) {
    attacker_.reset();
    server().is_tapped({});
    server().publishes(version);
    node().presses_button();
    node().finds(version, where);
    node().completes_update_to(version, 20min, where);
  }
  /// The same; before, the server is told how it went.
  void expect_honest_update(wire::UpdateResult told,
                            std::source_location where = std::source_location::current()) {
    expect_honest_update("1.1.31", where);
    EXPECT_TRUE(std::ranges::any_of(server().asked(), [&](const Asked& asked) {
      return asked.offered && asked.last_result == told;
    }));
  }
  /// The same, and nobody presses anything: within the longest pause after a refusal.
  void expect_honest_update_unaided(std::string_view version = "1.1.31",
                                    std::source_location where = std::source_location::current()) {
    attacker_.reset();
    server().is_tapped({});
    server().publishes(version);
    node().completes_update_to(version, 4h * 11 / 10 + 5min, where);
  }
  void expect_old_application_after_reset() {
    node().resets();
    node().says("Running from: APP1, confirmed", 10s);
    node().says("APP2 version: 0.0.0", 1s);
    node().runs("1.0.31");
  }

 private:
  Scenario scenario_;
  std::optional<Impostor> attacker_;
  std::uint64_t operations_before_ = 0;
  std::uint64_t running_slot_writes_ = 0;
  std::uint64_t erases_ = 0;
};

}  // namespace goldcrest::scenario

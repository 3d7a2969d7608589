// SPDX-License-Identifier: MIT
// The whole system in virtual time, for tests that read like a specification:
//
//   Scenario scenario({.air = {.loss = 0.2}});
//   auto& node = scenario.node();
//   node.joins();
//   scenario.server().publishes("1.1.31");
//   node.presses_button();
//   node.completes_update_to("1.1.31");
//
// Every board is manufactured, with the server's address set, and on; server and border router run.
// What does not come true ends the test, with the seed, the command that plays it again, and what
// everybody said last. GOLDCREST_CONSOLE=1 shows all consoles while it plays.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "host/router/dodag_log.hpp"
#include "sim/air/pcap.hpp"
#include "sim/world/world.hpp"
#include "tests/scenarios/inputs.hpp"
#include "tests/scenarios/node.hpp"
#include "tests/scenarios/server.hpp"

namespace goldcrest::scenario {

using namespace std::chrono_literals;

struct Setup {
  unsigned nodes = 1;
  sim::AirOptions air{};  ///< its seed is always that of the scenario
  /// Without, the server serves what is well formed, as one whose operator has been robbed would.
  bool server_checks_signatures = true;
  bool with_router = true;
  std::optional<std::filesystem::path> pcap{};
};

class Scenario {
 public:
  using Where = std::source_location;

  explicit Scenario(const Setup& setup = {});

  sim::World& world() { return world_; }
  base::Instant now() const { return world_.now(); }
  Node& node(std::size_t number = 0) { return *nodes_.at(number); }
  Server& server() { return server_; }
  sim::VirtualRouter& router() { return *router_; }

  /// Stops the border router, and starts it again: it remembers nothing.
  void router_restarts(base::Duration pause);
  void waits(base::Duration duration) { world_.run_for(duration); }
  /// No frame passes between these two, in either direction.
  void cannot_hear(sim::StationId one, sim::StationId other);

  /// Ends the test unless it holds.
  void expect(bool holds, std::string_view what, Where where = Where::current());
  /// Runs until `done`; ends the test when that takes longer than `limit`.
  void until(const std::function<bool()>& done, base::Duration limit, std::string_view what,
             Where where = Where::current());

 private:
  std::string circumstances() const;
  void show_console(sim::BoardStation& station, unsigned number);

  std::uint64_t seed_ = seed();
  sim::World world_;
  Server server_;
  std::vector<std::string> router_lines_;
  router::DodagLog dodag_log_;
  sim::VirtualRouter* router_ = nullptr;
  std::optional<sim::PcapWriter> pcap_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

/// The command that plays this test again, with this seed.
std::string replay_command();

}  // namespace goldcrest::scenario

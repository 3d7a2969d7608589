// SPDX-License-Identifier: MIT
// A node of a scenario: a virtual board with the real firmware, and a person in front of it who
// presses buttons and reads the console. What the person waits for and does not see ends the
// scenario.
#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world/world.hpp"

namespace goldcrest::scenario {

class Scenario;

class Node {
 public:
  using Where = std::source_location;

  Node(Scenario& scenario, sim::BoardStation& station, std::string name)
      : scenario_(scenario), station_(station), name_(std::move(name)) {}

  board::Board& board() { return station_.board(); }
  sim::StationId station() const { return station_.station(); }
  const std::string& name() const { return name_; }
  /// Its link-local address, as its console says.
  std::string address() const;

  // What a person does.
  /// Power on, programmed with the MAN image, reset.
  void is_manufactured(Where where = Where::current());
  void presses_button();
  void resets(bool jumper = false);
  void types(std::string_view text) { board().type(text); }
  /// Takes it to the provisioning application, types in the line of a security context, and takes
  /// it back.
  void is_given_context(std::string_view line, Where where = Where::current());

  // What a person waits for.
  /// The next line that contains `text`; what is waited for next is looked for behind it.
  void says(std::string_view text, base::Duration limit, Where where = Where::current());
  /// Whether it has said so since it was manufactured or reset, whatever was waited for.
  bool has_said(std::string_view text) const;
  /// BOOT starts this version and it shows its banner.
  void runs(std::string_view version, Where where = Where::current());
  void joins(base::Duration limit = std::chrono::minutes(3), Where where = Where::current());
  void finds(std::string_view version, Where where = Where::current());
  void reaches_percent(unsigned percent, Where where = Where::current());
  /// Downloads the whole, verifies, reboots, and runs it.
  void completes_update_to(std::string_view version,
                           base::Duration limit = std::chrono::minutes(20),
                           Where where = Where::current());
  /// The running version is confirmed: it has joined and reached its server.
  void confirms(std::string_view version, Where where = Where::current());

  /// The last "[Updating: n/m" since the last reset: n, and m; 0 before.
  std::uint64_t received_bytes() const;
  std::uint64_t total_bytes() const;

  const std::string& console() const { return station_.console(); }
  /// The last lines of the console.
  std::string last_lines(std::size_t count) const;

 private:
  /// From here on what is waited for is looked for.
  void mark() { mark_ = console().size(); }
  std::uint64_t progress_number(unsigned index) const;

  Scenario& scenario_;
  sim::BoardStation& station_;
  std::string name_;
  std::size_t mark_ = 0;
  std::size_t reset_mark_ = 0;
};

}  // namespace goldcrest::scenario

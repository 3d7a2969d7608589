// SPDX-License-Identifier: MIT
// Where the plays are played: one node with the user's firmware, a border router and an update
// server in virtual time, and somebody who presses buttons and reads the console.
//
// The first thing that is waited for and does not come ends the play: all further calls do nothing,
// and error() says what was missing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/router/dodag_log.hpp"
#include "host/server/engine.hpp"
#include "host/server/store.hpp"
#include "sim/world/world.hpp"

namespace goldcrest::sim {

using File = std::vector<std::uint8_t>;

class Stage {
 public:
  /// The air seed is that of the border router and the air, the other one that of the node.
  Stage(std::uint64_t seed, std::uint64_t air_seed);

  board::Board& board() { return node_->board(); }
  base::Instant now() const { return world_.now(); }
  const std::string& error() const { return error_; }
  bool ended() const { return !error_.empty(); }
  /// The play need not go on.
  void stop() { error_ = "stopped"; }
  /// Called before each step of time, after whatever the person has done.
  void before_step(std::function<void()> hook) { before_step_ = std::move(hook); }

  // What a person does.
  void programs(const File& man);
  /// The update server is at this address from now on.
  void serves_at(std::string_view address);
  void publishes(const std::string& name, const File& update);
  void presses_button();
  void resets(bool jumper);
  void types_line(std::string_view line);
  void types_key(std::string_view key);
  void waits(base::Duration duration);

  // What a person waits for.
  /// What is waited for next is looked for behind it.
  void sees(std::string_view text, base::Duration limit);
  /// The same, and gives the rest of the line.
  std::string reads(std::string_view label, base::Duration limit);
  void joins();

  // What is done from here on belongs to a phase, or to none.
  void begins(std::string phase) { phase_ = std::move(phase); }
  void ends_phase() { phase_.clear(); }
  const std::string& phase() const { return phase_; }

 private:
  bool advance(const std::function<bool()>& done, base::Duration limit);

  World world_;
  server::Store store_;
  server::Engine engine_;
  router::DodagLog dodag_log_;
  VirtualRouter* router_ = nullptr;
  BoardStation* node_ = nullptr;
  std::function<void()> before_step_;
  std::string phase_;
  std::string error_;
  std::size_t mark_ = 0;
};

}  // namespace goldcrest::sim

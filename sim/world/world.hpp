// SPDX-License-Identifier: MIT
// Boards, air, border router and internet in one virtual time.
//
// Time moves in steps to the next event of anybody. While a board executes code, a step is at most
// `quantum` long: shorter than preamble and sync word (1.7 ms), so that whatever a board puts on
// the air in a step is known to all others before they could have locked on to it. Within a step
// boards know nothing of each other (one that listens for a carrier hears what began in earlier
// steps), so they can run in several threads; the result is the same with any number of threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "sim/air/air.hpp"
#include "sim/world/board_station.hpp"
#include "sim/world/crew.hpp"
#include "sim/world/internet.hpp"
#include "sim/world/virtual_router.hpp"

namespace goldcrest::sim {

class World {
 public:
  static constexpr base::Duration quantum = std::chrono::microseconds(500);

  /// `threads` run the boards; more than there are cores or boards is of no use.
  explicit World(const AirOptions& options, unsigned threads = 1) : air_(options), crew_(threads) {}

  base::Instant now() const { return now_; }
  Air& air() { return air_; }
  Internet& internet() { return internet_; }
  BoardStation& add_board(const board::BoardOptions& options);
  VirtualRouter& add_router(const role::BorderRouterConfig& config,
                            const wire::Ipv6Address& address, std::uint64_t seed,
                            role::BorderRouterEvents& events);

  /// Called after every step, for pacing and progress.
  void after_step(std::function<void(base::Instant)> hook) { after_step_ = std::move(hook); }

  void run_until(base::Instant until);
  void run_for(base::Duration duration) { run_until(now_ + duration); }
  /// Runs until `done` holds, checked after every step; false when `limit` passed first.
  bool run_until(const std::function<bool()>& done, base::Duration limit);

 private:
  void step(base::Instant until);
  void run_boards(base::Instant until);
  base::Instant next_event() const;

  Air air_;
  Internet internet_;
  std::vector<std::unique_ptr<BoardStation>> boards_;
  std::vector<std::unique_ptr<VirtualRouter>> routers_;
  Crew crew_;
  std::vector<BoardStation*> awake_;  ///< of one step
  std::function<void(base::Instant)> after_step_;
  base::Instant now_{};
};

}  // namespace goldcrest::sim

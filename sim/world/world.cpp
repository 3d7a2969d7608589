// SPDX-License-Identifier: MIT
#include "sim/world/world.hpp"

#include <algorithm>

namespace goldcrest::sim {

using base::Instant;

BoardStation& World::add_board(const board::BoardOptions& options) {
  boards_.push_back(std::make_unique<BoardStation>(air_, options));
  boards_.back()->run_until(now_);
  boards_.back()->deliver();
  return *boards_.back();
}

VirtualRouter& World::add_router(const role::BorderRouterConfig& config,
                                 const wire::Ipv6Address& address, std::uint64_t seed,
                                 role::BorderRouterEvents& events) {
  routers_.push_back(
      std::make_unique<VirtualRouter>(air_, internet_, config, address, seed, events));
  return *routers_.back();
}

void World::run_until(Instant until) {
  while (now_ < until) step(until);
}

bool World::run_until(const std::function<bool()>& done, base::Duration limit) {
  const auto end = now_ + limit;
  while (!done()) {
    if (now_ >= end) return false;
    step(end);
  }
  return true;
}

Instant World::next_event() const {
  auto next = std::min(air_.next_event(), internet_.next_event());
  for (const auto& router : routers_) next = std::min(next, router->next_event());
  for (const auto& board : boards_) {
    const auto event = board->board().next_event();
    next = std::min(next, event <= now_ ? now_ + quantum : event);
  }
  return next;
}

/// Boards that sleep through the step only have their clocks moved: not worth a thread.
void World::run_boards(Instant until) {
  awake_.clear();
  for (const auto& board : boards_) {
    if (board->board().next_event() < until) {
      awake_.push_back(board.get());
    } else {
      board->run_until(until);
    }
  }
  crew_.run(awake_.size(), [&](std::size_t index) { awake_[index]->run_until(until); });
  for (const auto& board : boards_) board->deliver();
}

void World::step(Instant until) {
  const auto next = std::clamp(next_event(), now_ + base::Duration(1), until);
  run_boards(next);
  now_ = next;
  air_.advance(now_);
  for (const auto& board : boards_) board->deliver();  // what receiving has set off
  internet_.advance(now_);
  for (const auto& router : routers_) router->advance(now_);
  if (after_step_) after_step_(now_);
}

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
// A board in the state that another one had at some instant, alone on its desk: what becomes of it
// when it is reset there, or loses power, without disturbing the other one's life.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "host/board/board.hpp"

namespace goldcrest::scenario {

class Twin {
 public:
  explicit Twin(std::span<const std::uint8_t> state) : board_({}) {
    if (const auto restored = board_.restore(state); !restored) {
      throw std::runtime_error("the state cannot be restored: " + restored.error());
    }
    (void)board_.take_serial();
  }

  board::Board& board() { return board_; }

  void runs_for(base::Duration duration) { board_.run_until(board_.now() + duration); }

  /// Runs until an armed power cut has fired; false when `limit` passes first.
  bool loses_power(base::Duration limit);
  /// Power comes back.
  void is_switched_on() { board_.power(true); }
  /// The version that the next banner shows; empty when none shows within `limit`.
  std::string shows_version(base::Duration limit = std::chrono::seconds(10));

 private:
  board::Board board_;
};

}  // namespace goldcrest::scenario

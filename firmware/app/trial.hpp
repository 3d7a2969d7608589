// SPDX-License-Identifier: MIT
// The probation of an updated application: it confirms itself once it has joined its network and
// the server has answered it. If that does not happen in time it resets the board; BOOT counts the
// starts and returns to the older application when they are used up (docs/formats/slot.md).
#pragma once

#include <chrono>
#include <cstdint>

#include "core/base/time.hpp"

namespace goldcrest::app {

class Trial {
 public:
  /// From the start of the application.
  static constexpr base::Duration patience = std::chrono::minutes(10);

  Trial(bool on_trial, base::Instant start)
      : pending_(on_trial), deadline_(on_trial ? start + patience : base::never) {}

  enum class Action : std::uint8_t { none, confirm, reset };
  /// What to do now. `confirm` is asked for until confirmed() tells that it is done.
  Action advance(base::Instant now, bool joined, bool server_reached) const {
    if (!pending_) return Action::none;
    // Also when it cannot be confirmed because the word does not take: BOOT decides then.
    if (now >= deadline_) return Action::reset;
    return joined && server_reached ? Action::confirm : Action::none;
  }
  void confirmed() {
    pending_ = false;
    deadline_ = base::never;
  }
  bool pending() const { return pending_; }
  base::Instant next_deadline() const { return deadline_; }

 private:
  bool pending_;
  base::Instant deadline_;
};

}  // namespace goldcrest::app

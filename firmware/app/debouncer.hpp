// SPDX-License-Identifier: MIT
// Presses of a button whose contacts bounce: an edge only starts a look at the level a little
// later, and after a press the button must have been seen open before the next one counts.
#pragma once

#include <chrono>

#include "core/base/time.hpp"

namespace goldcrest::app {

class Debouncer {
 public:
  /// Contacts bounce for a few milliseconds; people press for fifty and more.
  static constexpr base::Duration settling = std::chrono::milliseconds(10);

  /// True once for each press. `edge`: the level has changed since the last call; `closed`: the
  /// level now. To be called at every edge and at next_deadline().
  bool advance(base::Instant now, bool edge, bool closed) {
    if (edge && look_at_ == base::never) look_at_ = now + settling;
    if (now < look_at_) return false;
    look_at_ = closed ? now + settling : base::never;
    const bool press = closed && !pressed_;
    pressed_ = closed;
    return press;
  }
  base::Instant next_deadline() const { return look_at_; }

 private:
  bool pressed_ = false;
  base::Instant look_at_ = base::never;
};

}  // namespace goldcrest::app

// SPDX-License-Identifier: MIT
// The note an interrupt handler leaves for the main loop: there is something to do, do not sleep.
#pragma once

#include <atomic>

namespace goldcrest::chip {

inline constinit std::atomic<bool> wake_requested{false};

inline void request_wake() {
  wake_requested.store(true, std::memory_order_relaxed);
}

}  // namespace goldcrest::chip

// SPDX-License-Identifier: MIT
// Time as core knows it: a number that somebody else hands in. The clock type has no now() on
// purpose, so that no component of core can ask for the time; the firmware, the host programs and
// the simulator each drive the same code with a clock of their own.
#pragma once

#include <chrono>
#include <cstdint>

namespace goldcrest::base {

using Duration = std::chrono::duration<std::int64_t, std::micro>;

struct Clock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
};

/// A point in time, microseconds since an origin that only the driver knows (boot, for firmware).
using Instant = Clock::time_point;

/// A deadline that never comes.
inline constexpr Instant never = Instant::max();

}  // namespace goldcrest::base

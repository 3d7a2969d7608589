// SPDX-License-Identifier: MIT
// Exact arithmetic between clock cycles and picoseconds, without overflow for any clock of the chip
// and any time that fits the board's life.
#pragma once

#include <cstdint>

#include "host/board/peripheral.hpp"

namespace goldcrest::board {

inline constexpr std::uint64_t picoseconds_per_second = 1'000'000'000'000u;

/// The time `cycles` of a clock of `hz` take, rounded up: a counter has counted `cycles` then. A
/// clock that stands still (0 Hz) never gets there.
constexpr Picoseconds cycles_to_time(std::uint64_t cycles, std::uint32_t hz) {
  if (hz == 0) return no_event;
  const std::uint64_t seconds = cycles / hz;
  if (seconds > 9'000'000) return no_event;
  const std::uint64_t rest_micro = (cycles % hz) * 1'000'000u;
  const std::uint64_t micro = rest_micro / hz;
  const std::uint64_t pico = ((rest_micro % hz) * 1'000'000u + hz - 1) / hz;
  return static_cast<Picoseconds>(seconds * picoseconds_per_second + micro * 1'000'000u + pico);
}

/// Whole cycles of a clock of `hz` in `time` ≥ 0.
constexpr std::uint64_t time_to_cycles(Picoseconds time, std::uint32_t hz) {
  const auto total = static_cast<std::uint64_t>(time);
  const std::uint64_t seconds = total / picoseconds_per_second;
  const std::uint64_t rest = total % picoseconds_per_second;
  const std::uint64_t scaled = (rest / 1'000'000u) * hz;
  const std::uint64_t tail = (scaled % 1'000'000u) * 1'000'000u + (rest % 1'000'000u) * hz;
  return seconds * hz + scaled / 1'000'000u + tail / picoseconds_per_second;
}

/// a + b where either may be no_event.
constexpr Picoseconds later(Picoseconds a, Picoseconds b) {
  return a == no_event || b == no_event || a > no_event - b ? no_event : a + b;
}

constexpr Picoseconds microseconds(std::int64_t count) {
  return count * picoseconds_per_microsecond;
}

}  // namespace goldcrest::board

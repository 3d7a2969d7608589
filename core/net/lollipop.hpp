// SPDX-License-Identifier: MIT
// RPL's sequence counters (RFC 6550 section 7.2): 240 … 255 after a start, then 0 … 127 in circles,
// so that a node that starts again is recognised.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace goldcrest::net::lollipop {

inline constexpr std::uint8_t initial = 240;
inline constexpr int window = 16;

constexpr std::uint8_t next(std::uint8_t value) {
  if (value == 127 || value == 255) return 0;
  return static_cast<std::uint8_t>(value + 1);
}

enum class Order : std::uint8_t { equal, newer, older, incomparable };

/// How `a` stands to `b`.
constexpr Order compare(std::uint8_t a, std::uint8_t b) {
  if (a == b) return Order::equal;
  const bool a_starts = a > 127;
  const bool b_starts = b > 127;
  if (a_starts != b_starts) {
    const int distance = a_starts ? 256 + b - a : 256 + a - b;
    const bool circular_is_newer = distance <= window;
    return circular_is_newer == a_starts ? Order::older : Order::newer;
  }
  if (a_starts) {
    if (std::abs(a - b) > window) return Order::incomparable;
    return a > b ? Order::newer : Order::older;
  }
  const int ahead = (a - b) & 0x7F;
  if (ahead <= window) return Order::newer;
  if (128 - ahead <= window) return Order::older;
  return Order::incomparable;
}

/// `a` is newer than `b`, or too far away from it to be its past (section 7.2, rule 4).
constexpr bool supersedes(std::uint8_t a, std::uint8_t b) {
  const auto order = compare(a, b);
  return order == Order::newer || order == Order::incomparable;
}

}  // namespace goldcrest::net::lollipop

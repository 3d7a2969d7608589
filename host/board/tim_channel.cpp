// SPDX-License-Identifier: MIT
#include "host/board/tim_channel.hpp"

namespace goldcrest::board {
namespace {

// OCxM
constexpr unsigned active_on_match = 1;
constexpr unsigned inactive_on_match = 2;
constexpr unsigned toggle_on_match = 3;
constexpr unsigned force_inactive = 4;
constexpr unsigned force_active = 5;
constexpr unsigned pwm1 = 6;

constexpr std::uint32_t preload_enable = 1u << 3;
constexpr std::uint32_t selection_bits = 3;

}  // namespace

void TimerChannel::set_mode(std::uint32_t value) {
  const std::uint32_t kept = enabled() ? selection_bits : 0u;
  mode_ = (mode_ & kept) | (value & 0xFFu & ~kept);
  edges_ = 0;
}

void TimerChannel::set_enable(std::uint32_t value) {
  enable_ = value & 0xBu;
  if (!enabled()) edges_ = 0;  // the capture prescaler starts over
}

void TimerChannel::set_compare(std::uint32_t value) {
  if (!is_output()) return;  // the captured value is read-only
  compare_ = value;
  if ((mode_ & preload_enable) == 0) active_compare_ = value;
}

void TimerChannel::match() {
  switch (output_mode()) {
    case active_on_match:
      reference_ = true;
      break;
    case inactive_on_match:
      reference_ = false;
      break;
    case toggle_on_match:
      reference_ = !reference_;
      break;
    default:
      break;
  }
}

void TimerChannel::follow(std::uint32_t count, bool down) {
  const unsigned mode = output_mode();
  if (mode == force_inactive) reference_ = false;
  if (mode == force_active) reference_ = true;
  if (!is_pwm()) return;
  const bool before = down ? count <= active_compare_ : count < active_compare_;
  reference_ = before == (mode == pwm1);
}

bool TimerChannel::captures(bool rising) {
  if (!enabled() || is_output()) return false;
  if (!both_edges() && rising == inverted()) return false;
  if (++edges_ < edges_per_capture()) return false;
  edges_ = 0;
  return true;
}

void TimerChannel::serialize(Saver& saver) {
  saver(mode_, enable_, compare_, active_compare_, edges_, reference_);
  if (edges_ >= edges_per_capture()) edges_ = 0;
}

}  // namespace goldcrest::board

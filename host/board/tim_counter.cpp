// SPDX-License-Identifier: MIT
#include "host/board/tim_counter.hpp"

namespace goldcrest::board {

void TimerCounter::reset(std::uint32_t mask) {
  *this = {};
  mask_ = reload_ = active_reload_ = mask;
}

void TimerCounter::set_mode(bool down, unsigned centre_aligned, bool preload) {
  // DIR is read-only while the counter runs centre-aligned.
  if (centre_aligned == 0) down_ = down;
  centre_aligned_ = static_cast<std::uint8_t>(centre_aligned);
  preload_ = preload;
}

void TimerCounter::set_reload(std::uint32_t value) {
  reload_ = value & mask_;
  if (!preload_) active_reload_ = reload_;
}

bool TimerCounter::settled() const {
  return active_prescaler_ == prescaler_ && active_reload_ == reload_ && value_ <= active_reload_;
}

std::uint64_t TimerCounter::ticks_in(std::uint64_t clocks) const {
  return (phase_ + clocks) / (active_prescaler_ + std::uint64_t{1});
}

std::uint64_t TimerCounter::clocks_for(std::uint64_t ticks) const {
  const std::uint64_t clocks = ticks * (active_prescaler_ + std::uint64_t{1});
  return clocks > phase_ ? clocks - phase_ : 1;
}

std::uint64_t TimerCounter::ticks_to_turn() const {
  const std::uint64_t value = value_;
  if (centre_aligned_ == 0) {
    if (down_) return value + 1;
    return (value > active_reload_ ? mask_ : active_reload_) - value + 1;
  }
  if (down_) return value == 0 ? 1 : value;
  if (value > active_reload_) return mask_ - value + 1;
  return value == active_reload_ ? 1 : active_reload_ - value;
}

std::uint64_t TimerCounter::period() const {
  const std::uint64_t reload = active_reload_;
  return centre_aligned_ == 0 ? reload + 1 : 2 * reload;
}

std::uint64_t TimerCounter::ticks_to(std::uint32_t target) const {
  std::uint64_t distance = never;
  if (down_ && target < value_) distance = value_ - target;
  if (!down_ && target > value_) distance = target - value_;
  return distance < ticks_to_turn() ? distance : never;
}

void TimerCounter::step(std::uint64_t ticks) {
  const auto distance = static_cast<std::uint32_t>(ticks);
  value_ = (down_ ? value_ - distance : value_ + distance) & mask_;
  phase_ = 0;
}

TimerCounter::Turn TimerCounter::turn() {
  phase_ = 0;
  if (!down_ && value_ > active_reload_) return Turn::none;
  return down_ ? Turn::underflow : Turn::overflow;
}

void TimerCounter::start_run(Turn turn) {
  if (centre_aligned_ == 0) {
    value_ = turn == Turn::underflow ? active_reload_ : 0;
    return;
  }
  value_ = turn == Turn::overflow ? active_reload_ : 0;
  down_ = turn == Turn::overflow;
}

void TimerCounter::load() {
  active_prescaler_ = prescaler_;
  active_reload_ = reload_;
}

void TimerCounter::restart() {
  if (centre_aligned_ != 0) down_ = false;
  value_ = down_ ? active_reload_ : 0;
  phase_ = 0;
}

void TimerCounter::serialize(Saver& saver) {
  saver(mask_, value_, phase_, prescaler_, active_prescaler_, reload_, active_reload_, preload_,
        down_, centre_aligned_);
}

}  // namespace goldcrest::board

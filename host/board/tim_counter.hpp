// SPDX-License-Identifier: MIT
// The counter of a timer, RM0038 "Time-base unit" and "Counter modes": prescaler, counter and
// auto-reload value with their preload registers; counting up, down and centre-aligned.
//
// It knows no time: it is given clocks, and is asked how many it takes to somewhere, so that long
// stretches are done at once. A run is the stretch up to the next overflow or underflow.
#pragma once

#include <cstdint>

#include "host/board/state.hpp"

namespace goldcrest::board {

class TimerCounter {
 public:
  static constexpr std::uint64_t never = UINT64_MAX;

  enum class Turn : std::uint8_t { none, overflow, underflow };

  void reset(std::uint32_t mask);

  /// CR1: DIR, which hardware owns in the centre-aligned modes, CMS and ARPE.
  void set_mode(bool down, unsigned centre_aligned, bool preload);
  bool down() const { return down_; }
  void set_down(bool down) { down_ = down; }
  unsigned centre_aligned() const { return centre_aligned_; }

  std::uint32_t value() const { return value_; }
  void set_value(std::uint32_t value) { value_ = value & mask_; }
  std::uint32_t prescaler() const { return prescaler_; }
  void set_prescaler(std::uint32_t value) { prescaler_ = value & 0xFFFFu; }
  std::uint32_t reload() const { return reload_; }
  std::uint32_t active_reload() const { return active_reload_; }
  void set_reload(std::uint32_t value);

  /// An auto-reload value of 0 blocks the counter.
  bool blocked() const { return active_reload_ == 0; }
  /// No preload register waits for the next update, and the counter is in its range: one run is
  /// like the other.
  bool settled() const;

  /// Ticks that `clocks` more clocks of the prescaler give.
  std::uint64_t ticks_in(std::uint64_t clocks) const;
  /// Clocks until `ticks` more ticks have been given.
  std::uint64_t clocks_for(std::uint64_t ticks) const;
  /// Clocks that give no tick any more.
  void add_phase(std::uint64_t clocks) { phase_ += static_cast<std::uint32_t>(clocks); }
  std::uint32_t phase() const { return phase_; }

  /// Ticks to the end of this run, at least 1.
  std::uint64_t ticks_to_turn() const;
  /// Ticks of a whole run up to where the counter is now again.
  std::uint64_t period() const;
  /// Ticks until the counter has become `target` before the end of this run, or never.
  std::uint64_t ticks_to(std::uint32_t target) const;
  /// Whole ticks, fewer than ticks_to_turn(); the prescaler starts over.
  void step(std::uint64_t ticks);
  /// The last tick of the run; `none` where the counter only wraps, having been above its end.
  Turn turn();
  /// After the update event of turn(): the counter goes to where the next run starts.
  void start_run(Turn turn);
  /// Update event: preload registers take effect.
  void load();
  /// Counter and prescaler start over (UG, slave reset).
  void restart();

  void serialize(Saver& saver);

 private:
  std::uint32_t mask_ = 0xFFFF;
  std::uint32_t value_ = 0;
  std::uint32_t phase_ = 0;  ///< clocks since the last tick
  std::uint32_t prescaler_ = 0;
  std::uint32_t active_prescaler_ = 0;
  std::uint32_t reload_ = 0;
  std::uint32_t active_reload_ = 0;
  bool preload_ = false;
  bool down_ = false;
  std::uint8_t centre_aligned_ = 0;
};

}  // namespace goldcrest::board

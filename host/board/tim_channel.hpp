// SPDX-License-Identifier: MIT
// One capture/compare channel of a timer, RM0038 "Capture/compare channels": the compare value with
// its preload register, the output's reference signal, and the capture's edge choice and prescaler.
// Input filters delay nothing here and take nothing away: the board's signals are clean.
#pragma once

#include <cstdint>

#include "host/board/state.hpp"

namespace goldcrest::board {

class TimerChannel {
 public:
  /// CCxS.
  enum class Selection : std::uint8_t { output = 0, own_input = 1, other_input = 2, trigger = 3 };

  void reset() { *this = {}; }

  /// The channel's byte of CCMR1 or CCMR2.
  std::uint32_t mode() const { return mode_; }
  /// CCxS can only be written while the channel is off.
  void set_mode(std::uint32_t value);
  /// The channel's four bits of CCER: CCxE, CCxP, CCxNP.
  std::uint32_t enable() const { return enable_; }
  void set_enable(std::uint32_t value);

  Selection selection() const { return static_cast<Selection>(mode_ & 3u); }
  bool is_output() const { return selection() == Selection::output; }
  bool enabled() const { return (enable_ & 1u) != 0; }
  bool inverted() const { return (enable_ & 2u) != 0; }
  bool both_edges() const { return (enable_ & 8u) != 0 && inverted(); }

  std::uint32_t compare() const { return compare_; }
  std::uint32_t active_compare() const { return active_compare_; }
  bool settled() const { return compare_ == active_compare_; }
  void set_compare(std::uint32_t value);
  void load() { active_compare_ = compare_; }

  /// The reference signal OCxREF.
  bool reference() const { return reference_; }
  /// What the pin gets, while the channel is an enabled output.
  bool level() const { return reference_ != inverted(); }
  /// The counter has become the compare value.
  void match();
  /// PWM and forced modes: what the reference is at this count.
  void follow(std::uint32_t count, bool down);
  bool is_pwm() const { return output_mode() >= 6; }

  /// An edge at the channel's input; true if it is to be captured.
  bool captures(bool rising);
  /// Edges of its input, of the kind it takes, up to the next capture: 1 to 8.
  unsigned edges_to_capture() const { return edges_per_capture() - edges_; }
  void capture(std::uint32_t count) { compare_ = active_compare_ = count; }

  void serialize(Saver& saver);

 private:
  unsigned edges_per_capture() const { return 1u << (mode_ >> 2 & 3u); }
  unsigned output_mode() const { return mode_ >> 4 & 7u; }

  std::uint32_t mode_ = 0;
  std::uint32_t enable_ = 0;
  std::uint32_t compare_ = 0;
  std::uint32_t active_compare_ = 0;
  std::uint32_t edges_ = 0;  ///< since the last capture
  bool reference_ = false;
};

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// SysTick at 0xE000E010, PM0056 4.5: a 24-bit down counter from LOAD to 0, clocked by HCLK or
// HCLK/8. The step from 1 to 0 sets COUNTFLAG and pends the exception; the step after it reloads.
//
// The counter is not stepped: it is computed from the time since a moment at which its value was
// known, so that polling it and sleeping over it cost the same.
#pragma once

#include "host/board/nvic.hpp"
#include "host/board/register_block.hpp"

namespace goldcrest::board {

class SysTick final : public RegisterBlock {
 public:
  SysTick(Chip& chip, Nvic& nvic);

  /// HCLK has just changed (0 Hz: it stands still).
  void clock_changed(std::uint32_t hclk_hz);

  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;
  std::uint32_t peek_register(std::uint32_t offset) override;

 private:
  std::uint32_t clock_hz() const;
  bool counting() const;
  /// Makes the value at `now` the known one, with all zero crossings on the way accounted for.
  void catch_up(Picoseconds now);
  std::uint64_t ticks_to_zero() const;

  Nvic& nvic_;
  std::uint32_t hclk_hz_ = 0;
  std::uint32_t control_ = 0;
  std::uint32_t reload_ = 0;
  std::uint32_t value_ = 0;   ///< the counter at known_at_
  Picoseconds known_at_ = 0;  ///< a moment of a clock edge
  bool count_flag_ = false;
};

}  // namespace goldcrest::board

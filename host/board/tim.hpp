// SPDX-License-Identifier: MIT
// General-purpose and basic timers, RM0038 chapters "General-purpose timers" and "Basic timers".
//
//   TIM2 0x40000000 IRQ 28   TIM3 0x40000400 IRQ 29   TIM4 0x40000800 IRQ 30   (16 bit, 4 channels)
//   TIM5 0x40000C00 IRQ 46 (32 bit, 4 channels)       TIM6 0x40001000 IRQ 43   TIM7 0x40001400 IRQ
//   44 TIM9 0x40010800 IRQ 25 (2 channels)   TIM10 0x40010C00 IRQ 26   TIM11 0x40011000 IRQ 27 (1
//   channel)
//
// Counting up and down from the internal clock, prescaler and auto-reload with their preload
// registers, update events, one-pulse mode, compare matches. The counter is worked out when
// somebody looks; only an enabled interrupt needs an event. Not modelled, traced: centre-aligned
// counting, slave modes and external clocks, input capture, outputs on pins, DMA requests.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "host/board/rcc.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

struct TimerConfig {
  std::string_view name;
  unsigned irq = 0;
  unsigned bus = 2;  ///< 1 = APB2, 2 = APB1
  unsigned channels = 0;
  bool wide = false;  ///< 32 bits
};

class Timer final : public RegisterBlock, public ClockListener {
 public:
  Timer(Chip& chip, Rcc& rcc, const TimerConfig& config);

  void clocks_changed() override;
  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  bool counting() const;
  bool down() const;
  std::uint32_t mask() const { return config_.wide ? 0xFFFF'FFFFu : 0xFFFFu; }
  std::uint64_t ticks_to_end() const;
  std::uint64_t ticks_to_match(unsigned channel) const;
  bool compares(unsigned channel) const;
  void synchronise(Picoseconds now);
  std::uint64_t count(std::uint64_t ticks);
  void mark_matches(std::uint64_t ticks);
  void update_event();
  void write_control(std::uint32_t value);
  void write_event(std::uint32_t value);
  void write_compare(unsigned channel, std::uint32_t value);
  void note_unmodelled(std::uint32_t offset, std::uint32_t value);
  void update_interrupt();

  Rcc& rcc_;
  TimerConfig config_;
  std::uint32_t control1_ = 0;
  std::uint32_t control2_ = 0;
  std::uint32_t slave_mode_ = 0;
  std::uint32_t interrupts_ = 0;
  std::uint32_t status_ = 0;
  std::array<std::uint32_t, 2> capture_mode_{};
  std::uint32_t capture_enable_ = 0;
  std::uint32_t counter_ = 0;
  std::uint32_t prescaler_ = 0;         ///< the register
  std::uint32_t active_prescaler_ = 0;  ///< what counts until the next update
  std::uint32_t reload_ = 0;
  std::uint32_t active_reload_ = 0;
  std::array<std::uint32_t, 4> compare_{};
  std::array<std::uint32_t, 4> active_compare_{};
  std::uint32_t option_ = 0;
  std::uint32_t dma_control_ = 0;
  std::uint32_t clock_hz_ = 0;
  Picoseconds counted_at_ = 0;  ///< when counter_ became what it is
};

}  // namespace goldcrest::board

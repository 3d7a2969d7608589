// SPDX-License-Identifier: MIT
// How the timers of an STM32L152RE are wired: pins (datasheet "Alternate function input/output"),
// DMA channels (RM0038 "Summary of DMA1/DMA2 requests for each channel"), internal triggers (RM0038
// "TIMx internal trigger connection") and what the option registers choose from.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "host/board/dma_request.hpp"
#include "host/board/pins.hpp"
#include "host/board/tim.hpp"

namespace goldcrest::board {

inline constexpr std::size_t timer_count = 9;  ///< TIM2–7, 9–11

/// `index` 0–8: TIM2–7, TIM9–11.
TimerConfig timer_config(unsigned index, DmaRequests& dma1, DmaRequests& dma2);

/// Internal triggers; `timers` in the order of timer_config().
void connect_timers(std::span<Timer, timer_count> timers);

/// Tells the timers of changes at their pins.
class TimerPins final : public PinListener {
 public:
  TimerPins(Pins& pins, std::span<Timer, timer_count> timers);

  void pin_changed(Pin pin, bool level) override;

 private:
  std::span<Timer, timer_count> timers_;
  std::array<std::uint16_t, pin_count> listeners_{};  ///< one bit a timer
};

}  // namespace goldcrest::board

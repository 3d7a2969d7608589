// SPDX-License-Identifier: MIT
// All peripherals of the virtual NUCLEO-L152RE with its radio shield, wired to each other: the
// clock tree, pins, interrupts, serial ports, timers and the SPIRIT1. The CPU side attaches
// windows() to its bus, forwards Chip's pin and clock questions here, and runs
// reset/next_event/advance/serialize.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "host/board/adc.hpp"
#include "host/board/clock_gate.hpp"
#include "host/board/crc.hpp"
#include "host/board/dma.hpp"
#include "host/board/exti.hpp"
#include "host/board/gpio.hpp"
#include "host/board/i2c.hpp"
#include "host/board/iwdg.hpp"
#include "host/board/peripheral.hpp"
#include "host/board/pins.hpp"
#include "host/board/pwr.hpp"
#include "host/board/rcc.hpp"
#include "host/board/rtc.hpp"
#include "host/board/spi.hpp"
#include "host/board/spirit1.hpp"
#include "host/board/syscfg.hpp"
#include "host/board/tim.hpp"
#include "host/board/tim_wiring.hpp"
#include "host/board/unmodelled_peripheral.hpp"
#include "host/board/usart.hpp"
#include "host/board/wwdg.hpp"

namespace goldcrest::board {

class Peripherals final : public PeripheralResetter {
 public:
  /// [base, base + size) belongs to `peripheral`.
  struct Window {
    std::uint32_t base = 0;
    std::uint32_t size = 0;
    Peripheral* peripheral = nullptr;
  };

  static constexpr Pin jumper_pin{0, 0};  ///< to 3V3 when fitted
  static constexpr Pin led_pin{0, 5};
  static constexpr Pin button_pin{2, 13};  ///< low when pressed

  /// Does not call `chip` yet; reset(true) comes before anything else.
  explicit Peripherals(Chip& chip);
  Peripherals(const Peripherals&) = delete;
  Peripherals& operator=(const Peripherals&) = delete;

  std::span<const Window> windows() const { return windows_; }
  /// What happens by itself, in the order in which it does at the same time.
  std::span<EventSource* const> event_sources() const { return event_sources_; }

  /// Power-on resets the radio too. After a system reset call rcc.note_reset() with its cause.
  void reset(bool power_on);
  /// The core domain loses its power: pins float, all that was in progress is gone.
  void enter_standby();
  Picoseconds next_event() const;
  void advance(Picoseconds now);
  void serialize(Saver& saver);

  void reset_peripheral(unsigned bus, unsigned bit) override;

 private:
  Chip& chip_;

 public:
  Pins pins;
  Rcc rcc;
  Pwr pwr;
  Syscfg syscfg;
  Exti exti;
  std::array<Gpio, port_count> gpio;
  Dma dma1;
  Dma dma2;
  Usart usart1;
  Usart usart2;  ///< the virtual COM port
  Usart usart3;
  Usart uart4;
  Usart uart5;
  Spi spi1;  ///< the radio
  Spi spi2;
  Spi spi3;
  Adc adc;
  I2c i2c1;
  I2c i2c2;
  Rtc rtc;
  UnmodelledPeripheral dac;
  UnmodelledPeripheral lcd;
  UnmodelledPeripheral usb;
  UnmodelledPeripheral usb_memory;
  UnmodelledPeripheral comparators;  ///< and routing interface, operational amplifiers
  Iwdg iwdg;
  Wwdg wwdg;
  Crc crc;
  std::array<Timer, timer_count> timers;  ///< TIM2–7, 9–11
  TimerPins timer_pins;
  Spirit1 radio;

 private:
  Timer timer(unsigned index);
  void attach(std::uint32_t base, Peripheral& peripheral);
  void attach(std::uint32_t base, Peripheral& peripheral, ClockGate gate);

  std::deque<GatedPeripheral> gated_;
  std::vector<Window> windows_;
  std::vector<Peripheral*> all_;
  std::vector<EventSource*> event_sources_;
};

}  // namespace goldcrest::board

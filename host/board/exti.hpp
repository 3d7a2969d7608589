// SPDX-License-Identifier: MIT
// EXTI at 0x40010400, RM0038 chapter "External interrupt/event controller".
//
//   lines 0–15 GPIO pins by SYSCFG   IRQ 6–10 (lines 0–4), 23 (5–9), 40 (10–15)
//   16 PVD (IRQ 1)   17 RTC alarm (41)   18 USB wake-up (42)   19 RTC tamper/timestamp (2)
//   20 RTC wake-up (3)   21, 22 comparators (22)   23 channel acquisition (56)
//
// Lines 17, 19 and 20 are also what wakes the chip from Standby, whatever EXTI makes of them.
//
// A line that is open in EMR sends an event, which ends WFE; nothing is latched for it.
#pragma once

#include "host/board/pins.hpp"
#include "host/board/pwr.hpp"
#include "host/board/register_block.hpp"
#include "host/board/syscfg.hpp"

namespace goldcrest::board {

class Exti final : public RegisterBlock, public PinListener, public Syscfg::Listener {
 public:
  static constexpr unsigned line_pvd = 16;
  static constexpr unsigned line_rtc_alarm = 17;
  static constexpr unsigned line_rtc_tamper = 19;
  static constexpr unsigned line_rtc_wakeup = 20;

  Exti(Chip& chip, Pins& pins, Syscfg& syscfg, Pwr& pwr);

  /// The level of an internal line (16–23) changes.
  void set_line(unsigned line, bool level);

  void pin_changed(Pin pin, bool level) override;
  void exti_port_changed(unsigned line) override;
  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  void update_interrupts();

  Pins& pins_;
  Syscfg& syscfg_;
  Pwr& pwr_;
  std::uint32_t interrupt_mask_ = 0;
  std::uint32_t event_mask_ = 0;
  std::uint32_t rising_ = 0;
  std::uint32_t falling_ = 0;
  std::uint32_t software_ = 0;
  std::uint32_t pending_ = 0;
  std::uint32_t levels_ = 0;
};

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// PWR at 0x40007000, RM0038 chapter "Power control": core voltage range with VOSF, write access to
// the RTC domain, low-power mode selection, and what ends Standby: a rising edge at an enabled
// wake-up pin (PA0, PC13, PE6) or an event of the RTC. VDD is 3.3 V, above every PVD threshold:
// PVDO stays 0.
#pragma once

#include "host/board/pins.hpp"
#include "host/board/rcc.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Pwr final : public RegisterBlock, public PinListener {
 public:
  Pwr(Chip& chip, Rcc& rcc, Pins& pins);

  /// RTC registers can be written (DBP).
  bool backup_access() const;
  /// Deep sleep means Standby (PDDS) instead of Stop.
  bool standby_selected() const;
  /// Core voltage range 1 (1.8 V), 2 or 3; 0 for the reserved code.
  unsigned voltage_range() const { return control_ >> 11 & 3u; }
  /// An alarm, wake-up, tamper or timestamp event of the RTC.
  void rtc_event() { note_wakeup(); }
  /// The chip goes into Standby; SBF tells afterwards, however it is left.
  void enter_standby();
  /// WUF: Standby ends, or does not begin.
  bool woken() const;
  /// Before the reset that a wake-up from Standby is: it leaves PWR_CSR as it was.
  void leave_standby() { leaving_standby_ = true; }

  void pin_changed(Pin pin, bool level) override;
  void reset(bool power_on) override;
  Picoseconds next_event() const override { return settled_at_; }
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  void note_wakeup();
  void write_status(std::uint32_t value);

  Rcc& rcc_;
  Pins& pins_;
  bool leaving_standby_ = false;  ///< only between leave_standby() and reset()
  std::uint32_t control_ = 0;
  std::uint32_t status_ = 0;
  Picoseconds settled_at_ = no_event;  ///< end of a change of voltage range (VOSF)
};

}  // namespace goldcrest::board

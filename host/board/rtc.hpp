// SPDX-License-Identifier: MIT
// RTC at 0x40002800, RM0038 chapter "Real-time clock". Interrupts through EXTI: alarms line 17
// (IRQ 41), tamper and timestamp line 19 (IRQ 2), wake-up timer line 20 (IRQ 3).
//
// Calendar in BCD with sub-seconds and shadow registers (RSF), initialisation mode, write
// protection by keys and by PWR_CR.DBP, coarse and smooth calibration, shifting; rtc_alarm.cpp:
// wake-up timer, alarms A and B with masks; rtc_tamper.cpp: timestamps, tamper inputs; 32 backup
// registers. It runs through a system reset; only a power-on or RCC_CSR.RTCRST clears it. Not
// modelled, traced: reference clock and outputs, which are at the button's pin.
#pragma once

#include <array>
#include <cstdint>

#include "host/board/calendar.hpp"
#include "host/board/exti.hpp"
#include "host/board/pins.hpp"
#include "host/board/pwr.hpp"
#include "host/board/rcc.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Rtc final : public RegisterBlock, public ClockListener, public PinListener {
 public:
  Rtc(Chip& chip, Rcc& rcc, const Pwr& pwr, Exti& exti, Pins& pins);

  /// RCC_CSR.RTCRST: as after power-on.
  void reset_domain();

  void clocks_changed() override;
  void pin_changed(Pin pin, bool level) override;
  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  /// For picoseconds times frequencies.
  __extension__ using Wide = unsigned __int128;
  /// Of `of` pulses of RTCCLK, `counted` count.
  struct Rate {
    std::uint32_t counted = 1;
    std::uint32_t of = 1;
  };
  struct Alarm {
    std::uint32_t match = 0;
    std::uint32_t sub_second = 0;
    Picoseconds at = no_event;
    void serialize(Saver& saver);
  };

  bool in_initialisation() const;
  std::uint32_t asynchronous() const { return (prescalers_ >> 16 & 0x7Fu) + 1; }
  std::uint32_t synchronous() const { return (prescalers_ & 0x7FFFu) + 1; }
  Rate rate() const;
  Picoseconds ticks_to_time(std::uint64_t ticks) const;
  std::uint64_t ticks_at(Picoseconds now) const;
  void synchronise(Picoseconds now);
  Calendar calendar() const;
  std::uint32_t sub_second() const;
  std::uint32_t read_time(std::uint32_t offset);
  std::uint32_t status() const;
  void write_key(std::uint32_t value);
  void write_protected(std::uint32_t offset, std::uint32_t value);
  void write_status(std::uint32_t value);
  void write_control(std::uint32_t value);
  void set_calendar();
  void leave_initialisation();
  void wait_for(std::uint32_t flag, std::uint64_t ticks);
  void write_shift(std::uint32_t value);
  void write_tamper(std::uint32_t value);
  bool tamper_enabled(unsigned input) const;
  bool tamper_level(unsigned input) const;
  void look_at_tamper(unsigned input, bool level);
  void advance_tamper(Picoseconds now);
  void detect_tamper(unsigned input);
  void stamp();
  Picoseconds wake_up_period() const;
  void plan_shadow();
  void plan_alarm(Alarm& alarm, std::uint32_t enable);
  bool day_matches(const Alarm& alarm, const Calendar& when) const;
  std::int64_t second_of_day(const Alarm& alarm, std::int64_t from) const;
  void plan();
  void update_interrupts();

  Rcc& rcc_;
  const Pwr& pwr_;
  Exti& exti_;
  Pins& pins_;
  std::uint32_t control_ = 0;
  std::uint32_t flags_ = 0;  ///< ISR bits 5 (RSF), 6, 7 and 8–15
  std::uint32_t prescalers_ = 0;
  std::uint32_t wake_up_reload_ = 0;
  std::uint32_t unlock_step_ = 0;  ///< 2 = write protection is off
  std::array<Alarm, 2> alarms_{};
  std::uint32_t calibration_ = 0;
  std::uint32_t smooth_calibration_ = 0;
  std::uint32_t tamper_ = 0;
  std::array<std::uint32_t, 32> backup_{};

  // The calendar: `seconds_` and `ticks_` (of ck_apre, within the second) were right at
  // counted_at_.
  std::int64_t seconds_ = 0;
  std::int64_t ticks_ = 0;
  std::int64_t weekday_reference_ = 0;
  std::uint32_t weekday_ = 1;
  Picoseconds counted_at_ = 0;
  std::uint32_t clock_hz_ = 0;

  std::uint32_t written_time_ = 0;  ///< TR and DR as set in initialisation mode
  std::uint32_t written_date_ = 0x2101;
  bool frozen_ = false;  ///< shadow registers are held until DR is read
  std::uint32_t frozen_time_ = 0;
  std::uint32_t frozen_date_ = 0;
  Picoseconds shadow_at_ = no_event;          ///< RSF comes
  Picoseconds initialisation_at_ = no_event;  ///< INITF comes
  Picoseconds wake_up_at_ = no_event;

  bool shadow_is_reset_ = false;          ///< since a system reset, until RSF
  std::array<std::uint32_t, 3> stamp_{};  ///< TSTR, TSDR, TSSSR
  std::array<Picoseconds, 3> tamper_at_{no_event, no_event, no_event};
  Picoseconds pending_until_ = no_event;  ///< RECALPF and SHPF
};

}  // namespace goldcrest::board

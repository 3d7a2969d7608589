// SPDX-License-Identifier: MIT
#include "host/board/rtc.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"
#include "host/board/rtc_registers.hpp"

namespace goldcrest::board {

using namespace rtc;

void Rtc::Alarm::serialize(Saver& saver) {
  saver(match, sub_second, at);
}

Rtc::Rtc(Chip& chip, Rcc& rcc, const Pwr& pwr, Exti& exti, Pins& pins)
    : RegisterBlock(chip, "RTC", NarrowWrite::duplicate),
      rcc_(rcc),
      pwr_(pwr),
      exti_(exti),
      pins_(pins) {
  rcc_.add_listener(*this);
  pins_.add_listener(*this);
}

void Rtc::reset_domain() {
  control_ = flags_ = unlock_step_ = 0;
  wake_up_reload_ = 0xFFFF;
  prescalers_ = 0x007F'00FF;
  alarms_ = {};
  calibration_ = smooth_calibration_ = tamper_ = 0;
  backup_.fill(0);
  seconds_ = weekday_reference_ = 0;
  ticks_ = 0;
  weekday_ = 1;
  written_time_ = 0;
  written_date_ = 0x2101;
  frozen_ = false;
  shadow_is_reset_ = false;
  stamp_ = {};
  tamper_at_.fill(no_event);
  shadow_at_ = initialisation_at_ = wake_up_at_ = pending_until_ = no_event;
  counted_at_ = chip_.now();
  clock_hz_ = rcc_.rtc_hz();
  plan_shadow();
  update_interrupts();
}

// A system reset leaves the RTC running; only its bus side starts again. It ends initialisation
// mode, and the shadow registers are empty until they are synchronised.
void Rtc::reset(bool power_on) {
  if (power_on) {
    reset_domain();
    return;
  }
  synchronise(chip_.now());
  leave_initialisation();
  flags_ &= ~synchronised;
  frozen_ = false;
  shadow_is_reset_ = true;
  unlock_step_ = 0;
  plan_shadow();
}

void Rtc::clocks_changed() {
  if (rcc_.rtc_hz() == clock_hz_) return;
  synchronise(chip_.now());
  counted_at_ = chip_.now();
  clock_hz_ = rcc_.rtc_hz();
  plan_shadow();
  wake_up_at_ = (control_ & wake_up_enable) != 0 ? later(chip_.now(), wake_up_period()) : no_event;
  plan();
}

bool Rtc::in_initialisation() const {
  return (flags_ & initialisation_flag) != 0;
}

// Calibration changes how many pulses of RTCCLK count. Smooth: within 2^20 of them, 512 are added
// (CALP) and CALM masked. Coarse: within 64 minutes, 2 ticks are added, or 1 is taken away, in each
// of the first 2 × DC. Either is spread evenly here.
Rtc::Rate Rtc::rate() const {
  if (smooth_calibration_ != 0) {
    const std::uint32_t added = (smooth_calibration_ & 1u << 15) != 0 ? 512 : 0;
    constexpr std::uint32_t cycle = 1u << 20;
    return {cycle + added - (smooth_calibration_ & 0x1FFu), cycle};
  }
  if ((control_ & coarse_enable) != 0) {
    const std::uint32_t minutes = 2 * (calibration_ & 0x1Fu);
    const std::uint32_t cycle = 64 * 60 * synchronous();
    return {(calibration_ & 0x80u) != 0 ? cycle - minutes : cycle + 2 * minutes, cycle};
  }
  return {1, 1};
}

/// How long `ticks` of the asynchronous prescaler's output take, rounded up.
Picoseconds Rtc::ticks_to_time(std::uint64_t ticks) const {
  if (clock_hz_ == 0) return no_event;
  const Rate calibrated = rate();
  const Wide pulses = Wide{ticks} * asynchronous() * calibrated.of;
  const Wide hz = Wide{clock_hz_} * calibrated.counted;
  const Wide time = (pulses * picoseconds_per_second + hz - 1) / hz;
  return time > static_cast<Wide>(no_event) ? no_event : static_cast<Picoseconds>(time);
}

std::uint64_t Rtc::ticks_at(Picoseconds now) const {
  if (clock_hz_ == 0 || in_initialisation() || now <= counted_at_) return 0;
  const Rate calibrated = rate();
  const Wide pulses = Wide{static_cast<std::uint64_t>(now - counted_at_)} * clock_hz_ *
                      calibrated.counted / calibrated.of / picoseconds_per_second;
  return static_cast<std::uint64_t>(pulses / asynchronous());
}

void Rtc::synchronise(Picoseconds now) {
  const std::uint64_t passed = ticks_at(now);
  if (passed == 0) {
    if (in_initialisation()) counted_at_ = now;
    return;
  }
  counted_at_ += ticks_to_time(passed);
  const std::int64_t ticks = ticks_ + static_cast<std::int64_t>(passed);
  const auto ticks_a_second = static_cast<std::int64_t>(synchronous());
  // After a shift the count can be below 0: the second is longer then.
  const std::int64_t whole = ticks < 0 ? 0 : ticks / ticks_a_second;
  seconds_ += whole;
  ticks_ = ticks - whole * ticks_a_second;
}

Calendar Rtc::calendar() const {
  return from_seconds(seconds_, weekday_, weekday_reference_);
}

std::uint32_t Rtc::sub_second() const {
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(synchronous()) - 1 - ticks_) &
         0xFFFFu;
}

// Reading SSR or TR freezes the higher-order shadow registers until DR has been read.
std::uint32_t Rtc::read_time(std::uint32_t offset) {
  synchronise(chip_.now());
  const Calendar now = calendar();
  const bool twelve = (control_ & twelve_hours) != 0;
  const bool shadowed = (control_ & bypass_shadow) == 0;
  if (shadowed && shadow_is_reset_ && !in_initialisation()) return offset == dr ? 0x2101 : 0;
  const std::uint32_t time = in_initialisation() ? written_time_ : time_register(now, twelve);
  const std::uint32_t date = in_initialisation() ? written_date_ : date_register(now);
  if (offset == dr) {
    const bool held = frozen_;
    frozen_ = false;
    return held ? frozen_date_ : date;
  }
  if (offset == tr && frozen_) return frozen_time_;
  if (shadowed && !in_initialisation()) {
    frozen_ = true;
    frozen_time_ = time;
    frozen_date_ = date;
  }
  return offset == tr ? time : sub_second();
}

std::uint32_t Rtc::status() const {
  std::uint32_t value = flags_;
  if ((control_ & alarm_enable) == 0) value |= alarm_writable;
  if ((control_ & alarm_enable << 1) == 0) value |= alarm_writable << 1;
  if ((control_ & wake_up_enable) == 0) value |= wake_up_writable;
  if (calendar().year != 0) value |= initialised;
  return value;
}

std::uint32_t Rtc::read_register(std::uint32_t offset) {
  if (offset >= bkp0r && offset <= bkp31r) return backup_[(offset - bkp0r) / 4];
  switch (offset) {
    case tr:
    case dr:
    case ssr:
      return read_time(offset);
    case cr:
      return control_;
    case isr:
      synchronise(chip_.now());
      return status();
    case prer:
      return prescalers_;
    case wutr:
      return wake_up_reload_;
    case calibr:
      return calibration_;
    case alrmar:
      return alarms_[0].match;
    case alrmbr:
      return alarms_[1].match;
    case wpr:
    case shiftr:
      return 0;
    case tstr:
      return stamp_[0];
    case tsdr:
      return stamp_[1];
    case tsssr:
      return stamp_[2];
    case calr:
      return smooth_calibration_;
    case tafcr:
      return tamper_;
    case alrmassr:
      return alarms_[0].sub_second;
    case alrmbssr:
      return alarms_[1].sub_second;
    default:
      return unmodelled_read(offset);
  }
}

void Rtc::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset == wpr) {
    write_key(value & 0xFFu);
    return;
  }
  if (!pwr_.backup_access()) {
    if (chip_.tracing("registers")) chip_.trace("registers", "RTC: write without PWR_CR.DBP");
    return;
  }
  synchronise(chip_.now());
  if (offset >= bkp0r && offset <= bkp31r) {
    backup_[(offset - bkp0r) / 4] = value;
    return;
  }
  if (offset == tafcr) {
    write_tamper(value & 0x0004'FFFFu);
  } else if (offset == isr) {
    write_status(value);
  } else if (unlock_step_ == 2) {
    write_protected(offset, value);
  }
  plan();
}

// 0xCA, then 0x53 open the registers; anything else closes them.
void Rtc::write_key(std::uint32_t value) {
  if (value == 0xCA) {
    unlock_step_ = 1;
  } else if (value == 0x53 && unlock_step_ >= 1) {
    unlock_step_ = 2;
  } else {
    unlock_step_ = 0;
  }
}

void Rtc::write_protected(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case tr:
      if (in_initialisation()) written_time_ = value & 0x007F'7F7Fu;
      break;
    case dr:
      if (in_initialisation()) written_date_ = value & 0x00FF'FF3Fu;
      break;
    case cr:
      write_control(value & 0x00FF'FFFFu);
      break;
    case prer:
      if (in_initialisation()) prescalers_ = value & 0x007F'7FFFu;
      break;
    case wutr:
      if ((control_ & wake_up_enable) == 0) wake_up_reload_ = value & 0xFFFFu;
      break;
    case alrmar:
      if ((control_ & alarm_enable) == 0) alarms_[0].match = value;
      break;
    case alrmbr:
      if ((control_ & alarm_enable << 1) == 0) alarms_[1].match = value;
      break;
    case alrmassr:
      if ((control_ & alarm_enable) == 0) alarms_[0].sub_second = value & 0x0F00'7FFFu;
      break;
    case alrmbssr:
      if ((control_ & alarm_enable << 1) == 0) alarms_[1].sub_second = value & 0x0F00'7FFFu;
      break;
    case calibr:
      if (in_initialisation()) calibration_ = value & 0x9Fu;
      break;
    case calr:
      if ((flags_ & recalibration_pending) != 0) break;
      smooth_calibration_ = value & 0xE1FFu;
      wait_for(recalibration_pending, 3);
      break;
    case shiftr:
      write_shift(value);
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
}

void Rtc::write_status(std::uint32_t value) {
  // Event flags are cleared by 0, also under write protection; INIT and RSF are protected.
  flags_ &= value | ~0xFF00u;
  if ((flags_ & timestamp_flag) == 0) stamp_ = {};
  if (unlock_step_ != 2) return;
  if ((value & synchronised) == 0) {
    flags_ &= ~synchronised;
    plan_shadow();
  }
  const bool enters = (value & initialisation) != 0;
  if (enters && (flags_ & initialisation) == 0) {
    flags_ |= initialisation;
    initialisation_at_ = later(chip_.now(), cycles_to_time(2, clock_hz_));
  } else if (!enters) {
    leave_initialisation();
  }
}

void Rtc::leave_initialisation() {
  const bool was_in = in_initialisation();
  flags_ &= ~(initialisation | initialisation_flag);
  initialisation_at_ = no_event;
  if (was_in) set_calendar();
}

/// `flag` stays set for that many ticks.
void Rtc::wait_for(std::uint32_t flag, std::uint64_t ticks) {
  flags_ |= flag;
  pending_until_ = later(chip_.now(), ticks_to_time(ticks));
}

// Delays the clock by a fraction of a second; with a second added, that is an advance.
void Rtc::write_shift(std::uint32_t value) {
  if ((flags_ & shift_pending) != 0 || (control_ & reference_clock) != 0) return;
  ticks_ -= static_cast<std::int64_t>(value & 0x7FFFu);
  if ((value & add_second) != 0) ++seconds_;
  if (ticks_ < 0 && (value & add_second) != 0) {
    ticks_ += static_cast<std::int64_t>(synchronous());
    --seconds_;
  }
  wait_for(shift_pending, 1);
  frozen_ = false;
  flags_ &= ~synchronised;
  plan_shadow();
}

// Leaving initialisation mode loads what was written and starts counting.
void Rtc::set_calendar() {
  const Calendar written =
      from_registers(written_time_, written_date_, (control_ & twelve_hours) != 0);
  seconds_ = weekday_reference_ = to_seconds(written);
  weekday_ = written.weekday;
  ticks_ = 0;
  counted_at_ = chip_.now();
  frozen_ = false;
  flags_ &= ~synchronised;
  plan_shadow();
}

void Rtc::write_control(std::uint32_t value) {
  if ((value & (reference_clock | outputs)) != 0) unmodelled("reference clock or output at PC13");
  std::uint32_t kept = in_initialisation() ? 0u : calendar_settings;
  const bool woke = (control_ & wake_up_enable) != 0;
  if (woke) kept |= wake_up_clock;
  value = (value & ~kept) | (control_ & kept);
  const bool wakes = (value & wake_up_enable) != 0;
  if ((value & add_hour) != 0) seconds_ += 3600;
  if ((value & subtract_hour) != 0) seconds_ -= 3600;
  control_ = value & ~(add_hour | subtract_hour);
  if (wakes && !woke) wake_up_at_ = later(chip_.now(), wake_up_period());
  if (!wakes) wake_up_at_ = no_event;
}

void Rtc::plan_shadow() {
  shadow_at_ =
      (flags_ & synchronised) != 0 ? no_event : later(chip_.now(), cycles_to_time(2, clock_hz_));
  chip_.reschedule();
}

Picoseconds Rtc::next_event() const {
  return std::min({shadow_at_, initialisation_at_, wake_up_at_, alarms_[0].at, alarms_[1].at,
                   pending_until_, tamper_at_[0], tamper_at_[1], tamper_at_[2]});
}

void Rtc::advance(Picoseconds now) {
  synchronise(now);
  if (shadow_at_ <= now) {
    shadow_at_ = no_event;
    shadow_is_reset_ = false;
    flags_ |= synchronised;
  }
  if (pending_until_ <= now) {
    pending_until_ = no_event;
    flags_ &= ~(recalibration_pending | shift_pending);
  }
  advance_tamper(now);
  if (initialisation_at_ <= now) {
    initialisation_at_ = no_event;
    const Calendar stopped = calendar();
    written_time_ = time_register(stopped, (control_ & twelve_hours) != 0);
    written_date_ = date_register(stopped);
    flags_ |= initialisation_flag;
  }
  while (wake_up_at_ <= now) {
    flags_ |= wake_up_flag;
    wake_up_at_ = later(wake_up_at_, wake_up_period());
  }
  for (unsigned index = 0; index < alarms_.size(); ++index) {
    if (alarms_[index].at <= now) flags_ |= alarm_flag << index;
  }
  plan();
}

void Rtc::serialize(Saver& saver) {
  saver.section(name());
  saver(control_, flags_, prescalers_, wake_up_reload_, unlock_step_, alarms_, calibration_,
        smooth_calibration_, tamper_, backup_, seconds_, ticks_, weekday_reference_, weekday_,
        counted_at_, clock_hz_, written_time_, written_date_, frozen_, frozen_time_, frozen_date_,
        shadow_at_, initialisation_at_, wake_up_at_, shadow_is_reset_, stamp_, tamper_at_,
        pending_until_);
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/rtc.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t {
  tr = 0x00,
  dr = 0x04,
  cr = 0x08,
  isr = 0x0C,
  prer = 0x10,
  wutr = 0x14,
  calibr = 0x18,
  alrmar = 0x1C,
  alrmbr = 0x20,
  wpr = 0x24,
  ssr = 0x28,
  shiftr = 0x2C,
  tstr = 0x30,
  tsdr = 0x34,
  tsssr = 0x38,
  calr = 0x3C,
  tafcr = 0x40,
  alrmassr = 0x44,
  alrmbssr = 0x48,
  bkp0r = 0x50,
  bkp31r = 0xCC,
};

// CR
constexpr std::uint32_t bypass_shadow = 1u << 5;
constexpr std::uint32_t twelve_hours = 1u << 6;
constexpr std::uint32_t alarm_enable = 1u << 8;  // A; B is the next bit, as below
constexpr std::uint32_t wake_up_enable = 1u << 10;
constexpr std::uint32_t alarm_interrupt = 1u << 12;
constexpr std::uint32_t wake_up_interrupt = 1u << 14;
constexpr std::uint32_t add_hour = 1u << 16;
constexpr std::uint32_t subtract_hour = 1u << 17;

// ISR
constexpr std::uint32_t alarm_writable = 1u << 0;
constexpr std::uint32_t wake_up_writable = 1u << 2;
constexpr std::uint32_t initialised = 1u << 4;
constexpr std::uint32_t synchronised = 1u << 5;
constexpr std::uint32_t initialisation_flag = 1u << 6;
constexpr std::uint32_t initialisation = 1u << 7;
constexpr std::uint32_t alarm_flag = 1u << 8;
constexpr std::uint32_t wake_up_flag = 1u << 10;

constexpr std::uint32_t mask_bit = 0x80;  // of each byte of an alarm register

}  // namespace

void Rtc::Alarm::serialize(Saver& saver) {
  saver(match, sub_second, at);
}

Rtc::Rtc(Chip& chip, Rcc& rcc, const Pwr& pwr, Exti& exti)
    : RegisterBlock(chip, "RTC", NarrowWrite::duplicate), rcc_(rcc), pwr_(pwr), exti_(exti) {
  rcc_.add_listener(*this);
}

void Rtc::reset_domain() {
  control_ = flags_ = wake_up_reload_ = unlock_step_ = 0;
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
  shadow_at_ = initialisation_at_ = wake_up_at_ = no_event;
  counted_at_ = chip_.now();
  clock_hz_ = rcc_.rtc_hz();
  plan_shadow();
  update_interrupts();
}

// A system reset leaves the RTC running; only its bus side starts again.
void Rtc::reset(bool power_on) {
  if (power_on) {
    reset_domain();
    return;
  }
  synchronise(chip_.now());
  flags_ &= ~synchronised;
  frozen_ = false;
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

std::uint64_t Rtc::ticks_at(Picoseconds now) const {
  if (clock_hz_ == 0 || in_initialisation() || now <= counted_at_) return 0;
  return time_to_cycles(now - counted_at_, clock_hz_) / asynchronous();
}

void Rtc::synchronise(Picoseconds now) {
  const std::uint64_t passed = ticks_at(now);
  if (passed == 0) {
    if (in_initialisation()) counted_at_ = now;
    return;
  }
  counted_at_ += cycles_to_time(passed * asynchronous(), clock_hz_);
  const std::uint64_t ticks = ticks_ + passed;
  seconds_ += static_cast<std::int64_t>(ticks / synchronous());
  ticks_ = static_cast<std::uint32_t>(ticks % synchronous());
}

Calendar Rtc::calendar() const {
  return from_seconds(seconds_, weekday_, weekday_reference_);
}

std::uint32_t Rtc::sub_second() const {
  return synchronous() - 1 - ticks_;
}

// Reading SSR or TR freezes the higher-order shadow registers until DR has been read.
std::uint32_t Rtc::read_time(std::uint32_t offset) {
  synchronise(chip_.now());
  const Calendar now = calendar();
  const bool twelve = (control_ & twelve_hours) != 0;
  const bool shadowed = (control_ & bypass_shadow) == 0;
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
      return 0;
    case tstr:
    case tsdr:
    case tsssr:
      return 0;
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
  } else if (offset == tafcr) {
    if ((value & 0x9u) != 0) unmodelled("tamper detection");
    tamper_ = value & 0x0004'FFFFu;
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
      if (value != 0) unmodelled("calibration");
      calibration_ = value & 0x9Fu;
      break;
    case calr:
      if (value != 0) unmodelled("smooth calibration");
      smooth_calibration_ = value & 0xE1FFu;
      break;
    case shiftr:
      unmodelled("shifting the calendar");
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
}

void Rtc::write_status(std::uint32_t value) {
  // Event flags are cleared by 0, also under write protection; INIT and RSF are protected.
  flags_ &= value | ~0xFF00u;
  if (unlock_step_ != 2) return;
  if ((value & synchronised) == 0) {
    flags_ &= ~synchronised;
    plan_shadow();
  }
  const bool enters = (value & initialisation) != 0;
  if (enters && (flags_ & initialisation) == 0) {
    flags_ |= initialisation;
    initialisation_at_ = later(chip_.now(), cycles_to_time(2, clock_hz_));
  } else if (!enters && (flags_ & initialisation) != 0) {
    const bool was_in = in_initialisation();
    flags_ &= ~(initialisation | initialisation_flag);
    initialisation_at_ = no_event;
    if (was_in) set_calendar();
  }
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
  if ((value & 0x00F0'8818u) != 0) unmodelled("timestamp, reference clock or output");
  const bool wakes = (value & wake_up_enable) != 0;
  const bool woke = (control_ & wake_up_enable) != 0;
  if ((value & add_hour) != 0) seconds_ += 3600;
  if ((value & subtract_hour) != 0) seconds_ -= 3600;
  control_ = value & ~(add_hour | subtract_hour);
  if (wakes && !woke) wake_up_at_ = later(chip_.now(), wake_up_period());
  if (!wakes) wake_up_at_ = no_event;
}

Picoseconds Rtc::wake_up_period() const {
  const std::uint32_t choice = control_ & 7u;
  const std::uint64_t count = std::uint64_t{wake_up_reload_} + 1;
  if (choice < 4) return cycles_to_time(count * (16u >> choice), clock_hz_);
  const std::uint64_t seconds = count + (choice >= 6 ? 0x10000u : 0u);
  return cycles_to_time(seconds * asynchronous() * synchronous(), clock_hz_);
}

void Rtc::plan_shadow() {
  shadow_at_ =
      (flags_ & synchronised) != 0 ? no_event : later(chip_.now(), cycles_to_time(2, clock_hz_));
  chip_.reschedule();
}

bool Rtc::day_matches(const Alarm& alarm, const Calendar& when) const {
  const std::uint32_t byte = alarm.match >> 24;
  if ((byte & mask_bit) != 0) return true;
  if ((byte & 0x40u) != 0) return (byte & 15u) == when.weekday;
  return from_bcd(byte & 0x3Fu) == when.day;
}

/// The first second of a day, at or after `from`, that hours, minutes and seconds match; -1: none.
std::int64_t Rtc::second_of_day(const Alarm& alarm, std::int64_t from) const {
  const Calendar wanted = from_registers(alarm.match, 0x2101, (control_ & twelve_hours) != 0);
  const bool any_hour = (alarm.match >> 16 & mask_bit) != 0;
  const bool any_minute = (alarm.match >> 8 & mask_bit) != 0;
  const bool any_second = (alarm.match & mask_bit) != 0;
  for (std::int64_t second = from; second < seconds_per_day;) {
    if (!any_hour && second / 3600 != wanted.hour) {
      second = (second / 3600 + 1) * 3600;
    } else if (!any_minute && second / 60 % 60 != wanted.minute) {
      second = (second / 60 + 1) * 60;
    } else if (!any_second && second % 60 != wanted.second) {
      ++second;
    } else {
      return second;
    }
  }
  return -1;
}

// When the alarm goes off next: at the matching tick of the first matching second after now.
void Rtc::plan_alarm(Alarm& alarm, std::uint32_t enable) {
  alarm.at = no_event;
  if ((control_ & enable) == 0 || clock_hz_ == 0 || in_initialisation()) return;
  const std::uint32_t compared = alarm.sub_second >> 24 & 15u;
  const std::uint32_t mask = compared >= 15 ? 0x7FFFu : (1u << compared) - 1u;
  std::uint32_t tick = 0;
  while (tick < synchronous() && ((synchronous() - 1 - tick) & mask) != (alarm.sub_second & mask)) {
    ++tick;
  }
  if (tick == synchronous()) return;
  // The tick of this very moment has gone off already.
  std::int64_t second = tick > ticks_ ? seconds_ : seconds_ + 1;
  const std::int64_t limit = second / seconds_per_day + 8 * 366;
  while (second / seconds_per_day <= limit) {
    const std::int64_t day = second / seconds_per_day;
    if (day_matches(alarm, from_seconds(second, weekday_, weekday_reference_))) {
      const std::int64_t found = second_of_day(alarm, second % seconds_per_day);
      if (found >= 0) {
        const auto ahead = static_cast<std::uint64_t>(day * seconds_per_day + found - seconds_);
        const std::uint64_t ticks = ahead * synchronous() + tick - ticks_;
        alarm.at = later(counted_at_, cycles_to_time(ticks * asynchronous(), clock_hz_));
        return;
      }
    }
    second = (day + 1) * seconds_per_day;
  }
}

void Rtc::plan() {
  plan_alarm(alarms_[0], alarm_enable);
  plan_alarm(alarms_[1], alarm_enable << 1);
  update_interrupts();
  chip_.reschedule();
}

void Rtc::update_interrupts() {
  const std::uint32_t alarms = flags_ & control_ >> 4 & (alarm_flag | alarm_flag << 1);
  exti_.set_line(Exti::line_rtc_alarm, alarms != 0);
  exti_.set_line(Exti::line_rtc_wakeup,
                 (flags_ & wake_up_flag) != 0 && (control_ & wake_up_interrupt) != 0);
}

static_assert(alarm_interrupt >> 4 == alarm_flag);

Picoseconds Rtc::next_event() const {
  return std::min({shadow_at_, initialisation_at_, wake_up_at_, alarms_[0].at, alarms_[1].at});
}

void Rtc::advance(Picoseconds now) {
  synchronise(now);
  if (shadow_at_ <= now) {
    shadow_at_ = no_event;
    flags_ |= synchronised;
  }
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
        shadow_at_, initialisation_at_, wake_up_at_);
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// Alarms, wake-up timer and interrupts of the RTC: RM0038 "Programmable alarms", "Periodic
// auto-wakeup", "RTC interrupts".
#include <algorithm>

#include "host/board/clock_time.hpp"
#include "host/board/rtc.hpp"
#include "host/board/rtc_registers.hpp"

namespace goldcrest::board {

using namespace rtc;

Picoseconds Rtc::wake_up_period() const {
  const std::uint32_t choice = control_ & 7u;
  const std::uint64_t count = std::uint64_t{wake_up_reload_} + 1;
  if (choice < 4) return cycles_to_time(count * (16u >> choice), clock_hz_);
  const std::uint64_t seconds = count + (choice >= 6 ? 0x10000u : 0u);
  return cycles_to_time(seconds * asynchronous() * synchronous(), clock_hz_);
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
  const auto ticks_a_second = static_cast<std::int64_t>(synchronous());
  std::int64_t tick = 0;
  const auto matches = [&](std::int64_t candidate) {
    const auto counter = static_cast<std::uint32_t>(ticks_a_second - 1 - candidate);
    return (counter & mask) == (alarm.sub_second & mask);
  };
  while (tick < ticks_a_second && !matches(tick)) ++tick;
  if (tick == ticks_a_second) return;
  // The tick of this very moment has gone off already.
  std::int64_t second = tick > ticks_ ? seconds_ : seconds_ + 1;
  const std::int64_t limit = second / seconds_per_day + std::int64_t{8} * 366;
  while (second / seconds_per_day <= limit) {
    const std::int64_t day = second / seconds_per_day;
    if (day_matches(alarm, from_seconds(second, weekday_, weekday_reference_))) {
      const std::int64_t found = second_of_day(alarm, second % seconds_per_day);
      if (found >= 0) {
        const std::int64_t ahead = day * seconds_per_day + found - seconds_;
        const std::int64_t ticks = ahead * ticks_a_second + tick - ticks_;
        alarm.at = later(counted_at_, ticks_to_time(static_cast<std::uint64_t>(ticks)));
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
  static_assert(alarm_interrupt >> 4 == alarm_flag);
  exti_.set_line(Exti::line_rtc_alarm, alarms != 0);
  exti_.set_line(Exti::line_rtc_wakeup,
                 (flags_ & wake_up_flag) != 0 && (control_ & wake_up_interrupt) != 0);
  const bool stamped = (flags_ & timestamp_flag) != 0 && (control_ & timestamp_interrupt) != 0;
  const bool tampered = (flags_ & 7 * tamper_flag) != 0 && (tamper_ & tamper_interrupt) != 0;
  exti_.set_line(Exti::line_rtc_tamper, stamped || tampered);
}

}  // namespace goldcrest::board

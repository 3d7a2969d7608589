// SPDX-License-Identifier: MIT
// The RTC's calendar: packed BCD registers (RTC_TR, RTC_DR) and back, as seconds since 1 January of
// year 00. Years run from 00 to 99, and every fourth is a leap year; the weekday counts along on
// its own from whatever it was set to.
#pragma once

#include <cstdint>

namespace goldcrest::board {

inline constexpr std::int64_t seconds_per_day = 86'400;
inline constexpr std::int64_t days_per_century = 36'525;

struct Calendar {
  unsigned year = 0;     ///< 0–99
  unsigned month = 1;    ///< 1–12
  unsigned day = 1;      ///< 1–31
  unsigned weekday = 1;  ///< 1 = Monday … 7
  unsigned hour = 0;     ///< 0–23
  unsigned minute = 0;
  unsigned second = 0;

  friend bool operator==(const Calendar&, const Calendar&) = default;
};

constexpr unsigned from_bcd(std::uint32_t value) {
  return (value >> 4) * 10 + (value & 15u);
}
constexpr std::uint32_t to_bcd(unsigned value) {
  return value / 10 << 4 | value % 10;
}

/// Seconds since 1 January 00, 00:00:00.
std::int64_t to_seconds(const Calendar& calendar);
/// `weekday` is that of `reference`, another count of seconds.
Calendar from_seconds(std::int64_t seconds, unsigned weekday, std::int64_t reference);

/// RTC_TR and RTC_DR; `twelve_hours`: CR.FMT, hours 1–12 with a PM bit.
std::uint32_t time_register(const Calendar& calendar, bool twelve_hours);
std::uint32_t date_register(const Calendar& calendar);
Calendar from_registers(std::uint32_t time, std::uint32_t date, bool twelve_hours);

}  // namespace goldcrest::board

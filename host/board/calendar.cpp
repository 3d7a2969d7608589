// SPDX-License-Identifier: MIT
#include "host/board/calendar.hpp"

namespace goldcrest::board {
namespace {

constexpr unsigned month_days(unsigned month, unsigned year) {
  constexpr unsigned days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && year % 4 == 0 ? 1u : 0u);
}

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

constexpr std::uint32_t pm_bit = 1u << 22;

}  // namespace

std::int64_t to_seconds(const Calendar& calendar) {
  std::int64_t days = 0;
  for (unsigned year = 0; year < calendar.year; ++year) days += year % 4 == 0 ? 366 : 365;
  for (unsigned month = 1; month < calendar.month && month <= 12; ++month) {
    days += month_days(month, calendar.year);
  }
  days += static_cast<std::int64_t>(calendar.day) - 1;
  return days * seconds_per_day + calendar.hour * 3600 + calendar.minute * 60 + calendar.second;
}

Calendar from_seconds(std::int64_t seconds, unsigned weekday, std::int64_t reference) {
  const std::int64_t day_number = floor_divide(seconds, seconds_per_day);
  const std::int64_t passed = day_number - floor_divide(reference, seconds_per_day);
  const auto of_day = static_cast<unsigned>(seconds - day_number * seconds_per_day);
  Calendar calendar;
  const std::int64_t week = (static_cast<std::int64_t>(weekday) - 1 + passed) % 7;
  calendar.weekday = static_cast<unsigned>((week + 7) % 7) + 1;
  calendar.hour = of_day / 3600;
  calendar.minute = of_day / 60 % 60;
  calendar.second = of_day % 60;
  std::int64_t left = day_number % days_per_century;
  if (left < 0) left += days_per_century;
  while (left >= (calendar.year % 4 == 0 ? 366 : 365)) {
    left -= calendar.year % 4 == 0 ? 366 : 365;
    ++calendar.year;
  }
  while (left >= month_days(calendar.month, calendar.year)) {
    left -= month_days(calendar.month, calendar.year);
    ++calendar.month;
  }
  calendar.day = static_cast<unsigned>(left) + 1;
  return calendar;
}

std::uint32_t time_register(const Calendar& calendar, bool twelve_hours) {
  unsigned hour = calendar.hour;
  std::uint32_t pm = 0;
  if (twelve_hours) {
    pm = hour >= 12 ? pm_bit : 0;
    hour = hour % 12 == 0 ? 12 : hour % 12;
  }
  return pm | to_bcd(hour) << 16 | to_bcd(calendar.minute) << 8 | to_bcd(calendar.second);
}

std::uint32_t date_register(const Calendar& calendar) {
  return to_bcd(calendar.year) << 16 | calendar.weekday << 13 | to_bcd(calendar.month) << 8 |
         to_bcd(calendar.day);
}

Calendar from_registers(std::uint32_t time, std::uint32_t date, bool twelve_hours) {
  Calendar calendar;
  calendar.second = from_bcd(time & 0x7Fu);
  calendar.minute = from_bcd(time >> 8 & 0x7Fu);
  calendar.hour = from_bcd(time >> 16 & 0x3Fu);
  if (twelve_hours) calendar.hour = calendar.hour % 12 + ((time & pm_bit) != 0 ? 12u : 0u);
  calendar.day = from_bcd(date & 0x3Fu);
  calendar.month = from_bcd(date >> 8 & 0x1Fu);
  calendar.weekday = date >> 13 & 7u;
  calendar.year = from_bcd(date >> 16 & 0xFFu);
  // What is no date counts as the first of its kind, so that arithmetic stays defined.
  if (calendar.month < 1 || calendar.month > 12) calendar.month = 1;
  if (calendar.day < 1) calendar.day = 1;
  if (calendar.weekday < 1) calendar.weekday = 1;
  return calendar;
}

}  // namespace goldcrest::board

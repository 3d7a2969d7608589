// SPDX-License-Identifier: MIT
// Registers of the RTC, RM0038 "RTC registers".
#pragma once

#include <cstdint>

namespace goldcrest::board::rtc {

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
inline constexpr std::uint32_t wake_up_clock = 7u << 0;
inline constexpr std::uint32_t timestamp_falling = 1u << 3;
inline constexpr std::uint32_t reference_clock = 1u << 4;
inline constexpr std::uint32_t bypass_shadow = 1u << 5;
inline constexpr std::uint32_t twelve_hours = 1u << 6;
inline constexpr std::uint32_t coarse_enable = 1u << 7;
inline constexpr std::uint32_t alarm_enable = 1u << 8;  // A; B is the next bit, as below
inline constexpr std::uint32_t wake_up_enable = 1u << 10;
inline constexpr std::uint32_t timestamp_enable = 1u << 11;
inline constexpr std::uint32_t alarm_interrupt = 1u << 12;
inline constexpr std::uint32_t wake_up_interrupt = 1u << 14;
inline constexpr std::uint32_t timestamp_interrupt = 1u << 15;
inline constexpr std::uint32_t add_hour = 1u << 16;
inline constexpr std::uint32_t subtract_hour = 1u << 17;

inline constexpr std::uint32_t outputs = 0x00E0'0000u;  ///< OSEL and COE
/// Written in initialisation mode only.
inline constexpr std::uint32_t calendar_settings = reference_clock | twelve_hours | coarse_enable;

// ISR
inline constexpr std::uint32_t alarm_writable = 1u << 0;
inline constexpr std::uint32_t wake_up_writable = 1u << 2;
inline constexpr std::uint32_t shift_pending = 1u << 3;
inline constexpr std::uint32_t initialised = 1u << 4;
inline constexpr std::uint32_t synchronised = 1u << 5;
inline constexpr std::uint32_t initialisation_flag = 1u << 6;
inline constexpr std::uint32_t initialisation = 1u << 7;
inline constexpr std::uint32_t alarm_flag = 1u << 8;
inline constexpr std::uint32_t wake_up_flag = 1u << 10;

inline constexpr std::uint32_t timestamp_flag = 1u << 11;
inline constexpr std::uint32_t timestamp_overflow = 1u << 12;
inline constexpr std::uint32_t tamper_flag = 1u << 13;  ///< of input 1; the others follow
inline constexpr std::uint32_t recalibration_pending = 1u << 16;

// TAFCR
inline constexpr std::uint32_t tamper_interrupt = 1u << 2;
inline constexpr std::uint32_t tamper_stamps = 1u << 7;

// SHIFTR
inline constexpr std::uint32_t add_second = 1u << 31;

inline constexpr std::uint32_t mask_bit = 0x80;  // of each byte of an alarm register

}  // namespace goldcrest::board::rtc

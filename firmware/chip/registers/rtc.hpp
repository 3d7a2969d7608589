// SPDX-License-Identifier: MIT
// Real-time clock, RM0038 chapter 20: only the wake-up timer is used.
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct RtcRegisters {
  Register tr;      // 0x00
  Register dr;      // 0x04
  Register cr;      // 0x08
  Register isr;     // 0x0C
  Register prer;    // 0x10
  Register wutr;    // 0x14 wake-up timer reload
  Register calibr;  // 0x18
  Register alrmar;  // 0x1C
  Register alrmbr;  // 0x20
  Register wpr;     // 0x24 write protection
};

inline RtcRegisters& rtc() {
  return peripheral<RtcRegisters, 0x40002800>();
}

namespace rtc_cr {
inline constexpr std::uint32_t wucksel_mask = 7u << 0;
inline constexpr std::uint32_t wucksel_div16 = 0u << 0;
inline constexpr std::uint32_t wucksel_div2 = 3u << 0;
inline constexpr std::uint32_t wute = bit(10);
inline constexpr std::uint32_t wutie = bit(14);
}  // namespace rtc_cr

namespace rtc_isr {
inline constexpr std::uint32_t wutwf = bit(2);
inline constexpr std::uint32_t init = bit(7);
inline constexpr std::uint32_t wutf = bit(10);
}  // namespace rtc_isr

namespace rtc_wpr {
inline constexpr std::uint32_t key1 = 0xCA;
inline constexpr std::uint32_t key2 = 0x53;
inline constexpr std::uint32_t lock = 0xFF;
}  // namespace rtc_wpr

}  // namespace goldcrest::chip

// SPDX-License-Identifier: MIT
// Independent watchdog, RM0038 chapter 22.
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct IwdgRegisters {
  Register kr;   // 0x00 key
  Register pr;   // 0x04 prescaler: LSI / (4 << pr)
  Register rlr;  // 0x08 reload, 12 bits
  Register sr;   // 0x0C
};

inline IwdgRegisters& iwdg() {
  return peripheral<IwdgRegisters, 0x40003000>();
}

namespace iwdg_key {
inline constexpr std::uint32_t reload = 0xAAAA;
inline constexpr std::uint32_t unlock = 0x5555;
inline constexpr std::uint32_t start = 0xCCCC;
}  // namespace iwdg_key

}  // namespace goldcrest::chip

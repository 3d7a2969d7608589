// SPDX-License-Identifier: MIT
// Flash interface, RM0038 chapter 3.
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct FlashRegisters {
  Register acr;      // 0x00 access control
  Register pecr;     // 0x04 program/erase control
  Register pdkeyr;   // 0x08 power-down key
  Register pekeyr;   // 0x0C unlocks PECR
  Register prgkeyr;  // 0x10 unlocks program memory
  Register optkeyr;  // 0x14 unlocks option bytes
  Register sr;       // 0x18 status
  Register obr;      // 0x1C option bytes as loaded
  Register wrpr1;    // 0x20 write protection, sectors 0 to 31
};

inline FlashRegisters& flash_interface() {
  return peripheral<FlashRegisters, 0x40023C00>();
}

namespace flash_acr {
inline constexpr std::uint32_t latency = bit(0);
inline constexpr std::uint32_t prften = bit(1);
inline constexpr std::uint32_t acc64 = bit(2);
}  // namespace flash_acr

namespace flash_pecr {
inline constexpr std::uint32_t pelock = bit(0);
inline constexpr std::uint32_t prglock = bit(1);
inline constexpr std::uint32_t optlock = bit(2);
inline constexpr std::uint32_t prog = bit(3);
inline constexpr std::uint32_t erase = bit(9);
inline constexpr std::uint32_t fprg = bit(10);
}  // namespace flash_pecr

namespace flash_sr {
inline constexpr std::uint32_t bsy = bit(0);
inline constexpr std::uint32_t eop = bit(1);
inline constexpr std::uint32_t wrperr = bit(8);
inline constexpr std::uint32_t pgaerr = bit(9);
inline constexpr std::uint32_t sizerr = bit(10);
inline constexpr std::uint32_t optverr = bit(11);
inline constexpr std::uint32_t optverrusr = bit(12);
inline constexpr std::uint32_t rderr = bit(13);
inline constexpr std::uint32_t errors = wrperr | pgaerr | sizerr | optverr | optverrusr | rderr;
}  // namespace flash_sr

namespace flash_key {
inline constexpr std::uint32_t pe1 = 0x89ABCDEF;
inline constexpr std::uint32_t pe2 = 0x02030405;
inline constexpr std::uint32_t prg1 = 0x8C9DAEBF;
inline constexpr std::uint32_t prg2 = 0x13141516;
}  // namespace flash_key

}  // namespace goldcrest::chip

// SPDX-License-Identifier: MIT
// CRC calculation unit, RM0038 chapter 4: CRC-32 with polynomial 0x04C11DB7, whole words, most
// significant bit first, initial value all ones, no final inversion.
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct CrcRegisters {
  Register dr;   // 0x00
  Register idr;  // 0x04
  Register cr;   // 0x08
};

inline CrcRegisters& crc_unit() {
  return peripheral<CrcRegisters, 0x40023000>();
}

namespace crc_cr {
inline constexpr std::uint32_t reset = bit(0);
}  // namespace crc_cr

}  // namespace goldcrest::chip

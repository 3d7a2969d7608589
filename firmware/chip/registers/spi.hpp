// SPDX-License-Identifier: MIT
// Serial peripheral interface, RM0038 chapter 28.
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct SpiRegisters {
  Register cr1;  // 0x00
  Register cr2;  // 0x04
  Register sr;   // 0x08
  Register dr;   // 0x0C
};

inline SpiRegisters& spi1() {
  return peripheral<SpiRegisters, 0x40013000>();
}

namespace spi_cr1 {
inline constexpr std::uint32_t mstr = bit(2);
inline constexpr std::uint32_t br_div4 = 1u << 3;
inline constexpr std::uint32_t spe = bit(6);
inline constexpr std::uint32_t ssi = bit(8);
inline constexpr std::uint32_t ssm = bit(9);
}  // namespace spi_cr1

namespace spi_sr {
inline constexpr std::uint32_t rxne = bit(0);
inline constexpr std::uint32_t txe = bit(1);
inline constexpr std::uint32_t bsy = bit(7);
}  // namespace spi_sr

}  // namespace goldcrest::chip

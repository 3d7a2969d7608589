// SPDX-License-Identifier: MIT
// USART, RM0038 chapter 27.
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct UsartRegisters {
  Register sr;    // 0x00
  Register dr;    // 0x04
  Register brr;   // 0x08
  Register cr1;   // 0x0C
  Register cr2;   // 0x10
  Register cr3;   // 0x14
  Register gtpr;  // 0x18
};

inline UsartRegisters& usart2() {
  return peripheral<UsartRegisters, 0x40004400>();
}

namespace usart_sr {
inline constexpr std::uint32_t pe = bit(0);
inline constexpr std::uint32_t fe = bit(1);
inline constexpr std::uint32_t ne = bit(2);
inline constexpr std::uint32_t ore = bit(3);
inline constexpr std::uint32_t rxne = bit(5);
inline constexpr std::uint32_t tc = bit(6);
inline constexpr std::uint32_t txe = bit(7);
}  // namespace usart_sr

namespace usart_cr1 {
inline constexpr std::uint32_t re = bit(2);
inline constexpr std::uint32_t te = bit(3);
inline constexpr std::uint32_t rxneie = bit(5);
inline constexpr std::uint32_t txeie = bit(7);
inline constexpr std::uint32_t ue = bit(13);
}  // namespace usart_cr1

}  // namespace goldcrest::chip

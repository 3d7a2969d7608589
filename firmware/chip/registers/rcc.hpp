// SPDX-License-Identifier: MIT
// Reset and clock control, RM0038 chapter 6.
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct RccRegisters {
  Register cr;        // 0x00 clock control
  Register icscr;     // 0x04 internal clock sources calibration
  Register cfgr;      // 0x08 clock configuration
  Register cir;       // 0x0C clock interrupts
  Register ahbrstr;   // 0x10 AHB peripheral reset
  Register apb2rstr;  // 0x14 APB2 peripheral reset
  Register apb1rstr;  // 0x18 APB1 peripheral reset
  Register ahbenr;    // 0x1C AHB peripheral clock enable
  Register apb2enr;   // 0x20 APB2 peripheral clock enable
  Register apb1enr;   // 0x24 APB1 peripheral clock enable
  Register ahblpenr;  // 0x28 the same three in low-power mode
  Register apb2lpenr;
  Register apb1lpenr;
  Register csr;  // 0x34 control/status: LSI, LSE, RTC, reset flags
};

inline RccRegisters& rcc() {
  return peripheral<RccRegisters, 0x40023800>();
}

namespace rcc_cr {
inline constexpr std::uint32_t hsion = bit(0);
inline constexpr std::uint32_t hsirdy = bit(1);
inline constexpr std::uint32_t msion = bit(8);
inline constexpr std::uint32_t msirdy = bit(9);
inline constexpr std::uint32_t pllon = bit(24);
inline constexpr std::uint32_t pllrdy = bit(25);
}  // namespace rcc_cr

namespace rcc_cfgr {
inline constexpr std::uint32_t sw_mask = 3u << 0;
inline constexpr std::uint32_t sw_msi = 0u << 0;
inline constexpr std::uint32_t sw_pll = 3u << 0;
inline constexpr std::uint32_t sws_mask = 3u << 2;
inline constexpr std::uint32_t sws_msi = 0u << 2;
inline constexpr std::uint32_t sws_pll = 3u << 2;
inline constexpr std::uint32_t pllmul_4 = 1u << 18;
inline constexpr std::uint32_t plldiv_2 = 1u << 22;
}  // namespace rcc_cfgr

namespace rcc_ahb {
inline constexpr std::uint32_t gpioa = bit(0);
inline constexpr std::uint32_t gpiob = bit(1);
inline constexpr std::uint32_t gpioc = bit(2);
inline constexpr std::uint32_t crc = bit(12);
inline constexpr std::uint32_t flitf = bit(15);
}  // namespace rcc_ahb

namespace rcc_apb2 {
inline constexpr std::uint32_t syscfg = bit(0);
inline constexpr std::uint32_t spi1 = bit(12);
}  // namespace rcc_apb2

namespace rcc_apb1 {
inline constexpr std::uint32_t usart2 = bit(17);
inline constexpr std::uint32_t pwr = bit(28);
}  // namespace rcc_apb1

namespace rcc_csr {
inline constexpr std::uint32_t lsion = bit(0);
inline constexpr std::uint32_t lsirdy = bit(1);
inline constexpr std::uint32_t lseon = bit(8);
inline constexpr std::uint32_t lserdy = bit(9);
inline constexpr std::uint32_t rtcsel_mask = 3u << 16;
inline constexpr std::uint32_t rtcsel_lse = 1u << 16;
inline constexpr std::uint32_t rtcsel_lsi = 2u << 16;
inline constexpr std::uint32_t rtcen = bit(22);
inline constexpr std::uint32_t rtcrst = bit(23);
inline constexpr std::uint32_t rmvf = bit(24);
inline constexpr std::uint32_t oblrstf = bit(25);
inline constexpr std::uint32_t pinrstf = bit(26);
inline constexpr std::uint32_t porrstf = bit(27);
inline constexpr std::uint32_t sftrstf = bit(28);
inline constexpr std::uint32_t iwdgrstf = bit(29);
inline constexpr std::uint32_t wwdgrstf = bit(30);
inline constexpr std::uint32_t lpwrrstf = bit(31);
}  // namespace rcc_csr

}  // namespace goldcrest::chip

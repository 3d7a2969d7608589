// SPDX-License-Identifier: MIT
// Power control, RM0038 chapter 5.
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct PwrRegisters {
  Register cr;   // 0x00
  Register csr;  // 0x04
};

inline PwrRegisters& pwr() {
  return peripheral<PwrRegisters, 0x40007000>();
}

namespace pwr_cr {
inline constexpr std::uint32_t dbp = bit(8);
inline constexpr std::uint32_t vos_mask = 3u << 11;
inline constexpr std::uint32_t vos_range1 = 1u << 11;
inline constexpr std::uint32_t vos_range2 = 2u << 11;  ///< reset value
}  // namespace pwr_cr

namespace pwr_csr {
inline constexpr std::uint32_t vosf = bit(4);
}  // namespace pwr_csr

}  // namespace goldcrest::chip

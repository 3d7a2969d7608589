// SPDX-License-Identifier: MIT
// Against an instruction that is not executed because somebody has disturbed the chip (a glitch of
// its supply or clock).
#pragma once

#include <cstdint>

#include "firmware/chip/registers/core.hpp"

namespace goldcrest::chip {

/// From here on nothing is executed but what lies in the 2^`exponent` bytes at `base`, a multiple
/// of that: neither other flash nor RAM. Whatever tries faults. PM0056 4.2.
inline void execute_only(std::uint32_t base, unsigned exponent) {
  using namespace mpu_rasr;
  constexpr std::uint32_t code = 0x00000000;  // 512 MB each, ARMv7-M B3.1
  constexpr std::uint32_t sram = 0x20000000;
  constexpr std::uint32_t data_only =
      execute_never | read_write | normal_memory | size(29) | enable;
  mpu().rbar.write(code | mpu_rbar::valid | 0);
  mpu().rasr.write(data_only);
  mpu().rbar.write(sram | mpu_rbar::valid | 1);
  mpu().rasr.write(data_only);
  mpu().rbar.write(base | mpu_rbar::valid | 2);
  mpu().rasr.write(read_write | normal_memory | size(exponent) | enable);
  mpu().ctrl.write(mpu_ctrl::privdefena | mpu_ctrl::enable);
  asm volatile("dsb\nisb" : : : "memory");
}

/// As after a reset.
inline void execute_anything() {
  mpu().ctrl.write(0);
  for (std::uint32_t region = 0; region < 3; ++region) {
    mpu().rnr.write(region);
    mpu().rasr.write(0);
  }
}

/// Put behind what never returns: as many undefined instructions as a glitch cannot skip, for the
/// compiler puts something else there.
[[noreturn, gnu::always_inline]] inline void dead_end() {
  asm volatile("udf #0\nudf #0\nudf #0\nudf #0");
  __builtin_unreachable();
}

}  // namespace goldcrest::chip

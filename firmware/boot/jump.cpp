// SPDX-License-Identifier: MIT
#include "firmware/boot/jump.hpp"

#include "firmware/chip/clock.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/registers/rcc.hpp"

namespace goldcrest::boot {

void start_program(image::Address vectors) {
  // The ports are the only peripherals with settings that outlive their clock.
  chip::rcc().ahbrstr.write(chip::rcc_ahb::gpioa | chip::rcc_ahb::crc);
  chip::rcc().ahbrstr.write(0);
  chip::restore_reset_clock();
  chip::scb().vtor.write(vectors);
  asm volatile(
      "dsb\n"
      "isb\n"
      "ldr r1, [%0]\n"
      "ldr r2, [%0, #4]\n"
      "msr msp, r1\n"
      "bx r2\n"
      :
      : "r"(vectors)
      : "r1", "r2", "memory");
  __builtin_unreachable();
}

}  // namespace goldcrest::boot

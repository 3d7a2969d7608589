// SPDX-License-Identifier: MIT
#include "firmware/boot/jump.hpp"

#include "firmware/boot/fatal.hpp"
#include "firmware/chip/clock.hpp"
#include "firmware/chip/execution.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/registers/rcc.hpp"

namespace goldcrest::boot {

void start_program(image::Address vectors, image::Address again) {
  // The ports are the only peripherals with settings that outlive their clock.
  chip::rcc().ahbrstr.write(chip::rcc_ahb::gpioa | chip::rcc_ahb::crc);
  chip::rcc().ahbrstr.write(0);
  chip::restore_reset_clock();
  // A copy that the compiler does not know to be one: it would use `vectors` twice below.
  image::Address copy = again;
  asm volatile("" : "+r"(copy));
  if (vectors != again) stop(Fatal::internal);
  chip::execute_anything();
  chip::scb().vtor.write(vectors);
  // One bit that only one of the two has is not in the address.
  asm volatile(
      "dsb\n"
      "isb\n"
      "and %0, %1\n"
      "ldr r1, [%0]\n"
      "ldr r2, [%0, #4]\n"
      "msr msp, r1\n"
      "bx r2\n"
      "udf #0\n"
      "udf #0\n"
      "udf #0\n"
      "udf #0\n"
      : "+l"(vectors)
      : "l"(copy)
      : "r1", "r2", "memory");
  __builtin_unreachable();
}

}  // namespace goldcrest::boot

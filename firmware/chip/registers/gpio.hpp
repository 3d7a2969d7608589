// SPDX-License-Identifier: MIT
// General-purpose I/O, RM0038 chapter 7.
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct GpioRegisters {
  Register moder;    // 0x00 two bits a pin: 0 input, 1 output, 2 alternate function, 3 analog
  Register otyper;   // 0x04
  Register ospeedr;  // 0x08 two bits a pin: 0 400 kHz, 1 2 MHz, 2 10 MHz, 3 40 MHz
  Register pupdr;    // 0x0C two bits a pin: 0 none, 1 pull-up, 2 pull-down
  Register idr;      // 0x10
  Register odr;      // 0x14
  Register bsrr;     // 0x18 low half sets, high half resets
  Register lckr;     // 0x1C
  Register afrl;     // 0x20 four bits a pin
  Register afrh;     // 0x24
};

inline GpioRegisters& gpioa() {
  return peripheral<GpioRegisters, 0x40020000>();
}
inline GpioRegisters& gpiob() {
  return peripheral<GpioRegisters, 0x40020400>();
}
inline GpioRegisters& gpioc() {
  return peripheral<GpioRegisters, 0x40020800>();
}

}  // namespace goldcrest::chip

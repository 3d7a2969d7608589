// SPDX-License-Identifier: MIT
// External interrupts (RM0038 chapter 10) and the SYSCFG port selection for them (chapter 8).
#pragma once

#include "firmware/chip/registers/register.hpp"

namespace goldcrest::chip {

struct ExtiRegisters {
  Register imr;    // 0x00 interrupt mask
  Register emr;    // 0x04 event mask
  Register rtsr;   // 0x08 rising trigger
  Register ftsr;   // 0x0C falling trigger
  Register swier;  // 0x10
  Register pr;     // 0x14 pending, cleared by writing 1
};

struct SyscfgRegisters {
  Register memrmp;     // 0x00
  Register pmc;        // 0x04
  Register exticr[4];  // 0x08 four bits a line: 0 port A, 1 B, 2 C …
};

inline ExtiRegisters& exti() {
  return peripheral<ExtiRegisters, 0x40010400>();
}
inline SyscfgRegisters& syscfg() {
  return peripheral<SyscfgRegisters, 0x40010000>();
}

/// The EXTI line of the RTC wake-up timer.
inline constexpr unsigned exti_line_rtc_wakeup = 20;

}  // namespace goldcrest::chip

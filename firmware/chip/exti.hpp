// SPDX-License-Identifier: MIT
// Edge interrupts of pins, RM0038 chapter 10.
#pragma once

#include <cstdint>

#include "firmware/chip/registers/exti.hpp"
#include "firmware/chip/registers/rcc.hpp"

namespace goldcrest::chip {

enum class Port : std::uint8_t { a, b, c };

/// Interrupt on the falling edge of pin `line` of `port`. The NVIC is the caller's.
inline void interrupt_on_falling_edge(Port port, unsigned line) {
  rcc().apb2enr.set(rcc_apb2::syscfg);
  const unsigned shift = (line % 4) * 4;
  syscfg().exticr[line / 4].replace(15u << shift, static_cast<std::uint32_t>(port) << shift);
  exti().rtsr.clear(bit(line));
  exti().ftsr.set(bit(line));
  exti().pr.write(bit(line));
  exti().imr.set(bit(line));
}

/// True, and the line's pending bit is cleared, when `line` has triggered.
inline bool take_edge(unsigned line) {
  if (!exti().pr.any(bit(line))) return false;
  exti().pr.write(bit(line));
  return true;
}

}  // namespace goldcrest::chip

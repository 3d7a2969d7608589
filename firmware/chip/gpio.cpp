// SPDX-License-Identifier: MIT
#include "firmware/chip/gpio.hpp"

#include "firmware/chip/registers/rcc.hpp"

namespace goldcrest::chip {

void enable_gpio() {
  rcc().ahbenr.set(rcc_ahb::gpioa | rcc_ahb::gpiob | rcc_ahb::gpioc);
  (void)rcc().ahbenr.read();  // RM0038 6.2.15: two cycles until the clock is there
}

}  // namespace goldcrest::chip

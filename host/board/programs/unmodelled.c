// SPDX-License-Identifier: MIT
// Sets up peripherals that the board does not model, and one that the chip does not have.
#include "chip.h"

int main(void) {
  clock_32_mhz();
  console();
  RCC_APB1ENR |= 1u << 9 | 1u << 29 | 1u << 31;
  REG(0x40007400) = 0x1001;
  show("dac", REG(0x40007400));
  show("opamp", REG(0x40007C5C));
  REG(0x40007C04) |= 7;
  show("routing", REG(0x40007C04));
  show("lcd", REG(0x40002408));
  show("nothing", REG(0x40012C00));
  return 0;
}

// SPDX-License-Identifier: MIT
// Reports jumper and button whenever one changes, and shows the jumper on the LED.
#include "chip.h"

#define GPIOC_IDR REG(0x40020810)
#define GPIOC_MODER REG(0x40020800)

int main(void) {
  clock_32_mhz();
  console();
  RCC_AHBENR |= 1u << 2;
  GPIOA_MODER = (GPIOA_MODER & ~(3u << 10)) | 1u << 10;
  uint32_t last = 0xFF;
  for (;;) {
    const uint32_t jumper = GPIOA_IDR & 1;
    const uint32_t button = GPIOC_IDR >> 13 & 1;
    GPIOA_ODR = jumper << 5;
    if ((jumper << 1 | button) == last) continue;
    last = jumper << 1 | button;
    show("jumper", jumper);
    show("button", button);
  }
}

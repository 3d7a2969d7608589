// SPDX-License-Identifier: MIT
// Counts in a tight loop for ever, and answers each typed character with the count of interrupts.
#include "chip.h"

static volatile uint32_t typed;
void usart2_handler(void) {
  const uint32_t character = USART2_DR;
  typed = typed + 1;
  show("typed", character << 16 | typed);
}

int main(void) {
  clock_32_mhz();
  console();
  USART2_CR1 |= 1u << 5;
  REG(0xE000E104) = 1u << (38 - 32);
  print("ready\n");
  uint32_t lfsr = 1;
  for (;;) {
    lfsr = lfsr >> 1 ^ (-(lfsr & 1u) & 0xA3000000u);
    __asm volatile("" ::"r"(lfsr));
  }
}

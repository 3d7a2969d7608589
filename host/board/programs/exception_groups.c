// SPDX-License-Identifier: MIT
// Every split of the priority by AIRCR.PRIGROUP: for each, which of two priorities pre-empts the
// other, and which is taken first when both wait. The test computes the same from PM0056 table 48.
#include "chip.h"

static volatile uint32_t nested, depth, first;

void irq8_handler(void) {
  if (first == 0) first = 8;
  ++depth;
  NVIC_ISPR0 = 1u << 9;
  __asm volatile("dsb\n isb" ::: "memory");
  --depth;
}

void irq9_handler(void) {
  if (first == 0) first = 9;
  if (depth != 0) nested = 1;
}

int main(void) {
  static const uint8_t priorities[] = {0x00, 0x10, 0x40, 0x70, 0x80, 0xB0, 0xE0, 0xF0};
  clock_32_mhz();
  console();
  NVIC_ISER0 = 3u << 8;
  for (uint32_t group = 0; group < 8; ++group) {
    SCB_AIRCR = 0x05FA0000 | group << 8;
    uint32_t pre_empts[2] = {0, 0}, overtakes[2] = {0, 0};
    for (uint32_t pair = 0; pair < 64; ++pair) {
      NVIC_IPR(8) = priorities[pair / 8];
      NVIC_IPR(9) = priorities[pair % 8];
      nested = 0;
      NVIC_ISPR0 = 1u << 8;
      __asm volatile("dsb\n isb" ::: "memory");
      pre_empts[pair / 32] |= nested << pair % 32;
      disable_interrupts();
      first = 0;
      NVIC_ISPR0 = 3u << 8;
      enable_interrupts();
      __asm volatile("isb" ::: "memory");
      overtakes[pair / 32] |= (uint32_t)(first == 9) << pair % 32;
    }
    show("group", SCB_AIRCR);
    show("pre-empts", pre_empts[0]);
    show("pre-empts", pre_empts[1]);
    show("overtakes", overtakes[0]);
    show("overtakes", overtakes[1]);
  }
  return 0;
}

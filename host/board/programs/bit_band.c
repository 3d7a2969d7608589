// SPDX-License-Identifier: MIT
// Bit-band alias regions of RAM and peripherals (PM0056 2.2.5): every bit of a word, accesses of
// every width, both ends of RAM, and that neighbours keep their bits.
#include "chip.h"

#define ALIAS(address, bit)                                                                \
  (((uint32_t)(address)&0xF0000000u) + 0x02000000u + ((uint32_t)(address)&0xFFFFFu) * 32 + \
   (uint32_t)(bit)*4)

static volatile uint32_t words[3];

static uint32_t word_bits(void) {
  uint32_t errors = 0;
  for (uint32_t bit = 0; bit < 32; ++bit) {
    words[0] = words[2] = 0x5A5A5A5A;
    words[1] = 0;
    REG(ALIAS(&words[1], bit)) = 0xFFFFFFFF;  // only bit 0 counts
    errors += words[1] != 1u << bit;
    errors += REG(ALIAS(&words[1], bit)) != 1;
    words[1] = 0xFFFFFFFF;
    REG(ALIAS(&words[1], bit)) = 0xFFFFFFFE;
    errors += words[1] != ~(1u << bit);
    errors += REG(ALIAS(&words[1], bit)) != 0;
    errors += words[0] != 0x5A5A5A5A || words[2] != 0x5A5A5A5A;
  }
  return errors;
}

static uint32_t narrow(void) {
  uint32_t errors = 0;
  for (uint32_t bit = 0; bit < 32; ++bit) {
    words[1] = 0x80000001;
    REG8(ALIAS(&words[1], bit)) = 1;
    errors += words[1] != (0x80000001 | 1u << bit);
    errors += REG8(ALIAS(&words[1], bit)) != 1;
    *(volatile uint16_t*)ALIAS(&words[1], bit) = 0;
    errors += words[1] != (0x80000001 & ~(1u << bit));
    errors += *(volatile uint16_t*)ALIAS(&words[1], bit) != 0;
  }
  return errors;
}

static uint32_t ends(void) {
  volatile uint32_t* const last = (volatile uint32_t*)0x20013FFC;  // below the stack's first word
  const uint32_t kept = *last;
  uint32_t errors = 0;
  *last = 0x7FFFFFFF;
  REG(ALIAS(last, 31)) = 1;
  errors += *last != 0xFFFFFFFF;
  REG(ALIAS(last, 0)) = 0;
  errors += *last != 0xFFFFFFFE;
  *last = kept;
  return errors;
}

static uint32_t peripherals(void) {
  uint32_t errors = 0;
  GPIOA_ODR = 0x0000A500;
  for (uint32_t bit = 8; bit < 16; ++bit) {
    errors += REG(ALIAS(0x40020014, bit)) != (0xA500u >> bit & 1);
    REG(ALIAS(0x40020014, bit)) = ~(0xA500u >> bit);
  }
  errors += GPIOA_ODR != 0x00005A00;
  REG(ALIAS(0x4002381C, 2)) = 1;  // RCC_AHBENR.GPIOCEN
  errors += (RCC_AHBENR & 7) != 5;
  REG(ALIAS(0x4002381C, 2)) = 0;
  errors += (RCC_AHBENR & 7) != 1;
  return errors;
}

int main(void) {
  clock_32_mhz();
  console();
  show("words", word_bits());
  show("narrow", narrow());
  show("ends of RAM", ends());
  show("peripherals", peripherals());
  return 0;
}

// SPDX-License-Identifier: MIT
// Code that changes: a function in flash is erased and replaced, and one in RAM is overwritten.
#include "chip.h"

#define PLACE 0x08040000u

static uint32_t ram_code[4] __attribute__((aligned(8)));

static uint32_t returning(uint32_t value) {
  return 0x47702000u | value;  // movs r0, #value; bx lr
}
static uint32_t call(uint32_t address) {
  return ((uint32_t(*)(void))(address | 1))();
}
static void wait_ready(void) {
  while ((FLASH_SR & SR_BSY) != 0) {
  }
}

int main(void) {
  clock_32_mhz();
  console();
  FLASH_PEKEYR = 0x89ABCDEF;
  FLASH_PEKEYR = 0x02030405;
  FLASH_PRGKEYR = 0x8C9DAEBF;
  FLASH_PRGKEYR = 0x13141516;
  uint32_t wrong = 0;
  for (uint32_t round = 1; round <= 20; ++round) {
    FLASH_PECR |= PECR_ERASE | PECR_PROG;
    REG(PLACE) = 0;
    wait_ready();
    FLASH_PECR &= ~(PECR_ERASE | PECR_PROG);
    REG(PLACE) = returning(round);
    wait_ready();
    for (int i = 0; i < 10; ++i) wrong += call(PLACE) != round;
    for (uint32_t i = 0; i < 5; ++i) {
      ram_code[0] = returning(round + i);
      wrong += call((uint32_t)ram_code) != round + i;
      wrong += call((uint32_t)ram_code) != round + i;
    }
  }
  show("wrong", wrong);
  return 0;
}

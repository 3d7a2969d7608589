// SPDX-License-Identifier: MIT
// For power cuts: operation 0 programs a word, 1 a half page, 2 erases a page full of ones, 3
// writes EEPROM. What was there before the cut is reported first.
#include "chip.h"

#define WORD 0x08050000u
#define HALF_PAGE 0x08051000u
#define FULL 0x08052000u  // the test fills this page before it starts
#define EEPROM 0x08080000u

static uint32_t cold_ram[8] __attribute__((section(".noinit")));

static void wait_ready(void) {
  while ((FLASH_SR & SR_BSY) != 0) {
  }
}
IN_RAM static void half_page(uint32_t address) {
  FLASH_PECR |= PECR_FPRG | PECR_PROG;
  for (uint32_t i = 0; i < 32; ++i) REG(address + 4 * i) = 0xFFFFFFFF;
  while ((FLASH_SR & SR_BSY) != 0) {
  }
  FLASH_PECR &= ~(PECR_FPRG | PECR_PROG);
}

int main(void) {
  clock_32_mhz();
  console();
  show("ram", cold_ram[3]);
  show("power on", RCC_CSR >> 27 & 1);
  if (REG(WORD) == 0 && REG(HALF_PAGE) == 0 && REG(FULL) == 0xFFFFFFFF && REG(EEPROM) == 0) {
    FLASH_PEKEYR = 0x89ABCDEF;
    FLASH_PEKEYR = 0x02030405;
    FLASH_PRGKEYR = 0x8C9DAEBF;
    FLASH_PRGKEYR = 0x13141516;
    REG(WORD) = 0xFFFFFFFF;
    wait_ready();
    half_page(HALF_PAGE);
    FLASH_PECR |= PECR_ERASE | PECR_PROG;
    REG(FULL) = 0;
    wait_ready();
    FLASH_PECR &= ~(PECR_ERASE | PECR_PROG);
    REG(EEPROM) = 0xFFFFFFFF;
    wait_ready();
  }
  return 0;
}

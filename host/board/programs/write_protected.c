// SPDX-License-Identifier: MIT
// Code that has taken over tries to change the first four sectors, where BOOT would be, after their
// protection has come into force: by word, half page and erase, and then the option bytes.
#include "chip.h"

#define BOOT 0x08003C00u  // a page of the last of the four sectors, which this program does not use

static uint32_t wait_ready(void) {
  while ((FLASH_SR & SR_BSY) != 0) {
  }
  const uint32_t errors = FLASH_SR & SR_ERRORS;
  FLASH_SR = errors | 2;
  return errors;
}

static void unlock(void) {
  FLASH_PEKEYR = 0x89ABCDEF;
  FLASH_PEKEYR = 0x02030405;
  FLASH_PRGKEYR = 0x8C9DAEBF;
  FLASH_PRGKEYR = 0x13141516;
  FLASH_OPTKEYR = 0xFBEAD9C8;
  FLASH_OPTKEYR = 0x24252627;
}

int main(void) {
  console();
  if (REG(0x40023C20) == 0) {
    print("open\n");
    for (;;) {
    }
  }
  unlock();
  show("rdp", REG(0x40023C1C) & 0xFF);
  show("wrpr1", REG(0x40023C20));
  REG(BOOT) = 0x5A5A5A5A;
  show("word", wait_ready());
  show("value", REG(BOOT));
  FLASH_PECR |= PECR_ERASE | PECR_PROG;
  REG(BOOT) = 0;
  show("erase", wait_ready());
  REG(0x08004000) = 0;
  show("erase of the next sector", wait_ready());
  FLASH_PECR &= ~(PECR_ERASE | PECR_PROG);
  REG(0x08004000) = 0x12345678;
  show("word in the next sector", wait_ready());
  show("next value", REG(0x08004000));
  REG(0x1FF80008) = 0xFFFF0000;  // no sector
  show("wrp1", wait_ready());
  show("wrp1 value", REG(0x1FF80008));
  REG(0x1FF80000) = 0xFF5500AA;  // level 0
  show("rdp word", wait_ready());
  return 0;
}

// SPDX-License-Identifier: MIT
// The user option byte at work (RM0038 3.7): Stop that resets, a watchdog that hardware starts.
// Each boot looks at the byte in force and programs the next.
#include "chip.h"

#define OB_USER REG(0x1FF80004)

static void program_user(uint32_t user) {
  FLASH_PEKEYR = 0x89ABCDEF;
  FLASH_PEKEYR = 0x02030405;
  FLASH_OPTKEYR = 0xFBEAD9C8;
  FLASH_OPTKEYR = 0x24252627;
  OB_USER = (~user & 0xFFFF) << 16 | user;
  while ((FLASH_SR & SR_BSY) != 0) {
  }
  while ((USART2_SR & 1u << 6) == 0) {
  }
  FLASH_PECR |= 1u << 18;
  for (;;) {
  }
}

static volatile uint32_t boots __attribute__((section(".noinit")));

int main(void) {
  console();
  const uint32_t user = FLASH_OBR >> 16;
  const uint32_t flags = RCC_CSR >> 24 & 0xFE;
  RCC_CSR |= 1u << 24;
  show("user", user);
  show("flags", flags);
  if (user == 0xF8) {
    boots = 0;
    program_user(0xD8);  // nRST_STOP = 0
  }
  if (user == 0xD8 && (flags & 0x80) == 0) {
    while ((USART2_SR & 1u << 6) == 0) {
    }
    SCB_SCR |= 1u << 2;
    wait_for_interrupt();
    for (;;) {
    }
  }
  if (user == 0xD8) program_user(0x68);  // IWDG_SW = 0, nBFB2 = 0
  boots = boots + 1;
  if (boots == 1) {
    for (;;) {  // nobody refreshes it
    }
  }
  OB_USER = 0;
  show("locked", FLASH_SR & SR_ERRORS);
  REG(0x40003000) = 0xAAAA;
  return 0;
}

// SPDX-License-Identifier: MIT
// After flash_rules has protected a sector: the protection is in force after OBL_LAUNCH; a wrong
// key ends in a hard fault and locks the flash interface until the next reset.
#include "chip.h"

static volatile uint32_t faults;
void hard_fault_handler(void) {
  faults = faults + 1;
  SCB_CFSR = SCB_CFSR;
  SCB_HFSR = SCB_HFSR;
}

int main(void) {
  console();
  show("reset flags", RCC_CSR >> 24);
  FLASH_PEKEYR = 0x89ABCDEF;
  FLASH_PEKEYR = 0x02030405;
  FLASH_PRGKEYR = 0x8C9DAEBF;
  FLASH_PRGKEYR = 0x13141516;
  if ((RCC_CSR & 1u << 25) == 0) {
    FLASH_OPTKEYR = 0xFBEAD9C8;
    FLASH_OPTKEYR = 0x24252627;
    REG(0x1FF80018) = 0xFFFEu << 16 | 0x0001;  // WRP3, sector 64: the first of bank 2
    while ((FLASH_SR & SR_BSY) != 0) {
    }
    print("launch\n");
    while ((USART2_SR & 1u << 6) == 0) {
    }
    FLASH_PECR |= 1u << 18;
    for (;;) {
    }
  }
  show("wrpr3", REG(0x40023C84));
  REG(0x08040000) = 1;
  while ((FLASH_SR & SR_BSY) != 0) {
  }
  show("protected", FLASH_SR & SR_ERRORS);
  show("unchanged", REG(0x08040000));
  FLASH_SR = SR_ERRORS;
  REG(0x08041000) = 1;
  while ((FLASH_SR & SR_BSY) != 0) {
  }
  show("next sector", FLASH_SR & SR_ERRORS);
  FLASH_PECR |= 1;
  FLASH_PEKEYR = 0x12345678;
  __asm volatile("dsb\n isb");
  show("faults", faults);
  FLASH_PEKEYR = 0x89ABCDEF;
  FLASH_PEKEYR = 0x02030405;
  __asm volatile("dsb\n isb");
  show("still locked", FLASH_PECR & 1);
  return 0;
}

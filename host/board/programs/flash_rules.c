// SPDX-License-Identifier: MIT
// Unlocking, erasing and programming: the sequences of RM0038 chapter 3, and what breaks them.
#include "chip.h"

#define PAGE 0x08030000u   // bank 1, where this program runs
#define OTHER 0x08050000u  // bank 2

static uint32_t start_time;
static void timer(void) {
  SYST_CVR = 0;
  while (SYST_CVR == 0) {
  }
  start_time = SYST_CVR;
}
__attribute__((noinline)) static uint32_t microseconds(void) {
  return (start_time - SYST_CVR) / 32;
}

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
}

static uint32_t erase(uint32_t page) {
  FLASH_PECR |= PECR_ERASE | PECR_PROG;
  REG(page) = 0;
  const uint32_t errors = wait_ready();
  FLASH_PECR &= ~(PECR_ERASE | PECR_PROG);
  return errors;
}

static uint32_t program(uint32_t address, uint32_t value) {
  REG(address) = value;
  return wait_ready();
}

IN_RAM static uint32_t half_page(uint32_t address, const uint32_t* data, uint32_t words) {
  FLASH_PECR |= PECR_FPRG | PECR_PROG;
  for (uint32_t i = 0; i < words; ++i) REG(address + 4 * i) = data[i];
  if (words < 32) REG(address) = 0;
  while ((FLASH_SR & SR_BSY) != 0) {
  }
  FLASH_PECR &= ~(PECR_FPRG | PECR_PROG);
  const uint32_t errors = FLASH_SR & SR_ERRORS;
  FLASH_SR = errors | 2;
  return errors;
}

static uint32_t half_page_from_flash(uint32_t address, const uint32_t* data) {
  FLASH_PECR |= PECR_FPRG | PECR_PROG;
  for (uint32_t i = 0; i < 32; ++i) REG(address + 4 * i) = data[i];
  const uint32_t errors = wait_ready();
  FLASH_PECR &= ~(PECR_FPRG | PECR_PROG);
  return errors;
}

static volatile uint32_t ended;
void flash_handler(void) {
  ended = ended + 1;
  FLASH_SR = 2;
}

int main(void) {
  clock_32_mhz();
  console();
  SYST_RVR = 0xFFFFFF;
  SYST_CSR = 5;
  show("locked", FLASH_PECR);
  show("program locked", program(OTHER, 1));
  show("still zero", REG(OTHER));
  unlock();
  show("unlocked", FLASH_PECR);

  timer();
  uint32_t errors = program(OTHER, 0x12345678);
  const uint32_t word_time = microseconds();
  show("program", errors);
  show("word time", word_time > 3200 && word_time < 3600);
  show("value", REG(OTHER));
  show("program again", program(OTHER, 0xFFFFFFFF));
  show("unchanged", REG(OTHER));
  REG8(OTHER + 8) = 1;
  show("byte", wait_ready());
  show("erase", erase(OTHER));
  show("erased", REG(OTHER));

  static uint32_t data[32];
  for (uint32_t i = 0; i < 32; ++i) data[i] = 0x01010101u * (i + 1);
  timer();
  errors = half_page(OTHER + 128, data, 32);
  const uint32_t half_page_time = microseconds();
  show("half page", errors);
  show("half page time", half_page_time > 3200 && half_page_time < 3600);
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < 32; ++i) wrong += REG(OTHER + 128 + 4 * i) != data[i];
  show("half page wrong", wrong);
  show("half page again", half_page(OTHER + 128, data, 32));
  show("half page misaligned", half_page(OTHER + 64, data, 32));
  show("half page not in order", half_page(OTHER + 256, data, 31));
  show("half page from its own bank", half_page_from_flash(PAGE, data));
  show("half page from ram", half_page(PAGE + 256, data, 32));
  show("erase half page", erase(OTHER + 128));

  // Read while write: code in bank 1 goes on during an operation in bank 2, not in its own.
  timer();
  REG(OTHER) = 7;
  const uint32_t other_bank = microseconds();
  wait_ready();
  timer();
  REG(PAGE) = 7;
  const uint32_t own_bank = microseconds();
  wait_ready();
  show("other bank goes on", other_bank < 100);
  show("own bank stalls", own_bank > 3200);

  FLASH_PECR |= 1u << 16;
  NVIC_ISER0 = 1u << 4;
  REG(OTHER + 4) = 9;
  while (ended == 0) wait_for_interrupt();
  show("end of operation interrupts", ended);
  FLASH_PECR &= ~(1u << 16);

  // Data EEPROM.
  REG(0x08080010) = 0xCAFEF00D;
  show("eeprom", wait_ready());
  show("eeprom value", REG(0x08080010));
  REG8(0x08080011) = 0x55;
  show("eeprom byte", wait_ready());
  show("eeprom value", REG(0x08080010));

  // Write protection of sector 80 (OTHER), by option bytes.
  FLASH_OPTKEYR = 0xFBEAD9C8;
  FLASH_OPTKEYR = 0x24252627;
  const uint32_t bit = (OTHER - 0x08000000) / 4096 - 64;
  REG(0x1FF80018) = (~(1u << bit) << 16) | 1u << bit;
  show("option bytes", wait_ready());
  FLASH_PECR |= 1;
  show("locked again", FLASH_PECR);
  return 0;
}

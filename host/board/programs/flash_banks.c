// SPDX-License-Identifier: MIT
// Both banks at once (PARALLBANK), double words and fixed time in data EEPROM, reads that wait for
// a busy EEPROM (RM0038 chapter 3). Two banks are programmed by code in RAM.
#include "chip.h"

#define PAGE 0x08030000u   // bank 1, where this program runs
#define OTHER 0x08050000u  // bank 2
#define EEPROM 0x08080000u
#define EEPROM_2 0x08082000u  // of bank 2
#define PECR_DATA (1u << 4)
#define PECR_FTDW (1u << 8)
#define PECR_PARALLBANK (1u << 15)

static uint32_t data[64];

/// The time from `start`, in steps of the 3.28 ms that one operation takes.
IN_RAM static uint32_t operations_since(uint32_t start) {
  return (start - SYST_CVR + 52480) / 104960;
}

IN_RAM static uint32_t wait_ready(void) {
  while ((FLASH_SR & SR_BSY) != 0) {
  }
  const uint32_t errors = FLASH_SR & SR_ERRORS;
  FLASH_SR = errors | 2;
  return errors;
}

static uint32_t timer(void) {
  SYST_CVR = 0;
  while (SYST_CVR == 0) {
  }
  return SYST_CVR;
}

IN_RAM static uint32_t erase_pair(void) {
  FLASH_PECR |= PECR_PARALLBANK | PECR_ERASE | 1u << 3;
  REG(PAGE) = 0;
  REG(OTHER) = 0;
  const uint32_t errors = wait_ready();
  FLASH_PECR &= ~(PECR_PARALLBANK | PECR_ERASE | 1u << 3);
  return errors;
}

IN_RAM static uint32_t program_pair(uint32_t parallel) {
  FLASH_PECR |= parallel | PECR_FPRG | 1u << 3;
  for (uint32_t i = 0; i < 32; ++i) REG(PAGE + 4 * i) = data[i];
  for (uint32_t i = 0; i < 32; ++i) REG(OTHER + 4 * i) = data[32 + i];
  const uint32_t errors = wait_ready();
  FLASH_PECR &= ~(parallel | PECR_FPRG | 1u << 3);
  return errors;
}

static uint32_t wrong_words(void) {
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < 32; ++i) {
    wrong += REG(PAGE + 4 * i) != data[i];
    wrong += REG(OTHER + 4 * i) != data[32 + i];
  }
  return wrong;
}

static uint32_t double_word(uint32_t address, uint32_t first, uint32_t second) {
  FLASH_PECR |= PECR_FPRG | PECR_DATA;
  REG(address) = first;
  REG(address + 4) = second;
  const uint32_t errors = wait_ready();
  FLASH_PECR &= ~(PECR_FPRG | PECR_DATA);
  return errors;
}

int main(void) {
  clock_32_mhz();
  console();
  SYST_RVR = 0xFFFFFF;
  SYST_CSR = 5;
  FLASH_PEKEYR = 0x89ABCDEF;
  FLASH_PEKEYR = 0x02030405;
  FLASH_PRGKEYR = 0x8C9DAEBF;
  FLASH_PRGKEYR = 0x13141516;
  for (uint32_t i = 0; i < 64; ++i) data[i] = 0x01030507u * (i + 1);

  uint32_t start = timer();
  show("parallel half pages", program_pair(PECR_PARALLBANK));
  show("words that are wrong", wrong_words());
  start = timer();
  const uint32_t errors = erase_pair();
  const uint32_t erase_time = operations_since(start);
  show("parallel erase", errors);
  show("operations' time", erase_time);
  show("erased", REG(PAGE) | REG(OTHER) | REG(PAGE + 252) | REG(OTHER + 252));
  start = timer();
  program_pair(PECR_PARALLBANK);
  const uint32_t parallel_time = operations_since(start);
  erase_pair();
  start = timer();
  program_pair(0);
  const uint32_t serial_time = operations_since(start);
  show("parallel time", parallel_time);
  show("serial time", serial_time);
  show("words that are wrong", wrong_words());

  start = timer();
  const uint32_t double_errors = double_word(EEPROM_2 + 8, 0x11111111, 0x22222222);
  const uint32_t double_time = operations_since(start);
  show("double word", double_errors);
  show("double word's time", double_time);
  show("first", REG(EEPROM_2 + 8));
  show("second", REG(EEPROM_2 + 12));
  show("double word again", double_word(EEPROM_2 + 8, 1, 2));
  show("double word misaligned", double_word(EEPROM_2 + 20, 1, 2));

  FLASH_PECR |= PECR_FTDW;
  start = timer();
  REG8(EEPROM_2 + 64) = 5;
  wait_ready();
  const uint32_t fixed_time = operations_since(start);
  FLASH_PECR &= ~PECR_FTDW;
  show("fixed time", fixed_time);
  start = timer();
  REG8(EEPROM_2 + 65) = 5;
  wait_ready();
  show("time of an erased byte", operations_since(start) & 0xF);

  start = timer();
  REG(EEPROM_2 + 128) = 7;
  const uint32_t value = REG(EEPROM + 128);
  __asm volatile("b .+4\n nop" ::: "memory");
  const uint32_t free_time = operations_since(start);
  const uint32_t waited_for = REG(EEPROM_2 + 128);
  __asm volatile("b .+4\n nop" ::: "memory");
  const uint32_t waiting_time = operations_since(start);
  show("read of the free half", value << 8 | free_time);
  show("read of the busy half", waited_for << 8 | waiting_time);
  return 0;
}

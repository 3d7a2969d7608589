// SPDX-License-Identifier: MIT
// The firmware of the example: counts its starts in flash so that no power cut can lose the count.
// Two pages take turns: the older one is erased and gets the next count with a check word, which is
// written last. With the jumper fitted it changes nothing. The LED follows the button.
#include "../programs/chip.h"

#define PAGE(index) (0x08060000u + 256u * (index))
#define GPIOC_IDR REG(0x40020810)

struct record {
  uint32_t count;
  uint32_t check;
};

static uint32_t check_of(uint32_t count) { return ~count * 2654435761u; }

static struct record* record_at(unsigned page) { return (struct record*)PAGE(page); }

/// The count on a page; 0 if there is none.
static uint32_t count_at(unsigned page) {
  const volatile struct record* stored = record_at(page);
  const uint32_t count = stored->count;
  return count != 0 && stored->check == check_of(count) ? count : 0;
}

static void wait_ready(void) {
  while ((FLASH_SR & SR_BSY) != 0) {
  }
}

static void store(unsigned page, uint32_t count) {
  FLASH_PEKEYR = 0x89ABCDEF;
  FLASH_PEKEYR = 0x02030405;
  FLASH_PRGKEYR = 0x8C9DAEBF;
  FLASH_PRGKEYR = 0x13141516;
  FLASH_PECR |= PECR_ERASE | PECR_PROG;
  REG(PAGE(page)) = 0;
  wait_ready();
  FLASH_PECR &= ~(PECR_ERASE | PECR_PROG);
  REG(PAGE(page)) = count;
  wait_ready();
  REG(PAGE(page) + 4) = check_of(count);
  wait_ready();
}

int main(void) {
  clock_32_mhz();
  console();
  RCC_AHBENR |= 1u << 2;                                      // GPIOC
  GPIOA_MODER = (GPIOA_MODER & ~(3u << 10)) | 1u << 10;       // PA5: the LED
  const unsigned newest = count_at(0) > count_at(1) ? 0 : 1;
  uint32_t count = count_at(newest);
  if ((GPIOA_IDR & 1) != 0) {
    show("service mode, starts", count);
  } else {
    store(1 - newest, ++count);
    show("starts", count);
  }
  for (;;) GPIOA_ODR = (GPIOC_IDR >> 13 & 1) == 0 ? 1u << 5 : 0;
}

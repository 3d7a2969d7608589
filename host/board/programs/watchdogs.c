// SPDX-License-Identifier: MIT
// Both watchdogs, each refreshed for a while and then not, a software reset, and what RCC_CSR says
// afterwards. RAM survives these resets and holds the stage.
#include "chip.h"

#define IWDG_KR REG(0x40003000)
#define IWDG_PR REG(0x40003004)
#define IWDG_RLR REG(0x40003008)
#define IWDG_SR REG(0x4000300C)
#define WWDG_CR REG(0x40002C00)
#define WWDG_CFR REG(0x40002C04)
#define WWDG_SR REG(0x40002C08)

static volatile uint32_t stage __attribute__((section(".noinit")));
static volatile uint32_t stage_complement __attribute__((section(".noinit")));
static volatile uint32_t early __attribute__((section(".noinit")));

static void (*table[73])(void) __attribute__((aligned(512)));

static void early_wakeup(void) {
  early = early + 1;
  WWDG_SR = 0;
  if (early < 5) WWDG_CR = 0x7F;
}

static void delay(uint32_t milliseconds) {
  SYST_RVR = 31999;
  SYST_CVR = 0;
  SYST_CSR = 5;
  while (milliseconds != 0) {
    if ((SYST_CSR & 1u << 16) != 0) --milliseconds;
  }
}

static void next(uint32_t value) {
  while ((USART2_SR & 1u << 6) == 0) {
  }
  stage = value;
  stage_complement = ~value;
}

static void independent(void) {
  IWDG_KR = 0x5555;
  IWDG_PR = 0;     // 37 kHz / 4
  IWDG_RLR = 185;  // 20 ms
  while (IWDG_SR != 0) {
  }
  IWDG_KR = 0xAAAA;
  IWDG_KR = 0xCCCC;
  for (int i = 0; i < 10; ++i) {
    delay(15);
    IWDG_KR = 0xAAAA;
  }
  print("alive after 150 ms\n");
  next(1);
  for (;;) {
  }
}

static void window(void) {
  for (int i = 0; i < 73; ++i) table[i] = vectors[i];
  table[16] = early_wakeup;
  SCB_VTOR = (uint32_t)table;
  RCC_APB1ENR |= 1u << 11;
  early = 0;
  WWDG_CFR = 3u << 7 | 1u << 9 | 0x7F;  // 1.024 ms a step
  NVIC_ISER0 = 1;
  next(2);
  WWDG_CR = 0x80 | 0x45;
  for (;;) {
  }
}

static void too_early(void) {
  RCC_APB1ENR |= 1u << 11;
  WWDG_CFR = 3u << 7 | 0x50;
  WWDG_CR = 0x80 | 0x60;
  next(3);
  WWDG_CR = 0x60;  // still above the window
  for (;;) {
  }
}

int main(void) {
  clock_32_mhz();
  console();
  const uint32_t now = stage == ~stage_complement ? stage : 0;
  if (now != 0) show("flags", RCC_CSR >> 24 & 0xFE);
  RCC_CSR |= 1u << 24;
  if (now != 0) show("removed", RCC_CSR >> 24 & 0xFE);
  switch (now) {
    case 0:
      independent();
      break;
    case 1:
      window();
      break;
    case 2:
      show("early wake-ups", early);
      too_early();
      break;
    case 3:
      next(4);
      SCB_AIRCR = 0x05FA0004;
      for (;;) {
      }
    default:
      stage = 0;
      stage_complement = 0;
  }
  return 0;
}

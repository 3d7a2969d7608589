// SPDX-License-Identifier: MIT
// The clock tree as a driver library switches it (RM0038 chapter 6): every wait has a time-out that
// counts SysTick's milliseconds, single bits are written through the bit-band alias.
#include "chip.h"

#define RCC_CIR REG(0x4002380C)
#define RCC_ICSCR REG(0x40023804)
#define PWR_CR REG(0x40007000)
#define PWR_CSR REG(0x40007004)
#define BIT_BAND(address, bit) REG(0x42000000 + ((address)-0x40000000) * 32 + 4 * (bit))

static volatile uint32_t ticks;
void sys_tick_handler(void) {
  ticks = ticks + 1;
}

static uint32_t hclk;
static void runs_at(uint32_t hz) {
  hclk = hz;
  SYST_RVR = hz / 1000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  USART2_BRR = (hz + 57600) / 115200;
}

/// 0, or 1 when `milliseconds` were not enough.
static uint32_t wait_for(volatile uint32_t* reg, uint32_t mask, uint32_t wanted,
                         uint32_t milliseconds) {
  const uint32_t start = ticks;
  while ((*reg & mask) != wanted) {
    if (ticks - start > milliseconds) return 1;
  }
  return 0;
}

static void flush(void) {
  while ((USART2_SR & 1u << 6) == 0) {
  }
}

static uint32_t switch_to(uint32_t source, uint32_t hz) {
  flush();
  RCC_CFGR = (RCC_CFGR & ~3u) | source;
  const uint32_t result = wait_for(&RCC_CFGR, 12, source << 2, 5);
  if (result == 0) runs_at(hz);
  return result;
}

/// As drivers do it: off, wait, on, wait, by byte accesses to the middle of RCC_CSR.
static uint32_t restart_lse(void) {
  REG8(0x40023835) = 0;
  uint32_t result = wait_for(&RCC_CSR, 1u << 9, 0, 5);
  REG8(0x40023835) = 1;
  result |= wait_for(&RCC_CSR, 1u << 9, 1u << 9, 5000) << 1;
  return result;
}

int main(void) {
  console();
  runs_at(2097000);
  show("after reset", RCC_CR);
  RCC_APB1ENR |= 1u << 28;
  PWR_CR = (PWR_CR & ~(3u << 11)) | 1u << 11;
  show("range 1", wait_for(&PWR_CSR, 1u << 4, 0, 5));

  BIT_BAND(0x40023800, 0) = 1;
  show("hsi", wait_for(&RCC_CR, 2, 2, 5));
  show("to hsi", switch_to(1, 16000000));
  FLASH_ACR |= 1u << 0;
  show("latency without acc64", FLASH_ACR);
  FLASH_ACR |= 1u << 2;
  FLASH_ACR |= 1u << 1;
  FLASH_ACR |= 1u << 0;
  show("acr", FLASH_ACR);

  RCC_CFGR = (RCC_CFGR & ~0x00FD0000u) | 2u << 18 | 2u << 22;  // HSI x 6 / 3
  BIT_BAND(0x40023800, 24) = 1;
  show("pll", wait_for(&RCC_CR, 1u << 25, 1u << 25, 5));
  show("to pll", switch_to(3, 32000000));
  RCC_CFGR |= 1u << 20 | 1u << 16;
  RCC_CR &= ~1u;
  show("held", RCC_CFGR);
  show("hsi held", RCC_CR & 3);

  RCC_CR |= 1u << 16;
  show("hse without bypass", wait_for(&RCC_CR, 1u << 17, 1u << 17, 100));
  RCC_CR &= ~(1u << 16);
  show("hse off", wait_for(&RCC_CR, 1u << 17, 0, 5));
  RCC_CR |= 1u << 18;
  RCC_CR |= 1u << 16;
  show("hse", wait_for(&RCC_CR, 1u << 17, 1u << 17, 100));
  RCC_CR |= 3u << 29;
  show("rtcpre", RCC_CR >> 29);
  show("back to hsi", switch_to(1, 16000000));
  RCC_CR &= ~(1u << 24);
  show("pll off", wait_for(&RCC_CR, 1u << 25, 0, 5));
  RCC_CFGR = (RCC_CFGR & ~0x00FD0000u) | 4u << 18 | 2u << 22 | 1u << 16;  // HSE x 12 / 3
  RCC_CR |= 1u << 24;
  show("pll on hse", wait_for(&RCC_CR, 1u << 25, 1u << 25, 5));
  show("to pll on hse", switch_to(3, 32000000));

  BIT_BAND(0x40007000, 8) = 1;  // DBP
  uint32_t start = ticks;
  show("lse", restart_lse());
  const uint32_t start_up = ticks - start;
  show("lse start-up", start_up > 500 && start_up < 2000);
  RCC_CSR |= 1u << 16;
  RCC_CSR |= 1u << 22;
  show("lse again, with the rtc on it", restart_lse());
  show("rtc on lse", RCC_CSR >> 16 & 0x43);
  BIT_BAND(0x40023834, 0) = 1;
  show("lsi", wait_for(&RCC_CSR, 2, 2, 5));

  RCC_ICSCR = (RCC_ICSCR & ~0xE000u) | 6u << 13;
  show("to msi", switch_to(0, 4194000));
  RCC_CR &= ~(1u << 24 | 1u << 16 | 1u);
  show("only msi", wait_for(&RCC_CR, 0x030301FFu, 0x100, 5) | (RCC_CR & 0x03030303));
  REG8(0x4002380E) = 1u << 2;  // HSIRDYC
  REG8(0x4002380D) = 1u << 2;  // HSIRDYIE
  BIT_BAND(0x40023800, 0) = 1;
  show("ready interrupt", wait_for(&NVIC_ISPR0, 1u << 5, 1u << 5, 5));
  REG8(0x4002380E) = 1u << 2;
  show("cir", RCC_CIR & 0x404);
  return 0;
}

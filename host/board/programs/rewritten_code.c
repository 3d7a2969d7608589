// SPDX-License-Identifier: MIT
// Code in RAM that is rewritten by what is not a store of the CPU to its place: through the
// bit-band alias, through the alias at 0, by the DMA; also at the moment before it is executed for
// the first time. Each line counts the calls that executed what was there before.
#include "chip.h"

#define SYSCFG_MEMRMP REG(0x40010000)
#define DMA1_CCR1 REG(0x40026008)
#define DMA1_CNDTR1 REG(0x4002600C)
#define DMA1_CPAR1 REG(0x40026010)
#define DMA1_CMAR1 REG(0x40026014)

#define GRANULE 64
#define PLACES 200
static uint8_t code[PLACES][GRANULE] __attribute__((aligned(1024)));
static uint32_t replacement;
static volatile uint32_t replace_at, interrupted_at;

static uint32_t returning(uint32_t value) {
  return 0x47702000u | value;  // movs r0, #value; bx lr
}
static uint32_t call(const void* place) {
  return ((uint32_t(*)(void))((uint32_t)place | 1))();
}

static void copy_by_dma(uint32_t to) {
  DMA1_CCR1 = 0;
  DMA1_CNDTR1 = 1;
  DMA1_CPAR1 = (uint32_t)&replacement;
  DMA1_CMAR1 = to;
  DMA1_CCR1 = 1u << 14 | 2u << 10 | 2u << 8 | 1u;
  while (DMA1_CNDTR1 != 0) {
  }
}

__attribute__((used)) void tick(const uint32_t* frame) {
  SYST_CSR = 0;
  interrupted_at = frame[6];
  copy_by_dma(replace_at);
}
__attribute__((naked)) void sys_tick_handler(void) {
  __asm volatile("mov r0, sp\n b tick\n");
}

/// Calls what has never been executed, with SysTick `delay` cycles after its start.
static uint32_t call_interrupted(uint32_t place, uint32_t delay) {
  SYST_RVR = delay;
  SYST_CVR = 0;
  SYST_CSR = 7;
  return call((void*)place);
}

int main(void) {
  clock_32_mhz();
  console();
  RCC_AHBENR |= 1u << 24;
  RCC_APB2ENR |= 1u;
  volatile uint32_t* const word = (volatile uint32_t*)code[0];
  const uint32_t bits = 0x22000000u + ((uint32_t)word - 0x20000000u) * 32;
  *word = returning(0);
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < 20; ++i) {
    REG(bits + i % 3 * 4) ^= 1u;  // of the constant
    wrong += call((void*)word) != (*word & 7);
  }
  show("bit-band alias", wrong);

  wrong = 0;
  SYSCFG_MEMRMP = 3;
  for (uint32_t i = 0; i < 20; ++i) {
    REG((uint32_t)word - 0x20000000u) = returning(i);
    wrong += call((void*)word) != i;
  }
  SYSCFG_MEMRMP = 0;
  show("alias at 0", wrong);

  wrong = 0;
  for (uint32_t i = 0; i < 20; ++i) {
    replacement = returning(i);
    copy_by_dma((uint32_t)word);
    wrong += call((void*)word) != i;
  }
  show("DMA", wrong);

  wrong = 0;
  uint32_t met = 0;
  replacement = returning(2);
  for (uint32_t i = 1; i < PLACES; ++i) {
    replace_at = (uint32_t)code[i];
    REG(replace_at) = returning(1);
    interrupted_at = 0;
    const uint32_t result = call_interrupted(replace_at, i);
    SYST_CSR = 0;
    if (interrupted_at != replace_at) continue;
    ++met;
    wrong += result != 2;
  }
  show("DMA before the first call", wrong);
  show("met", met != 0);
  return 0;
}

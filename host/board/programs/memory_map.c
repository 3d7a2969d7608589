// SPDX-License-Identifier: MIT
// Bit-band, the alias at 0, factory information, identification, VTOR in RAM, soft reset, DWT.
#include "chip.h"

static volatile uint32_t word __attribute__((aligned(4)));
static void (*ram_vectors[73])(void) __attribute__((aligned(512)));
static volatile uint32_t relocated;
static void other_svc(void) {
  relocated = relocated + 1;
}
static uint32_t marker __attribute__((section(".noinit")));

static uint32_t returns_pc(void) __attribute__((noinline, naked));
static uint32_t returns_pc(void) {
  __asm volatile("mov r0, pc\n bx lr\n");
}

int main(void) {
  clock_32_mhz();
  console();
  const uint32_t cause = RCC_CSR;
  show("reset flags", cause >> 24);
  if ((cause & 1u << 28) != 0) {
    show("marker kept", marker == 0x600DCAFE);
    return 0;
  }

  word = 0;
  REG(0x22000000 + ((uint32_t)&word - 0x20000000) * 32 + 5 * 4) = 1;
  show("ram bit set", word);
  show("ram bit read", REG(0x22000000 + ((uint32_t)&word - 0x20000000) * 32 + 5 * 4));
  REG(0x22000000 + ((uint32_t)&word - 0x20000000) * 32 + 5 * 4) = 0;
  show("ram bit clear", word);
  // GPIOA_ODR bit 5, as ST's HAL would do.
  REG(0x42000000 + 0x20014 * 32 + 5 * 4) = 1;
  show("odr", GPIOA_ODR);
  show("odr bit", REG(0x42000000 + 0x20014 * 32 + 5 * 4));
  REG(0x42000000 + 0x20014 * 32 + 5 * 4) = 0;
  show("odr", GPIOA_ODR);

  show("alias", REG(4) == REG(0x08000004));
  const uint32_t real = (uint32_t)returns_pc & ~0x08000000u;
  show("alias runs", ((uint32_t(*)(void))real)() == returns_pc());
  show("flash size", REG(0x1FF800CC) & 0xFFFF);
  show("id0", REG(0x1FF800D0));
  show("id1", REG(0x1FF800D4));
  show("id2", REG(0x1FF800E4));
  show("old id0", REG(0x1FF80050));
  show("old id1", REG(0x1FF80054));
  show("old id2", REG(0x1FF80064));
  REG(0xE000E008) |= 1;  // ACTLR.DISMCYCINT, as driver libraries do around a half page
  show("actlr", REG(0xE000E008));
  REG(0xE000E008) &= ~1u;
  show("actlr", REG(0xE000E008));
  show("interrupt lines", REG(0xE000E004));
  show("cpuid", REG(0xE000ED00));
  show("device", REG(0xE0042000) & 0xFFF);

  for (unsigned i = 0; i < 73; ++i) ram_vectors[i] = vectors[i];
  ram_vectors[11] = other_svc;
  SCB_VTOR = (uint32_t)ram_vectors;
  __asm volatile("svc #0");
  show("relocated", relocated);
  SCB_VTOR = 0;

  DEMCR = 1u << 24;
  DWT_CYCCNT = 0;
  DWT_CTRL = 1;
  SYST_RVR = 0xFFFFFF;
  SYST_CVR = 0;
  SYST_CSR = 5;
  while (SYST_CVR == 0) {
  }
  const uint32_t tick_begin = SYST_CVR;
  const uint32_t begin = DWT_CYCCNT;
  for (volatile uint32_t i = 0; i < 1000; ++i) {
  }
  const uint32_t ticks = tick_begin - SYST_CVR;
  const uint32_t cycles = DWT_CYCCNT - begin;
  show("counters agree", cycles <= ticks && ticks - cycles < 100);
  show("cost is plausible", ticks > 4000 && ticks < 20000);

  marker = 0x600DCAFE;
  print("resetting\n");
  while ((USART2_SR & 1u << 6) == 0) {
  }
  SCB_AIRCR = 0x05FA0004;
  for (;;) {
  }
}

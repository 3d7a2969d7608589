// SPDX-License-Identifier: MIT
// SysTick, urgent, comes a few cycles after TIM6, while that one's exception is being entered or
// already runs. However late, it begins at the same moment if it comes while TIM6's exception is
// being entered, with the same frame: "late" counts the cycles in which it can.
#include "chip.h"

#define TIM6_CR1 REG(0x40001000)
#define TIM6_DIER REG(0x4000100C)
#define TIM6_SR REG(0x40001010)
#define TIM6_CNT REG(0x40001024)
#define TIM6_ARR REG(0x4000102C)
#define IRQ_TIM6 43
#define NVIC_ISER1 REG(0xE000E104)
#define NVIC_ICPR1 REG(0xE000E284)
#define NVIC_IABR1 REG(0xE000E304)
#define TIM6_BIT (1u << (IRQ_TIM6 - 32))

struct entry {
  uint32_t link, sp, active, since;  ///< cycles since TIM6's event
};
static volatile struct entry urgent, other;
static volatile uint32_t order;
#define DELAYS 100u

__attribute__((used)) void tick(uint32_t link, uint32_t sp) {
  const uint32_t since = TIM6_SR != 0 ? TIM6_CNT : 0;
  order = order << 4 | 1;
  urgent = (struct entry){link, sp, NVIC_IABR1 & TIM6_BIT, since};
  SYST_CSR = 0;
}
__attribute__((naked)) void sys_tick_handler(void) {
  __asm volatile("mov r0, lr\n mov r1, sp\n b tick\n");
}

__attribute__((used)) void timer(uint32_t link, uint32_t sp) {
  TIM6_SR = 0;
  order = order << 4 | 2;
  other = (struct entry){link, sp, NVIC_IABR1 & TIM6_BIT, 0};
  TIM6_CR1 = 0;
}
__attribute__((naked)) static void timer_handler(void) {
  __asm volatile("mov r0, lr\n mov r1, sp\n b timer\n");
}

static void (*table[73])(void) __attribute__((aligned(512)));

int main(void) {
  clock_32_mhz();
  console();
  for (int i = 0; i < 73; ++i) table[i] = vectors[i];
  table[16 + IRQ_TIM6] = timer_handler;
  SCB_VTOR = (uint32_t)table;
  RCC_APB1ENR |= 1u << 4;
  NVIC_IPR(IRQ_TIM6) = 0x80;
  SCB_SHPR(15) = 0x10;
  NVIC_ISER1 = TIM6_BIT;
  TIM6_ARR = 400;
  uint32_t latest = 0, late = 0, nested = 0, unlike = 0;
  for (uint32_t delay = 0; nested == 0 && delay < DELAYS; ++delay) {
    order = 0;
    TIM6_CNT = 0;
    TIM6_SR = 0;
    NVIC_ICPR1 = TIM6_BIT;
    TIM6_DIER = 1;
    SYST_RVR = 350 + delay;
    SYST_CVR = 0;
    TIM6_CR1 = 1;
    SYST_CSR = 7;
    while (order < 0x10) __asm volatile("wfe");
    unlike += other.link != 0xFFFFFFF9;
    if (urgent.link == 0xFFFFFFF9) {
      unlike += order != 0x12 || urgent.active != 0 || other.sp != urgent.sp;
      if (urgent.since > latest) late = 0, latest = urgent.since;
      late += urgent.since == latest;
    } else {
      ++nested;
      unlike += urgent.link != 0xFFFFFFF1 || urgent.active == 0 || urgent.sp >= other.sp;
    }
  }
  show("late", late);
  show("nested", nested);
  show("unlike", unlike);
  return 0;
}

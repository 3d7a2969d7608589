// SPDX-License-Identifier: MIT
// Timers as drivers use them: a 32 kHz tick by update interrupts (RM0038 17.3), compare values that
// an interrupt sets ahead of the counter, TIM2 in step with LSE through TIM9, LSI measured by
// captures, pulse width at the LED.
#include "chip.h"

#define RCC_APB2_TIM9 (1u << 2)
#define RCC_APB2_TIM10 (1u << 3)
#define RCC_APB1_TIM2 (1u << 0)
#define RCC_APB1_TIM3 (1u << 1)
#define RCC_APB1_PWR (1u << 28)
#define PWR_CR REG(0x40007000)

struct timer {
  volatile uint32_t cr1, cr2, smcr, dier, sr, egr, ccmr1, ccmr2, ccer, cnt, psc, arr, reserved;
  volatile uint32_t ccr1, ccr2, ccr3, ccr4, reserved2, dcr, dmar, option;
};
#define TIM2 ((struct timer*)0x40000000)
#define TIM3 ((struct timer*)0x40000400)
#define TIM9 ((struct timer*)0x40010800)
#define TIM10 ((struct timer*)0x40010C00)

static void (*table[73])(void) __attribute__((aligned(512)));
static volatile uint32_t ticks, alarms, captures, captured[2];
static volatile uint32_t worst;

static void tick(void) {
  TIM2->sr = ~1u;
  ++ticks;
}

// As an operating system's timer does it: the next alarm is so far behind the last.
static void alarm(void) {
  const uint32_t late = (TIM3->cnt - TIM3->ccr2) & 0xFFFF;
  TIM3->sr = ~4u;
  if (late > worst) worst = late;
  TIM3->ccr2 = (TIM3->ccr2 + 100) & 0xFFFF;
  ++alarms;
}

static void capture(void) {
  const uint32_t value = TIM10->ccr1;
  if (captures < 2) captured[captures] = value;
  ++captures;
}

/// Waits for `milliseconds` by SysTick's flag.
static void wait(uint32_t milliseconds) {
  SYST_RVR = 32000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 5;
  while (milliseconds > 0) {
    if ((SYST_CSR & 1u << 16) != 0) --milliseconds;
  }
  SYST_CSR = 0;
}

static void base(struct timer* timer, uint32_t prescaler, uint32_t period) {
  timer->cr1 = 0;
  timer->arr = period;
  timer->psc = prescaler;
  timer->egr = 1;
  timer->sr = 0;
}

static void tick_at_32_khz(void) {
  base(TIM2, 32000000 / (32768 * 2), 1);
  TIM2->dier |= 1;
  TIM2->cr1 |= 1;
  NVIC_ISER0 = 1u << 28;
  wait(100);
  TIM2->cr1 = 0;
  show("ticks", ticks);
}

static void rolling_alarm(void) {
  base(TIM3, 31, 0xFFFF);  // a count a microsecond
  TIM3->cnt = 0xFF00;
  TIM3->ccr2 = 0xFF10;
  TIM3->dier = 4;
  NVIC_ISER0 = 1u << 29;
  TIM3->cr1 = 1;
  wait(10);
  TIM3->cr1 = 0;
  show("alarms", alarms);
  show("worst", worst);
}

static void tim2_from_lse(void) {
  PWR_CR |= 1u << 8;
  RCC_CSR |= 1u << 8;
  while ((RCC_CSR & 1u << 9) == 0) {
  }
  // TIM9 counts LSE at its external trigger; its updates are TIM2's clock.
  base(TIM9, 0, 1);
  TIM9->smcr = 1u << 14;
  TIM9->cr2 = 2u << 4;
  base(TIM2, 0, 0xFFFF);
  TIM2->dier = 0;
  TIM2->smcr = 7;
  TIM2->cr1 = 1;
  TIM9->cr1 = 1;
  wait(250);
  show("lse", TIM2->cnt);
  TIM9->cr1 = 0;
  TIM2->cr1 = 0;
  TIM2->smcr = 0;
}

static void measure_lsi(void) {
  RCC_CSR |= 1;
  while ((RCC_CSR & 2) == 0) {
  }
  base(TIM10, 0, 0xFFFF);
  TIM10->option = 1;
  TIM10->ccmr1 = 3u << 2 | 1;  // every eighth edge
  TIM10->dier = 2;
  TIM10->ccer = 1;
  NVIC_ISER0 = 1u << 26;
  TIM10->cr1 = 1;
  while (captures < 2) wait_for_interrupt();
  TIM10->cr1 = 0;
  NVIC_ICER0 = 1u << 26;
  show("lsi", 8 * 32000000u / ((captured[1] - captured[0]) & 0xFFFF));
}

static void dim_the_led(void) {
  GPIOA_AFRL = (GPIOA_AFRL & ~0xF00000u) | 1u << 20;
  GPIOA_MODER = (GPIOA_MODER & ~0xC00u) | 2u << 10;
  base(TIM2, 31, 999);
  TIM2->ccmr1 = 6u << 4 | 1u << 3;
  TIM2->ccr1 = 250;
  TIM2->egr = 1;
  TIM2->ccer = 1;
  TIM2->cr1 = 1;
  uint32_t high = 0, samples = 0;
  for (uint32_t period = 0; period < 8; ++period) {
    for (TIM2->sr = 0; (TIM2->sr & 1) == 0; ++samples) high += GPIOA_IDR >> 5 & 1;
  }
  high = high * 1000 / samples;
  show("high", high);
}

int main(void) {
  clock_32_mhz();
  console();
  for (uint32_t i = 0; i < 73; ++i) table[i] = vectors[i];
  table[16 + 26] = capture;
  table[16 + 28] = tick;
  table[16 + 29] = alarm;
  SCB_VTOR = (uint32_t)table;
  RCC_APB1ENR |= RCC_APB1_TIM2 | RCC_APB1_TIM3 | RCC_APB1_PWR;
  RCC_APB2ENR |= RCC_APB2_TIM9 | RCC_APB2_TIM10;
  tick_at_32_khz();
  rolling_alarm();
  tim2_from_lse();
  measure_lsi();
  dim_the_led();
  return 0;
}

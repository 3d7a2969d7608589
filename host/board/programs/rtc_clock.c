// SPDX-License-Identifier: MIT
// The RTC as ST's drivers set it up: LSE behind DBP, initialisation mode, shadow registers; woken
// from Stop by the wake-up timer (EXTI line 20) and by alarm A (line 17), then from Standby, which
// starts the program again: calendar and backup registers have gone on.
#include "chip.h"

#define PWR_CR REG(0x40007000)
#define PWR_CSR REG(0x40007004)
#define EXTI_IMR REG(0x40010400)
#define EXTI_RTSR REG(0x40010408)
#define EXTI_PR REG(0x40010414)
#define RTC_TR REG(0x40002800)
#define RTC_DR REG(0x40002804)
#define RTC_CR REG(0x40002808)
#define RTC_ISR REG(0x4000280C)
#define RTC_PRER REG(0x40002810)
#define RTC_WUTR REG(0x40002814)
#define RTC_ALRMAR REG(0x4000281C)
#define RTC_WPR REG(0x40002824)
#define RTC_BKP0R REG(0x40002850)
#define RTC_BKP31R REG(0x400028CC)
#define NVIC_ISER1 REG(0xE000E104)

#define ISR_RSF (1u << 5)
#define ISR_INITF (1u << 6)
#define ISR_INIT (1u << 7)
#define ISR_ALRAF (1u << 8)
#define ISR_WUTF (1u << 10)
#define WAKE_UP_LINE (1u << 20)
#define ALARM_LINE (1u << 17)

static void (*table[73])(void) __attribute__((aligned(512)));
static volatile uint32_t wake_ups, alarms;

static void unlock(void) {
  RTC_WPR = 0xCA;
  RTC_WPR = 0x53;
}

/// Event flags are cleared by a 0, INIT must stay as it is.
static void clear(uint32_t flag) {
  RTC_ISR = ~((flag | ISR_INIT) & 0x1FFFF) | (RTC_ISR & ISR_INIT);
}

static void wake_up(void) {
  if ((RTC_ISR & ISR_WUTF) != 0) {
    ++wake_ups;
    clear(ISR_WUTF);
  }
  EXTI_PR = WAKE_UP_LINE;
}

static void alarm(void) {
  if ((RTC_ISR & ISR_ALRAF) != 0) {
    ++alarms;
    clear(ISR_ALRAF);
  }
  EXTI_PR = ALARM_LINE;
}

static void synchronise(void) {
  RTC_ISR = ~(ISR_RSF | ISR_INIT);
  while ((RTC_ISR & ISR_RSF) == 0) {
  }
}

static void start(void) {
  RCC_CSR |= 1u << 8;
  while ((RCC_CSR & 1u << 9) == 0) {
  }
  RCC_CSR |= 1u << 16;
  RCC_CSR |= 1u << 22;
  show("year set", RTC_ISR >> 4 & 1);
  unlock();
  RTC_ISR |= ISR_INIT;
  while ((RTC_ISR & ISR_INITF) == 0) {
  }
  RTC_CR &= ~(1u << 6);
  RTC_PRER = 0xFF;
  RTC_PRER |= 0x7Fu << 16;
  RTC_TR = 0x00235958;
  RTC_DR = 0x0015E231 | 1u << 12;  // 31.12.15, a Sunday
  RTC_ISR &= ~ISR_INIT;
  synchronise();
  RTC_WPR = 0xFF;
}

static void show_time(const char* time, const char* date) {
  show(time, RTC_TR);
  show(date, RTC_DR);
}

static void arm_wake_up(uint32_t seconds) {
  unlock();
  RTC_CR &= ~(1u << 10);
  while ((RTC_ISR & 4) == 0) {
  }
  RTC_WUTR = seconds - 1;
  RTC_CR = (RTC_CR & ~7u) | 4;
  clear(ISR_WUTF);
  EXTI_PR = WAKE_UP_LINE;
  RTC_CR |= 1u << 14;
  RTC_CR |= 1u << 10;
  RTC_WPR = 0xFF;
}

static void stop(void) {
  while ((REG(0x40004400) & 1u << 6) == 0) {  // the console has to be empty
  }
  PWR_CR |= 1u << 2;  // CWUF
  PWR_CR = (PWR_CR & ~2u) | 1u;
  SCB_SCR |= 4;
  wait_for_interrupt();
  SCB_SCR &= ~4u;
  clock_32_mhz();
}

static void first_run(void) {
  start();
  show_time("time", "date");
  EXTI_IMR |= WAKE_UP_LINE | ALARM_LINE;
  EXTI_RTSR |= WAKE_UP_LINE | ALARM_LINE;
  NVIC_ISER0 = 1u << 3;
  NVIC_ISER1 = 1u << (41 - 32);
  arm_wake_up(3);
  stop();
  synchronise();
  show("wake-ups", wake_ups);
  show_time("woken", "new year");

  unlock();
  RTC_CR &= ~(1u << 10);
  RTC_ALRMAR = 0x80000005;  // 00:00:05 of any day
  RTC_CR |= 1u << 12 | 1u << 8;
  RTC_WPR = 0xFF;
  stop();
  unlock();
  synchronise();
  show("alarms", alarms);
  show_time("alarm", "day");

  RTC_BKP0R = 0xCAFE;
  RTC_BKP31R = 0xBEEF;
  EXTI_IMR = 0;
  arm_wake_up(2);
  while ((REG(0x40004400) & 1u << 6) == 0) {
  }
  PWR_CR |= 1u << 2 | 1u << 3;
  PWR_CR |= 2;
  SCB_SCR |= 4;
  wait_for_interrupt();
  show("still there", 1);
}

int main(void) {
  RCC_APB1ENR |= 1u << 28;
  PWR_CR |= 1u << 8;
  clock_32_mhz();
  console();
  if ((PWR_CSR & 2) != 0) {
    show("standby", PWR_CSR & 3);
    unlock();
    synchronise();
    show_time("after", "still");
    show("first", RTC_BKP0R);
    show("last", RTC_BKP31R);
    return 0;
  }
  for (uint32_t i = 0; i < 73; ++i) table[i] = vectors[i];
  table[16 + 3] = wake_up;
  table[16 + 41] = alarm;
  SCB_VTOR = (uint32_t)table;
  first_run();
  return 0;
}

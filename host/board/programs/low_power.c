// SPDX-License-Identifier: MIT
// Standby with each of its ways out, then Stop (RM0038 5.3). A backup register counts the boots;
// the test moves the jumper, presses reset or the button.
#include "chip.h"

#define PWR_CR REG(0x40007000)
#define PWR_CSR REG(0x40007004)
#define RTC_CR REG(0x40002808)
#define RTC_ISR REG(0x4000280C)
#define RTC_WUTR REG(0x40002814)
#define RTC_WPR REG(0x40002824)
#define RTC_BKP0R REG(0x40002850)
#define EXTI_IMR REG(0x40010400)
#define EXTI_FTSR REG(0x4001040C)
#define EXTI_PR REG(0x40010414)
#define SYSCFG_EXTICR4 REG(0x40010014)

static volatile uint32_t mark __attribute__((section(".noinit")));

/// The RTC on LSI, which every reset stops.
static void rtc(void) {
  RCC_CSR |= 1;
  while ((RCC_CSR & 2) == 0) {
  }
  RCC_CSR |= 2u << 16;
  RCC_CSR |= 1u << 22;
}

static void wake_up_in(uint32_t milliseconds) {
  RTC_WPR = 0xCA;
  RTC_WPR = 0x53;
  RTC_CR &= ~(1u << 10 | 7u);
  while ((RTC_ISR & 1u << 2) == 0) {
  }
  RTC_WUTR = milliseconds * 37 / 16;
  RTC_ISR = ~(1u << 10 | 1u << 7);
  RTC_CR |= 1u << 14 | 1u << 10;
  RTC_WPR = 0xFF;
}

static void no_wake_up(void) {
  RTC_WPR = 0xCA;
  RTC_WPR = 0x53;
  RTC_CR &= ~(1u << 14 | 1u << 10);
  RTC_ISR = ~(1u << 10 | 1u << 7);
  RTC_WPR = 0xFF;
}

static void sleep_deep(uint32_t power) {
  while ((USART2_SR & 1u << 6) == 0) {
  }
  PWR_CR = (PWR_CR & ~3u) | power;
  SCB_SCR |= 1u << 2;
  wait_for_interrupt();
  SCB_SCR &= ~(1u << 2);
}

static void standby(const char* text, int clear) {
  print(text);
  mark = 0xFEEDC0DE;
  if (clear) PWR_CR |= 1u << 2;
  sleep_deep(2);
  print("Standby did not reset\n");
}

static void stop(void) {
  clock_32_mhz();
  console();
  RCC_APB2ENR |= 1;
  SYSCFG_EXTICR4 = 2u << 4;
  EXTI_FTSR = 1u << 13;
  EXTI_IMR = 1u << 13;
  EXTI_PR = 1u << 13;
  REG(0xE000E104) = 1u << 8;  // IRQ 40
  disable_interrupts();
  mark = 0xFEEDC0DE;
  print("stop\n");
  sleep_deep(1);
  const uint32_t clocks = RCC_CFGR & 15;
  const uint32_t oscillators = RCC_CR & 0x03030303;
  clock_32_mhz();
  show("clock after stop", clocks);
  show("oscillators after stop", oscillators);
  show("pending", EXTI_PR);
  show("ram kept", mark == 0xFEEDC0DE);
}

int main(void) {
  console();
  RCC_APB1ENR |= 1u << 28;
  PWR_CR |= 1u << 8;
  rtc();
  const uint32_t boot = RTC_BKP0R + 1;
  RTC_BKP0R = boot;
  show("boot", boot);
  show("wuf and sbf", PWR_CSR & 3);
  show("wake-up pins", PWR_CSR >> 8);
  show("ram kept", mark == 0xFEEDC0DE);
  PWR_CR |= 1u << 3;
  switch (boot) {
    case 1:
      PWR_CSR = 1u << 8;
      standby("standby until the jumper\n", 1);
      break;
    case 2:
      wake_up_in(100);
      standby("standby for 100 ms\n", 1);
      break;
    case 3:
      no_wake_up();
      standby("standby with the flag set\n", 0);
      break;
    case 4:
      PWR_CSR = 0;
      standby("standby until reset\n", 1);
      break;
    default:
      stop();
  }
  return 0;
}

// SPDX-License-Identifier: MIT
// Pin interrupts that share vectors (RM0038 chapters 8 and 10): button PC13 with PA12 in EXTI15_10,
// PB6 and PA7 in EXTI9_5, which the program moves itself; a handler looks at every line it may be
// for and clears the flag. Then a software trigger, a masked line and an event that ends WFE.
#include "chip.h"

#define GPIO(port) (0x40020000 + 0x400 * (port))
#define MODER(port) REG(GPIO(port))
#define BSRR(port) REG(GPIO(port) + 0x18)
#define SYSCFG_EXTICR(index) REG(0x40010008 + 4 * (index))
#define EXTI_IMR REG(0x40010400)
#define EXTI_EMR REG(0x40010404)
#define EXTI_RTSR REG(0x40010408)
#define EXTI_FTSR REG(0x4001040C)
#define EXTI_SWIER REG(0x40010410)
#define EXTI_PR REG(0x40010414)

static void (*table[73])(void) __attribute__((aligned(512)));
static volatile uint32_t low_count[5], high_count[6], calls;

static void exti9_5(void) {
  calls = calls + 1;
  for (uint32_t line = 5; line <= 9; ++line) {
    if ((EXTI_PR & 1u << line) == 0) continue;
    EXTI_PR = 1u << line;
    low_count[line - 5] = low_count[line - 5] + 1;
  }
}

static void exti15_10(void) {
  calls = calls + 1;
  for (uint32_t line = 10; line <= 15; ++line) {
    if ((EXTI_PR & 1u << line) == 0) continue;
    EXTI_PR = 1u << line;
    high_count[line - 10] = high_count[line - 10] + 1;
  }
}

static void select_port(uint32_t line, uint32_t port) {
  const uint32_t shift = 4 * (line % 4);
  SYSCFG_EXTICR(line / 4) = (SYSCFG_EXTICR(line / 4) & ~(15u << shift)) | port << shift;
}

static void output(uint32_t port, uint32_t pin) {
  BSRR(port) = 1u << (pin + 16);
  MODER(port) = (MODER(port) & ~(3u << (2 * pin))) | 1u << (2 * pin);
}

/// Interrupts that are pending are taken before the next instruction.
static void settle(void) {
  __asm volatile("dsb\n isb" ::: "memory");
}

int main(void) {
  clock_32_mhz();
  console();
  for (int i = 0; i < 73; ++i) table[i] = vectors[i];
  table[16 + 23] = exti9_5;
  table[16 + 40] = exti15_10;
  SCB_VTOR = (uint32_t)table;
  RCC_AHBENR |= 7;
  RCC_APB2ENR |= 1;
  output(0, 7);
  output(0, 12);
  output(1, 6);
  output(1, 7);
  select_port(13, 2);
  select_port(12, 0);
  select_port(6, 1);
  select_port(7, 0);
  EXTI_PR = 0xFFFFFF;
  EXTI_RTSR = 1u << 6 | 1u << 7 | 1u << 12;
  EXTI_FTSR = 1u << 7 | 1u << 13;
  EXTI_IMR = 1u << 6 | 1u << 7 | 1u << 12 | 1u << 13;
  NVIC_ISER0 = 1u << 23;
  REG(0xE000E104) = 1u << 8;

  BSRR(1) = 1u << 7;  // PB7 is not PA7
  settle();
  BSRR(1) = 1u << 6;
  settle();
  BSRR(1) = 1u << 22;  // falling is not selected for line 6
  settle();
  BSRR(0) = 1u << 7;
  settle();
  BSRR(0) = 1u << 23;
  settle();
  BSRR(0) = 1u << 12;
  settle();
  show("line 6", low_count[1]);
  show("line 7", low_count[2]);
  show("line 12", high_count[2]);

  disable_interrupts();
  calls = 0;
  BSRR(1) = 1u << 6;
  settle();
  BSRR(0) = 1u << 7;
  settle();
  EXTI_SWIER = 1u << 12;
  show("pending", EXTI_PR);
  enable_interrupts();
  settle();
  show("calls for three lines", calls);
  show("lines 6, 7, 12", low_count[1] << 16 | low_count[2] << 8 | high_count[2]);
  show("swier", EXTI_SWIER);

  EXTI_EMR = 1u << 6;
  EXTI_IMR &= ~(1u << 6);
  __asm volatile("sev\n wfe");  // an empty event register
  BSRR(1) = 1u << 22;
  settle();
  BSRR(1) = 1u << 6;
  settle();
  __asm volatile("wfe");
  print("woken by an event\n");
  show("line 6 still", low_count[1]);

  while (high_count[3] == 0) wait_for_interrupt();
  show("button", high_count[3]);
  return 0;
}

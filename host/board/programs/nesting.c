// SPDX-License-Identifier: MIT
// Order of exceptions: nesting by priority, tail-chaining, PRIGROUP, BASEPRI, pending and active
// bits.
#include "chip.h"

static char log_text[256];
static uint32_t log_size;
static void note(char character) {
  log_text[log_size++] = character;
}
static void flush(const char* name) {
  log_text[log_size] = 0;
  print(name);
  put(':');
  print(log_text);
  put('\n');
  log_size = 0;
}

static uint32_t active_seen, chained_stack[2];

/// A write to the NVIC acts at once only behind these barriers.
static void pend(uint32_t irqs) {
  NVIC_ISPR0 = irqs;
  __asm volatile("dsb\n isb" ::: "memory");
}

// A = IRQ 8, B = IRQ 9, C = IRQ 10. Upper case: begin, lower case: end.
void irq8_handler(void) {
  note('A');
  pend(1u << 9);  // B comes at once if it is more urgent
  note('-');
  note('a');
}

void irq9_handler(void) {
  note('B');
  NVIC_STIR = 10;
  active_seen = NVIC_IABR0;
  __asm volatile("dsb\n isb" ::: "memory");
  note('-');
  note('b');
}

void irq10_handler(void) {
  note('C');
  note('c');
}

// Tail-chained handlers find the same stack frame.
__attribute__((naked)) void sys_tick_handler(void) {
  __asm volatile("str sp, [%0]\n bx lr\n" ::"r"(&chained_stack[0]));
}
__attribute__((naked)) void pend_sv_handler(void) {
  __asm volatile("str sp, [%0]\n bx lr\n" ::"r"(&chained_stack[1]));
}

static void set_priorities(uint8_t a, uint8_t b, uint8_t c) {
  NVIC_IPR(8) = a;
  NVIC_IPR(9) = b;
  NVIC_IPR(10) = c;
}

int main(void) {
  clock_32_mhz();
  console();
  NVIC_ISER0 = 7u << 8;

  set_priorities(0xC0, 0x80, 0x40);
  pend(1u << 8);
  flush("nested");
  show("active", active_seen);

  set_priorities(0x80, 0x80, 0x80);
  pend(1u << 8);
  flush("equal");

  // PRIGROUP 6: bit 7 is the group, the rest only orders those that wait.
  SCB_AIRCR = 0x05FA0600;
  set_priorities(0xC0, 0xA0, 0x90);
  pend(1u << 8);
  flush("grouped");
  disable_interrupts();
  set_priorities(0xE0, 0xC0, 0xA0);
  pend(7u << 8);
  enable_interrupts();
  flush("waiting");
  SCB_AIRCR = 0x05FA0000;

  disable_interrupts();
  SCB_ICSR = 1u << 26 | 1u << 28;
  enable_interrupts();
  __asm volatile("isb");
  show("same stack", chained_stack[0] == chained_stack[1] && chained_stack[0] != 0);

  disable_interrupts();
  pend(1u << 10);
  show("pending", NVIC_ISPR0);
  show("vectpending", SCB_ICSR >> 12 & 0x1FF);
  NVIC_ICPR0 = 1u << 10;
  enable_interrupts();
  flush("cleared");

  set_priorities(0xC0, 0x80, 0x40);
  __asm volatile("msr basepri, %0" ::"r"(0x80));
  pend(1u << 9);
  note('.');
  pend(1u << 10);
  note('.');
  __asm volatile("msr basepri, %0" ::"r"(0));
  flush("basepri");

  __asm volatile("cpsid f");
  pend(1u << 10);
  note('.');
  __asm volatile("cpsie f");
  flush("faultmask");

  NVIC_ICER0 = 1u << 10;
  pend(1u << 10);
  note('.');
  NVIC_ISER0 = 1u << 10;
  flush("disabled");
  return 0;
}

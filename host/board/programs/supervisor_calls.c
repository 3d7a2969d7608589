// SPDX-License-Identifier: MIT
// SVC from a thread on either stack and from a handler, with arguments and results in the stacked
// frame and the number from the instruction; and escalated, where its priority does not suffice.
#include "chip.h"

static volatile uint32_t links[8], calls, inside_result;
static uint32_t task_stack[128] __attribute__((aligned(8)));

__attribute__((used)) void called(uint32_t* frame, uint32_t link) {
  const uint32_t number = ((const uint8_t*)frame[6])[-2];
  if (calls < 8) links[calls] = link;
  ++calls;
  // Four arguments, two results.
  const uint32_t sum = frame[0] + frame[1] + frame[2] + frame[3];
  frame[0] = sum + (number << 8);
  frame[1] = number;
}
__attribute__((naked)) void svc_handler(void) {
  __asm volatile("mov r1, lr\n tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n b called\n");
}

__attribute__((used)) void escalated(const uint32_t* frame, uint32_t link) {
  show("escalated, hfsr", SCB_HFSR);
  show("cfsr", SCB_CFSR);
  show("link", link);
  show("number", ((const uint8_t*)frame[6])[-2]);
  SCB_HFSR = SCB_HFSR;
}
__attribute__((naked)) void hard_fault_handler(void) {
  __asm volatile(
      "mov r1, lr\n tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n b escalated\n");
}

#define CALL(number, a, b, c, d)                                                        \
  ({                                                                                    \
    register uint32_t r0 __asm("r0") = (a);                                             \
    register uint32_t r1 __asm("r1") = (b);                                             \
    register uint32_t r2 __asm("r2") = (c);                                             \
    register uint32_t r3 __asm("r3") = (d);                                             \
    __asm volatile("svc #" #number : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r3) : "memory"); \
    r0 | r1 << 24;                                                                      \
  })

void irq8_handler(void) {
  inside_result = CALL(7, 1, 2, 3, 4);
}

static void pend(void) {
  NVIC_ISPR0 = 1u << 8;
  __asm volatile("dsb\n isb" ::: "memory");
}

int main(void) {
  clock_32_mhz();
  console();
  NVIC_ISER0 = 1u << 8;
  NVIC_IPR(8) = 0x80;
  SCB_SHPR(11) = 0x40;
  show("main stack", CALL(1, 10, 20, 30, 40));
  pend();
  show("from a handler", inside_result);
  SCB_SHPR(11) = 0x80;  // as urgent as the handler: that is not enough
  pend();
  SCB_SHPR(11) = 0x40;
  __asm volatile("msr psp, %0\n msr control, %1\n isb" ::"r"(&task_stack[128]), "r"(2) : "memory");
  show("process stack", CALL(255, 11, 21, 31, 41));
  __asm volatile("msr control, %0\n isb" ::"r"(3) : "memory");
  show("unprivileged", CALL(16, 100, 0, 0, 1));
  for (uint32_t call = 0; call < calls; ++call) show("link", links[call]);
  finish();
}

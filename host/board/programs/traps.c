// SPDX-License-Identifier: MIT
// Faults that CCR asks for, the moment at which interrupts are taken, exact reading of counters,
// code that changes itself, and errors of stacking, unstacking, vectors and returns.
#include "chip.h"

#define SCB_CCR REG(0xE000ED14)
#define SCB_DFSR REG(0xE000ED30)
#define SCB_MMFAR REG(0xE000ED34)
#define SCB_AFSR REG(0xE000ED3C)

#define STKERR (1u << 12)

static uint32_t spare_frame[8] __attribute__((aligned(8)));
static volatile uint32_t exception_number, cfsr, hfsr, stacked_pc, taken, order;
static volatile uint32_t resume_at;

__attribute__((used)) void fault_seen(uint32_t* frame) {
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));
  exception_number = number;
  cfsr = SCB_CFSR;
  hfsr = SCB_HFSR;
  SCB_CFSR = cfsr;
  SCB_HFSR = hfsr;
  if ((cfsr & STKERR) != 0) {  // there is no frame: another one, on a stack that is there
    spare_frame[6] = resume_at;
    spare_frame[7] = 1u << 24;
    __asm volatile("msr psp, %0" ::"r"(spare_frame));
    return;
  }
  stacked_pc = frame[6];
  if (resume_at != 0) {
    frame[6] = resume_at;
    frame[7] |= 1u << 24;
  }
}

#define FAULT_HANDLER(name)                         \
  __attribute__((naked)) void name(void) {          \
    __asm volatile("mrs r0, msp\n b fault_seen\n"); \
  }
FAULT_HANDLER(hard_fault_handler)
FAULT_HANDLER(bus_fault_handler)
__attribute__((naked)) void usage_fault_handler(void) {
  __asm volatile("mrs r0, msp\n ldr lr, =0xFFFFFFF9\n b fault_seen\n");
}

void pend_sv_handler(void) {
  taken = taken + 1;
}
void irq8_handler(void) {
  taken = taken + 1;
  order = order << 4 | 8;
}
void irq9_handler(void) {
  order = order << 4 | 9;
}
__attribute__((naked)) void irq10_handler(void) {  // returns with a value that means nothing
  __asm volatile("ldr r0, =0xFFFFFFF5\n bx r0\n");
}

static void report(const char* title) {
  print(title);
  print(": ");
  show("exception", exception_number);
  show("  cfsr", cfsr);
  show("  hfsr", hfsr);
  exception_number = cfsr = hfsr = stacked_pc = 0;
}

static void trap(const char* title, uint32_t at) {
  const uint32_t exact = stacked_pc == (at & ~1u);
  report(title);
  show("  at the instruction", exact);
}

#define PROVOKE(title, code)                                                      \
  do {                                                                            \
    uint32_t at;                                                                  \
    __asm volatile("ldr r2, =9f\n str r2, [%1]\n ldr %0, =8f\n" code "\n9: nop\n" \
                   : "=&r"(at)                                                    \
                   : "r"(&resume_at), "r"(buffer)                                 \
                   : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");         \
    trap(title, at);                                                              \
  } while (0)

static uint32_t buffer[8];

static void ccr(void) {
  SCB_CCR |= 1u << 4 | 1u << 3;
  __asm volatile("dsb\n isb");
  PROVOKE("udiv", "movs r4, #0\n movs r3, #7\n 8: udiv r1, r3, r4\n movs r3, #1\n");
  PROVOKE("udiveq", "movs r4, #0\n cmp r4, #0\n it eq\n 8: udiveq r1, r3, r4\n");
  PROVOKE("sdiv", "movs r4, #0\n movs r3, #7\n 8: sdiv r1, r3, r4\n");
  PROVOKE("ldr", "adds r4, %2, #2\n 8: ldr r1, [r4]\n");
  PROVOKE("strh", "adds r4, %2, #1\n movs r1, #0\n 8: strh r1, [r4, #4]\n");
  PROVOKE("ldrd", "adds r4, %2, #2\n 8: ldrd r0, r1, [r4]\n");
  uint32_t guarded = 5;
  __asm volatile("movs r4, #0\n cmp r4, #0\n it ne\n udivne %0, %0, r4\n"
                 : "+r"(guarded)::"r4", "cc");
  show("guarded", guarded);
  SCB_CCR &= ~(1u << 4 | 1u << 3);
  uint32_t quotient = 1;
  __asm volatile("movs r4, #0\n movs r3, #7\n udiv %0, r3, r4\n"
                 : "+r"(quotient)::"r3", "r4", "cc");
  show("quotient", quotient);
  show("faults", exception_number);
}

static void moments(void) {
  taken = 0;
  SCB_ICSR = 1u << 28;
  __asm volatile("dsb\n isb" ::: "memory");
  show("after pendsv", taken);
  NVIC_ISER0 = 7u << 8;
  disable_interrupts();
  NVIC_ISPR0 = 1u << 8;
  __asm volatile("dsb\n isb" ::: "memory");
  show("masked", taken);
  enable_interrupts();
  show("opened", taken);
  __asm volatile("msr basepri, %0\n isb" ::"r"(0x10) : "memory");
  NVIC_IPR(8) = 0x20;
  NVIC_ISPR0 = 1u << 8;
  __asm volatile("dsb\n isb" ::: "memory");
  show("under basepri", taken);
  __asm volatile("msr basepri, %0" ::"r"(0) : "memory");
  show("basepri opened", taken);
}

static void counters(void) {
  DEMCR = 1u << 24;
  DWT_CTRL |= 1;
  uint32_t a, b, c;
  __asm volatile(
      "ldr %0, [%3]\n nop\n nop\n nop\n nop\n ldr %1, [%3]\n"
      "nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n ldr %2, [%3]\n"
      : "=&r"(a), "=&r"(b), "=&r"(c)
      : "r"(&DWT_CYCCNT));
  show("five", b - a);
  show("ten", c - b);
}

static void self_modifying(void) {
  static uint16_t code[64] __attribute__((aligned(4)));
  uint32_t sum = 0;
  for (uint32_t round = 1; round <= 20; ++round) {
    code[0] = (uint16_t)(0x2000 | round);  // movs r0, #round
    code[1] = 0x4770;                      // bx lr
    __asm volatile("dsb\n isb" ::: "memory");
    sum += ((uint32_t (*)(void))((uint32_t)code | 1))();
  }
  show("sum", sum);
  // One that changes what comes behind it in the same run.
  code[0] = 0x8041;  // strh r1, [r0, #2]
  code[1] = 0x2000;  // movs r0, #0, replaced
  code[2] = 0x4770;
  code[8] = 0x2000;
  ((uint32_t (*)(void*, uint32_t))((uint32_t)code | 1))(code + 16, 0);
  ((uint32_t (*)(void*, uint32_t))((uint32_t)code | 1))(code, 0x202A);
  show("changed", ((uint32_t (*)(void*, uint32_t))((uint32_t)code | 1))(code + 16, 0));
}

static void returns(void) {
  SCB_SHCSR = 7u << 16;
  resume_at = 0;
  NVIC_ISPR0 = 1u << 10;
  __asm volatile("dsb\n isb" ::: "memory");
  report("exc_return");
  uint32_t ready;
  __asm volatile(
      "ldr r2, =7f\n str r2, [%1]\n mrs r3, msp\n mov r4, %2\n"
      "msr psp, r4\n movs r0, #2\n msr control, r0\n isb\n"
      "svc #0\n"
      "7: movs r0, #0\n msr control, r0\n isb\n movs %0, #1\n"
      : "=&r"(ready)
      : "r"(&resume_at), "r"(0x20000010)
      : "r0", "r2", "r3", "r4", "memory");
  report("stacking");
  show("then", order);
  show("stack", ready);
}

/// A more urgent interrupt that comes while another is entered is taken first, and both have one
/// frame.
static void urgency(void) {
  NVIC_IPR(9) = 0x40;
  NVIC_IPR(8) = 0x20;
  order = 0;
  disable_interrupts();
  NVIC_ISPR0 = 1u << 9 | 1u << 8;
  enable_interrupts();
  show("order", order);
}

void svc_handler(void) {
  order = order << 4 | 0xB;
}

int main(void) {
  clock_32_mhz();
  console();
  show("dfsr", SCB_DFSR);
  show("afsr", SCB_AFSR);
  show("ccr", SCB_CCR);
  show("shcsr", SCB_SHCSR);
  SCB_VTOR = 0x0800007F;
  show("vtor", SCB_VTOR);
  SCB_VTOR = 0x08000000;
  ccr();
  moments();
  counters();
  self_modifying();
  returns();
  urgency();
  return 0;
}

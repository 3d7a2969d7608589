// SPDX-License-Identifier: MIT
// What PRIMASK, BASEPRI and FAULTMASK hold back and what not, which writes change them, and how a
// handler that returns straight into the next one (tail-chaining) is cheaper and keeps the frame.
#include "chip.h"

static char log_text[64];
static uint32_t log_size;
static volatile uint32_t frames[3], cycles[3];

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
static void pend(uint32_t irqs) {
  NVIC_ISPR0 = irqs;
  __asm volatile("dsb\n isb" ::: "memory");
}

void nmi_handler(void) {
  note('N');
}
void irq8_handler(void) {
  note('A');
}
void irq9_handler(void) {
  note('B');
}
void irq10_handler(void) {
  note('C');
  __asm volatile("cpsid f" ::: "memory");  // the return clears it
}

void hard_fault_handler(void) {
  note('H');
  uint32_t* frame;
  __asm volatile("mrs %0, psp" : "=r"(frame));
  frame[6] += 2;  // behind the instruction
}

#define SPECIAL(name)                                           \
  ({                                                            \
    uint32_t value;                                             \
    __asm volatile("mrs %0, " name : "=r"(value) : : "memory"); \
    value;                                                      \
  })
#define SET_SPECIAL(name, value) __asm volatile("msr " name ", %0" ::"r"(value) : "memory")

// PendSV, SysTick and a device, one behind the other: each notes its frame and the time.
#define TIMED_HANDLER(name, index)                                                              \
  __attribute__((naked)) void name(void) {                                                      \
    __asm volatile("ldr r1, =0xE0001004\n ldr r1, [r1]\n str r1, [%1]\n str sp, [%0]\n bx lr\n" \
                   :                                                                            \
                   : "r"(&frames[index]), "r"(&cycles[index]));                                 \
  }
TIMED_HANDLER(sys_tick_handler, 0)
TIMED_HANDLER(pend_sv_handler, 1)
TIMED_HANDLER(flash_handler, 2)

static void primask(void) {
  disable_interrupts();
  pend(1u << 8);
  SCB_ICSR = 1u << 31;
  __asm volatile("dsb\n isb");
  note('.');
  __asm volatile("udf #0");  // is not held back
  note('.');
  enable_interrupts();
  __asm volatile("isb");
  flush("primask");
}

static void basepri(void) {
  NVIC_IPR(8) = 0xC0;
  NVIC_IPR(9) = 0x80;
  NVIC_IPR(10) = 0x40;
  SET_SPECIAL("basepri", 0x80);
  pend(3u << 8);
  note('.');
  pend(1u << 10);
  note('.');
  show("after a return", SPECIAL("faultmask"));
  SET_SPECIAL("basepri_max", 0xC0);  // lowers nothing
  show("basepri", SPECIAL("basepri"));
  SET_SPECIAL("basepri_max", 0x20);
  show("basepri", SPECIAL("basepri"));
  SET_SPECIAL("basepri_max", 0);
  show("basepri", SPECIAL("basepri"));
  note('.');
  SET_SPECIAL("basepri", 0x90);
  __asm volatile("isb");
  note('.');
  SET_SPECIAL("basepri", 0);
  __asm volatile("isb");
  flush("basepri");
  // Four bits are there.
  NVIC_IPR(8) = 0xF0;
  SET_SPECIAL("basepri", 0xFF);
  pend(1u << 8);
  note('.');
  SET_SPECIAL("basepri", 0x0F);
  __asm volatile("isb");
  note('.');
  SET_SPECIAL("basepri", 0);
  flush("basepri bits");
}

static void faultmask(void) {
  __asm volatile("cpsid f" ::: "memory");
  pend(1u << 8);
  SCB_ICSR = 1u << 31;  // more urgent still
  __asm volatile("dsb\n isb");
  note('.');
  show("faultmask", SPECIAL("faultmask"));
  __asm volatile("cpsie f\n isb" ::: "memory");
  flush("faultmask");
}

static void unprivileged(void) {
  SET_SPECIAL("control", 3);
  __asm volatile("isb");
  disable_interrupts();
  SET_SPECIAL("basepri", 0x80);
  __asm volatile("cpsid f" ::: "memory");
  show("seen unprivileged", SPECIAL("primask") | SPECIAL("basepri") | SPECIAL("faultmask"));
}

static void chain(void) {
  DEMCR |= 1u << 24;
  DWT_CTRL |= 1;
  SCB_SHPR(14) = SCB_SHPR(15) = 0x40;
  NVIC_IPR(4) = 0x60;
  NVIC_ISER0 = 1u << 4;
  disable_interrupts();
  SCB_ICSR = 1u << 26 | 1u << 28;
  NVIC_ISPR0 = 1u << 4;
  enable_interrupts();
  __asm volatile("isb" ::: "memory");
  const uint32_t after = DWT_CYCCNT;
  show("pendsv first", cycles[1] < cycles[0] && cycles[0] < cycles[2]);
  show("one frame", frames[0] == frames[1] && frames[1] == frames[2] && frames[0] != 0);
  // From handler to handler without unstacking and stacking; the way back unstacks.
  show("chained quicker", cycles[0] - cycles[1] < after - cycles[2]);
}

int main(void) {
  static uint32_t stack[256] __attribute__((aligned(8)));
  clock_32_mhz();
  console();
  __asm volatile("msr psp, %0\n msr control, %1\n isb" ::"r"(&stack[256]), "r"(2) : "memory");
  NVIC_ISER0 = 7u << 8;
  primask();
  basepri();
  faultmask();
  chain();
  unprivileged();
  finish();
}

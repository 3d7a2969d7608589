// SPDX-License-Identifier: MIT
// For the speed measurement: a small real-time kernel under load. SysTick at 1 kHz, and two tasks
// on stacks of their own that give up the processor through PendSV every few dozen instructions.
#include "chip.h"

#define STACK_WORDS 128
static uint32_t stacks[2][STACK_WORDS] __attribute__((aligned(8)));
static uint32_t* stack_pointers[2];
static volatile uint32_t current, switches, ticks;

void sys_tick_handler(void) {
  ticks = ticks + 1;
  SCB_ICSR = 1u << 28;
}

__attribute__((used)) uint32_t* next_task(uint32_t* stack_pointer) {
  stack_pointers[current] = stack_pointer;
  current = 1 - current;
  switches = switches + 1;
  return stack_pointers[current];
}

__attribute__((naked)) void pend_sv_handler(void) {
  __asm volatile(
      "mrs r0, psp\n"
      "stmdb r0!, {r4-r11}\n"
      "push {r3, lr}\n"
      "bl next_task\n"
      "pop {r3, lr}\n"
      "ldmia r0!, {r4-r11}\n"
      "msr psp, r0\n"
      "bx lr\n");
}

static void yield(void) {
  SCB_ICSR = 1u << 28;
  __asm volatile("dsb\n isb" ::: "memory");
}

static void task(void) {
  uint32_t work = 1;
  for (;;) {
    for (uint32_t round = 0; round < 8; ++round) work = work * 1664525u + 1013904223u;
    yield();
  }
}

int main(void) {
  clock_32_mhz();
  console();
  for (uint32_t index = 0; index < 2; ++index) {
    uint32_t* frame = &stacks[index][STACK_WORDS - 16];
    frame[14] = (uint32_t)task & ~1u;
    frame[15] = 1u << 24;
    stack_pointers[index] = frame;
  }
  SCB_SHPR(14) = 0xF0;
  SYST_RVR = 32000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  // The first task continues as this thread, on the process stack.
  __asm volatile("msr psp, %0\n movs r0, #2\n msr control, r0\n isb" ::"r"(&stacks[0][64])
                 : "r0", "memory");
  task();
  return 0;
}

// SPDX-License-Identifier: MIT
// Faults: what CFSR, HFSR, BFAR and the stacked PC say, enabled handlers and escalation.
#include "chip.h"

static volatile uint32_t exception_number, cfsr, hfsr, bfar, stacked_pc;
static volatile uint32_t resume_at;

__attribute__((used)) void fault_seen(uint32_t* frame) {
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));
  exception_number = number;
  cfsr = SCB_CFSR;
  hfsr = SCB_HFSR;
  bfar = SCB_BFAR;
  stacked_pc = frame[6];
  SCB_CFSR = cfsr;
  SCB_HFSR = hfsr;
  frame[6] = resume_at;
  frame[7] |= 1u << 24;
}

#define FAULT_HANDLER(name)                         \
  __attribute__((naked)) void name(void) {          \
    __asm volatile("mrs r0, msp\n b fault_seen\n"); \
  }
FAULT_HANDLER(hard_fault_handler)
FAULT_HANDLER(bus_fault_handler)
FAULT_HANDLER(usage_fault_handler)
FAULT_HANDLER(mem_manage_handler)

/// Runs `code`, between the labels `at` (the one that fails) and `after`.
#define PROVOKE(title, code)                                                          \
  do {                                                                                \
    uint32_t at;                                                                      \
    __asm volatile("ldr r2, =9f\n str r2, [%1]\n ldr %0, =8f\n" code "\n9: nop\n"     \
                   : "=&r"(at)                                                        \
                   : "r"(&resume_at), "r"(0x30000000), "r"(0xE0000000)                \
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "lr", "cc", "memory"); \
    report(title, at);                                                                \
  } while (0)

static void report(const char* title, uint32_t at) {
  print(title);
  print(": ");
  show("exception", exception_number);
  show("  cfsr", cfsr);
  show("  hfsr", hfsr);
  if ((cfsr & 1u << 15) != 0) show("  bfar", bfar);
  show("  at the instruction", stacked_pc == (at & ~1u));
  exception_number = cfsr = hfsr = bfar = stacked_pc = 0;
}

int main(void) {
  clock_32_mhz();
  console();
  PROVOKE("read",
          "movs r0, #5\n adds r0, r0, #1\n mov r4, %2\n 8: ldr r1, [r4, #16]\n adds r0, #1\n");
  PROVOKE("read byte", "mov r5, %2\n add r5, #3\n movs r6, #4\n 8: ldrb.w r1, [r5, r6, lsl #2]\n");
  PROVOKE("read multiple", "mov r4, %2\n mov r5, sp\n ldr r6, [r5]\n 8: ldmia r4!, {r0, r1, r2}\n");
  PROVOKE("write", "mov r4, %2\n movs r0, #1\n 8: str r0, [r4, #4]\n nop\n");
  PROVOKE("undefined", "movs r0, #1\n 8: udf #1\n");
  PROVOKE("undefined wide", "movs r0, #1\n 8: .short 0xf7f0, 0xa000\n");
  PROVOKE("coprocessor", "movs r0, #1\n 8: .short 0xee00, 0x0a10\n");
  PROVOKE("state", "8: ldr r3, =0x08000100\n bx r3\n");
  PROVOKE("fetch", "8: ldr r3, =0x30000001\n bx r3\n");
  PROVOKE("execute never", "8: ldr r3, =0x40000001\n bx r3\n");
  PROVOKE("breakpoint", "movs r0, #1\n 8: bkpt #0\n");
  SCB_SHCSR = 7u << 16;
  PROVOKE("read with handler", "mov r4, %2\n 8: ldr r1, [r4]\n");
  PROVOKE("undefined with handler", "8: udf #1\n");
  PROVOKE("execute never with handler", "8: ldr r3, =0x40000001\n bx r3\n");
  PROVOKE("supervisor call while masked", "cpsid i\n svc #0\n 8: nop\n");
  __asm volatile("cpsie i");
  PROVOKE("unaligned", "mov r4, sp\n adds r4, #1\n 8: ldrexh r0, [r4]\n");
  return 0;
}

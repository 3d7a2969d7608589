// SPDX-License-Identifier: MIT
// Faults: exception number, CFSR, HFSR, BFAR and the stacked frame for each cause, with the fault's
// own handler and escalated to HardFault. Handlers go on behind the instruction.
//
// Bus faults are not here: QEMU's machine ignores accesses that nothing answers
// (host/board/programs/faults.c has them).
#include "check.h"

static uint32_t resume_at;
static const char* title;

__attribute__((used)) void fault_seen(uint32_t* frame, uint32_t link) {
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));
  const uint32_t cfsr = SCB_CFSR;
  print(title);
  show(": exception", number);
  show("  cfsr", cfsr);
  show("  hfsr", SCB_HFSR);
  show("  lr", link);
  show("  pc", frame[6]);
  show("  xpsr", frame[7]);
  SCB_CFSR = cfsr;
  SCB_HFSR = SCB_HFSR;
  frame[6] = resume_at;
  frame[7] = (frame[7] & 1u << 9) | 1u << 24;  // the alignment of the stack, and Thumb
}

/// All begin in Thread mode on the main stack; one of them with another EXC_RETURN.
#define FAULT_HANDLER(name)                                                   \
  __attribute__((naked)) void name(void) {                                    \
    __asm volatile("mrs r0, msp\n mov r1, lr\n mvn lr, #6\n b fault_seen\n"); \
  }
FAULT_HANDLER(hard_fault_handler)
FAULT_HANDLER(mem_manage_handler)
FAULT_HANDLER(bus_fault_handler)
FAULT_HANDLER(usage_fault_handler)

/// With r3 = 0 an EXC_RETURN that there is not: the fault takes over the frame. Otherwise the frame
/// says that it is one of Handler mode.
__attribute__((naked)) void svc_handler(void) {
  __asm volatile(
      "cbnz r3, 1f\n"
      "ldr r0, =0xFFFFFFF5\n bx r0\n"
      "1: ldr r0, [sp, #28]\n orr r0, #5\n str r0, [sp, #28]\n bx lr\n");
}

/// Runs `code`, in which %[odd] is an odd address in RAM.
#define PROVOKE(name, code)                                                \
  do {                                                                     \
    title = name;                                                          \
    __asm volatile("ldr r2, =9f\n str r2, [%[resume]]\n" code "\n9: nop\n" \
                   :                                                       \
                   : [resume] "r"(&resume_at), [odd] "r"(odd_place)        \
                   : "r0", "r1", "r2", "r3", "lr", "cc", "memory");        \
  } while (0)

static uint32_t area[8];

static void accesses(void) {
  uint8_t* odd_place = (uint8_t*)area + 1;
  PROVOKE("unaligned exclusive", "ldrexh r0, [%[odd]]\n");
}

static void instructions(void) {
  uint8_t* odd_place = (uint8_t*)area + 1;
  PROVOKE("undefined", "udf #1\n");
  PROVOKE("undefined wide", "udf.w #1\n");
  // IT NE, UDF, IT EQ, UDF
  PROVOKE("undefined in IT", "cmp r2, r2\n .short 0xbf18, 0xde01, 0xbf08, 0xde02\n");
  PROVOKE("coprocessor", "mcr p1, 0, r0, c1, c0, 0\n");
  PROVOKE("state", "ldr r3, =0x08000100\n bx r3\n");
  PROVOKE("never executed", "ldr r3, =0x40000001\n bx r3\n");
}

static void bad_return(void) {
  uint8_t* odd_place = (uint8_t*)area + 1;
  PROVOKE("return to nowhere", "movs r3, #0\n svc #0\n");
  PROVOKE("return to the wrong mode", "movs r3, #1\n svc #0\n");
}

static void masked(void) {
  uint8_t* odd_place = (uint8_t*)area + 1;
  PROVOKE("supervisor call while masked", "cpsid i\n svc #0\n");
  PROVOKE("undefined while masked", "udf #3\n");
  __asm volatile("cpsie i" ::: "memory");
}

int main(void) {
  SCB_HFSR = SCB_HFSR;
  print("-- escalated\n");
  accesses();
  instructions();
  bad_return();
  print("-- enabled\n");
  SCB_SHCSR = 7u << 16;
  accesses();
  instructions();
  bad_return();
  masked();
  return 0;
}

// SPDX-License-Identifier: MIT
// Faults of exception entry and return themselves: stacking, unstacking, an EXC_RETURN that there
// is not, a frame of the wrong mode, a vector that cannot be read; and SVC where its priority does
// not suffice. With the fault's handler and escalated.
#include "chip.h"

static uint32_t task_stack[64] __attribute__((aligned(8)));
static volatile uint32_t resume_at, svc_mode;
static const char* title;

/// Always goes back to `resume_at` on a fresh main stack.
__attribute__((used)) void fault_seen(uint32_t link) {
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));
  print(title);
  print(": ");
  show("exception", number);
  show("  link", link);
  show("  cfsr", SCB_CFSR);
  show("  hfsr", SCB_HFSR);
  show("  active", SCB_SHCSR & 0xFFF);
  SCB_CFSR = SCB_CFSR;
  SCB_HFSR = SCB_HFSR;
  SCB_VTOR = 0x08000000;
}

// Nested exceptions are left with NONBASETHRDENA, one return for all would need the others ended:
// their active bits are cleared by hand.
#define FAULT_HANDLER(name)                                                    \
  __attribute__((naked)) void name(void) {                                     \
    __asm volatile(                                                            \
        "mov r0, lr\n"                                                         \
        "ldr sp, =stack_top - 256\n"                                           \
        "bl fault_seen\n"                                                      \
        "ldr r0, =0xE000ED24\n ldr r1, [r0]\n mrs r2, ipsr\n"                  \
        "bic r1, #0x80\n str r1, [r0]\n"                                       \
        "sub sp, #32\n mov r1, #0x01000000\n str r1, [sp, #28]\n"              \
        "ldr r1, =resume_at\n ldr r1, [r1]\n bic r1, #1\n str r1, [sp, #24]\n" \
        "mvn lr, #6\n bx lr\n");                                               \
  }
FAULT_HANDLER(hard_fault_handler)
FAULT_HANDLER(bus_fault_handler)
FAULT_HANDLER(usage_fault_handler)

/// 0: returns with 0xFFFFFFF5; 1: to a process stack where nothing is; 2: with a frame of Handler
/// mode; 3: calls itself.
__attribute__((naked)) void svc_handler(void) {
  __asm volatile(
      "ldr r0, =svc_mode\n ldr r0, [r0]\n"
      "cmp r0, #1\n beq 1f\n bhi 2f\n"
      "mvn r0, #10\n bx r0\n"
      "1: mov r0, #0x30000000\n msr psp, r0\n mvn lr, #2\n bx lr\n"
      "2: cmp r0, #3\n beq 3f\n"
      "ldr r0, [sp, #28]\n orr r0, #3\n str r0, [sp, #28]\n bx lr\n"
      "3: svc #9\n bx lr\n");
}

/// Runs `code`, of which nothing is left afterwards but memory.
#define PROVOKE(name, mode, code)                                                  \
  do {                                                                             \
    title = name;                                                                  \
    svc_mode = (mode);                                                             \
    __asm volatile("ldr r2, =9f\n str r2, [%0]\n mov r4, sp\n str r4, [%1]\n" code \
                   "\n .balign 4\n 9: ldr r4, =task_stack\n ldr sp, [r4]\n"        \
                   :                                                               \
                   : "r"(&resume_at), "r"(task_stack)                              \
                   : "r0", "r1", "r2", "r3", "r4", "r12", "lr", "cc", "memory");   \
  } while (0)

static void all(void) {
  PROVOKE("stacking", 0,
          "mov r0, #0x30000000\n msr psp, r0\n movs r0, #2\n msr control, r0\n isb\n svc #0\n");
  PROVOKE("unstacking", 1, "svc #0\n");
  PROVOKE("no such return", 0, "svc #0\n");
  PROVOKE("frame of the other mode", 2, "svc #0\n");
  PROVOKE("call inside the call", 3, "svc #0\n");
  PROVOKE("call while masked", 0, "cpsid i\n svc #0\n");
  __asm volatile("cpsie i");
}

int main(void) {
  clock_32_mhz();
  console();
  all();
  SCB_SHCSR = 7u << 16;
  all();
  print("done\n");
  // HardFault's vector cannot be read either: lockup.
  PROVOKE("vector", 0, "ldr r0, =0xE000ED08\n ldr r1, =0x30000000\n str r1, [r0]\n dsb\n svc #0\n");
  return 0;
}

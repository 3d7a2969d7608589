// SPDX-License-Identifier: MIT
// SVC with an argument and a result; two tasks on the process stack, switched by PendSV from
// SysTick; an unprivileged task; 8-byte alignment of stack frames.
#include "chip.h"

static uint32_t stacks[2][128] __attribute__((aligned(8)));
static uint32_t* saved[2];
static volatile uint32_t current, switches, counts[2], sum_errors, frame_misaligned;
static volatile uint32_t svc_number, svc_control, svc_ipsr;

__attribute__((used)) void svc_called(uint32_t* frame) {
  svc_number = ((const uint8_t*)frame[6])[-2];
  __asm volatile("mrs %0, control" : "=r"(svc_control));
  __asm volatile("mrs %0, ipsr" : "=r"(svc_ipsr));
  frame[0] = frame[0] + frame[1] + svc_number;
  if (svc_number == 43) __asm volatile("msr control, %0" ::"r"(0));  // back to privileged
}

__attribute__((naked)) void svc_handler(void) {
  __asm volatile(
      "tst lr, #4\n"
      "ite eq\n"
      "mrseq r0, msp\n"
      "mrsne r0, psp\n"
      "b svc_called\n");
}

static uint32_t call_svc(uint32_t a, uint32_t b) {
  register uint32_t r0 __asm("r0") = a;
  register uint32_t r1 __asm("r1") = b;
  __asm volatile("svc #42" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void sys_tick_handler(void) {
  uint32_t psp;
  __asm volatile("mrs %0, psp" : "=r"(psp));
  if ((psp & 7) != 0) frame_misaligned = frame_misaligned + 1;
  SCB_ICSR = 1u << 28;
}

__attribute__((used)) uint32_t* next_task(uint32_t* sp) {
  saved[current] = sp;
  current = 1 - current;
  switches = switches + 1;
  return saved[current];
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

/// Works with all registers, and with a stack that is not a multiple of 8 half of the time.
static void spin(uint32_t id) {
  for (;;) {
    uint32_t result;
    __asm volatile(
        "push {r4}\n"
        "mov r4, %1\n mov r5, %1\n mov r6, %1\n mov r8, %1\n mov r9, %1\n mov r12, %1\n"
        "adds r4, r4, r5\n add r4, r4, r6\n add r4, r4, r8\n add r4, r4, r9\n add r4, r4, r12\n"
        "mov %0, r4\n"
        "pop {r4}\n"
        : "=r"(result)
        : "r"(id)
        : "r5", "r6", "r8", "r9", "r12", "cc", "memory");
    if (result != 6 * id) sum_errors = sum_errors + 1;
    counts[id - 1] = counts[id - 1] + 1;
    if (id == 1 && switches >= 40) return;
  }
}

static void task_two(void) {
  spin(2);
}

static uint32_t control(void) {
  uint32_t value;
  __asm volatile("mrs %0, control" : "=r"(value));
  return value;
}

int main(void) {
  clock_32_mhz();
  console();
  show("svc", call_svc(100, 11));
  show("svc number", svc_number);

  uint32_t* sp = &stacks[1][128];
  *--sp = 1u << 24;
  *--sp = (uint32_t)task_two;
  for (int i = 0; i < 6; ++i) *--sp = 0;
  for (int i = 0; i < 8; ++i) *--sp = 0;
  saved[1] = sp;
  __asm volatile("msr psp, %0" ::"r"(&stacks[0][128]));
  SCB_SHPR(14) = 0xF0;
  SYST_RVR = 3000;
  SYST_CVR = 0;
  __asm volatile("msr control, %0\n isb" ::"r"(2));  // this is task one, on the process stack
  SYST_CSR = 7;
  spin(1);
  SYST_CSR = 0;
  show("psp svc", call_svc(1, 2));
  show("control in handler", svc_control);
  show("ipsr in handler", svc_ipsr);
  show("psp in task", control());

  // Unprivileged code cannot mask interrupts, and a call brings privilege back.
  __asm volatile("msr control, %0\n isb" ::"r"(3));
  disable_interrupts();
  uint32_t primask = 9;
  __asm volatile("mrs %0, primask" : "=r"(primask));
  const uint32_t unprivileged = control();
  __asm volatile("svc #43" ::: "r0", "r1", "memory");
  __asm volatile("mrs %0, primask" : "=r"(primask));
  show("unprivileged", unprivileged);
  show("privileged", control());
  show("primask", primask);
  show("switches", switches);
  show("both ran", counts[0] > 100 && counts[1] > 100);
  show("sum errors", sum_errors);
  show("misaligned", frame_misaligned);
  finish();  // the stack that main() was called on is another one
}

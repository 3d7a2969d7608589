// SPDX-License-Identifier: MIT
// Exceptions that a program brings about itself: SVC, PendSV and interrupts pended by ISPR and
// STIR. Nesting by priority, priority grouping, tail-chaining, the windows of PRIMASK, BASEPRI and
// FAULTMASK, the process stack and tasks switched by PendSV, alignment of stack frames.
//
// Interrupts are pended while they are masked and taken where the mask is opened: without such a
// window PM0056 leaves open how many instructions later a write to the NVIC has its effect.
#include "check.h"

static void mask(void) {
  __asm volatile("cpsid i" ::: "memory");
}
static void unmask(void) {
  __asm volatile("cpsie i" ::: "memory");
}
static void pend(uint32_t irqs) {
  mask();
  NVIC_ISPR0 = irqs;
  unmask();
}
static void pend_sv(void) {
  mask();
  SCB_ICSR = 1u << 28;
  unmask();
}

static uint32_t seen;  ///< of registers that handlers look at
static void look(void) {
  uint32_t ipsr, control;
  __asm volatile("mrs %0, ipsr\n mrs %1, control" : "=r"(ipsr), "=r"(control));
  seen = mix(mix(mix(mix(seen, ipsr), control), NVIC_IABR0), NVIC_ISPR0);
  // VECTACTIVE, VECTPENDING and what is pending; RETTOBASE only has a meaning here.
  seen = mix(seen, SCB_ICSR & (0x1FFu | 0x1FFu << 12 | 1u << 11 | 1u << 28));
}

static void (*inside[4])(void);  ///< what the handlers do between beginning and end
static void irq(unsigned number) {
  put((char)('A' + number));
  look();
  if (inside[number] != NULL) inside[number]();
  put((char)('a' + number));
}
void irq0_handler(void) {
  irq(0);
}
void irq1_handler(void) {
  irq(1);
}
void irq2_handler(void) {
  irq(2);
}
void irq3_handler(void) {
  irq(3);
}

static uint32_t call(uint32_t a, uint32_t b) {
  register uint32_t r0 __asm("r0") = a;
  register uint32_t r1 __asm("r1") = b;
  __asm volatile("svc #0x2a" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

__attribute__((used)) void called(uint32_t* frame) {
  put('S');
  look();
  frame[0] = frame[0] * 3 + frame[1] + ((const uint8_t*)frame[6])[-2];
  if (frame[1] == 99) SCB_ICSR = 1u << 28;  // PendSV comes behind
  put('s');
}
__attribute__((naked)) void svc_handler(void) {
  __asm volatile("tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n b called\n");
}

// --- two tasks -----------------------------------------------------------------------------------

static uint32_t stacks[2][160] __attribute__((aligned(8)));
static uint32_t* saved[2];
static uint32_t current, switches, work[2];

__attribute__((used)) uint32_t* next_task(uint32_t* sp) {
  if (switches == 0) return sp;
  --switches;
  saved[current] = sp;
  current = 1 - current;
  return saved[current];
}
__attribute__((naked)) void pend_sv_handler(void) {
  __asm volatile(
      "mrs r0, psp\n stmdb r0!, {r4-r11}\n push {r3, lr}\n bl next_task\n pop {r3, lr}\n"
      "ldmia r0!, {r4-r11}\n msr psp, r0\n bx lr\n");
}

/// Asks for a switch with every register in use, and the stack misaligned every other time.
__attribute__((naked, noinline)) static uint32_t switch_with_registers(__attribute__((unused))
                                                                       uint32_t value) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "ldr r12, =0xE000ED04\n mov r11, #0x10000000\n"
      "tst r0, #1\n it ne\n pushne {r3}\n"
      "adds r1, r0, #1\n adds r2, r1, r1\n eor r3, r2, #0xff\n add r4, r3, r0\n adds r5, r4, r1\n"
      "lsl r6, r5, #3\n mvn r7, r6\n orr r8, r7, r2\n sub r9, r8, r4\n"
      "cpsid i\n str r11, [r12]\n cmp r0, r9\n cpsie i\n"
      "adc r10, r9, r1\n eor r10, r10, r2\n eor r10, r10, r3\n eor r10, r10, r4\n"
      "eor r10, r10, r5\n eor r10, r10, r6\n eor r10, r10, r7\n eor r10, r10, r8\n"
      "tst r0, #1\n it ne\n popne {r3}\n"
      "mov r0, r10\n"
      "pop {r4-r11, pc}\n");
}

static void task(uint32_t id) {
  while (switches > 0) {
    work[id] = mix(work[id], switch_with_registers(work[id]));
    work[id] = mix(work[id], call(work[id], id));
  }
}
static void second_task(void) {
  task(1);
  for (;;) pend_sv();  // not reached before main() has gone on
}

/// On the process stack, which it does not leave.
__attribute__((used, noreturn)) static void first_task(void) {
  task(0);
  put('\n');
  show("seen", seen);
  show("first task", work[0]);
  show("second task", work[1]);
  main_done();
  __builtin_unreachable();
}

__attribute__((naked)) static void start_tasks(__attribute__((unused)) uint32_t* stack) {
  __asm volatile("msr psp, r0\n movs r0, #2\n msr control, r0\n isb\n b first_task\n");
}

static void tasks(void) {
  uint32_t* sp = &stacks[1][160];
  *--sp = 1u << 24;
  *--sp = (uint32_t)second_task;
  for (int i = 0; i < 14; ++i) *--sp = (uint32_t)i;
  saved[1] = sp;
  switches = 40;  // even: back to the first
  start_tasks(&stacks[0][160]);
}

// --- what is tried -------------------------------------------------------------------------------

static void priorities(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  NVIC_IPR(0) = a;
  NVIC_IPR(1) = b;
  NVIC_IPR(2) = c;
  NVIC_IPR(3) = d;
}
static void pend_one(void) {
  pend(1u << 1);
}
static void pend_two_and_three(void) {
  mask();
  NVIC_STIR = 2;
  NVIC_STIR = 3;
  unmask();
}
static void call_inside(void) {
  seen = mix(seen, call(5, 6));
}
static void raise_base_priority(void) {
  __asm volatile("msr basepri_max, %0" ::"r"(0x40));
  pend(1u << 2);
  __asm volatile("msr basepri, %0" ::"r"(0) : "memory");
}
static void next_line(const char* name) {
  put('\n');
  print(name);
  put(' ');
}

static void nesting(void) {
  next_line("nested");
  priorities(0xC0, 0x80, 0x40, 0x20);
  inside[0] = pend_one;
  inside[1] = pend_two_and_three;
  pend(1u << 0);
  next_line("chained");
  inside[0] = inside[1] = NULL;
  pend(15);
  next_line("equal");
  priorities(0x80, 0x80, 0x80, 0x80);
  inside[1] = pend_two_and_three;
  pend(3);
  inside[1] = NULL;
  for (uint32_t group = 3; group <= 7; ++group) {
    next_line("grouped");
    SCB_AIRCR = 0x05FA0000 | group << 8;
    priorities(0xF0, 0xD0, 0xB0, 0x70);
    inside[0] = pend_one;
    inside[1] = pend_two_and_three;
    pend(1u << 0);
    inside[0] = inside[1] = NULL;
    pend(15);
    put(' ');
    __asm volatile("msr basepri, %0" ::"r"(0x70) : "memory");
    pend(15);
    put('.');
    __asm volatile("msr basepri, %0" ::"r"(0) : "memory");
  }
  SCB_AIRCR = 0x05FA0000;
}

static void masks(void) {
  priorities(0xC0, 0x80, 0x40, 0x20);
  next_line("basepri");
  for (uint32_t base = 0x20; base <= 0xE0; base += 0x20) {
    __asm volatile("msr basepri, %0" ::"r"(base) : "memory");
    pend(15);
    put('.');
    __asm volatile("msr basepri, %0" ::"r"(0) : "memory");
    put(' ');
  }
  inside[0] = raise_base_priority;
  pend(1);
  inside[0] = NULL;
  next_line("faultmask");
  __asm volatile("cpsid f" ::: "memory");
  pend(15);
  put('.');
  __asm volatile("cpsie f" ::: "memory");
  next_line("disabled");
  NVIC_ICER0 = 5;
  pend(15);
  put('.');
  mask();
  NVIC_ISER0 = 5;
  NVIC_ICPR0 = 1;
  unmask();
}

static void calls(void) {
  next_line("svc");
  seen = mix(seen, call(100, 11));
  inside[0] = call_inside;
  pend(1);
  inside[0] = NULL;
  next_line("svc, pendsv");
  switches = 0;
  seen = mix(seen, call(1, 99));
}

int main(void) {
  NVIC_ISER0 = 15;
  SCB_SHPR(11) = 0x20;
  SCB_SHPR(14) = 0xF0;
  __asm volatile("msr psp, %0" ::"r"(&stacks[0][160]));  // PendSV works on it at once
  nesting();
  masks();
  calls();
  put('\n');
  tasks();
  return 0;
}

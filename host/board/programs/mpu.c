// SPDX-License-Identifier: MIT
// The memory protection unit as a kernel uses it: what is refused faults at its instruction, the
// handler opens the region, and the instruction is executed again.
#include "chip.h"

#define MPU_TYPE REG(0xE000ED90)
#define MPU_CTRL REG(0xE000ED94)
#define MPU_RNR REG(0xE000ED98)
#define MPU_RBAR REG(0xE000ED9C)
#define MPU_RASR REG(0xE000EDA0)
#define SCB_MMFAR REG(0xE000ED34)

#define ENABLE 1u
#define HFNMIENA 2u
#define PRIVDEFENA 4u
#define XN (1u << 28)
#define NONE 0u
#define PRIVILEGED (1u << 24)
#define READ_ONLY_UNPRIVILEGED (2u << 24)
#define FULL (3u << 24)
#define READ_ONLY (6u << 24)
#define BYTES_32 (4u << 1 | 1)
#define BYTES_64 (5u << 1 | 1)
#define BYTES_128K (16u << 1 | 1)
#define BYTES_4G (31u << 1 | 1)
#define MSTKERR (1u << 4)

#define BARRIER() __asm volatile("dsb\n isb" ::: "memory")

static volatile uint32_t number, cfsr, hfsr, mmfar, stacked_pc, stacked_xpsr, faults, interrupts;
static uint32_t spare_frame[8] __attribute__((aligned(8)));
static uint32_t guarded[32] __attribute__((aligned(64)));
static uint16_t code[64] __attribute__((aligned(64)));
static volatile uint32_t resume_at;

__attribute__((used)) void fault_seen(uint32_t* frame) {
  uint32_t ipsr;
  __asm volatile("mrs %0, ipsr" : "=r"(ipsr));
  ++faults;
  number = ipsr;
  cfsr = SCB_CFSR;
  hfsr = SCB_HFSR;
  mmfar = SCB_MMFAR;
  SCB_CFSR = cfsr;
  SCB_HFSR = hfsr;
  MPU_RNR = 7;
  MPU_RASR = 0;
  if ((cfsr & MSTKERR) != 0) {  // there is no frame: another one, on a stack that may be used
    spare_frame[6] = resume_at;
    spare_frame[7] = 1u << 24;
    __asm volatile("msr psp, %0" ::"r"(spare_frame));
    return;
  }
  stacked_pc = frame[6];
  stacked_xpsr = frame[7];
}

#define FAULT_HANDLER(name)                                                                 \
  __attribute__((naked)) void name(void) {                                                  \
    __asm volatile("tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n b fault_seen\n"); \
  }
FAULT_HANDLER(hard_fault_handler)
FAULT_HANDLER(mem_manage_handler)

static void close_region(const void* address, uint32_t attributes) {
  MPU_RBAR = (uint32_t)address | 1u << 4 | 7;
  MPU_RASR = attributes;
  BARRIER();
}

static void begin(uint32_t control, const void* address, uint32_t attributes) {
  MPU_CTRL = 0;
  number = cfsr = hfsr = mmfar = stacked_pc = stacked_xpsr = faults = 0;
  close_region(address, attributes);
  MPU_CTRL = control;
  BARRIER();
}

static void report(const char* title, uint32_t at) {
  MPU_CTRL = 0;
  BARRIER();
  print(title);
  print(": ");
  show("faults", faults);
  if (faults == 0) return;
  show("  exception", number);
  show("  cfsr", cfsr);
  if (hfsr != 0) show("  hfsr", hfsr);
  if ((cfsr & 1u << 7) != 0) show("  byte", mmfar - (uint32_t)guarded);
  if (at != 0) show("  at the instruction", stacked_pc == (at & ~1u));
}

/// `code` works on R4 with the place; the label 8 is the instruction that fails. It may use R0–R3.
#define PROVOKE(title, control, attributes, place, code)            \
  do {                                                              \
    uint32_t at;                                                    \
    begin(control, &guarded[8], attributes);                        \
    __asm volatile("mov r4, %1\n ldr %0, =8f\n" code "\n"           \
                   : "=&r"(at)                                      \
                   : "r"(place)                                     \
                   : "r0", "r1", "r2", "r3", "r4", "cc", "memory"); \
    report(title, at);                                              \
  } while (0)

static void data(void) {
  for (uint32_t word = 0; word < 32; ++word) guarded[word] = word;
  PROVOKE("allowed", ENABLE | PRIVDEFENA, READ_ONLY | BYTES_32, &guarded[8],
          "8: ldr r0, [r4]\n str r0, [r4, #-4]\n str r0, [r4, #32]\n");
  PROVOKE("write", ENABLE | PRIVDEFENA, READ_ONLY | BYTES_32, &guarded[8],
          "movs r0, #77\n adds r1, r0, #1\n 8: str r0, [r4, #4]\n str r1, [r4, #8]\n");
  show("  stored", guarded[9] << 16 | guarded[10]);
  PROVOKE("read", ENABLE | PRIVDEFENA, NONE | BYTES_32, &guarded[8],
          "movs r1, #28\n 8: ldrb r0, [r4, r1]\n strh r0, [r4, #32]\n");
  show("  loaded", guarded[16] & 0xFFFF);
  PROVOKE("multiple", ENABLE | PRIVDEFENA, READ_ONLY | BYTES_32, &guarded[5],
          "movs r0, #1\n movs r1, #2\n movs r2, #3\n movs r3, #4\n 8: stmia r4!, {r0-r3}\n"
          "sub r4, #16\n str r4, [r4, #16]\n");
  show("  base kept", guarded[9] == (uint32_t)&guarded[5]);
  show("  stored", guarded[5] << 12 | guarded[6] << 8 | guarded[7] << 4 | guarded[8]);
  PROVOKE("exclusive", ENABLE | PRIVDEFENA, READ_ONLY | BYTES_32, &guarded[8],
          "ldrex r0, [r4]\n 8: strex r1, r0, [r4]\n");
  PROVOKE("double", ENABLE | PRIVDEFENA, NONE | BYTES_32, &guarded[7], "8: ldrd r0, r1, [r4]\n");
}

/// The sequence goes on behind the instruction that was executed twice.
static void conditional(void) {
  guarded[8] = guarded[9] = guarded[10] = guarded[11] = 0;
  PROVOKE("conditional", ENABLE | PRIVDEFENA, READ_ONLY | BYTES_32, &guarded[8],
          "movs r0, #1\n movs r1, #2\n movs r2, #3\n cmp r0, r1\n"
          "itete ne\n movne r3, #9\n streq r1, [r4]\n 8: strne r2, [r4, #4]\n streq r0, [r4, #8]\n"
          "str r3, [r4, #12]\n");
  show("  it", (stacked_xpsr >> 10 & 0x3F) << 2 | (stacked_xpsr >> 25 & 3));
  show("  stored", guarded[8] << 12 | guarded[9] << 8 | guarded[10] << 4 | guarded[11]);
  PROVOKE("not executed", ENABLE | PRIVDEFENA, NONE | BYTES_32, &guarded[8],
          "movs r0, #1\n cmp r0, #1\n itt ne\n ldrne r1, [r4]\n 8: strne r0, [r4]\n");
}

static void fetches(void) {
  for (uint32_t half_word = 0; half_word < 32; ++half_word)
    code[half_word] = 0x3001;  // adds r0, #1
  code[32] = 0x4770;
  uint32_t (*const function)(uint32_t) = (uint32_t(*)(uint32_t))((uint32_t)code | 1);
  begin(ENABLE | PRIVDEFENA, (const void*)0x20000000, FULL | XN | BYTES_128K);
  uint32_t result = function(0);
  report("code in RAM", (uint32_t)code);
  show("  result", result);
  begin(ENABLE | PRIVDEFENA, code + 16, FULL | XN | BYTES_32);
  result = function(100);
  report("from the middle on", (uint32_t)(code + 16));
  show("  result", result);
  begin(ENABLE | PRIVDEFENA, code, READ_ONLY | BYTES_64);
  result = function(200);
  report("readable code", 0);
  show("  result", result);
}

static void priorities(void) {
  SCB_SHCSR = 0;
  PROVOKE("no handler", ENABLE | PRIVDEFENA, READ_ONLY | BYTES_32, &guarded[8],
          "movs r0, #1\n 8: str r0, [r4]\n");
  SCB_SHCSR = 1u << 16;
  PROVOKE("faultmask", ENABLE | PRIVDEFENA, READ_ONLY | BYTES_32, &guarded[8],
          "movs r0, #66\n cpsid f\n isb\n 8: str r0, [r4]\n cpsie f\n isb\n");
  show("  stored", guarded[8]);
}

static void whole_memory_open(void) {
  MPU_CTRL = 0;
  MPU_RBAR = 1u << 4;
  MPU_RASR = FULL | BYTES_4G;
}

__attribute__((naked)) void svc_handler(void) {  // makes threads privileged, on the main stack
  __asm volatile("movs r0, #0\n msr control, r0\n bx lr\n");
}

static void unprivileged(void) {
  whole_memory_open();
  guarded[8] = 0x1234;
#define UNPRIVILEGED(code) "movs r0, #1\n msr control, r0\n isb\n" code "\n svc #0\n"
  PROVOKE("unprivileged read", ENABLE | PRIVDEFENA, PRIVILEGED | BYTES_32, &guarded[8],
          UNPRIVILEGED("8: ldr r1, [r4]\n str r1, [r4, #32]\n"));
  show("  loaded", guarded[16]);
  PROVOKE("unprivileged write", ENABLE | PRIVDEFENA, READ_ONLY_UNPRIVILEGED | BYTES_32, &guarded[8],
          UNPRIVILEGED("ldr r1, [r4]\n 8: str r1, [r4, #4]\n"));
  PROVOKE("as unprivileged", ENABLE | PRIVDEFENA, PRIVILEGED | BYTES_32, &guarded[8],
          "ldr r0, [r4]\n 8: ldrt r0, [r4, #8]\n");
  PROVOKE("privileged write", ENABLE | PRIVDEFENA, READ_ONLY_UNPRIVILEGED | BYTES_32, &guarded[8],
          "8: str r4, [r4, #4]\n");
}

__attribute__((used)) void protect_stack(void) {
  close_region(&guarded[8], NONE | BYTES_32);
}
__attribute__((naked)) void pend_sv_handler(void) {  // the frame that it returns to is closed
  __asm volatile("push {r4, lr}\n bl protect_stack\n pop {r4, pc}\n");
}
void irq8_handler(void) {
  ++interrupts;
}

/// Frames go to the process stack, at guarded[8].
#define ON_PROCESS_STACK(title, attributes, code)                                              \
  do {                                                                                         \
    begin(ENABLE | PRIVDEFENA, &guarded[8], attributes);                                       \
    __asm volatile(                                                                            \
        "ldr r0, =7f\n str r0, [%0]\n mov r4, sp\n msr psp, %1\n movs r0, #2\n"                \
        "msr control, r0\n isb\n" code                                                         \
        "\n dsb\n isb\n"                                                                       \
        "7: movs r0, #0\n msr control, r0\n isb\n"                                             \
        :                                                                                      \
        : "r"(&resume_at), "r"(&guarded[16]), "r"(&SCB_ICSR), "r"(1u << 28), "r"(&NVIC_ISPR0), \
          "r"(1u << 8)                                                                         \
        : "r0", "r1", "r2", "r3", "r4", "r12", "lr", "cc", "memory");                          \
    report(title, 0);                                                                          \
  } while (0)

static void frames(void) {
  NVIC_ISER0 = 1u << 8;
  ON_PROCESS_STACK("stacking", READ_ONLY | BYTES_32, "str %5, [%4]");
  show("  interrupts", interrupts);
  ON_PROCESS_STACK("unstacking", FULL | BYTES_32, "str %3, [%2]");
}

int main(void) {
  clock_32_mhz();
  console();
  show("type", MPU_TYPE);
  SCB_SHCSR = 1u << 16;
  data();
  conditional();
  fetches();
  priorities();
  frames();
  unprivileged();
  print("last\n");
  begin(ENABLE | HFNMIENA | PRIVDEFENA, &guarded[8], READ_ONLY | BYTES_32);
  __asm volatile("cpsid f\n isb\n str %0, [%0]" ::"r"(&guarded[8]) : "memory");
  print("not locked up\n");
  return 0;
}

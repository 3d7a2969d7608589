// SPDX-License-Identifier: MIT
// Vector table, start-up and end of the programs that run on two machines.
//
// Two reserved entries of the vector table say between which addresses the traces are compared:
// entry 7 is reached with every register known, entry 8 when main() has returned. Only behind that
// is it asked which machine this is: on the STM32L152 the console goes out through USART2,
// elsewhere by semihosting, which also ends the emulator.
#include "check.h"

#define CPUID_STM32L1 0x411FC231u

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;

static char console_text[6144];
static uint32_t console_size;
static uint32_t random_state;

void put(char character) {
  if (console_size < sizeof console_text - 1) console_text[console_size++] = character;
}

void print(const char* text) {
  while (*text != 0) put(*text++);
}

static void put_hex(uint32_t value) {
  for (int shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

void show(const char* name, uint32_t value) {
  print(name);
  print("=0x");
  put_hex(value);
  put('\n');
}

void show_wide(const char* name, uint64_t value) {
  print(name);
  print("=0x");
  put_hex((uint32_t)(value >> 32));
  put_hex((uint32_t)value);
  put('\n');
}

uint32_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

/// Every register gets a value: they and the flags are unknown after reset.
__attribute__((naked)) void reset_handler(void) {
  __asm volatile(
      "ldr r0, =0x01010101\n mov r1, #0x100\n movs r2, #2\n movs r3, #3\n"
      "movs r4, #4\n movs r5, #5\n movs r6, #6\n movs r7, #7\n"
      "mov r8, #8\n mov r9, #9\n mov r10, #10\n mov r11, #11\n mov r12, #12\n"
      "msr apsr_nzcvq, r1\n"
      "b start\n");
}

static void write_usart2(void) {
  REG(0x4002381C) |= 1;                                      // RCC_AHBENR: GPIOA
  REG(0x40023824) |= 1u << 17;                               // RCC_APB1ENR: USART2
  REG(0x40020020) = (REG(0x40020020) & ~0xFF00u) | 0x7700u;  // PA2, PA3: AF7
  REG(0x40020000) = (REG(0x40020000) & ~0xF0u) | 0xA0u;
  REG(0x40004408) = (2097000 + 57600) / 115200;
  REG(0x4000440C) = 1u << 13 | 1u << 3 | 1u << 2;
  for (const char* text = console_text; *text != 0; ++text) {
    while ((REG(0x40004400) & 1u << 7) == 0) {
    }
    REG(0x40004404) = (uint8_t)*text;
  }
}

static uint32_t semihosting(uint32_t operation, uint32_t argument) {
  register uint32_t r0 __asm("r0") = operation;
  register uint32_t r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

__attribute__((used, noreturn)) void report(void) {
  print("end\n");
  __asm volatile("cpsid i");
  if (SCB_CPUID == CPUID_STM32L1) {
    write_usart2();
  } else {
    semihosting(0x04, (uint32_t)console_text);  // SYS_WRITE0
    semihosting(0x18, 0x20026);                 // SYS_EXIT: application exit
  }
  for (;;) __asm volatile("wfi");
}

__attribute__((naked, used)) void call_main(void) {
  __asm volatile("b main");
}
__attribute__((naked, used)) void main_done(void) {
  __asm volatile("b report");
}
void check_begin(void) __attribute__((weak, alias("call_main")));
void check_end(void) __attribute__((weak, alias("main_done")));

__attribute__((used, noreturn)) void start(void) {
  const uint32_t* from = &data_load;
  for (uint32_t* to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t* to = &bss_start; to < &bss_end;) *to++ = 0;
  random_state = 0x2545F491;
  __asm volatile("bl call_main\n bl main_done\n" ::: "memory");
  __builtin_unreachable();
}

void unexpected(void) {
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));
  show("unexpected exception", number);
  show("CFSR", SCB_CFSR);
  main_done();
}

#define WEAK(name) void name(void) __attribute__((weak, alias("unexpected")))
WEAK(nmi_handler);
WEAK(hard_fault_handler);
WEAK(mem_manage_handler);
WEAK(bus_fault_handler);
WEAK(usage_fault_handler);
WEAK(svc_handler);
WEAK(pend_sv_handler);
WEAK(irq0_handler);
WEAK(irq1_handler);
WEAK(irq2_handler);
WEAK(irq3_handler);

__attribute__((section(".vectors"), used)) void (*const vectors[])(void) = {
    (void (*)(void)) & stack_top,
    reset_handler,
    nmi_handler,
    hard_fault_handler,
    mem_manage_handler,
    bus_fault_handler,
    usage_fault_handler,
    check_begin,
    check_end,
    0,
    0,
    svc_handler,
    unexpected,
    0,
    pend_sv_handler,
    unexpected,
    irq0_handler,
    irq1_handler,
    irq2_handler,
    irq3_handler,
    [72] = unexpected,
};

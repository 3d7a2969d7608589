// SPDX-License-Identifier: MIT
// Vector table, start-up and console of the board's test programs.
#include "chip.h"

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;
int main(void);

void reset_handler(void) {
  const uint32_t* from = &data_load;
  for (uint32_t* to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t* to = &bss_start; to < &bss_end;) *to++ = 0;
  main();
  finish();
}

void unexpected(void) {
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));
  show("unexpected exception", number);
  show("CFSR", SCB_CFSR);
  finish();
}

#define WEAK(name) void name(void) __attribute__((weak, alias("unexpected")))
WEAK(nmi_handler);
WEAK(hard_fault_handler);
WEAK(mem_manage_handler);
WEAK(bus_fault_handler);
WEAK(usage_fault_handler);
WEAK(svc_handler);
WEAK(pend_sv_handler);
WEAK(sys_tick_handler);
WEAK(flash_handler);
WEAK(irq8_handler);
WEAK(irq9_handler);
WEAK(irq10_handler);
WEAK(irq28_handler);
WEAK(spi1_handler);
WEAK(usart2_handler);

__attribute__((section(".vectors"), used)) void (*const vectors[])(void) = {
    (void (*)(void)) & stack_top,
    reset_handler,
    nmi_handler,
    hard_fault_handler,
    mem_manage_handler,
    bus_fault_handler,
    usage_fault_handler,
    0,
    0,
    0,
    0,
    svc_handler,
    unexpected,
    0,
    pend_sv_handler,
    sys_tick_handler,
    [16] = unexpected,
    [16 + 4] = flash_handler,
    [16 + 8] = irq8_handler,
    [16 + 9] = irq9_handler,
    [16 + 10] = irq10_handler,
    [16 + 28] = irq28_handler,
    [16 + 35] = spi1_handler,
    [16 + 38] = usart2_handler,
    [72] = unexpected,
};

void clock_32_mhz(void) {
  FLASH_ACR |= 1u << 2;  // 64-bit access first, then prefetch and a wait state
  FLASH_ACR |= 1u << 1;
  FLASH_ACR |= 1u << 0;
  RCC_CR |= 1u << 0;  // HSI
  while ((RCC_CR & 1u << 1) == 0) {
  }
  RCC_CFGR = 1u << 18 | 1u << 22;  // PLL: HSI x 4 / 2
  RCC_CR |= 1u << 24;
  while ((RCC_CR & 1u << 25) == 0) {
  }
  RCC_CFGR |= 3;
  while ((RCC_CFGR >> 2 & 3) != 3) {
  }
}

void console(void) {
  RCC_AHBENR |= 1;
  RCC_APB1ENR |= 1u << 17;
  GPIOA_AFRL = (GPIOA_AFRL & ~0xFF00u) | 0x7700u;
  GPIOA_MODER = (GPIOA_MODER & ~0xF0u) | 0xA0u;
  const uint32_t clock = (RCC_CFGR >> 2 & 3) == 3 ? 32000000 : 2097000;
  USART2_BRR = (clock + 57600) / 115200;
  USART2_CR1 = 1u << 13 | 1u << 3 | 1u << 2;
}

void put(char character) {
  while ((USART2_SR & 1u << 7) == 0) {
  }
  USART2_DR = (uint8_t)character;
}

void print(const char* text) {
  while (*text != 0) put(*text++);
}

void show(const char* name, uint32_t value) {
  print(name);
  print("=0x");
  for (int shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
  put('\n');
}

void finish(void) {
  print("done\n");
  SYST_CSR = 0;
  SCB_ICSR = 1u << 25;
  for (;;) {
    disable_interrupts();
    wait_for_interrupt();
  }
}

// SPDX-License-Identifier: MIT
// The few registers of the STM32L152RE and the Cortex-M3 that the board's test programs use
// (RM0038, PM0056), and a console on USART2. Each program is one C file with main() and the
// handlers it wants; startup.c has the rest.
#pragma once

#include <stdint.h>

#define REG(address) (*(volatile uint32_t*)(address))
#define REG8(address) (*(volatile uint8_t*)(address))

#define RCC_CR REG(0x40023800)
#define RCC_CFGR REG(0x40023808)
#define RCC_AHBENR REG(0x4002381C)
#define RCC_APB2ENR REG(0x40023820)
#define RCC_APB1ENR REG(0x40023824)
#define RCC_CSR REG(0x40023834)
#define GPIOA_MODER REG(0x40020000)
#define GPIOA_IDR REG(0x40020010)
#define GPIOA_ODR REG(0x40020014)
#define GPIOA_AFRL REG(0x40020020)
#define USART2_SR REG(0x40004400)
#define USART2_DR REG(0x40004404)
#define USART2_BRR REG(0x40004408)
#define USART2_CR1 REG(0x4000440C)

#define FLASH_ACR REG(0x40023C00)
#define FLASH_PECR REG(0x40023C04)
#define FLASH_PEKEYR REG(0x40023C0C)
#define FLASH_PRGKEYR REG(0x40023C10)
#define FLASH_OPTKEYR REG(0x40023C14)
#define FLASH_SR REG(0x40023C18)
#define FLASH_OBR REG(0x40023C1C)
#define PECR_PROG (1u << 3)
#define PECR_ERASE (1u << 9)
#define PECR_FPRG (1u << 10)
#define SR_BSY (1u << 0)
#define SR_ERRORS 0x3F00u

#define SYST_CSR REG(0xE000E010)
#define SYST_RVR REG(0xE000E014)
#define SYST_CVR REG(0xE000E018)
#define NVIC_ISER0 REG(0xE000E100)
#define NVIC_ICER0 REG(0xE000E180)
#define NVIC_ISPR0 REG(0xE000E200)
#define NVIC_ICPR0 REG(0xE000E280)
#define NVIC_IABR0 REG(0xE000E300)
#define NVIC_IPR(irq) REG8(0xE000E400 + (irq))
#define SCB_ICSR REG(0xE000ED04)
#define SCB_VTOR REG(0xE000ED08)
#define SCB_AIRCR REG(0xE000ED0C)
#define SCB_SCR REG(0xE000ED10)
#define SCB_SHPR(exception) REG8(0xE000ED18 + (exception)-4)
#define SCB_SHCSR REG(0xE000ED24)
#define SCB_CFSR REG(0xE000ED28)
#define SCB_HFSR REG(0xE000ED2C)
#define SCB_BFAR REG(0xE000ED38)
#define NVIC_STIR REG(0xE000EF00)
#define DEMCR REG(0xE000EDFC)
#define DWT_CTRL REG(0xE0001000)
#define DWT_CYCCNT REG(0xE0001004)

#define IN_RAM __attribute__((section(".ramcode"), noinline, long_call))

/// The default vector table; 73 entries.
extern void (*const vectors[])(void);

void clock_32_mhz(void);
void console(void);
void put(char character);
void print(const char* text);
/// "name=0x0000002a\n"
void show(const char* name, uint32_t value);
/// After the last line: the test waits for it.
void finish(void) __attribute__((noreturn));

static inline void disable_interrupts(void) {
  __asm volatile("cpsid i" ::: "memory");
}
static inline void enable_interrupts(void) {
  __asm volatile("cpsie i" ::: "memory");
}
static inline void wait_for_interrupt(void) {
  __asm volatile("wfi" ::: "memory");
}

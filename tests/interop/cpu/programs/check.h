// SPDX-License-Identifier: MIT
// What the programs of the CPU's cross-check have: a console in RAM, and the registers that they
// use of the Cortex-M3 (PM0056). Nothing here depends on the machine, so that what is executed
// between begin and end is the same on every Cortex-M3 with flash at 0x08000000 and RAM at
// 0x20000000.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define REG(address) (*(volatile uint32_t*)(address))
#define REG8(address) (*(volatile uint8_t*)(address))

#define NVIC_ISER0 REG(0xE000E100)
#define NVIC_ICER0 REG(0xE000E180)
#define NVIC_ISPR0 REG(0xE000E200)
#define NVIC_ICPR0 REG(0xE000E280)
#define NVIC_IABR0 REG(0xE000E300)
#define NVIC_IPR(irq) REG8(0xE000E400 + (irq))
#define SCB_CPUID REG(0xE000ED00)
#define SCB_ICSR REG(0xE000ED04)
#define SCB_AIRCR REG(0xE000ED0C)
#define SCB_CCR REG(0xE000ED14)
#define SCB_SHPR(exception) REG8(0xE000ED18 + (exception)-4)
#define SCB_SHCSR REG(0xE000ED24)
#define SCB_CFSR REG(0xE000ED28)
#define SCB_HFSR REG(0xE000ED2C)
#define SCB_BFAR REG(0xE000ED38)
#define NVIC_STIR REG(0xE000EF00)

int main(void);
/// What comes behind main(), for programs that do not return from it.
void main_done(void);

/// To the console, which goes out when main() has returned.
void put(char character);
void print(const char* text);
/// "name=0x0000002a\n"
void show(const char* name, uint32_t value);
/// "name=0x000000010000002a\n"
void show_wide(const char* name, uint64_t value);

/// A sequence of numbers (xorshift) to work on.
uint32_t next_random(void);
/// FNV-1a, one step.
static inline uint32_t mix(uint32_t hash, uint32_t value) {
  return (hash ^ value) * 16777619u;
}

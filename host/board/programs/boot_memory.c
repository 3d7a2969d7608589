// SPDX-License-Identifier: MIT
// What address 0 shows (SYSCFG_MEMRMP, RM0038 8.2.1): program memory, then RAM with a vector table
// there while VTOR stays 0, and code that is called at its alias; the identity of the chip; the CRC
// unit over a buffer.
#include "chip.h"

#define SYSCFG_MEMRMP REG(0x40010000)
#define CRC_DR REG(0x40023000)
#define CRC_IDR REG(0x40023004)
#define CRC_CR REG(0x40023008)

/// The only initialised data: at the start of RAM, which is then seen at address 0.
static uint32_t ram[128] __attribute__((aligned(512))) = {1};

static volatile uint32_t calls;
static void handler(void) {
  calls = calls + 1;
}
static uint32_t read_at(uint32_t address) {
  uint32_t value;
  __asm volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
  return value;
}

static uint32_t crc(const uint32_t* words, uint32_t count) {
  CRC_CR = 1;
  while (count-- != 0) CRC_DR = *words++;
  return CRC_DR;
}

int main(void) {
  clock_32_mhz();
  console();
  RCC_APB2ENR |= 1;
  show("vtor", SCB_VTOR);
  show("table", (uint32_t)ram);
  show("program memory at 0", read_at(4) == read_at(0x08000004));
  for (uint32_t i = 0; i < 73; ++i) ram[i] = (uint32_t)vectors[i];
  ram[16 + 8] = (uint32_t)handler;
  ram[100] = 0x47702007;  // movs r0, #7 and bx lr
  NVIC_ISER0 = 1u << 8;
  SYSCFG_MEMRMP = 3;
  show("memrmp", SYSCFG_MEMRMP);
  show("ram at 0", read_at(4 * (16 + 8)) == (uint32_t)handler);
  SCB_VTOR = 0;
  NVIC_ISPR0 = 1u << 8;
  __asm volatile("dsb\n isb");
  show("vector in ram", calls);
  show("code at its alias", ((uint32_t(*)(void))(400 + 1))());
  SYSCFG_MEMRMP = 2;
  show("reserved", SYSCFG_MEMRMP);
  SYSCFG_MEMRMP = 1;
  show("system memory", SYSCFG_MEMRMP);
  SYSCFG_MEMRMP = 0;
  show("program memory again", read_at(4) == read_at(0x08000004));

  show("flash size", REG(0x1FF800CC) & 0xFFFF);
  show("id 0", REG(0x1FF800D0));
  show("id 1", REG(0x1FF800D4));
  show("id 2", REG(0x1FF800E4));
  show("device", REG(0xE0042000) & 0xFFF);

  RCC_AHBENR |= 1u << 12;
  static const uint32_t words[] = {0x31323334, 0x35363738, 0, 0xFFFFFFFF};
  show("crc of nothing", crc(words, 0));
  show("crc of 1234", crc(words, 1));
  show("crc of all", crc(words, 4));
  CRC_IDR = 0x5A;
  CRC_CR = 1;
  show("idr", CRC_IDR);
  return 0;
}

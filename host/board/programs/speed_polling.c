// SPDX-License-Identifier: MIT
// For the speed measurement: firmware that never sleeps. A 32 kHz interrupt from TIM2, and a radio
// driver that polls the SPI for every byte as ST's HAL does: wait for TXE, write, wait for RXNE,
// read, at the end wait until BSY is clear, with the chip select around each transfer.
#include "chip.h"

#define GPIOB_MODER REG(0x40020400)
#define GPIOB_AFRL REG(0x40020420)
#define GPIOB_BSRR REG(0x40020418)
#define TIM2_CR1 REG(0x40000000)
#define TIM2_DIER REG(0x4000000C)
#define TIM2_SR REG(0x40000010)
#define TIM2_PSC REG(0x40000028)
#define TIM2_ARR REG(0x4000002C)
#define SPI1_CR1 REG(0x40013000)
#define SPI1_SR REG(0x40013008)
#define SPI1_DR REG(0x4001300C)
#define SR_RXNE 1u
#define SR_TXE 2u
#define SR_BUSY 128u

static volatile uint32_t ticks, rounds;

void irq28_handler(void) {
  if ((TIM2_SR & 1) != 0) {
    TIM2_SR = ~1u;
    ticks = ticks + 1;
  }
}

struct Driver {
  uint32_t state;
  uint32_t remaining;
  uint32_t deadline;
};
static volatile struct Driver driver;

static int wait_flag(uint32_t flag, uint32_t wanted, uint32_t limit) {
  const uint32_t begin = ticks;
  while ((SPI1_SR & flag) != wanted) {
    if (ticks - begin > limit) return 0;
  }
  return 1;
}

static int transfer(const uint8_t* out, uint8_t* in, uint32_t size) {
  driver.state = 1;
  driver.remaining = size;
  GPIOB_BSRR = 1u << 22;
  if ((SPI1_CR1 & 1u << 6) == 0) SPI1_CR1 |= 1u << 6;
  while (driver.remaining != 0) {
    if (!wait_flag(SR_TXE, SR_TXE, 3200)) return 0;
    SPI1_DR = *out++;
    driver.remaining = driver.remaining - 1;
    if (!wait_flag(SR_RXNE, SR_RXNE, 3200)) return 0;
    *in++ = (uint8_t)SPI1_DR;
  }
  if (!wait_flag(SR_BUSY, 0, 3200)) return 0;
  GPIOB_BSRR = 1u << 6;
  driver.state = 0;
  return 1;
}

int main(void) {
  clock_32_mhz();
  console();
  RCC_AHBENR |= 3;
  RCC_APB2ENR |= 1u << 12;
  RCC_APB1ENR |= 1;
  GPIOA_AFRL |= 0x55000000u;
  GPIOA_MODER = (GPIOA_MODER & ~0xF000u) | 0xA000u | 1u << 20;  // PA10 (SDN) low: the radio is on
  GPIOB_AFRL |= 5u << 12;
  GPIOB_MODER = (GPIOB_MODER & ~0x30C0u) | 0x1080u;
  GPIOB_BSRR = 1u << 6;
  TIM2_PSC = 0;
  TIM2_ARR = 1000 - 1;
  TIM2_DIER = 1;
  NVIC_ISER0 = 1u << 28;
  TIM2_CR1 = 1;
  SPI1_CR1 = 1u << 9 | 1u << 8 | 1u << 6 | 1u << 3 | 1u << 2;  // 8 MHz
  while (ticks < 100) {
  }
  static uint8_t out[34] = {1}, in[34];
  uint32_t sum = 0;
  for (;;) {
    if (!transfer(out, in, sizeof out)) break;
    for (uint32_t index = 0; index < sizeof in; ++index) sum = (sum << 5 | sum >> 27) ^ in[index];
    rounds = rounds + 1;
    if (rounds == 100) show("sum", sum);
  }
  print("timeout\n");
  return 0;
}

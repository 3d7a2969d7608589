// SPDX-License-Identifier: MIT
// For the speed measurement: what a radio driver does, SPI transfers of 32 bytes with an interrupt
// for every byte, to the radio's registers.
#include "chip.h"

#define GPIOA_AFRL_SPI 0x55000000u
#define GPIOB_MODER REG(0x40020400)
#define GPIOB_AFRL REG(0x40020420)
#define GPIOB_BSRR REG(0x40020418)
#define SPI1_CR1 REG(0x40013000)
#define SPI1_CR2 REG(0x40013004)
#define SPI1_SR REG(0x40013008)
#define SPI1_DR REG(0x4001300C)

static volatile uint32_t sent, received, sum;

void spi1_handler(void) {
  const uint32_t status = SPI1_SR;
  if ((status & 1) == 0) return;
  sum = sum + SPI1_DR;
  received = received + 1;
  if (sent < 32) {
    SPI1_DR = sent == 0 ? 1 : 0;
    sent = sent + 1;
  }
}

int main(void) {
  clock_32_mhz();
  console();
  RCC_AHBENR |= 3;
  RCC_APB2ENR |= 1u << 12;
  GPIOA_AFRL |= GPIOA_AFRL_SPI;
  GPIOA_MODER = (GPIOA_MODER & ~0xF000u) | 0xA000u | 1u << 20;  // PA10 (SDN) low: the radio is on
  GPIOB_AFRL |= 5u << 12;
  GPIOB_MODER = (GPIOB_MODER & ~0x30C0u) | 0x1080u;
  GPIOB_BSRR = 1u << 6;
  for (volatile uint32_t i = 0; i < 10000; ++i) {
  }
  SPI1_CR1 = 1u << 9 | 1u << 8 | 1u << 6 | 1u << 3 | 1u << 2;
  SPI1_CR2 = 1u << 6;
  REG(0xE000E104) = 1u << (35 - 32);
  for (uint32_t round = 0; round < 2000; ++round) {
    GPIOB_BSRR = 1u << 22;
    received = 0;
    sent = 1;
    SPI1_DR = 1;
    disable_interrupts();
    while (received < 32) {
      wait_for_interrupt();
      enable_interrupts();
      disable_interrupts();
    }
    enable_interrupts();
    GPIOB_BSRR = 1u << 6;
  }
  show("sum", sum);
  return 0;
}

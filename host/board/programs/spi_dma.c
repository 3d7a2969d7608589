// SPDX-License-Identifier: MIT
// SPI with DMA as ST's driver does full-duplex transfers: the radio's identity in bytes, and two
// half-words to a bus with nobody on it. Then memory to memory by polling, and a transfer error.
#include "chip.h"

#define DMA1_ISR REG(0x40026000)
#define DMA1_IFCR REG(0x40026004)
#define CHANNEL(number) (0x40026008 + 20 * ((number)-1))
#define CCR(number) REG(CHANNEL(number))
#define CNDTR(number) REG(CHANNEL(number) + 4)
#define CPAR(number) REG(CHANNEL(number) + 8)
#define CMAR(number) REG(CHANNEL(number) + 12)
#define GPIOB_MODER REG(0x40020400)
#define GPIOB_AFRL REG(0x40020420)
#define GPIOB_BSRR REG(0x40020418)
#define SPI_CR1(base) REG((base) + 0x00)
#define SPI_CR2(base) REG((base) + 0x04)
#define SPI_SR(base) REG((base) + 0x08)
#define SPI1 0x40013000u
#define SPI2 0x40003800u

static void (*table[73])(void) __attribute__((aligned(512)));
static volatile uint32_t done;

static void received(void) {
  DMA1_IFCR = 1u << 4;
  done = 1;
}

/// Full duplex: the receiving channel ends last.
static void exchange(uint32_t spi, uint32_t rx, uint32_t tx, const void* out, void* in,
                     uint32_t count, uint32_t size) {
  CNDTR(rx) = CNDTR(tx) = count;
  CPAR(rx) = CPAR(tx) = spi + 0x0C;
  CMAR(rx) = (uint32_t)in;
  CMAR(tx) = (uint32_t)out;
  CCR(rx) = size << 10 | size << 8 | 1u << 7 | 1u << 1 | 1u;
  SPI_CR2(spi) |= 1;
  CCR(tx) = size << 10 | size << 8 | 1u << 7 | 1u << 4 | 1u;
  SPI_CR1(spi) |= 1u << 6;
  SPI_CR2(spi) |= 2;
}

static void stop(uint32_t spi, uint32_t rx, uint32_t tx) {
  while ((SPI_SR(spi) & 1u << 7) != 0) {
  }
  SPI_CR2(spi) &= ~3u;
  CCR(rx) = CCR(tx) = 0;
}

static void ask_the_radio(void) {
  static const uint8_t command[4] = {1, 0xF0, 0, 0};
  static uint8_t answer[4];
  GPIOA_AFRL = (GPIOA_AFRL & ~0xFF000000u) | 0x55000000u;
  GPIOA_MODER = (GPIOA_MODER & ~0x30F000u) | 0xA000u | 1u << 20;  // PA10 (SDN) low: it is on
  GPIOB_AFRL |= 5u << 12;
  GPIOB_BSRR = 1u << 6;
  GPIOB_MODER = (GPIOB_MODER & ~0x30C0u) | 0x1080u;
  for (volatile uint32_t i = 0; i < 10000; ++i) {
  }
  SPI_CR1(SPI1) = 1u << 9 | 1u << 8 | 1u << 3 | 1u << 2;
  GPIOB_BSRR = 1u << 22;
  exchange(SPI1, 2, 3, command, answer, 4, 0);
  while (done == 0) wait_for_interrupt();
  stop(SPI1, 2, 3);
  GPIOB_BSRR = 1u << 6;
  show("identity", (uint32_t)answer[2] << 8 | answer[3]);
}

static void nobody_in_half_words(void) {
  static const uint16_t out[2] = {0x1234, 0xABCD};
  static uint16_t in[2];
  SPI_CR1(SPI2) = 1u << 11 | 1u << 9 | 1u << 8 | 1u << 2;
  exchange(SPI2, 4, 5, out, in, 2, 1);
  while ((DMA1_ISR & 2u << 12) == 0) {
  }
  stop(SPI2, 4, 5);
  show("open line", (uint32_t)in[0] << 16 | in[1]);
}

static void memory(void) {
  static uint32_t from[8], to[8];
  for (uint32_t i = 0; i < 8; ++i) from[i] = i * 0x01010101u;
  CNDTR(1) = 8;
  CPAR(1) = (uint32_t)from;
  CMAR(1) = (uint32_t)to;
  CCR(1) = 1u << 14 | 2u << 10 | 2u << 8 | 3u << 6 | 1u;
  while ((DMA1_ISR & 2) == 0) {
  }
  DMA1_IFCR = 1;
  CCR(1) = 0;
  uint32_t same = 0;
  for (uint32_t i = 0; i < 8; ++i) same += from[i] == to[i];
  show("same", same);
  CNDTR(1) = 1;
  CPAR(1) = 0x70000000;
  CCR(1) = 1u << 14 | 1u;
  while (DMA1_ISR == 0) {
  }
  show("error", DMA1_ISR);
  show("enabled", CCR(1) & 1);
}

int main(void) {
  clock_32_mhz();
  console();
  for (uint32_t i = 0; i < 73; ++i) table[i] = vectors[i];
  table[16 + 12] = received;
  SCB_VTOR = (uint32_t)table;
  RCC_AHBENR |= 1u << 24 | 3u;
  RCC_APB2ENR |= 1u << 12;
  RCC_APB1ENR |= 1u << 14;
  NVIC_ISER0 = 1u << 12;
  ask_the_radio();
  nobody_in_half_words();
  DMA1_IFCR = 0x0FFFFFFF;
  memory();
  return 0;
}

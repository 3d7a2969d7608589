// SPDX-License-Identifier: MIT
// The converter as a driver library uses it: switched on against a time-out, the supply from the
// internal reference, the temperature, a scanned sequence by DMA, an interrupt at each end.
#include "chip.h"

#define ADC_SR REG(0x40012400)
#define ADC_CR1 REG(0x40012404)
#define ADC_CR2 REG(0x40012408)
#define ADC_SMPR2 REG(0x40012410)
#define ADC_SQR1 REG(0x40012430)
#define ADC_SQR5 REG(0x40012440)
#define ADC_JSQR REG(0x40012444)
#define ADC_JDR1 REG(0x40012448)
#define ADC_DR REG(0x40012458)
#define ADC_CCR REG(0x40012704)
#define DMA1_CCR1 REG(0x40026008)
#define DMA1_CNDTR1 REG(0x4002600C)
#define DMA1_CPAR1 REG(0x40026010)
#define DMA1_CMAR1 REG(0x40026014)
#define GPIOA_PUPDR REG(0x4002000C)
#define HALF_WORD(address) (*(volatile uint16_t*)(address))

static void (*table[73])(void) __attribute__((aligned(512)));
static volatile uint32_t ends;
static void conversion_ended(void) {
  ends = ends + 1;
  ADC_SR = ~2u;
}

static uint32_t convert(uint32_t channel) {
  ADC_SQR1 = 0;
  ADC_SQR5 = channel;
  ADC_CR2 |= 1u << 30;
  while ((ADC_SR & 2) == 0) {
  }
  return ADC_DR;
}

int main(void) {
  console();
  RCC_APB2ENR |= 1u << 9;
  ADC_CR2 = 1;
  uint32_t wait = 10000;
  while ((ADC_SR & 1u << 6) == 0 && --wait != 0) {
  }
  show("ready without hsi", ADC_SR >> 6 & 1);
  ADC_CR2 = 0;
  RCC_CR |= 1;
  while ((RCC_CR & 2) == 0) {
  }
  clock_32_mhz();
  console();
  ADC_CR2 = 1;
  while ((ADC_SR & 1u << 6) == 0) {
  }
  ADC_CCR = 1u << 23;
  ADC_SMPR2 = 7u << 18 | 7u << 21;
  const uint32_t reference = convert(17);
  show("flags", ADC_SR);
  show("supply in mV", 3000 * HALF_WORD(0x1FF800F8) / reference);
  const int at_3_v = (int)(convert(16) * 33 / 30);
  const int cold = HALF_WORD(0x1FF800FA), hot = HALF_WORD(0x1FF800FE);
  show("degrees", (uint32_t)(80 * (at_3_v - cold) / (hot - cold) + 30));
  ADC_CR1 = 1u << 24;
  show("10 bits", convert(17));
  ADC_CR1 = 0;
  ADC_CR2 |= 1u << 11;
  show("left", convert(17));
  ADC_CR2 &= ~(1u << 11);

  static uint16_t samples[3];
  RCC_AHBENR |= 1u << 24;
  GPIOA_MODER |= 3u << 2;
  DMA1_CNDTR1 = 3;
  DMA1_CPAR1 = 0x40012458;
  DMA1_CMAR1 = (uint32_t)samples;
  DMA1_CCR1 = 1u << 10 | 1u << 8 | 1u << 7 | 1;
  ADC_CR1 = 1u << 8;
  ADC_SQR1 = 2u << 20;
  ADC_SQR5 = 16u << 10 | 1u << 5 | 17u;
  ADC_CR2 |= 1u << 8;
  ADC_CR2 |= 1u << 30;
  while (DMA1_CNDTR1 != 0) {
  }
  ADC_CR2 &= ~(1u << 8);
  show("reference by dma", samples[0]);
  show("pin by dma", samples[1]);
  show("temperature by dma", samples[2]);

  ADC_JSQR = 17u << 15 | 16u << 10 | 1u << 20;
  ADC_CR2 |= 1u << 22;
  while ((ADC_SR & 4) == 0) {
  }
  show("injected", ADC_JDR1);

  for (int i = 0; i < 73; ++i) table[i] = vectors[i];
  table[16 + 18] = conversion_ended;
  SCB_VTOR = (uint32_t)table;
  NVIC_ISER0 = 1u << 18;
  ADC_SR = 0;
  ADC_CR1 = 1u << 5;
  ADC_SQR1 = 0;
  ADC_CR2 |= 2;
  ADC_CR2 |= 1u << 30;
  while (ends < 5) wait_for_interrupt();
  ADC_CR2 = 0;
  show("ends", ends);
  show("off", ADC_SR >> 6);
  return 0;
}

// SPDX-License-Identifier: MIT
// Looks for a sensor on I2C1 as a polling driver does, and then by interrupts; nobody is there.
#include "chip.h"

#define GPIOB_MODER REG(0x40020400)
#define GPIOB_OTYPER REG(0x40020404)
#define GPIOB_AFRH REG(0x40020424)
#define I2C_CR1 REG(0x40005400)
#define I2C_CR2 REG(0x40005404)
#define I2C_DR REG(0x40005410)
#define I2C_SR1 REG(0x40005414)
#define I2C_SR2 REG(0x40005418)
#define I2C_CCR REG(0x4000541C)
#define I2C_TRISE REG(0x40005420)
#define CR1_PE (1u << 0)
#define CR1_START (1u << 8)
#define CR1_STOP (1u << 9)
#define SR1_SB (1u << 0)
#define SR1_ADDR (1u << 1)
#define SR1_AF (1u << 10)
#define SENSOR 0xBE

static volatile uint32_t events;
static volatile uint32_t errors;

void i2c1_event(void) {
  ++events;
  if (I2C_SR1 & SR1_SB) I2C_DR = SENSOR;
}

void i2c1_error(void) {
  ++errors;
  I2C_SR1 = ~SR1_AF;
  I2C_CR1 |= CR1_STOP;
}

static void (*ram_vectors[73])(void) __attribute__((aligned(512)));

static void set_up(void) {
  RCC_AHBENR |= 1u << 1;
  RCC_APB1ENR |= 1u << 21;
  GPIOB_MODER = (GPIOB_MODER & ~(0xFu << 16)) | 0xAu << 16;  // PB8, PB9: alternate function 4
  GPIOB_OTYPER |= 3u << 8;
  GPIOB_AFRH = (GPIOB_AFRH & ~0xFFu) | 0x44;
  I2C_CR2 = 32;
  I2C_CCR = 1u << 15 | 27;  // fast mode: 32 MHz / (3 × 27) = 395 kHz
  I2C_TRISE = 10;
  I2C_CR1 = CR1_PE;
}

static void poll(void) {
  show("busy", I2C_SR2 & 3);
  I2C_CR1 |= CR1_START;
  while (!(I2C_SR1 & SR1_SB)) {
  }
  show("master and busy", I2C_SR2 & 3);
  const uint32_t begin = DWT_CYCCNT;
  I2C_DR = SENSOR;
  while (!(I2C_SR1 & (SR1_ADDR | SR1_AF))) {
  }
  const uint32_t cycles = DWT_CYCCNT - begin;
  show("nine SCL periods", cycles >= 9 * 81 && cycles < 9 * 81 + 60);
  show("answer", I2C_SR1);
  I2C_SR1 = ~SR1_AF;
  I2C_CR1 |= CR1_STOP;
  while (I2C_SR2 & 2) {
  }
  show("stopped", I2C_CR1);
  show("status", I2C_SR1);
}

static void use_interrupts(void) {
  for (unsigned i = 0; i < 73; ++i) ram_vectors[i] = vectors[i];
  ram_vectors[16 + 31] = i2c1_event;
  ram_vectors[16 + 32] = i2c1_error;
  SCB_VTOR = (uint32_t)ram_vectors;
  NVIC_ISER0 = 1u << 31;
  REG(0xE000E104) = 1u << 0;
  I2C_CR2 |= 1u << 8 | 1u << 9;
  I2C_CR1 |= CR1_START;
  while (!errors || I2C_SR2 & 2) {
  }
  show("events", events);
  show("errors", errors);
}

int main(void) {
  clock_32_mhz();
  console();
  DEMCR = 1u << 24;
  DWT_CTRL = 1;
  set_up();
  poll();
  use_interrupts();
  finish();
}

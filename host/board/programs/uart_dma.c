// SPDX-License-Identifier: MIT
// USART2 as ST's driver receives to idle: DMA fills a ring, the idle line says that a message is
// over; it is sent back by DMA, and the end of the transmission is an interrupt.
#include "chip.h"

#define DMA1_ISR REG(0x40026000)
#define DMA1_IFCR REG(0x40026004)
#define CHANNEL(number) (0x40026008 + 20 * ((number)-1))
#define CCR(number) REG(CHANNEL(number))
#define CNDTR(number) REG(CHANNEL(number) + 4)
#define CPAR(number) REG(CHANNEL(number) + 8)
#define CMAR(number) REG(CHANNEL(number) + 12)
#define USART2_CR3 REG(0x40004414)
#define NVIC_ISER1 REG(0xE000E104)

#define RING 16
static void (*table[73])(void) __attribute__((aligned(512)));
static volatile uint8_t ring[RING];
static uint8_t message[64];
static volatile uint32_t length, messages, half, whole, sent;
static uint32_t tail;

/// What the DMA has written since the last call.
static void collect(void) {
  const uint32_t head = RING - CNDTR(6);
  while (tail != head) {
    if (length < sizeof(message)) message[length++] = ring[tail];
    tail = (tail + 1) % RING;
  }
}

static void receive_dma(void) {
  const uint32_t flags = DMA1_ISR >> 20;
  DMA1_IFCR = 1u << 20;
  half += flags >> 2 & 1;
  whole += flags >> 1 & 1;
  collect();
}

static void serial(void) {
  const uint32_t status = USART2_SR;
  if ((status & 1u << 4) != 0) {
    (void)USART2_DR;  // behind SR, this clears IDLE
    collect();
    ++messages;
  }
  if ((status & USART2_CR1 & 1u << 6) != 0) {
    USART2_CR1 &= ~(1u << 6);
    sent = 1;
  }
}

static void transmit_dma(void) {
  DMA1_IFCR = 1u << 24;
  CCR(7) = 0;
  USART2_CR3 &= ~(1u << 7);
  USART2_CR1 |= 1u << 6;  // the last byte is still on its way
}

static void send(const uint8_t* data, uint32_t count) {
  sent = 0;
  CNDTR(7) = count;
  CPAR(7) = 0x40004404;
  CMAR(7) = (uint32_t)data;
  USART2_SR = ~(1u << 6);
  CCR(7) = 1u << 7 | 1u << 4 | 1u << 1 | 1u;
  USART2_CR3 |= 1u << 7;
  while (sent == 0) wait_for_interrupt();
}

int main(void) {
  clock_32_mhz();
  console();
  for (uint32_t i = 0; i < 73; ++i) table[i] = vectors[i];
  table[16 + 16] = receive_dma;
  table[16 + 17] = transmit_dma;
  table[16 + 38] = serial;
  SCB_VTOR = (uint32_t)table;
  RCC_AHBENR |= 1u << 24;
  CNDTR(6) = RING;
  CPAR(6) = 0x40004404;
  CMAR(6) = (uint32_t)ring;
  CCR(6) = 1u << 7 | 1u << 5 | 3u << 1 | 1u;
  USART2_CR3 |= 1u << 6 | 1u;
  USART2_CR1 |= 1u << 4;
  NVIC_ISER0 = 1u << 16 | 1u << 17;
  NVIC_ISER1 = 1u << (38 - 32);
  print("ready\n");
  for (uint32_t seen = 0; seen < 2; ++seen) {
    while (messages == seen) wait_for_interrupt();
    send(message, length);
    length = 0;
  }
  put('\n');
  show("half", half);
  show("whole", whole);
  return 0;
}

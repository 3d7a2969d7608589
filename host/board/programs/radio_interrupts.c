// SPDX-License-Identifier: MIT
// A SPIRIT1 driver on interrupts: nIRQ on PC7 through EXTI, the CPU asleep otherwise. Frames of
// more than the FIFOs' 96 bytes go in and out by the thresholds, 16-bit lengths.
#include "radio.h"

#define SYSCFG_EXTICR2 REG(0x4001000C)
#define EXTI_IMR REG(0x40010400)
#define EXTI_FTSR REG(0x4001040C)
#define EXTI_PR REG(0x40010414)

enum { longest = 700, almost_empty = 40, refill = 50, almost_full_free = 40 };
static const uint32_t lengths[4] = {96, 97, 255, 600};

static void (*table[73])(void) __attribute__((aligned(512)));
static uint8_t frame[longest];
static volatile uint32_t length, position, sent, received, errors, interrupts;

static void fill(uint32_t room) {
  const uint32_t left = length - position;
  const uint32_t count = left < room ? left : room;
  if (count == 0) return;
  radio_write(RADIO_FIFO, &frame[position], count);
  position = position + count;
}

static void drain(void) {
  uint32_t count = radio_get(RX_FIFO_STATUS);
  if (count > longest - position) count = longest - position;
  if (count == 0) return;
  radio_read(RADIO_FIFO, &frame[position], count);
  position = position + count;
}

static void radio_handler(void) {
  EXTI_PR = 1u << 7;
  interrupts = interrupts + 1;
  while (radio_irq_pending()) {
    const uint32_t irqs = radio_irqs();
    if ((irqs & (IRQ_TX_FIFO_ERROR | IRQ_RX_FIFO_ERROR | IRQ_RX_DATA_DISC)) != 0) {
      errors = errors | irqs;
    }
    if ((irqs & IRQ_TX_FIFO_ALMOST_EMPTY) != 0 && is_sender()) fill(refill);
    if ((irqs & IRQ_RX_FIFO_ALMOST_FULL) != 0) drain();
    if ((irqs & IRQ_TX_DATA_SENT) != 0) sent = sent + 1;
    if ((irqs & IRQ_RX_DATA_READY) != 0) {
      drain();
      received = received + 1;
    }
  }
}

static void unhandled(void) {
  show("unexpected interrupt", SCB_ICSR);
  finish();
}

static void take_interrupts(void) {
  for (uint32_t i = 0; i < 73; ++i) table[i] = i < 16 ? vectors[i] : unhandled;
  table[16 + 23] = radio_handler;
  SCB_VTOR = (uint32_t)table;
  SYSCFG_EXTICR2 = 2u << 12;  // line 7: port C
  EXTI_FTSR |= 1u << 7;
  EXTI_PR = 1u << 7;
  EXTI_IMR |= 1u << 7;
  NVIC_ISER0 = 1u << 23;
}

static void sleep_until(volatile uint32_t* counter, uint32_t value) {
  disable_interrupts();
  while (*counter != value) {
    wait_for_interrupt();
    enable_interrupts();
    disable_interrupts();
  }
  enable_interrupts();
}

int main(void) {
  clock_32_mhz();
  console();
  radio_power_up();
  radio_profile();
  radio_set(PCKTCTRL3, 0x0F);
  radio_set(FIFO_CONFIG0_TXAETHR, almost_empty);
  radio_set(FIFO_CONFIG3_RXAFTHR, almost_full_free);
  radio_irqs();
  radio_irq_mask(is_sender() ? IRQ_TX_DATA_SENT | IRQ_TX_FIFO_ALMOST_EMPTY | IRQ_TX_FIFO_ERROR
                             : IRQ_RX_DATA_READY | IRQ_RX_FIFO_ALMOST_FULL | IRQ_RX_FIFO_ERROR |
                                   IRQ_RX_DATA_DISC);
  take_interrupts();
  for (uint32_t round = 0; round < 4; ++round) {
    position = 0;
    if (is_sender()) {
      for (volatile uint32_t wait = 0; wait < 60000; ++wait) {
      }
      length = lengths[round];
      for (uint32_t i = 0; i < length; ++i) frame[i] = (uint8_t)(3 * i + round);
      radio_length(length);
      disable_interrupts();  // the handler writes the FIFO too
      fill(96);
      radio_strobe(STROBE_TX);
      enable_interrupts();
      sleep_until(&sent, round + 1);
      show("left in FIFO", radio_get(TX_FIFO_STATUS));
    } else {
      disable_interrupts();
      radio_strobe(STROBE_RX);
      enable_interrupts();
      sleep_until(&received, round + 1);
      uint32_t wrong = position == lengths[round] ? 0 : 1;
      for (uint32_t i = 0; i < position; ++i) {
        if (frame[i] != (uint8_t)(3 * i + round)) wrong = wrong + 1;
      }
      show("length", radio_received_length());
      show("wrong", wrong);
    }
  }
  show("errors", errors);
  show("interrupts", interrupts);
  return 0;
}

// SPDX-License-Identifier: MIT
// A SPIRIT1 receiver that stays in RX (PERS_RX) and takes frame after frame by nIRQ alone, reading
// RSSI and SQI of each; then one that leaves RX with every frame, and one with an RX timeout.
#include "radio.h"

static uint8_t frame[96];

static void send_some(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    for (volatile uint32_t wait = 0; wait < 50000; ++wait) {
    }
    const uint32_t length = 1 + 20 * (i % 5);
    for (uint32_t k = 0; k < length; ++k) frame[k] = (uint8_t)(i + k);
    radio_length(length);
    radio_write(RADIO_FIFO, frame, length);
    radio_strobe(STROBE_TX);
    while ((radio_irqs() & IRQ_TX_DATA_SENT) == 0) {
    }
  }
}

static uint32_t take(uint32_t index) {
  while (!radio_irq_pending()) {
  }
  const uint32_t irqs = radio_irqs();
  if ((irqs & IRQ_RX_DATA_READY) == 0) return 0x100;
  const uint32_t length = radio_received_length();
  if (length != 1 + 20 * (index % 5) || radio_get(RX_FIFO_STATUS) != length) return 0x200;
  radio_read(RADIO_FIFO, frame, length);
  for (uint32_t k = 0; k < length; ++k) {
    if (frame[k] != (uint8_t)(index + k)) return 0x300;
  }
  return 0;
}

static void receive_some(void) {
  uint32_t wrong = 0, in_rx = 0;
  radio_set(PROTOCOL0, 0x0A);
  radio_irq_mask(IRQ_RX_DATA_READY | IRQ_RX_DATA_DISC);
  radio_strobe(STROBE_RX);
  for (uint32_t i = 0; i < 10; ++i) {
    wrong += take(i);
    if (radio_state() == STATE_RX) in_rx = in_rx + 1;
  }
  show("wrong", wrong);
  show("in RX", in_rx);
  show("rssi", radio_get(RSSI_LEVEL));
  show("sqi", radio_get(LINK_QUALIF1) & 0x7F);
  radio_strobe(STROBE_SABORT);
  show("aborted", radio_wait(STATE_READY));

  radio_set(PROTOCOL0, 0x08);
  radio_strobe(STROBE_RX);
  wrong = take(0);
  show("wrong alone", wrong);
  show("left RX", radio_state());

  // 20 prescaled by 1210 clocks, 51 times: about 49 ms; a sync word stops it.
  radio_set(TIMERS5, 19);
  radio_set(TIMERS4, 51);
  radio_set(PROTOCOL2, 0x46);
  radio_set(PCKT_FLT_OPTIONS, 0x01);
  radio_irq_mask(IRQ_RX_TIMEOUT);
  radio_strobe(STROBE_RX);
  radio_wait(STATE_RX);
  while (!radio_irq_pending()) {
  }
  show("timeout", (radio_irqs() & IRQ_RX_TIMEOUT) != 0);
  show("after it", radio_state());
}

int main(void) {
  clock_32_mhz();
  console();
  radio_power_up();
  radio_profile();
  if (is_sender()) {
    send_some(10);
    for (volatile uint32_t wait = 0; wait < 100000; ++wait) {
    }
    send_some(1);
  } else {
    receive_some();
  }
  return 0;
}

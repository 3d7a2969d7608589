// SPDX-License-Identifier: MIT
// A SPIRIT1 driver that polls: the sender waits for MC_STATE to come back from TX, the receiver for
// RX_DATA_READY in IRQ_STATUS. Three rounds of request and answer.
#include "radio.h"

static uint8_t frame[96];
static uint32_t timeouts;

static void send(uint32_t length, uint8_t first) {
  for (uint32_t i = 0; i < length; ++i) frame[i] = (uint8_t)(first + i);
  radio_strobe(STROBE_FLUSHTX);
  radio_length(length);
  radio_write(RADIO_FIFO, frame, length);
  radio_strobe(STROBE_TX);
  if (radio_wait(STATE_TX) != STATE_TX) timeouts = timeouts + 1;
  while (radio_state() == STATE_TX) {
  }
  if ((radio_irqs() & IRQ_TX_DATA_SENT) == 0) timeouts = timeouts + 1;
}

static void receive(void) {
  radio_strobe(STROBE_FLUSHRX);
  radio_strobe(STROBE_RX);
  if (radio_wait(STATE_RX) != STATE_RX) timeouts = timeouts + 1;
  while ((radio_irqs() & IRQ_RX_DATA_READY) == 0) {
  }
  const uint32_t length = radio_received_length();
  const uint32_t stored = radio_get(RX_FIFO_STATUS);
  uint32_t sum = 0;
  radio_read(RADIO_FIFO, frame, stored > 96 ? 96 : stored);
  for (uint32_t i = 0; i < stored && i < 96; ++i) sum += frame[i];
  show("length", length);
  show("stored", stored);
  show("sum", sum);
  show("rssi", radio_get(RSSI_LEVEL));
  show("state", radio_state());
}

int main(void) {
  clock_32_mhz();
  console();
  radio_power_up();
  radio_profile();
  for (uint32_t round = 0; round < 3; ++round) {
    if (is_sender()) {
      for (volatile uint32_t wait = 0; wait < 40000; ++wait) {  // the other one gets ready
      }
      send(10 + 43 * round, (uint8_t)round);
      receive();
    } else {
      receive();
      for (volatile uint32_t wait = 0; wait < 40000; ++wait) {
      }
      send(20, 100);
    }
  }
  show("timeouts", timeouts);
  return 0;
}

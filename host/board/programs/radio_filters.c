// SPDX-License-Identifier: MIT
// The SPIRIT1's packet handler with its filters: destination (own, multicast, broadcast), source
// under a mask, control fields under masks, CRC. The sender tries one packet of each kind, the
// receiver says which came through.
#include "radio.h"

struct attempt {
  uint8_t destination, source, control_high, control_low;
};
static const struct attempt attempts[] = {
    {0x42, 0x11, 0xA5, 0x01},  // all right
    {0x43, 0x11, 0xA5, 0x02},  // somebody else's
    {0xEE, 0x11, 0xA5, 0x03},  // multicast
    {0xFF, 0x11, 0xA5, 0x04},  // broadcast
    {0x42, 0x1F, 0xA5, 0x05},  // the mask lets the low half of the source pass
    {0x42, 0x21, 0xA5, 0x06},  // not the high one
    {0x42, 0x11, 0xA4, 0x07},  // wrong control field
    {0x42, 0x11, 0xA5, 0x08},  // all right again
};
enum { attempt_count = 8, payload = 12 };

static uint8_t frame[96];

static void send_all(void) {
  for (uint32_t i = 0; i < attempt_count; ++i) {
    for (volatile uint32_t wait = 0; wait < 60000; ++wait) {
    }
    radio_set(SOURCE_ADDR, attempts[i].destination);
    radio_set(OWN_ADDR, attempts[i].source);
    radio_set(TX_CTRL_FIELD3, attempts[i].control_high);
    radio_set(TX_CTRL_FIELD3 + 1, attempts[i].control_low);
    for (uint32_t k = 0; k < payload; ++k) frame[k] = (uint8_t)(16 * i + k);
    radio_length(payload + 4);  // two addresses and two control fields are counted
    radio_write(RADIO_FIFO, frame, payload);
    radio_strobe(STROBE_TX);
    while ((radio_irqs() & IRQ_TX_DATA_SENT) == 0) {
    }
  }
}

static void receive_all(void) {
  radio_set(OWN_ADDR, 0x42);
  radio_set(MULTICAST, 0xEE);
  radio_set(BROADCAST, 0xFF);
  radio_set(SOURCE_ADDR, 0x10);
  radio_set(SOURCE_MASK, 0xF0);
  radio_set(CONTROL0_FIELD + 3, 0xA5);  // byte 0 of the control field
  radio_set(CONTROL0_MASK + 3, 0xFF);
  radio_set(PCKT_FLT_OPTIONS, 0x40 | 0x3F);
  radio_set(PROTOCOL0, 0x0A);  // persistent
  radio_strobe(STROBE_RX);
  uint32_t accepted = 0, refused = 0, leftover = 0, wrong = 0, sources = 0;
  for (uint32_t i = 0; i < attempt_count; ++i) {
    uint32_t irqs = 0;
    while ((irqs & (IRQ_RX_DATA_READY | IRQ_RX_DATA_DISC)) == 0) irqs = radio_irqs();
    if ((irqs & IRQ_RX_DATA_READY) != 0) {
      uint8_t control[4], addresses[2];
      radio_read(0xCE, control, 4);
      radio_read(RX_ADDR_FIELD1, addresses, 2);
      sources += addresses[0];
      accepted |= 1u << (control[2] - 1);
      if (radio_received_length() != payload + 4) wrong |= 1;
      if (radio_get(RX_FIFO_STATUS) != payload) wrong |= 2;
      radio_read(RADIO_FIFO, frame, payload);
      if (frame[0] != (uint8_t)(16 * i)) wrong |= 4;
    } else {
      refused |= 1u << i;
      leftover += radio_get(RX_FIFO_STATUS);
    }
  }
  show("accepted", accepted);
  show("refused", refused);
  show("leftover", leftover);
  show("wrong", wrong);
  show("sources", sources);
}

int main(void) {
  clock_32_mhz();
  console();
  radio_power_up();
  radio_profile();
  radio_set(PCKTCTRL4, 2u << 3 | 2u);  // two address bytes, two control bytes
  if (is_sender()) {
    send_all();
  } else {
    receive_all();
  }
  return 0;
}

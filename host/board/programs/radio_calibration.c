// SPDX-License-Identifier: MIT
// Calibration of the SPIRIT1's VCO by hand, as the data sheet has it for crystals of 48 to 52 MHz:
// reference divider on, more VCO current, automatic calibration on, LOCKTX and LOCKRX with MC_STATE
// polled, and the words found put where TX and RX take them from. Then a carrier that cannot be.
#include "radio.h"

static void set_carrier(uint32_t word) {
  const uint8_t bytes[4] = {(uint8_t)(0xE0 | word >> 21), (uint8_t)(word >> 13),
                            (uint8_t)(word >> 5), (uint8_t)((word & 31) << 3 | 1)};
  radio_write(SYNT3, bytes, 4);
}

static uint32_t states;

static uint8_t lock(uint8_t strobe) {
  radio_strobe(strobe);
  const uint8_t state = radio_wait(STATE_LOCK);
  states = states << 8 | state;
  const uint8_t word = radio_get(CALIBR_OUT0) & 0x7F;
  radio_strobe(STROBE_READY);
  states = states << 8 | radio_wait(STATE_READY);
  return word;
}

/// Both words, TX on top.
static uint32_t calibrate(uint32_t synthesizer_word) {
  const uint8_t config = radio_get(SYNTH_CONFIG1);
  radio_set(SYNTH_CONFIG1, config | 0x80);
  set_carrier(2 * synthesizer_word);
  radio_set(VCO_CONFIG, 0x19);
  const uint8_t protocol = radio_get(PROTOCOL2);
  radio_set(PROTOCOL2, protocol | 0x02);
  const uint8_t tx = lock(STROBE_LOCKTX);
  const uint8_t rx = lock(STROBE_LOCKRX);
  radio_set(PROTOCOL2, protocol & 0xFD);
  radio_set(SYNTH_CONFIG1, config);
  set_carrier(synthesizer_word);
  radio_set(VCO_CONFIG, 0x11);
  radio_set(CALIBR_IN1, (radio_get(CALIBR_IN1) & 0x80) | tx);
  radio_set(CALIBR_IN0, rx);
  return (uint32_t)tx << 8 | rx;
}

int main(void) {
  clock_32_mhz();
  console();
  radio_power_up();
  radio_profile();
  show("868", calibrate(13652459));
  show("states", states);
  show("902", calibrate(14187233));
  show("kept", radio_get(CALIBR_IN1) << 8 | radio_get(CALIBR_IN0));
  radio_strobe(STROBE_RX);  // with these words, without calibration
  show("rx", radio_wait(STATE_RX));
  radio_strobe(STROBE_SABORT);
  radio_wait(STATE_READY);

  set_carrier(20000000);  // 1272 MHz
  radio_strobe(STROBE_LOCKRX);
  show("impossible", radio_wait(STATE_LOCK));
  radio_state();  // the status bytes are older than the register that has just been read
  show("error", radio_status >> 8 & 1);
  radio_strobe(STROBE_SRES);
  show("again", radio_wait(STATE_READY));
  show("kept by SRES", radio_get(CALIBR_IN0) != 0x48);
  return 0;
}

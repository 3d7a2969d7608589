// SPDX-License-Identifier: MIT
// The SPIRIT1's registers, commands and states, as far as the driver uses them (SPIRIT1 data sheet,
// chapters "Register table" and "SPI interface").
#pragma once

#include <cstdint>

namespace goldcrest::chip::spirit1 {

// First byte of a transaction; the second is the address or the command, data follows with the
// address counting up (0xFF, the FIFO, stays). While these two bytes go out, MC_STATE1 and
// MC_STATE0 come in.
inline constexpr std::uint8_t header_write = 0x00;
inline constexpr std::uint8_t header_read = 0x01;
inline constexpr std::uint8_t header_command = 0x80;

enum class Command : std::uint8_t {
  tx = 0x60,
  rx = 0x61,
  ready = 0x62,
  standby = 0x63,
  lock_rx = 0x65,
  lock_tx = 0x66,
  abort = 0x67,
  flush_rx_fifo = 0x71,
  flush_tx_fifo = 0x72,
};

enum class Address : std::uint8_t {
  gpio3_conf = 0x02,
  if_offset_ana = 0x07,
  synt3 = 0x08,  // to 0x0B: charge pump, synthesizer word, band select
  chspace = 0x0C,
  if_offset_dig = 0x0D,
  fc_offset1 = 0x0E,
  pa_power1 = 0x17,
  pa_power0 = 0x18,
  mod1 = 0x1A,  // to 0x1D: data rate, deviation, channel filter
  afc2 = 0x1E,
  rssi_th = 0x22,
  pcktctrl4 = 0x30,  // to 0x33
  pcktlen1 = 0x34,
  sync4 = 0x36,  // to 0x39
  pckt_flt_options = 0x4F,
  protocol2 = 0x50,
  protocol1 = 0x51,
  protocol0 = 0x52,
  timers5_rx_timeout_prescaler = 0x53,
  chnum = 0x6C,
  rco_vco_calibr_in1 = 0x6E,  // VCO word for TX
  rco_vco_calibr_in0 = 0x6F,  // VCO word for RX
  irq_mask3 = 0x90,           // to 0x93, bits 31 down to 0
  test_iqc = 0x99,
  synth_config1 = 0x9E,
  synth_config0 = 0x9F,
  vco_config = 0xA1,
  test_dem = 0xA3,
  pm_config1 = 0xA5,
  test_vco_buffer = 0xA9,
  mc_state1 = 0xC0,
  rssi_level = 0xC8,
  rx_pckt_len1 = 0xC9,
  rco_vco_calibr_out0 = 0xE5,
  linear_fifo_status1 = 0xE6,  // TX
  linear_fifo_status0 = 0xE7,  // RX
  device_info1 = 0xF0,
  irq_status3 = 0xFA,  // to 0xFD, bits 31 down to 0; reading clears
  fifo = 0xFF,
};

enum class State : std::uint8_t {
  standby = 0x40,
  sleep = 0x36,
  ready = 0x03,
  lock = 0x0F,
  rx = 0x33,
  tx = 0x5F,
};

// IRQ_MASK and IRQ_STATUS
namespace irq {
inline constexpr std::uint32_t rx_data_ready = 1u << 0;
inline constexpr std::uint32_t rx_data_discarded = 1u << 1;
inline constexpr std::uint32_t tx_data_sent = 1u << 2;
inline constexpr std::uint32_t crc_error = 1u << 4;
inline constexpr std::uint32_t tx_fifo_error = 1u << 5;
inline constexpr std::uint32_t rx_fifo_error = 1u << 6;
inline constexpr std::uint32_t valid_sync = 1u << 13;
}  // namespace irq

inline constexpr std::uint8_t gpio_output_nirq = 0x02;  // low-power digital output, nIRQ
inline constexpr std::uint8_t afc2_freeze_on_sync = 0x80;
inline constexpr std::uint8_t synth_config1_refdiv = 0x80;
inline constexpr std::uint8_t synth_config1_vco_mask = 0x06;
inline constexpr std::uint8_t synth_config1_vco_high = 0x02;
inline constexpr std::uint8_t synth_config1_vco_low = 0x04;
inline constexpr std::uint8_t protocol2_vco_calibration = 0x02;
inline constexpr std::uint8_t protocol1_auto_packet_filter = 0x01;
inline constexpr std::uint8_t protocol0_persistent_rx = 0x02;
inline constexpr std::uint8_t vco_word_mask = 0x7F;
inline constexpr std::uint8_t part_number = 0x01;

/// RSSI_LEVEL and RSSI_TH count half decibels from -130 dBm.
constexpr int rssi_dbm(std::uint8_t level) {
  return level / 2 - 130;
}

}  // namespace goldcrest::chip::spirit1

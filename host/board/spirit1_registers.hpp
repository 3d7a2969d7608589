// SPDX-License-Identifier: MIT
// The SPIRIT1's register map: addresses, reset values, state codes, strobes and interrupt bits
// (SPIRIT1 datasheet, DocID022758, chapters "Register table" and "MCU interface").
#pragma once

#include <array>
#include <cstdint>

namespace goldcrest::board::spirit1 {

using RegisterFile = std::array<std::uint8_t, 256>;

enum Address : std::uint8_t {
  ana_func_conf1 = 0x00,
  ana_func_conf0 = 0x01,
  gpio3_conf = 0x02,
  gpio0_conf = 0x05,
  mcu_ck_conf = 0x06,
  if_offset_ana = 0x07,
  synt3 = 0x08,
  synt2 = 0x09,
  synt1 = 0x0A,
  synt0 = 0x0B,
  chspace = 0x0C,
  if_offset_dig = 0x0D,
  fc_offset1 = 0x0E,
  fc_offset0 = 0x0F,
  pa_power8 = 0x10,
  pa_power1 = 0x17,
  pa_power0 = 0x18,
  mod1 = 0x1A,
  mod0 = 0x1B,
  fdev0 = 0x1C,
  chflt = 0x1D,
  afc2 = 0x1E,
  afc1 = 0x1F,
  afc0 = 0x20,
  rssi_flt = 0x21,
  rssi_th = 0x22,
  clockrec = 0x23,
  agcctrl2 = 0x24,
  ant_select_conf = 0x27,
  pcktctrl4 = 0x30,
  pcktctrl3 = 0x31,
  pcktctrl2 = 0x32,
  pcktctrl1 = 0x33,
  pcktlen1 = 0x34,
  pcktlen0 = 0x35,
  sync4 = 0x36,
  sync1 = 0x39,
  qi = 0x3A,
  mbus_prmbl = 0x3B,
  mbus_pstmbl = 0x3C,
  mbus_ctrl = 0x3D,
  fifo_config3_rx_almost_full = 0x3E,
  fifo_config2_rx_almost_empty = 0x3F,
  fifo_config1_tx_almost_full = 0x40,
  fifo_config0_tx_almost_empty = 0x41,
  control_mask = 0x42,   ///< four, first byte on air last
  control_field = 0x46,  ///< four, likewise
  source_mask = 0x4A,
  source_address = 0x4B,  ///< RX: expected source; TX: destination
  broadcast = 0x4C,
  multicast = 0x4D,
  own_address = 0x4E,  ///< TX: source; RX: expected destination
  filter_options = 0x4F,
  protocol2 = 0x50,
  protocol1 = 0x51,
  protocol0 = 0x52,
  timers5_rx_prescaler = 0x53,
  timers4_rx_counter = 0x54,
  timers3_ldc_prescaler = 0x55,
  timers2_ldc_counter = 0x56,
  timers1_ldc_reload_prescaler = 0x57,
  timers0_ldc_reload_counter = 0x58,
  csma_config3 = 0x64,
  csma_config2 = 0x65,
  csma_config1 = 0x66,
  csma_config0 = 0x67,
  tx_ctrl_field3 = 0x68,
  chnum = 0x6C,
  calibr_in2 = 0x6D,
  calibr_in1 = 0x6E,
  calibr_in0 = 0x6F,
  aes_key_in15 = 0x70,   ///< sixteen, first byte of the key last
  aes_data_in15 = 0x80,  ///< likewise
  irq_mask3 = 0x90,
  irq_mask0 = 0x93,
  synth_config1 = 0x9E,
  synth_config0 = 0x9F,
  vcoth = 0xA0,
  vco_config = 0xA1,
  dem_config = 0xA3,
  pm_config2 = 0xA4,
  pm_config1 = 0xA5,
  pm_config0 = 0xA6,
  xo_rco_config = 0xA7,
  pm_test = 0xB2,
  xo_rco_test = 0xB4,
  mc_state1 = 0xC0,
  mc_state0 = 0xC1,
  tx_pckt_info = 0xC2,
  rx_pckt_info = 0xC3,
  afc_corr = 0xC4,
  link_qualif2 = 0xC5,
  link_qualif1 = 0xC6,
  link_qualif0 = 0xC7,
  rssi_level = 0xC8,
  rx_pckt_len1 = 0xC9,
  rx_pckt_len0 = 0xCA,
  crc_field2 = 0xCB,
  crc_field0 = 0xCD,
  rx_ctrl_field0 = 0xCE,
  rx_addr_field1 = 0xD2,
  rx_addr_field0 = 0xD3,
  aes_data_out15 = 0xD4,  ///< sixteen, first byte last
  calibr_out1 = 0xE4,
  calibr_out0 = 0xE5,
  linear_fifo_status1 = 0xE6,
  linear_fifo_status0 = 0xE7,
  device_info1_partnum = 0xF0,
  device_info0_version = 0xF1,
  irq_status3 = 0xFA,
  irq_status0 = 0xFD,
  fifo = 0xFF,
};

/// First address of the read-only block.
inline constexpr std::uint8_t read_only_begin = 0xC0;

/// Reset value of every register; what the data sheet does not name is 0.
RegisterFile reset_values();

/// MC_STATE[7:1].
enum class State : std::uint8_t {
  shutdown = 0x00,  ///< not readable: the SPI is off
  ready = 0x03,
  lock = 0x0F,
  lock_failed = 0x13,
  protocol = 0x1F,
  xo_settling = 0x23,
  rx = 0x33,
  sleep = 0x36,
  pm_setup = 0x3D,
  standby = 0x40,
  synth_calibration = 0x4F,
  synth_setup = 0x53,
  tx = 0x5F,
};

enum class Strobe : std::uint8_t {
  tx = 0x60,
  rx = 0x61,
  ready = 0x62,
  standby = 0x63,
  sleep = 0x64,
  lock_rx = 0x65,
  lock_tx = 0x66,
  abort = 0x67,
  ldc_reload = 0x68,
  sequence_update = 0x69,
  aes_encrypt = 0x6A,
  aes_key = 0x6B,
  aes_decrypt = 0x6C,
  aes_key_decrypt = 0x6D,
  reset = 0x70,
  flush_rx_fifo = 0x71,
  flush_tx_fifo = 0x72,
};

/// Bit numbers in IRQ_MASK and IRQ_STATUS.
enum class Irq : std::uint8_t {
  rx_data_ready = 0,
  rx_data_discarded = 1,
  tx_data_sent = 2,
  max_retransmissions = 3,
  crc_error = 4,
  tx_fifo_error = 5,
  rx_fifo_error = 6,
  tx_fifo_almost_full = 7,
  tx_fifo_almost_empty = 8,
  rx_fifo_almost_full = 9,
  rx_fifo_almost_empty = 10,
  max_backoff = 11,
  valid_preamble = 12,
  valid_sync = 13,
  rssi_above_threshold = 14,
  wake_up_timeout = 15,
  ready = 16,
  standby_delayed = 17,
  low_battery = 18,
  power_on_reset = 19,
  brown_out = 20,
  lock = 21,
  pm_count = 22,
  xo_count = 23,
  synth_lock_timeout = 24,
  synth_start_up = 25,
  synth_calibration_timeout = 26,
  tx_start_up = 27,
  rx_start_up = 28,
  rx_timeout = 29,
  aes_end = 30,
};

}  // namespace goldcrest::board::spirit1

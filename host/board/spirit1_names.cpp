// SPDX-License-Identifier: MIT
#include "host/board/spirit1_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace goldcrest::board::spirit1 {
namespace {

struct Register {
  std::string_view name;
  std::uint8_t address;
  std::uint8_t reset_value = 0;
};

constexpr Register registers[] = {{"ANA_FUNC_CONF1", 0x00, 0x0C},
                                  {"ANA_FUNC_CONF0", 0x01, 0xC0},
                                  {"GPIO3_CONF", 0x02, 0xA2},
                                  {"GPIO2_CONF", 0x03, 0xA2},
                                  {"GPIO1_CONF", 0x04, 0xA2},
                                  {"GPIO0_CONF", 0x05, 0x0A},
                                  {"MCU_CK_CONF", 0x06},
                                  {"IF_OFFSET_ANA", 0x07, 0xA3},
                                  {"SYNT3", 0x08, 0x0C},
                                  {"SYNT2", 0x09, 0x84},
                                  {"SYNT1", 0x0A, 0xEC},
                                  {"SYNT0", 0x0B, 0x51},
                                  {"CHSPACE", 0x0C, 0xFC},
                                  {"IF_OFFSET_DIG", 0x0D, 0xA3},
                                  {"FC_OFFSET1", 0x0E},
                                  {"FC_OFFSET0", 0x0F},
                                  {"PA_POWER8", 0x10, 0x03},
                                  {"PA_POWER7", 0x11, 0x0E},
                                  {"PA_POWER6", 0x12, 0x1A},
                                  {"PA_POWER5", 0x13, 0x25},
                                  {"PA_POWER4", 0x14, 0x35},
                                  {"PA_POWER3", 0x15, 0x40},
                                  {"PA_POWER2", 0x16, 0x4E},
                                  {"PA_POWER1", 0x17},
                                  {"PA_POWER0", 0x18, 0x07},
                                  {"MOD1", 0x1A, 0x83},
                                  {"MOD0", 0x1B, 0x1A},
                                  {"FDEV0", 0x1C, 0x45},
                                  {"CHFLT", 0x1D, 0x23},
                                  {"AFC2", 0x1E, 0x48},
                                  {"AFC1", 0x1F, 0x18},
                                  {"AFC0", 0x20, 0x25},
                                  {"RSSI_FLT", 0x21, 0xE3},
                                  {"RSSI_TH", 0x22, 0x24},
                                  {"CLOCKREC", 0x23, 0x58},
                                  {"AGCCTRL2", 0x24, 0x22},
                                  {"AGCCTRL1", 0x25, 0x65},
                                  {"AGCCTRL0", 0x26, 0x8A},
                                  {"ANT_SELECT_CONF", 0x27, 0x05},
                                  {"PCKTCTRL4", 0x30},
                                  {"PCKTCTRL3", 0x31, 0x07},
                                  {"PCKTCTRL2", 0x32, 0x1E},
                                  {"PCKTCTRL1", 0x33, 0x20},
                                  {"PCKTLEN1", 0x34},
                                  {"PCKTLEN0", 0x35, 0x14},
                                  {"SYNC4", 0x36, 0x88},
                                  {"SYNC3", 0x37, 0x88},
                                  {"SYNC2", 0x38, 0x88},
                                  {"SYNC1", 0x39, 0x88},
                                  {"QI", 0x3A, 0x02},
                                  {"MBUS_PRMBL", 0x3B, 0x20},
                                  {"MBUS_PSTMBL", 0x3C, 0x20},
                                  {"MBUS_CTRL", 0x3D},
                                  {"FIFO_CONFIG3_RXAFTHR", 0x3E, 0x30},
                                  {"FIFO_CONFIG2_RXAETHR", 0x3F, 0x30},
                                  {"FIFO_CONFIG1_TXAFTHR", 0x40, 0x30},
                                  {"FIFO_CONFIG0_TXAETHR", 0x41, 0x30},
                                  {"PCKT_FLT_GOALS_CONTROL0_MASK", 0x42},
                                  {"PCKT_FLT_GOALS_CONTROL1_MASK", 0x43},
                                  {"PCKT_FLT_GOALS_CONTROL2_MASK", 0x44},
                                  {"PCKT_FLT_GOALS_CONTROL3_MASK", 0x45},
                                  {"PCKT_FLT_GOALS_CONTROL0_FIELD", 0x46},
                                  {"PCKT_FLT_GOALS_CONTROL1_FIELD", 0x47},
                                  {"PCKT_FLT_GOALS_CONTROL2_FIELD", 0x48},
                                  {"PCKT_FLT_GOALS_CONTROL3_FIELD", 0x49},
                                  {"PCKT_FLT_GOALS_SOURCE_MASK", 0x4A},
                                  {"PCKT_FLT_GOALS_SOURCE_ADDR", 0x4B},
                                  {"PCKT_FLT_GOALS_BROADCAST", 0x4C},
                                  {"PCKT_FLT_GOALS_MULTICAST", 0x4D},
                                  {"PCKT_FLT_GOALS_TX_SOURCE_ADDR", 0x4E},
                                  {"PCKT_FLT_OPTIONS", 0x4F, 0x70},
                                  {"PROTOCOL2", 0x50, 0x06},
                                  {"PROTOCOL1", 0x51},
                                  {"PROTOCOL0", 0x52, 0x08},
                                  {"TIMERS5_RX_TIMEOUT_PRESCALER", 0x53},
                                  {"TIMERS4_RX_TIMEOUT_COUNTER", 0x54},
                                  {"TIMERS3_LDC_PRESCALER", 0x55},
                                  {"TIMERS2_LDC_COUNTER", 0x56},
                                  {"TIMERS1_LDC_RELOAD_PRESCALER", 0x57},
                                  {"TIMERS0_LDC_RELOAD_COUNTER", 0x58},
                                  {"CSMA_CONFIG3", 0x64, 0xFF},
                                  {"CSMA_CONFIG2", 0x65},
                                  {"CSMA_CONFIG1", 0x66, 0x04},
                                  {"CSMA_CONFIG0", 0x67},
                                  {"TX_CTRL_FIELD3", 0x68},
                                  {"TX_CTRL_FIELD2", 0x69},
                                  {"TX_CTRL_FIELD1", 0x6A},
                                  {"TX_CTRL_FIELD0", 0x6B},
                                  {"CHNUM", 0x6C},
                                  {"RCO_VCO_CALIBR_IN2", 0x6D, 0x70},
                                  {"RCO_VCO_CALIBR_IN1", 0x6E, 0x48},
                                  {"RCO_VCO_CALIBR_IN0", 0x6F, 0x48},
                                  {"IRQ_MASK3", 0x90},
                                  {"IRQ_MASK2", 0x91},
                                  {"IRQ_MASK1", 0x92},
                                  {"IRQ_MASK0", 0x93},
                                  {"SYNTH_CONFIG1", 0x9E, 0x5B},
                                  {"SYNTH_CONFIG0", 0x9F, 0x20},
                                  {"VCOTH", 0xA0},
                                  {"VCO_CONFIG", 0xA1, 0x11},
                                  {"DEM_CONFIG", 0xA3, 0x37},
                                  {"PM_CONFIG2", 0xA4, 0x0C},
                                  {"PM_CONFIG1", 0xA5, 0x20},
                                  {"PM_CONFIG0", 0xA6},
                                  {"XO_RCO_CONFIG", 0xA7, 0xE1},
                                  {"TEST_SELECT", 0xA8},
                                  {"PM_TEST", 0xB2, 0x42},
                                  {"XO_RCO_TEST", 0xB4, 0x21},
                                  {"MC_STATE1", 0xC0},
                                  {"MC_STATE0", 0xC1},
                                  {"TX_PCKT_INFO", 0xC2},
                                  {"RX_PCKT_INFO", 0xC3},
                                  {"AFC_CORR", 0xC4},
                                  {"LINK_QUALIF2", 0xC5},
                                  {"LINK_QUALIF1", 0xC6},
                                  {"LINK_QUALIF0", 0xC7},
                                  {"RSSI_LEVEL", 0xC8},
                                  {"RX_PCKT_LEN1", 0xC9},
                                  {"RX_PCKT_LEN0", 0xCA},
                                  {"CRC_FIELD2", 0xCB},
                                  {"CRC_FIELD1", 0xCC},
                                  {"CRC_FIELD0", 0xCD},
                                  {"RX_CTRL_FIELD0", 0xCE},
                                  {"RX_CTRL_FIELD1", 0xCF},
                                  {"RX_CTRL_FIELD2", 0xD0},
                                  {"RX_CTRL_FIELD3", 0xD1},
                                  {"RX_ADDR_FIELD1", 0xD2},
                                  {"RX_ADDR_FIELD0", 0xD3},
                                  {"RCO_VCO_CALIBR_OUT1", 0xE4},
                                  {"RCO_VCO_CALIBR_OUT0", 0xE5},
                                  {"LINEAR_FIFO_STATUS1", 0xE6},
                                  {"LINEAR_FIFO_STATUS0", 0xE7},
                                  {"DEVICE_INFO1_PARTNUM", 0xF0, 0x01},
                                  {"DEVICE_INFO0_VERSION", 0xF1, 0x30},
                                  {"IRQ_STATUS3", 0xFA},
                                  {"IRQ_STATUS2", 0xFB},
                                  {"IRQ_STATUS1", 0xFC},
                                  {"IRQ_STATUS0", 0xFD},
                                  {"FIFO", 0xFF}};

constexpr std::array<std::string_view, 31> irqs{"RX_DATA_READY",
                                                "RX_DATA_DISC",
                                                "TX_DATA_SENT",
                                                "MAX_RE_TX_REACH",
                                                "CRC_ERROR",
                                                "TX_FIFO_ERROR",
                                                "RX_FIFO_ERROR",
                                                "TX_FIFO_ALMOST_FULL",
                                                "TX_FIFO_ALMOST_EMPTY",
                                                "RX_FIFO_ALMOST_FULL",
                                                "RX_FIFO_ALMOST_EMPTY",
                                                "MAX_BO_CCA_REACH",
                                                "VALID_PREAMBLE",
                                                "VALID_SYNC",
                                                "RSSI_ABOVE_TH",
                                                "WKUP_TOUT_LDC",
                                                "READY",
                                                "STANDBY_DELAYED",
                                                "LOW_BATT_LVL",
                                                "POR",
                                                "BOR",
                                                "LOCK",
                                                "PM_COUNT_EXPIRED",
                                                "XO_COUNT_EXPIRED",
                                                "SYNTH_LOCK_TIMEOUT",
                                                "SYNTH_LOCK_STARTUP",
                                                "SYNTH_CAL_TIMEOUT",
                                                "TX_START_TIME",
                                                "RX_START_TIME",
                                                "RX_TIMEOUT",
                                                "AES_END"};

}  // namespace

RegisterFile reset_values() {
  RegisterFile file{};
  for (const Register& entry : registers) file[entry.address] = entry.reset_value;
  return file;
}

std::string register_name(std::uint8_t address) {
  const auto within = [address](std::uint8_t first) {
    return address >= first && address < first + 16;
  };
  if (within(aes_key_in15)) return fmt::format("AES_KEY_IN_{}", aes_key_in15 + 15 - address);
  if (within(aes_data_in15)) return fmt::format("AES_DATA_IN_{}", aes_data_in15 + 15 - address);
  if (within(aes_data_out15)) return fmt::format("AES_DATA_OUT_{}", aes_data_out15 + 15 - address);
  const auto* found = std::ranges::find(registers, address, &Register::address);
  return found == std::end(registers) ? fmt::format("{:#04x}", address) : std::string(found->name);
}

std::string_view state_name(State state) {
  switch (state) {
    case State::shutdown:
      return "SHUTDOWN";
    case State::ready:
      return "READY";
    case State::lock:
      return "LOCK";
    case State::lock_failed:
      return "LOCK_FAILED";
    case State::protocol:
      return "PROTOCOL";
    case State::xo_settling:
      return "XO_SETTLING";
    case State::rx:
      return "RX";
    case State::sleep:
      return "SLEEP";
    case State::pm_setup:
      return "PM_SETUP";
    case State::standby:
      return "STANDBY";
    case State::synth_calibration:
      return "SYNTH_CALIBRATION";
    case State::synth_setup:
      return "SYNTH_SETUP";
    case State::tx:
      return "TX";
  }
  return "?";
}

std::string_view strobe_name(std::uint8_t code) {
  switch (static_cast<Strobe>(code)) {
    case Strobe::tx:
      return "TX";
    case Strobe::rx:
      return "RX";
    case Strobe::ready:
      return "READY";
    case Strobe::standby:
      return "STANDBY";
    case Strobe::sleep:
      return "SLEEP";
    case Strobe::lock_rx:
      return "LOCKRX";
    case Strobe::lock_tx:
      return "LOCKTX";
    case Strobe::abort:
      return "SABORT";
    case Strobe::ldc_reload:
      return "LDC_RELOAD";
    case Strobe::sequence_update:
      return "SEQUENCE_UPDATE";
    case Strobe::aes_encrypt:
      return "AES_ENC";
    case Strobe::aes_key:
      return "AES_KEY";
    case Strobe::aes_decrypt:
      return "AES_DEC";
    case Strobe::aes_key_decrypt:
      return "AES_KEY_DEC";
    case Strobe::reset:
      return "SRES";
    case Strobe::flush_rx_fifo:
      return "FLUSHRXFIFO";
    case Strobe::flush_tx_fifo:
      return "FLUSHTXFIFO";
  }
  return {};
}

std::string_view irq_name(Irq irq) {
  return irqs.at(static_cast<std::size_t>(irq));
}

}  // namespace goldcrest::board::spirit1

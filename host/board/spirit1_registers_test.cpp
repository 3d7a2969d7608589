// SPDX-License-Identifier: MIT
// The SPIRIT1's register file, 0x00 to 0xFF: reset values, access, and what resets and sleeping do
// to it. The table is typed from the data sheet's, apart from the model's own.
#include <gtest/gtest.h>

#include <map>

#include "host/board/spirit1_names.hpp"
#include "host/board/test_air.hpp"

namespace goldcrest::board {
namespace {

using spirit1::Strobe;

/// Reset values that are not 0, of registers that nothing has changed since.
const std::map<unsigned, unsigned> documented{
    {0x00, 0x0C}, {0x01, 0xC0}, {0x02, 0xA2}, {0x03, 0xA2}, {0x04, 0xA2}, {0x05, 0x0A},
    {0x07, 0xA3}, {0x08, 0x0C}, {0x09, 0x84}, {0x0A, 0xEC}, {0x0B, 0x51}, {0x0C, 0xFC},
    {0x0D, 0xA3}, {0x10, 0x03}, {0x11, 0x0E}, {0x12, 0x1A}, {0x13, 0x25}, {0x14, 0x35},
    {0x15, 0x40}, {0x16, 0x4E}, {0x18, 0x07}, {0x1A, 0x83}, {0x1B, 0x1A}, {0x1C, 0x45},
    {0x1D, 0x23}, {0x1E, 0x48}, {0x1F, 0x18}, {0x20, 0x25}, {0x21, 0xE3}, {0x22, 0x24},
    {0x23, 0x58}, {0x24, 0x22}, {0x25, 0x65}, {0x26, 0x8A}, {0x27, 0x05}, {0x31, 0x07},
    {0x32, 0x1E}, {0x33, 0x20}, {0x35, 0x14}, {0x36, 0x88}, {0x37, 0x88}, {0x38, 0x88},
    {0x39, 0x88}, {0x3A, 0x02}, {0x3B, 0x20}, {0x3C, 0x20}, {0x3E, 0x30}, {0x3F, 0x30},
    {0x40, 0x30}, {0x41, 0x30}, {0x4F, 0x70}, {0x50, 0x06}, {0x52, 0x08}, {0x64, 0xFF},
    {0x66, 0x04}, {0x6D, 0x70}, {0x6E, 0x48}, {0x6F, 0x48}, {0x9E, 0x5B}, {0x9F, 0x20},
    {0xA1, 0x11}, {0xA3, 0x37}, {0xA4, 0x0C}, {0xA5, 0x20}, {0xA7, 0xE1}, {0xB2, 0x42},
    {0xB4, 0x21}, {0xF0, 0x01}, {0xF1, 0x30}};

unsigned reset_value(unsigned address) {
  const auto found = documented.find(address);
  return found == documented.end() ? 0 : found->second;
}

/// MC_STATE, the RCO calibrator's result (calibrated on the way to READY), RSSI, IRQ_STATUS, FIFO.
bool has_a_life_of_its_own(unsigned address) {
  return address == 0xC0 || address == 0xC1 || address == 0xE4 || address == 0xE5 ||
         (address >= 0xFA && address <= 0xFD) || address == 0xFF;
}

std::uint8_t byte(unsigned value) {
  return static_cast<std::uint8_t>(value);
}

TEST(Spirit1RegistersTest, ResetValues) {
  RadioBench bench;
  for (unsigned address = 0; address < 0xFF; ++address) {
    if (has_a_life_of_its_own(address)) continue;
    EXPECT_EQ(bench.read_radio(byte(address)), reset_value(address)) << std::hex << address;
  }
  EXPECT_EQ(bench.read_radio(spirit1::mc_state1), 0x52u);
  EXPECT_EQ(bench.read_radio(spirit1::mc_state0), 0x07u) << "READY, XO_ON";
  EXPECT_EQ(bench.read_radio(spirit1::calibr_out1), 0x70u) << "RCO calibrated";
}

TEST(Spirit1RegistersTest, WritableOnesKeepEveryValueOthersNone) {
  RadioBench bench;
  for (unsigned address = 0; address < 0xFF; ++address) {
    if (has_a_life_of_its_own(address)) continue;
    for (unsigned value : {0xFFu, 0xA5u, 0x00u, reset_value(address)}) {
      bench.write_radio(byte(address), {byte(value)});
      const unsigned expected = address < 0xC0 ? value : reset_value(address);
      EXPECT_EQ(bench.read_radio(byte(address)), expected) << std::hex << address;
    }
  }
  EXPECT_EQ(bench.state(), 3u) << "and it is still there";
}

TEST(Spirit1RegistersTest, BurstsRunOverEveryAddressButTheFifo) {
  RadioBench bench;
  const ByteVector all = bench.read_radio(0x00, 0xFF);
  for (unsigned address = 0; address < 0xC0; ++address) {
    EXPECT_EQ(all[address], reset_value(address)) << std::hex << address;
  }
  bench.write_radio(0x6D, ByteVector(3, 0x55));
  EXPECT_EQ(bench.read_radio(0x6C, 5), (ByteVector{0x00, 0x55, 0x55, 0x55, 0x00}));
}

TEST(Spirit1RegistersTest, StandbySleepAndSoftwareResetKeepThemShutdownDoesNot) {
  RadioBench bench;
  const auto fill = [&bench] {
    for (unsigned address = 0x42; address <= 0x4E; ++address) {
      bench.write_radio(byte(address), {byte(address ^ 0x5Au)});
    }
  };
  const auto kept = [&bench] {
    unsigned count = 0;
    for (unsigned address = 0x42; address <= 0x4E; ++address) {
      if (bench.read_radio(byte(address)) == (address ^ 0x5Au)) ++count;
    }
    return count;
  };
  fill();
  for (Strobe strobe : {Strobe::standby, Strobe::sleep}) {
    bench.strobe(strobe);
    bench.run_for(microseconds(100));
    EXPECT_EQ(kept(), 13u);
    bench.write_radio(0x30, {0x18});
    EXPECT_EQ(bench.read_radio(0x30), 0x18u) << "the SPI works without the crystal";
    bench.strobe(Strobe::ready);
    bench.run_for(microseconds(200));
    EXPECT_EQ(kept(), 13u);
  }
  bench.write_radio(spirit1::fifo, ByteVector(7, 1));
  bench.strobe(Strobe::reset);
  EXPECT_EQ(kept(), 13u);
  EXPECT_EQ(bench.read_radio(spirit1::linear_fifo_status1), 0u);
  EXPECT_EQ(bench.take_irqs() & flag(spirit1::Irq::tx_fifo_error), 0u);
  bench.drive_pin(0, 10, true);
  bench.drive_pin(0, 10, false);
  bench.run_for(microseconds(1000));
  EXPECT_EQ(kept(), 0u);
}

TEST(Spirit1RegistersTest, Names) {
  EXPECT_EQ(spirit1::register_name(0x31), "PCKTCTRL3");
  EXPECT_EQ(spirit1::register_name(0x70), "AES_KEY_IN_15");
  EXPECT_EQ(spirit1::register_name(0x8F), "AES_DATA_IN_0");
  EXPECT_EQ(spirit1::register_name(0xD4), "AES_DATA_OUT_15");
  EXPECT_EQ(spirit1::register_name(0x59), "0x59");
  EXPECT_EQ(spirit1::strobe_name(0x67), "SABORT");
  EXPECT_EQ(spirit1::strobe_name(0x00), "");
  EXPECT_EQ(spirit1::irq_name(spirit1::Irq::aes_end), "AES_END");
}

}  // namespace
}  // namespace goldcrest::board

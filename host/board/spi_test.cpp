// SPDX-License-Identifier: MIT
#include "host/board/spi.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t base = 0x40013000;  // SPI1
constexpr std::uint32_t cr1 = base + 0x00;
constexpr std::uint32_t cr2 = base + 0x04;
constexpr std::uint32_t sr = base + 0x08;
constexpr std::uint32_t dr = base + 0x0C;
constexpr unsigned irq = 35;

constexpr std::uint32_t rxne = 1u << 0;
constexpr std::uint32_t txe = 1u << 1;
constexpr std::uint32_t modf = 1u << 5;
constexpr std::uint32_t ovr = 1u << 6;
constexpr std::uint32_t bsy = 1u << 7;
constexpr std::uint32_t master = 1u << 9 | 1u << 8 | 1u << 2;

/// Answers with the complement of what it hears.
class Inverter final : public SpiDevice {
 public:
  void select(bool) override {}
  std::uint8_t transfer(std::uint8_t mosi) override {
    heard.push_back(mosi);
    return static_cast<std::uint8_t>(~mosi);
  }
  std::vector<std::uint8_t> heard;
};

class SpiTest : public ::testing::Test {
 protected:
  SpiTest() {
    bench.open_gates();
    bench.run_at_32_mhz();
    bench.write(0x40020000, 2u << 12 | 2u << 14);  // PA6, PA7
    bench.write(0x40020020, 5u << 24 | 5u << 28);
    bench.write(0x40020400, 2u << 6);  // PB3
    bench.write(0x40020420, 5u << 12);
    bench.peripherals.spi1.connect(device, {.sck = {1, 3}, .miso = {0, 6}, .mosi = {0, 7}});
    bench.write(cr1, master | 1u << 3);  // PCLK / 4
    bench.set_bits(cr1, 1u << 6);
  }
  Picoseconds byte = cycles_to_time(32, 32'000'000);
  Inverter device;
  TestBench bench;
};

TEST_F(SpiTest, ResetValues) {
  TestBench fresh;
  fresh.open_gates();
  EXPECT_EQ(fresh.read(sr), 2u);
  EXPECT_EQ(fresh.read(base + 0x10), 7u);
  EXPECT_EQ(fresh.read(base + 0x20), 2u);
}

TEST_F(SpiTest, ByteTakesEightClocks) {
  bench.write(dr, 0x5A, 1);
  EXPECT_EQ(bench.read(sr), txe | bsy);
  bench.run_for(byte - 1);
  EXPECT_EQ(bench.read(sr), txe | bsy);
  bench.run_for(1);
  EXPECT_EQ(bench.read(sr), txe | rxne);
  EXPECT_EQ(bench.read(dr) & 0xFFu, 0xA5u);
  EXPECT_EQ(bench.read(sr), txe);
  EXPECT_EQ(device.heard, std::vector<std::uint8_t>{0x5A});
}

TEST_F(SpiTest, BackToBackBytesThroughTheBuffer) {
  bench.write(dr, 1);
  bench.write(dr, 2);
  EXPECT_EQ(bench.read(sr), bsy);
  bench.run_for(byte);
  EXPECT_EQ(bench.read(sr), txe | rxne | bsy);
  EXPECT_EQ(bench.read(dr), 0xFEu);
  bench.run_for(byte);
  EXPECT_EQ(bench.read(dr), 0xFDu);
  EXPECT_EQ(bench.read(sr), txe);
}

TEST_F(SpiTest, TransmissionGoesOnWhenNobodyReads) {
  for (std::uint32_t value = 1; value <= 5; ++value) {
    ASSERT_EQ(bench.read(sr) & txe, txe);
    bench.write(dr, value);
    bench.run_for(byte);
  }
  EXPECT_EQ(device.heard.size(), 5u);
  EXPECT_EQ(bench.read(sr), txe | rxne | ovr);
  EXPECT_EQ(bench.read(dr), 0xFEu) << "the first byte stays";
  EXPECT_EQ(bench.read(sr) & ovr, ovr) << "this read of SR clears it";
  EXPECT_EQ(bench.read(sr), txe);
}

TEST_F(SpiTest, Interrupts) {
  bench.write(cr2, 1u << 6);
  bench.write(dr, 1);
  EXPECT_FALSE(bench.irqs[irq]);
  bench.run_for(byte);
  EXPECT_TRUE(bench.irqs[irq]);
  (void)bench.read(dr);
  EXPECT_FALSE(bench.irqs[irq]);
  bench.write(cr2, 1u << 7);
  EXPECT_TRUE(bench.irqs[irq]);
  bench.write(cr2, 1u << 5);
  bench.write(dr, 1);
  bench.run_for(byte);
  bench.write(dr, 1);
  bench.run_for(byte);
  EXPECT_TRUE(bench.irqs[irq]) << "overrun";
}

TEST_F(SpiTest, SixteenBitFramesSendTheHighByteFirst) {
  bench.clear_bits(cr1, 1u << 6);
  bench.set_bits(cr1, 1u << 11);
  bench.set_bits(cr1, 1u << 6);
  bench.write(dr, 0x1234);
  bench.run_for(2 * byte);
  EXPECT_EQ(device.heard, (std::vector<std::uint8_t>{0x12, 0x34}));
  EXPECT_EQ(bench.read(dr), 0xEDCBu);
}

TEST_F(SpiTest, SelectLowMeansModeFault) {
  bench.clear_bits(cr1, 1u << 8);
  EXPECT_EQ(bench.read(sr) & modf, modf);
  EXPECT_EQ(bench.read(cr1) & (1u << 6 | 1u << 2), 0u);
  bench.write(cr1, master);
  EXPECT_EQ(bench.read(sr) & modf, 0u);
}

TEST_F(SpiTest, DeviceHearsNothingThroughWrongPinsModeOrSpeed) {
  bench.peripherals.spi1.connect(
      device, {.sck = {1, 3}, .miso = {0, 6}, .mosi = {0, 7}, .max_hz = 10'000'000});
  bench.write(0x40020400, 0);
  bench.write(dr, 1);
  bench.run_for(byte);
  EXPECT_EQ(bench.read(dr), 0xFFu);
  bench.write(0x40020400, 2u << 6);
  bench.set_bits(cr1, 1);  // CPHA
  bench.write(dr, 1);
  bench.run_for(byte);
  EXPECT_EQ(bench.read(dr), 0xFFu);
  bench.write(cr1, master | 1u << 6);  // 16 MHz
  bench.write(dr, 1);
  bench.run_for(byte);
  EXPECT_EQ(bench.read(dr), 0xFFu);
  EXPECT_TRUE(device.heard.empty());
}

TEST_F(SpiTest, LeastSignificantBitFirst) {
  bench.set_bits(cr1, 1u << 7);
  bench.write(dr, 0x01);
  bench.run_for(byte);
  EXPECT_EQ(device.heard, std::vector<std::uint8_t>{0x80});
  EXPECT_EQ(bench.read(dr), 0xFEu);
}

TEST_F(SpiTest, ReceiveOnlyClocksOnItsOwn) {
  bench.clear_bits(cr1, 1u << 6);
  bench.set_bits(cr1, 1u << 10);
  bench.set_bits(cr1, 1u << 6);
  bench.run_for(3 * byte);
  EXPECT_EQ(device.heard.size(), 3u);
  bench.clear_bits(cr1, 1u << 6);
  bench.run_for(3 * byte);
  EXPECT_EQ(device.heard.size(), 4u);
}

TEST_F(SpiTest, Registers) {
  struct Register {
    std::uint32_t offset;
    std::uint32_t reset;
    std::uint32_t writable;
  };
  // RM0038 28.5. CR1 without SPE and MSTR; I2S is in SPI2 and SPI3 only.
  const std::array<Register, 9> registers{{{0x00, 0, 0xFFBB},
                                           {0x04, 0, 0xF7},
                                           {0x08, 2, 0x02},
                                           {0x10, 7, 0xFFFF},
                                           {0x14, 0, 0},
                                           {0x18, 0, 0},
                                           {0x1C, 0, 0x0BBF},  // without I2SE
                                           {0x20, 2, 0x03FF},
                                           {0x24, 0, 0}}};
  TestBench fresh;
  fresh.open_gates();
  for (const std::uint32_t port : {0x40013000u, 0x40003800u, 0x40003C00u}) {
    for (const Register& reg : registers) {
      EXPECT_EQ(fresh.read(port + reg.offset), reg.reset) << std::hex << port + reg.offset;
      const std::uint32_t kept = reg.offset == 0 ? 0x44u : reg.offset == 0x1C ? 0x400u : 0u;
      fresh.write(port + reg.offset, 0xFFFF'FFFF & ~kept);
      const bool absent = port == 0x40013000u && (reg.offset == 0x1C || reg.offset == 0x20);
      EXPECT_EQ(fresh.read(port + reg.offset), absent ? reg.reset : reg.writable)
          << std::hex << port + reg.offset;
      fresh.write(port + reg.offset, reg.reset);
    }
  }
}

/// CRC as RM0038 means it, bit by bit.
std::uint32_t crc8(const std::vector<std::uint8_t>& bytes, std::uint32_t polynomial) {
  std::uint32_t crc = 0;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc << 1 ^ ((crc & 0x80u) != 0 ? polynomial : 0u)) & 0xFFu;
  }
  return crc;
}

TEST_F(SpiTest, CrcFollowsTheData) {
  bench.clear_bits(cr1, 1u << 6);
  bench.write(base + 0x10, 0x07);
  bench.set_bits(cr1, 1u << 13);
  bench.set_bits(cr1, 1u << 6);
  for (const std::uint32_t value : {0x12u, 0x34u}) {
    bench.write(dr, value);
    if (value == 0x34) bench.set_bits(cr1, 1u << 12);
    bench.run_for(byte);
    (void)bench.read(dr);
  }
  EXPECT_EQ(bench.read(sr) & bsy, bsy) << "the CRC is on its way";
  bench.run_for(byte);
  const std::uint32_t sent = crc8({0x12, 0x34}, 7);
  EXPECT_EQ(bench.read(base + 0x18), sent);
  EXPECT_EQ(bench.read(base + 0x14), crc8({0xED, 0xCB}, 7));
  EXPECT_EQ(device.heard, (std::vector<std::uint8_t>{0x12, 0x34, static_cast<std::uint8_t>(sent)}));
  EXPECT_EQ(bench.read(cr1) & 1u << 12, 0u);
  // The device answers with the complement of what it hears, which is no CRC of what it said.
  EXPECT_EQ(bench.read(sr) & 0x10u, 0x10u);
  bench.write(cr2, 1u << 5);
  EXPECT_TRUE(bench.irqs[irq]);
  bench.write(sr, 0);
  EXPECT_EQ(bench.read(sr) & 0x10u, 0u);
  EXPECT_FALSE(bench.irqs[irq]);
  bench.clear_bits(cr1, 1u << 13);
  bench.set_bits(cr1, 1u << 13);
  EXPECT_EQ(bench.read(base + 0x18), 0u);
}

TEST_F(SpiTest, SlaveAnswersItsMasterWithCrc) {
  auto& slave = bench.peripherals.spi2;
  constexpr std::uint32_t spi2 = 0x40003800;
  bench.write(spi2, 1u << 13 | 1u << 11 | 1u << 9);
  EXPECT_FALSE(slave.clock_slave(0x1234));
  bench.set_bits(spi2, 1u << 6);
  bench.write(spi2 + 0x0C, 0xCAFE);
  EXPECT_EQ(bench.read(spi2 + 0x08), 0u) << "waits for the master's clock";
  bench.run_for(microseconds(1000));
  EXPECT_EQ(slave.clock_slave(0x1234), 0xCAFEu);
  EXPECT_EQ(bench.read(spi2 + 0x08), txe | rxne);
  EXPECT_EQ(bench.read(spi2 + 0x0C), 0x1234u);
  const std::uint32_t own = bench.read(spi2 + 0x18);
  const std::uint32_t expected = bench.read(spi2 + 0x14);
  bench.set_bits(spi2, 1u << 12);
  EXPECT_EQ(slave.clock_slave(expected), own);
  EXPECT_EQ(bench.read(spi2 + 0x08) & 0x10u, 0u);
  bench.set_bits(spi2, 1u << 8);
  EXPECT_FALSE(slave.clock_slave(1)) << "not selected";
}

TEST_F(SpiTest, TiFramesAreNotUnderstood) {
  bench.write(cr2, 1u << 4);
  bench.write(dr, 1);
  bench.run_for(byte);
  EXPECT_TRUE(device.heard.empty());
  EXPECT_EQ(bench.read(dr), 0xFFu);
}

TEST_F(SpiTest, I2sTakesWordsAtItsPace) {
  constexpr std::uint32_t spi2 = 0x40003800;
  bench.write(spi2 + 0x20, 4);                              // bit clock 32 MHz / 8
  bench.write(spi2 + 0x1C, 1u << 11 | 1u << 10 | 2u << 8);  // master transmitter, 16 bits
  const Picoseconds word = cycles_to_time(16 * 8, 32'000'000);
  bench.write(spi2 + 0x0C, 1);
  bench.write(spi2 + 0x0C, 2);
  EXPECT_EQ(bench.read(spi2 + 0x08), bsy);
  bench.run_for(word);
  EXPECT_EQ(bench.read(spi2 + 0x08), bsy | txe | 4u) << "the other channel";
  bench.run_for(word);
  EXPECT_EQ(bench.read(spi2 + 0x08), txe);
  bench.write(spi2 + 0x1C, 0);
  bench.write(spi2 + 0x1C, 1u << 11 | 1u << 10 | 3u << 8);  // master receiver: silence
  bench.run_for(word);
  EXPECT_EQ(bench.read(spi2 + 0x08) & rxne, rxne);
}

}  // namespace
}  // namespace goldcrest::board

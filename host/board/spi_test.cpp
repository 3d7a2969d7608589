// SPDX-License-Identifier: MIT
#include "host/board/spi.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace goldcrest::board

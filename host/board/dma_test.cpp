// SPDX-License-Identifier: MIT
#include "host/board/dma.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t base = 0x40026000;
constexpr std::uint32_t isr = base + 0x00;
constexpr std::uint32_t ifcr = base + 0x04;
constexpr std::uint32_t ccr(unsigned channel) {
  return base + 8 + 20 * (channel - 1);
}
constexpr std::uint32_t cndtr(unsigned channel) {
  return ccr(channel) + 4;
}
constexpr std::uint32_t cpar(unsigned channel) {
  return ccr(channel) + 8;
}
constexpr std::uint32_t cmar(unsigned channel) {
  return ccr(channel) + 12;
}
constexpr std::uint32_t usart2 = 0x40004400;
constexpr std::uint32_t ram = TestBench::ram_base;

class DmaTest : public ::testing::Test {
 protected:
  DmaTest() {
    bench.open_gates();
    bench.run_at_32_mhz();
    bench.write(0x40020000, 2u << 4 | 2u << 6);
    bench.write(0x40020020, 7u << 8 | 7u << 12);
    bench.write(usart2 + 0x08, 278);
    bench.write(usart2 + 0x0C, 1u << 13 | 3u << 2);
  }
  void prepare(unsigned channel, std::uint32_t count, std::uint32_t control) {
    bench.write(cndtr(channel), count);
    bench.write(cpar(channel), usart2 + 0x04);
    bench.write(cmar(channel), ram);
    bench.write(ccr(channel), control);
  }
  Picoseconds frame = cycles_to_time(278 * 10, 32'000'000);
  TestBench bench;
};

TEST_F(DmaTest, FeedsTheUsartAtItsPace) {
  const std::string text = "goldcrest";
  std::copy(text.begin(), text.end(), bench.ram.begin());
  prepare(7, 9, 1u << 7 | 1u << 4 | 7u << 1 | 1u);
  EXPECT_EQ(bench.read(cndtr(7)), 9u) << "no request yet";
  bench.write(usart2 + 0x14, 1u << 7);
  bench.run_for(microseconds(1));
  EXPECT_EQ(bench.read(cndtr(7)), 7u) << "one shifting, one waiting";
  bench.run_for(3 * frame);
  EXPECT_EQ(bench.read(isr) >> 24 & 15u, 5u) << "half";
  EXPECT_TRUE(bench.irqs[17]);
  bench.run_for(6 * frame + microseconds(1));
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), text);
  EXPECT_EQ(bench.read(isr) >> 24 & 15u, 7u);
  bench.write(ifcr, 1u << 24);
  EXPECT_EQ(bench.read(isr), 0u);
  EXPECT_FALSE(bench.irqs[17]);
}

TEST_F(DmaTest, CircularReception) {
  prepare(6, 4, 1u << 7 | 1u << 5 | 1u);
  bench.write(usart2 + 0x14, 1u << 6);
  bench.peripherals.usart2.push("abcdef");
  bench.run_for(6 * frame + microseconds(1));
  EXPECT_EQ(std::string(bench.ram.begin(), bench.ram.begin() + 4), "efcd");
  EXPECT_EQ(bench.read(cndtr(6)), 2u);
}

TEST_F(DmaTest, MemoryToMemoryWithWidths) {
  for (std::size_t index = 0; index < 16; ++index) {
    bench.ram[index] = static_cast<std::uint8_t>(index + 1);
  }
  bench.write(cndtr(1), 4);
  bench.write(cpar(1), ram);
  bench.write(cmar(1), ram + 64);
  bench.write(ccr(1), 1u << 14 | 2u << 10 | 2u << 8 | 3u << 6 | 1u);
  EXPECT_EQ(bench.read(cndtr(1)), 4u);
  bench.run_for(microseconds(10));
  EXPECT_EQ(bench.read(isr) & 2u, 2u);
  EXPECT_TRUE(std::equal(bench.ram.begin(), bench.ram.begin() + 16, bench.ram.begin() + 64));
}

TEST_F(DmaTest, AddressesAreLockedWhileRunning) {
  prepare(7, 4, 1u);
  bench.write(cndtr(7), 100);
  bench.write(cmar(7), 0);
  EXPECT_EQ(bench.read(cndtr(7)), 4u);
  EXPECT_EQ(bench.read(cmar(7)), ram);
}

TEST_F(DmaTest, RegistersOfBothControllers) {
  struct Register {
    std::uint32_t offset;
    std::uint32_t reset;
    std::uint32_t writable;
  };
  // RM0038 11.4: status is cleared by ones in IFCR, and the channels are 20 bytes apart.
  std::vector<Register> registers{{0x00, 0, 0}, {0x04, 0, 0}};
  for (std::uint32_t channel = 0; channel < 7; ++channel) {
    const std::uint32_t at = 8 + 20 * channel;
    registers.push_back({at, 0, 0x7FFE});  // written without EN
    registers.push_back({at + 4, 0, 0xFFFF});
    registers.push_back({at + 8, 0, 0xFFFF'FFFF});
    registers.push_back({at + 12, 0, 0xFFFF'FFFF});
  }
  for (const std::uint32_t controller : {0x40026000u, 0x40026400u}) {
    for (const Register& reg : registers) {
      const bool exists = controller == 0x40026000u || reg.offset < 8 + 20 * 5;
      EXPECT_EQ(bench.read(controller + reg.offset), reg.reset) << reg.offset;
      bench.write(controller + reg.offset, 0xFFFF'FFFE);
      const std::uint32_t expected = exists ? reg.writable & 0xFFFF'FFFE : 0;
      EXPECT_EQ(bench.read(controller + reg.offset), expected) << reg.offset;
      bench.write(controller + reg.offset, 0);
    }
  }
}

TEST_F(DmaTest, ByteWritesChangeOneByte) {
  bench.write(cmar(1), 0x11223344);
  bench.write(cmar(1) + 1, 0xAA, 1);
  EXPECT_EQ(bench.read(cmar(1)), 0x1122AA44u);
}

TEST_F(DmaTest, NothingAtTheAddressIsATransferError) {
  bench.write(cndtr(2), 4);
  bench.write(cpar(2), 0x60000000);
  bench.write(cmar(2), ram);
  bench.write(ccr(2), 1u << 14 | 3u << 6 | 1u << 3 | 1u);
  bench.run_for(microseconds(10));
  EXPECT_EQ(bench.read(isr), 9u << 4) << "TEIF2 and GIF2";
  EXPECT_EQ(bench.read(ccr(2)) & 1u, 0u) << "the channel is off";
  EXPECT_EQ(bench.read(cndtr(2)), 4u);
  EXPECT_TRUE(bench.irqs[12]);
  bench.write(ifcr, 8u << 4);
  EXPECT_EQ(bench.read(isr), 0u);
  EXPECT_FALSE(bench.irqs[12]);
}

TEST_F(DmaTest, PulsesAreTakenBackByTheirTransfer) {
  prepare(2, 8, 1u << 7 | 1u);
  auto& dma = bench.peripherals.dma1;
  dma.pulse_request(2, DmaSource::tim2_up);
  bench.run_for(microseconds(10));
  EXPECT_EQ(bench.read(cndtr(2)), 7u);
  dma.pulse_request(2, DmaSource::tim2_up);
  dma.set_request(2, DmaSource::tim2_up, false);
  bench.run_for(microseconds(10));
  EXPECT_EQ(bench.read(cndtr(2)), 7u) << "withdrawn in time";
}

TEST_F(DmaTest, TheHigherPriorityGoesFirst) {
  for (unsigned channel = 1; channel <= 3; ++channel) {
    bench.write(cndtr(channel), 1);
    bench.write(cpar(channel), ram + 16 * channel);
    bench.write(cmar(channel), ram);
    bench.ram[16 * channel] = static_cast<std::uint8_t>(channel);
  }
  // Memory to memory into one byte: the last one is seen.
  bench.write(ccr(1), 1u << 14 | 1u << 12 | 1u);
  bench.write(ccr(2), 1u << 14 | 3u << 12 | 1u);
  bench.write(ccr(3), 1u << 14 | 3u << 12 | 1u);
  bench.run_for(cycles_to_time(5, 32'000'000));
  EXPECT_EQ(bench.ram[0], 2);
  bench.run_for(cycles_to_time(5, 32'000'000));
  EXPECT_EQ(bench.ram[0], 3);
  bench.run_for(cycles_to_time(5, 32'000'000));
  EXPECT_EQ(bench.ram[0], 1);
}

TEST_F(DmaTest, EndlessTransfersLetTimePass) {
  bench.write(cndtr(1), 1);
  bench.write(cpar(1), ram);
  bench.write(cmar(1), ram + 4);
  bench.write(ccr(1), 1u << 14 | 1u << 5 | 1u);
  const Picoseconds start = bench.now();
  bench.run_for(microseconds(1000));
  EXPECT_EQ(bench.now() - start, microseconds(1000));
  EXPECT_EQ(bench.read(isr) & 7u, 7u);
}

}  // namespace
}  // namespace goldcrest::board

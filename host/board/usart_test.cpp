// SPDX-License-Identifier: MIT
#include "host/board/usart.hpp"

#include <gtest/gtest.h>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t base = 0x40004400;  // USART2
constexpr std::uint32_t sr = base + 0x00;
constexpr std::uint32_t dr = base + 0x04;
constexpr std::uint32_t brr = base + 0x08;
constexpr std::uint32_t cr1 = base + 0x0C;
constexpr std::uint32_t cr2 = base + 0x10;
constexpr unsigned irq = 38;

constexpr std::uint32_t ore = 1u << 3;
constexpr std::uint32_t idle = 1u << 4;
constexpr std::uint32_t rxne = 1u << 5;
constexpr std::uint32_t tc = 1u << 6;
constexpr std::uint32_t txe = 1u << 7;

class UsartTest : public ::testing::Test {
 protected:
  UsartTest() {
    bench.open_gates();
    bench.run_at_32_mhz();
    bench.write(0x40020000, 2u << 4 | 2u << 6);  // PA2, PA3 alternate
    bench.write(0x40020020, 7u << 8 | 7u << 12);
    bench.write(brr, 278);  // 32 MHz / 115200
    bench.write(cr1, 1u << 13 | 3u << 2);
  }
  Picoseconds frame = cycles_to_time(278 * 10, 32'000'000);
  TestBench bench;
};

TEST_F(UsartTest, ResetValue) {
  TestBench fresh;
  fresh.open_gates();
  EXPECT_EQ(fresh.read(sr), 0xC0u);
}

TEST_F(UsartTest, SendsAtTheBaudRate) {
  bench.write(dr, 'a');
  EXPECT_EQ(bench.read(sr) & (txe | tc), txe) << "the shift register took it";
  bench.write(dr, 'b');
  EXPECT_EQ(bench.read(sr) & (txe | tc), 0u);
  bench.run_for(frame - 1);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "");
  bench.run_for(1);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "a");
  EXPECT_EQ(bench.read(sr) & (txe | tc), txe);
  bench.run_for(frame);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "b");
  EXPECT_EQ(bench.read(sr) & (txe | tc), txe | tc);
}

TEST_F(UsartTest, TransmitInterrupts) {
  bench.set_bits(cr1, 1u << 7);
  EXPECT_TRUE(bench.irqs[irq]);
  bench.write(dr, 'a');
  bench.write(dr, 'b');
  EXPECT_FALSE(bench.irqs[irq]);
  bench.run_for(frame);
  EXPECT_TRUE(bench.irqs[irq]);
  bench.clear_bits(cr1, 1u << 7);
  bench.set_bits(cr1, 1u << 6);
  EXPECT_FALSE(bench.irqs[irq]);
  bench.run_for(frame);
  EXPECT_TRUE(bench.irqs[irq]) << "TC";
  bench.write(sr, ~tc);
  EXPECT_FALSE(bench.irqs[irq]);
}

TEST_F(UsartTest, ReceivesPacedAndReportsIdle) {
  bench.set_bits(cr1, 1u << 5);
  bench.peripherals.usart2.push("xy");
  bench.run_for(frame - 1);
  EXPECT_EQ(bench.read(sr) & rxne, 0u);
  bench.run_for(1);
  EXPECT_TRUE(bench.irqs[irq]);
  EXPECT_EQ(bench.read(dr), static_cast<std::uint32_t>('x'));
  EXPECT_FALSE(bench.irqs[irq]);
  bench.run_for(frame);
  EXPECT_EQ(bench.read(dr), static_cast<std::uint32_t>('y'));
  EXPECT_EQ(bench.read(sr) & idle, 0u);
  bench.run_for(frame);
  EXPECT_EQ(bench.read(sr) & idle, idle);
  (void)bench.read(dr);
  EXPECT_EQ(bench.read(sr) & idle, 0u);
}

TEST_F(UsartTest, OverrunKeepsTheFirstByte) {
  bench.set_bits(cr1, 1u << 5);
  bench.peripherals.usart2.push("xyz");
  bench.run_for(3 * frame);
  EXPECT_EQ(bench.read(sr) & (ore | rxne), ore | rxne);
  EXPECT_EQ(bench.read(dr), static_cast<std::uint32_t>('x'));
  EXPECT_EQ(bench.read(sr) & (ore | rxne), 0u);
  EXPECT_FALSE(bench.irqs[irq]);
}

TEST_F(UsartTest, BytesForASleepingReceiverAreLost) {
  bench.clear_bits(cr1, 1u << 2);
  bench.peripherals.usart2.push("x");
  bench.run_for(frame);
  bench.set_bits(cr1, 1u << 2);
  bench.run_for(2 * frame);
  EXPECT_EQ(bench.read(sr) & rxne, 0u);
}

TEST_F(UsartTest, PinsMustBeSetToTheUsart) {
  bench.write(0x40020000, 0);
  bench.write(dr, 'a');
  bench.run_for(frame);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "");
  EXPECT_EQ(bench.unmodelled.size(), 1u);
}

TEST_F(UsartTest, StopBitsAndOversamplingSetTheTime) {
  bench.write(cr2, 2u << 12);
  bench.write(dr, 'a');
  bench.run_for(cycles_to_time(278 * 11, 32'000'000) - 1);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "");
  bench.run_for(1);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "a");
  bench.write(cr2, 0);
  bench.write(brr, 16u << 4 | 3u);  // 8-fold: 131 cycles a bit
  bench.set_bits(cr1, 1u << 15);
  bench.write(dr, 'b');
  bench.run_for(cycles_to_time(131 * 10, 32'000'000) - 1);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "");
  bench.run_for(1);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "b");
}

TEST_F(UsartTest, ParityIsInTheDataRegister) {
  bench.set_bits(cr1, 1u << 12 | 1u << 10);  // 8 bits and even parity
  bench.peripherals.usart2.push("\x01\x03");
  bench.run_for(cycles_to_time(278 * 11, 32'000'000));
  EXPECT_EQ(bench.read(dr), 0x101u);
  bench.run_for(cycles_to_time(278 * 11, 32'000'000));
  EXPECT_EQ(bench.read(dr), 0x003u);
}

}  // namespace
}  // namespace goldcrest::board

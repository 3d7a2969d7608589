// SPDX-License-Identifier: MIT
#include "host/board/usart.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "host/board/test_bench.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t base = 0x40004400;  // USART2
constexpr std::uint32_t sr = base + 0x00;
constexpr std::uint32_t dr = base + 0x04;
constexpr std::uint32_t brr = base + 0x08;
constexpr std::uint32_t cr1 = base + 0x0C;
constexpr std::uint32_t cr2 = base + 0x10;
constexpr std::uint32_t cr3 = base + 0x14;
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

TEST_F(UsartTest, Registers) {
  struct Register {
    std::uint32_t offset;
    std::uint32_t reset;
    std::uint32_t writable;  // of a USART
    std::uint32_t of_uart;   // of a UART
  };
  // RM0038 27.6: SR has flags that are cleared by zeros only; DR answers with what was received.
  const std::array<Register, 7> registers{{{0x00, 0xC0, 0xC0, 0xC0},
                                           {0x04, 0, 0, 0},
                                           {0x08, 0, 0xFFFF, 0xFFFF},
                                           {0x0C, 0, 0x9FFE, 0x9FFE},  // without UE
                                           {0x10, 0, 0x7F6F, 0x706F},
                                           {0x14, 0, 0x0FFF, 0x08CF},
                                           {0x18, 0, 0xFFFF, 0x00FF}}};
  TestBench fresh;
  fresh.open_gates();
  for (const std::uint32_t port :
       {0x40013800u, 0x40004400u, 0x40004800u, 0x40004C00u, 0x40005000u}) {
    const bool uart = port == 0x40004C00u || port == 0x40005000u;
    for (const Register& reg : registers) {
      EXPECT_EQ(fresh.read(port + reg.offset), reg.reset) << std::hex << port + reg.offset;
      fresh.write(port + reg.offset, reg.offset == 0x0C ? 0xFFFF'DFFEu : 0xFFFF'FFFFu);
      const std::uint32_t expected = uart ? reg.of_uart : reg.writable;
      EXPECT_EQ(fresh.read(port + reg.offset), expected) << std::hex << port + reg.offset;
      fresh.write(port + reg.offset, reg.offset == 0 ? 0xFFFF'FFFF : 0);
    }
  }
}

TEST_F(UsartTest, HalfDuplexHearsItself) {
  bench.write(cr3, 1u << 3);
  bench.write(dr, 'a');
  bench.run_for(frame);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "a");
  EXPECT_EQ(bench.read(sr) & rxne, rxne);
  EXPECT_EQ(bench.read(dr), static_cast<std::uint32_t>('a'));
  bench.clear_bits(cr1, 1u << 2);  // a driver switches its receiver off while it sends
  bench.write(dr, 'b');
  bench.run_for(frame);
  EXPECT_EQ(bench.read(sr) & rxne, 0u);
}

TEST_F(UsartTest, ClearToSendHoldsTheTransmitter) {
  bench.write(0x40020000, 2u << 0 | 2u << 2 | 2u << 4 | 2u << 6);
  bench.write(0x40020020, 0x7777);
  bench.drive_pin(0, 0, true);
  bench.write(cr3, 1u << 10 | 1u << 9);
  bench.write(dr, 'a');
  bench.run_for(5 * frame);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "");
  EXPECT_FALSE(bench.irqs[irq]);
  bench.drive_pin(0, 0, false);
  EXPECT_TRUE(bench.irqs[irq]) << "CTSIE";
  EXPECT_EQ(bench.read(sr) & 1u << 9, 1u << 9);
  bench.write(sr, ~(1u << 9));
  EXPECT_FALSE(bench.irqs[irq]);
  bench.run_for(frame);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "a");
}

TEST_F(UsartTest, RequestToSendHoldsTheFarEnd) {
  bench.write(0x40020000, 2u << 0 | 2u << 2 | 2u << 4 | 2u << 6);
  bench.write(0x40020020, 0x7777);
  bench.write(cr3, 1u << 8);
  EXPECT_FALSE(bench.pin(0, 1)) << "ready";
  bench.peripherals.usart2.push("xyz");
  bench.run_for(10 * frame);
  EXPECT_TRUE(bench.pin(0, 1));
  EXPECT_EQ(bench.read(sr) & ore, 0u);
  for (const char expected : {'x', 'y', 'z'}) {
    EXPECT_EQ(bench.read(dr), static_cast<std::uint32_t>(expected));
    bench.run_for(2 * frame);
  }
  EXPECT_FALSE(bench.pin(0, 1));
}

TEST_F(UsartTest, SendsBreaksBehindWhatIsOnItsWay) {
  bench.write(dr, 'a');
  bench.set_bits(cr1, 1);
  bench.run_for(frame);
  EXPECT_EQ(bench.peripherals.usart2.take_transmitted(), "a");
  EXPECT_EQ(bench.peripherals.usart2.take_breaks(), 0u);
  EXPECT_EQ(bench.read(cr1) & 1u, 1u);
  bench.run_for(cycles_to_time(278 * 11, 32'000'000));
  EXPECT_EQ(bench.peripherals.usart2.take_breaks(), 1u);
  EXPECT_EQ(bench.read(cr1) & 1u, 0u) << "SBK goes by itself";
  EXPECT_EQ(bench.read(sr) & tc, tc);
}

TEST_F(UsartTest, BreaksAreFramingErrorsAndOfInterestToLin) {
  bench.peripherals.usart2.push_frame(0, LineFault::line_break);
  bench.run_for(2 * frame);
  EXPECT_EQ(bench.read(sr) & 0x122u, 0x22u) << "FE and RXNE, but no LBD";
  EXPECT_EQ(bench.read(dr), 0u);
  EXPECT_EQ(bench.read(sr) & 0x22u, 0u);
  bench.write(cr2, 1u << 14 | 1u << 6);
  bench.peripherals.usart2.push_frame(0, LineFault::line_break);
  bench.run_for(2 * frame);
  EXPECT_EQ(bench.read(sr) & 0x100u, 0x100u);
  EXPECT_TRUE(bench.irqs[irq]);
  bench.write(sr, ~0x100u);
  EXPECT_FALSE(bench.irqs[irq]);
}

TEST_F(UsartTest, DamagedFramesHaveTheirFlags) {
  bench.set_bits(cr1, 1u << 12 | 1u << 10 | 1u << 8);
  const Picoseconds longer = cycles_to_time(278 * 11, 32'000'000);
  const std::array<std::pair<LineFault, std::uint32_t>, 3> faults{
      {{LineFault::noise, 4}, {LineFault::framing, 2}, {LineFault::parity, 1}}};
  for (const auto& [fault, flag] : faults) {
    bench.peripherals.usart2.push_frame('x', fault);
    bench.run_for(longer);
    EXPECT_EQ(bench.read(sr) & 0x2Fu, rxne | flag);
    EXPECT_EQ(bench.irqs[irq], fault == LineFault::parity);
    (void)bench.read(dr);
    EXPECT_EQ(bench.read(sr) & 0x2Fu, 0u);
  }
}

TEST_F(UsartTest, MuteUntilTheLineIsIdle) {
  bench.set_bits(cr1, 1u << 1);
  bench.peripherals.usart2.push("xy");
  bench.run_for(2 * frame);
  EXPECT_EQ(bench.read(sr) & rxne, 0u);
  bench.run_for(frame);
  EXPECT_EQ(bench.read(cr1) & 2u, 0u);
  EXPECT_EQ(bench.read(sr) & idle, 0u);
  bench.peripherals.usart2.push("z");
  bench.run_for(frame);
  EXPECT_EQ(bench.read(dr), static_cast<std::uint32_t>('z'));
}

TEST_F(UsartTest, MuteUntilTheOwnAddress) {
  bench.write(cr2, 5);
  bench.set_bits(cr1, 1u << 11 | 1u << 1);
  bench.peripherals.usart2.push("a\x84z\x85qw\x86u");
  std::string heard;
  for (int round = 0; round < 20; ++round) {
    bench.run_for(frame / 2);
    if ((bench.read(sr) & rxne) != 0) heard += static_cast<char>(bench.read(dr));
  }
  EXPECT_EQ(heard, "\x85qw");
  EXPECT_EQ(bench.read(cr1) & 2u, 2u) << "mute again";
}

TEST_F(UsartTest, NothingIsHeardWhileTheClockStands) {
  bench.peripherals.rcc.enter_stop();
  bench.peripherals.usart2.push("x");
  bench.run_for(2 * frame);
  bench.peripherals.rcc.leave_stop();
  EXPECT_EQ(bench.read(sr) & rxne, 0u);
}

}  // namespace
}  // namespace goldcrest::board

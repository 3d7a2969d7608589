// SPDX-License-Identifier: MIT
// SPI protocol, registers, states, interrupts and pins of the SPIRIT1.
#include "host/board/spirit1.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/board/test_air.hpp"

namespace goldcrest::board {
namespace {

using spirit1::Irq;
using spirit1::State;
using spirit1::Strobe;
using ::testing::ElementsAre;

constexpr std::uint8_t code(State state) {
  return static_cast<std::uint8_t>(state);
}

TEST(Spirit1Test, StartsWhenShutdownPinFalls) {
  TestBench bench;
  Spirit1& radio = bench.peripherals.radio;
  EXPECT_EQ(radio.state(), State::shutdown) << "the shield holds SDN up";
  bench.drive_pin(1, 6, false);
  EXPECT_EQ(radio.transfer(0x01), 0u);
  bench.drive_pin(1, 6, true);
  bench.drive_pin(0, 10, false);
  bench.run_for(microseconds(649));
  EXPECT_NE(radio.state(), State::ready);
  bench.run_for(microseconds(1));
  EXPECT_EQ(radio.state(), State::ready);
}

TEST(Spirit1Test, StatusComesFirst) {
  RadioBench bench;
  const ByteVector answer =
      bench.transaction({0x01, spirit1::device_info1_partnum}, ByteVector{0xFF, 0xFF});
  EXPECT_THAT(answer, ElementsAre(0x52, 0x03 << 1 | 1, 0x01, 0x30));
}

TEST(Spirit1Test, ResetValuesOfKnownRegisters) {
  RadioBench bench;
  EXPECT_THAT(bench.read_radio(0x00, 6), ElementsAre(0x0C, 0xC0, 0xA2, 0xA2, 0xA2, 0x0A));
  EXPECT_THAT(bench.read_radio(spirit1::pcktctrl4, 6),
              ElementsAre(0x00, 0x07, 0x1E, 0x20, 0x00, 0x14));
  EXPECT_THAT(bench.read_radio(spirit1::sync4, 4), ElementsAre(0x88, 0x88, 0x88, 0x88));
  EXPECT_EQ(bench.read_radio(spirit1::protocol2), 0x06);
  EXPECT_EQ(bench.read_radio(spirit1::xo_rco_test), 0x21);
}

TEST(Spirit1Test, BurstWriteCountsUp) {
  RadioBench bench;
  bench.write_radio(spirit1::pa_power8, {1, 2, 3, 4});
  EXPECT_THAT(bench.read_radio(spirit1::pa_power8, 4), ElementsAre(1, 2, 3, 4));
}

TEST(Spirit1Test, ReadOnlyRegistersStay) {
  RadioBench bench;
  bench.write_radio(spirit1::device_info1_partnum, {0x77, 0x77});
  EXPECT_THAT(bench.read_radio(spirit1::device_info1_partnum, 2), ElementsAre(0x01, 0x30));
}

TEST(Spirit1Test, NothingHappensWithoutChipSelect) {
  RadioBench bench;
  (void)bench.radio().transfer(0x80);
  (void)bench.radio().transfer(static_cast<std::uint8_t>(Strobe::standby));
  bench.run_for(microseconds(100));
  EXPECT_EQ(bench.radio().state(), State::ready);
}

TEST(Spirit1Test, StandbySleepAndBack) {
  RadioBench bench;
  for (Strobe strobe : {Strobe::standby, Strobe::sleep}) {
    bench.load(ByteVector{1, 2, 3});
    bench.strobe(strobe);
    bench.run_for(microseconds(30));
    EXPECT_EQ(bench.state(), code(strobe == Strobe::standby ? State::standby : State::sleep));
    EXPECT_EQ(bench.transaction({0x01, 0xC1}, {})[1] & 1u, 0u) << "XO_ON";
    EXPECT_EQ(bench.read_radio(spirit1::linear_fifo_status1), 3u) << "the FIFO is kept";
    bench.strobe(Strobe::flush_tx_fifo);
    EXPECT_EQ(bench.read_radio(spirit1::pcktlen0), 3u) << "and the registers";
    bench.strobe(Strobe::rx);
    bench.run_for(microseconds(500));
    EXPECT_NE(bench.state(), code(State::rx)) << "valid from READY only";
    bench.strobe(Strobe::ready);
    EXPECT_NE(bench.state(), code(State::ready));
    bench.run_for(microseconds(125));
    EXPECT_EQ(bench.state(), code(State::ready));
  }
}

TEST(Spirit1Test, RxPassesThroughLockAndAbortsToReady) {
  RadioBench bench;
  bench.set_profile();
  bench.write_radio(spirit1::protocol2, {0x00});
  bench.strobe(Strobe::rx);
  EXPECT_EQ(bench.state(), code(State::synth_setup));
  bench.run_for(microseconds(60));
  EXPECT_EQ(bench.state(), code(State::lock));
  bench.run_for(microseconds(30));
  EXPECT_EQ(bench.state(), code(State::rx));
  bench.strobe(Strobe::standby);
  bench.run_for(microseconds(100));
  EXPECT_EQ(bench.state(), code(State::rx)) << "STANDBY is valid from READY only";
  bench.strobe(Strobe::abort);
  EXPECT_EQ(bench.state(), code(State::ready));
}

TEST(Spirit1Test, CalibrationResultsDependOnTheCarrier) {
  RadioBench bench;
  bench.set_profile();
  bench.write_radio(spirit1::protocol2, {0x02});
  bench.strobe(Strobe::lock_tx);
  bench.run_for(microseconds(60));
  EXPECT_EQ(bench.state(), code(State::synth_calibration));
  bench.run_for(microseconds(60));
  EXPECT_EQ(bench.state(), code(State::lock));
  const std::uint8_t high = bench.read_radio(spirit1::calibr_out0);
  EXPECT_GT(high, 0u);
  bench.strobe(Strobe::ready);
  EXPECT_EQ(bench.state(), code(State::ready));
  bench.write_radio(spirit1::synt2, {0x00});  // 2 MHz lower
  bench.strobe(Strobe::lock_rx);
  bench.run_for(microseconds(200));
  EXPECT_EQ(bench.state(), code(State::lock));
  EXPECT_LT(bench.read_radio(spirit1::calibr_out0), high);
}

TEST(Spirit1Test, ImpossibleCarrierDoesNotLock) {
  RadioBench bench;
  bench.set_profile();
  bench.write_radio(spirit1::synt3, {0x10, 0, 0, 1});
  bench.strobe(Strobe::rx);
  bench.run_for(microseconds(200));
  EXPECT_EQ(bench.state(), code(State::lock_failed));
  EXPECT_EQ(bench.transaction({0x01, 0xC1}, {})[0] & 1u, 1u) << "ERROR_LOCK";
  EXPECT_NE(bench.take_irqs() & flag(Irq::synth_lock_timeout), 0u);
  bench.strobe(Strobe::reset);
  bench.run_for(microseconds(200));
  EXPECT_EQ(bench.state(), code(State::ready));
  EXPECT_EQ(bench.read_radio(spirit1::mod1), 147u) << "SRES keeps the registers";
}

TEST(Spirit1Test, InterruptPinFollowsStatusAndMask) {
  RadioBench bench;
  bench.set_profile();
  bench.set_irq_mask(flag(Irq::lock));
  EXPECT_TRUE(bench.nirq());
  bench.strobe(Strobe::lock_rx);
  bench.run_for(microseconds(200));
  EXPECT_FALSE(bench.nirq());
  const std::uint32_t irqs = bench.take_irqs();
  EXPECT_NE(irqs & flag(Irq::lock), 0u);
  EXPECT_TRUE(bench.nirq()) << "reading the status lets it go";
  EXPECT_EQ(bench.take_irqs(), 0u);
}

TEST(Spirit1Test, StatusBytesClearOneByOne) {
  RadioBench bench;
  bench.set_profile();
  bench.set_irq_mask(0xFFFF'FFFF);
  bench.write_radio(spirit1::fifo, ByteVector(97, 0));  // TX FIFO error, bit 5
  bench.strobe(Strobe::lock_rx);
  bench.run_for(microseconds(200));  // LOCK, bit 21
  EXPECT_NE(bench.read_radio(spirit1::irq_status0) & 1u << 5, 0u);
  EXPECT_FALSE(bench.nirq());
  EXPECT_NE(bench.read_radio(0xFB) & 1u << 5, 0u);
  (void)bench.take_irqs();
  EXPECT_TRUE(bench.nirq());
}

TEST(Spirit1Test, GpioFunctions) {
  RadioBench bench;
  EXPECT_TRUE(bench.pin(2, 1)) << "GPIO0: POR inverted";
  bench.write_radio(spirit1::gpio3_conf, {19 << 3 | 2});
  EXPECT_TRUE(bench.pin(2, 7));
  bench.write_radio(spirit1::gpio3_conf, {20 << 3 | 2});
  EXPECT_FALSE(bench.pin(2, 7));
  bench.set_profile();
  bench.write_radio(spirit1::gpio3_conf, {10 << 3 | 2});  // RX state
  bench.strobe(Strobe::rx);
  EXPECT_FALSE(bench.pin(2, 7));
  bench.run_for(microseconds(200));
  EXPECT_TRUE(bench.pin(2, 7));
  for (unsigned function : {18u, 21u, 30u}) {
    bench.write_radio(spirit1::gpio3_conf, {static_cast<std::uint8_t>(function << 3 | 2)});
    EXPECT_TRUE(bench.pin(2, 7)) << function << ": TX or RX, SMPS, synthesizer";
  }
  bench.strobe(Strobe::abort);
  bench.write_radio(spirit1::gpio3_conf, {23 << 3 | 2});
  EXPECT_TRUE(bench.pin(2, 7)) << "READY";
  bench.write_radio(spirit1::gpio3_conf, {22 << 3 | 2});
  EXPECT_FALSE(bench.pin(2, 7));
  bench.strobe(Strobe::standby);
  bench.run_for(microseconds(50));
  EXPECT_TRUE(bench.pin(2, 7)) << "SLEEP or STANDBY";
  bench.drive_pin(0, 10, true);
  EXPECT_FALSE(bench.pin(2, 7)) << "pins float in SHUTDOWN";
}

TEST(Spirit1Test, ShutdownForgetsEverything) {
  RadioBench bench;
  bench.set_profile();
  bench.drive_pin(0, 10, true);
  bench.drive_pin(0, 10, false);
  bench.run_for(microseconds(1000));
  EXPECT_EQ(bench.read_radio(spirit1::mod1), 0x83u);
  EXPECT_NE(bench.take_irqs() & flag(Irq::power_on_reset), 0u);
}

TEST(Spirit1Test, TransmitFifoThresholdsAndOverflow) {
  RadioBench bench;
  bench.set_profile();
  bench.write_radio(spirit1::fifo_config1_tx_almost_full, {10, 5});
  (void)bench.take_irqs();
  bench.write_radio(spirit1::fifo, ByteVector(85, 1));
  EXPECT_EQ(bench.take_irqs() & flag(Irq::tx_fifo_almost_full), 0u);
  bench.write_radio(spirit1::fifo, ByteVector(1, 1));
  EXPECT_NE(bench.take_irqs() & flag(Irq::tx_fifo_almost_full), 0u) << "10 places left";
  bench.write_radio(spirit1::fifo, ByteVector(10, 1));
  EXPECT_EQ(bench.read_radio(spirit1::linear_fifo_status1), 96u);
  EXPECT_EQ(bench.transaction({0x01, 0xC1}, {})[0] & 4u, 4u) << "TX_FIFO_FULL";
  EXPECT_EQ(bench.take_irqs() & flag(Irq::tx_fifo_error), 0u);
  bench.write_radio(spirit1::fifo, ByteVector(1, 1));
  EXPECT_NE(bench.take_irqs() & flag(Irq::tx_fifo_error), 0u);
  bench.strobe(Strobe::flush_tx_fifo);
  EXPECT_EQ(bench.read_radio(spirit1::linear_fifo_status1), 0u);
}

TEST(Spirit1Test, ReadingAnEmptyFifoIsAnError) {
  RadioBench bench;
  bench.set_profile();
  EXPECT_EQ(bench.read_radio(spirit1::fifo), 0u);
  EXPECT_NE(bench.take_irqs() & flag(Irq::rx_fifo_error), 0u);
}

// The whole way: GPIO output registers, SPI1 registers, chip select on PB6.
TEST(Spirit1Test, ReachedThroughTheChipsRegisters) {
  TestBench bench;
  bench.open_gates();
  bench.run_at_32_mhz();
  bench.write(0x40020014, 0);  // PA10 low: power up
  bench.write(0x40020000, 1u << 20 | 2u << 12 | 2u << 14);
  bench.write(0x40020020, 5u << 24 | 5u << 28);
  bench.write(0x40020418, 1u << 6);  // PB6 high
  bench.write(0x40020400, 1u << 12 | 2u << 6);
  bench.write(0x40020420, 5u << 12);
  bench.write(0x40013000, 1u << 9 | 1u << 8 | 1u << 2 | 1u << 3 | 1u << 6);
  bench.run_for(microseconds(700));
  ByteVector answer;
  bench.write(0x40020418, 1u << 22);
  for (std::uint8_t byte : ByteVector{0x01, 0xF0, 0xFF, 0xFF}) {
    bench.write(0x4001300C, byte, 1);
    bench.run_for(microseconds(1));
    answer.push_back(static_cast<std::uint8_t>(bench.read(0x4001300C, 1)));
  }
  bench.write(0x40020418, 1u << 6);
  EXPECT_THAT(answer, ElementsAre(0x52, 0x07, 0x01, 0x30));
}

TEST(Spirit1Test, StateRoundTripsThroughTheArchive) {
  RadioBench bench;
  bench.set_profile();
  bench.load(ByteVector{1, 2, 3});
  bench.strobe(Strobe::tx);
  bench.run_for(microseconds(500));
  Saver out;
  bench.peripherals.serialize(out);
  RadioBench other;
  Saver in(out.bytes());
  other.peripherals.serialize(in);
  EXPECT_EQ(in.error(), "");
  EXPECT_EQ(in.remaining(), 0u);
  other.time = bench.time;
  EXPECT_EQ(other.radio().state(), State::tx);
  EXPECT_EQ(other.peripherals.next_event(), bench.peripherals.next_event());
  Saver again;
  other.peripherals.serialize(again);
  EXPECT_EQ(again.bytes(), out.bytes());
}

}  // namespace
}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// Packets between two SPIRIT1 models: FIFOs, interrupts, filters, timeouts, carrier sensing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "host/board/test_air.hpp"

namespace goldcrest::board {
namespace {

using spirit1::Irq;
using spirit1::State;
using spirit1::Strobe;

ByteVector counting(std::size_t size) {
  ByteVector bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

class Spirit1PacketTest : public ::testing::Test {
 protected:
  Spirit1PacketTest() {
    air.add(a);
    air.add(b);
    a.set_profile();
    b.set_profile();
    air.synchronise();
  }
  void listen() {
    b.strobe(Strobe::rx);
    air.run_for(microseconds(300));
    (void)b.take_irqs();
  }
  void send(const ByteVector& payload) {
    a.load(payload);
    a.strobe(Strobe::tx);
  }
  static Picoseconds bytes_time(std::size_t count) {
    return spirit1::air_time(profile(), 8 * count);
  }
  static spirit1::RegisterFile profile() {
    spirit1::RegisterFile file = spirit1::reset_values();
    file[spirit1::mod1] = 147;
    file[spirit1::mod0] = 0x0A;
    return file;
  }
  RadioBench a;
  RadioBench b;
  TestAir air;
};

TEST_F(Spirit1PacketTest, PacketArrives) {
  listen();
  send(counting(40));
  air.run_for(microseconds(20'000));
  ASSERT_EQ(air.sent.size(), 1u);
  EXPECT_EQ(air.sent[0].payload, counting(40));
  EXPECT_NEAR(static_cast<double>((air.sent[0].end - air.sent[0].begin).count()),
              50 * 8 * 1e6 / 38433.07, 1)
      << "preamble, sync, length, payload, CRC";
  EXPECT_NE(a.take_irqs() & flag(Irq::tx_data_sent), 0u);
  EXPECT_EQ(a.radio().state(), State::ready);
  const std::uint32_t irqs = b.take_irqs();
  const std::uint32_t expected =
      flag(Irq::valid_preamble) | flag(Irq::valid_sync) | flag(Irq::rx_data_ready);
  EXPECT_EQ(irqs & expected, expected);
  EXPECT_EQ(irqs & (flag(Irq::crc_error) | flag(Irq::rx_data_discarded)), 0u);
  EXPECT_EQ(b.read_radio(spirit1::rx_pckt_len0), 40u);
  EXPECT_EQ(b.take_payload(), counting(40));
  EXPECT_EQ(b.read_radio(spirit1::rssi_level), 140u) << "the packet's, while in RX too";
  EXPECT_EQ(b.read_radio(spirit1::link_qualif1) & 0x7Fu, 32u);
  EXPECT_EQ(b.radio().state(), State::rx) << "persistent";
}

TEST_F(Spirit1PacketTest, InterruptsComeWhenTheyShould) {
  listen();
  b.set_irq_mask(flag(Irq::valid_sync) | flag(Irq::rx_data_ready));
  send(counting(40));
  air.run_for(microseconds(300));
  ASSERT_EQ(air.sent.size(), 1u);
  const Picoseconds begin = air.sent[0].begin.time_since_epoch().count() * 1'000'000;
  air.run_to(begin + bytes_time(8) - microseconds(2));
  EXPECT_TRUE(b.nirq());
  air.run_to(begin + bytes_time(8) + microseconds(2));
  EXPECT_FALSE(b.nirq());
  (void)b.take_irqs();
  air.run_to(begin + bytes_time(50) - microseconds(2));
  EXPECT_TRUE(b.nirq());
  air.run_to(begin + bytes_time(50) + microseconds(2));
  EXPECT_FALSE(b.nirq());
}

TEST_F(Spirit1PacketTest, FifosFillAndDrainAtAirRate) {
  listen();
  a.write_radio(spirit1::fifo_config0_tx_almost_empty, {10});
  b.write_radio(spirit1::fifo_config3_rx_almost_full, {96 - 20});
  b.set_irq_mask(flag(Irq::rx_fifo_almost_full));
  send(counting(40));
  a.set_irq_mask(flag(Irq::tx_fifo_almost_empty));
  (void)a.take_irqs();
  (void)b.take_irqs();
  air.run_for(microseconds(300));
  const Picoseconds begin = air.sent[0].begin.time_since_epoch().count() * 1'000'000;
  air.run_to(begin + bytes_time(9 + 19) + microseconds(100));
  EXPECT_EQ(b.read_radio(spirit1::linear_fifo_status0), 19u);
  EXPECT_EQ(a.read_radio(spirit1::linear_fifo_status1), 20u) << "one byte is in the modulator";
  EXPECT_TRUE(b.nirq());
  EXPECT_TRUE(a.nirq());
  air.run_to(begin + bytes_time(9 + 20) + microseconds(2));
  EXPECT_FALSE(b.nirq());
  EXPECT_EQ(b.read_radio(spirit1::fifo, 20), counting(20)) << "read while it arrives";
  air.run_to(begin + bytes_time(9 + 30) + microseconds(2));
  EXPECT_FALSE(a.nirq());
  air.run_for(microseconds(20'000));
  const ByteVector rest = b.take_payload();
  EXPECT_EQ(rest.size(), 20u);
  EXPECT_EQ(rest.front(), 21u);
}

TEST_F(Spirit1PacketTest, ContentAtTheEndOnlyWorksToo) {
  air.tell_content = false;
  listen();
  send(counting(96));
  air.run_for(microseconds(40'000));
  EXPECT_EQ(b.take_payload(), counting(96));
}

TEST_F(Spirit1PacketTest, PersistentReceiverTakesOneAfterTheOther) {
  listen();
  for (std::size_t size : {1u, 30u, 96u}) {
    send(counting(size));
    air.run_for(microseconds(40'000));
    EXPECT_NE(b.take_irqs() & flag(Irq::rx_data_ready), 0u);
    EXPECT_EQ(b.take_payload(), counting(size));
  }
}

TEST_F(Spirit1PacketTest, OtherReceiverGoesBackToReady) {
  b.write_radio(spirit1::protocol0, {0x08});
  listen();
  send(counting(10));
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.radio().state(), State::ready);
  EXPECT_EQ(b.read_radio(spirit1::rssi_level), spirit1::rssi_code(-60)) << "of the packet";
  EXPECT_EQ(b.take_payload(), counting(10));
}

TEST_F(Spirit1PacketTest, WrongSettingsAreNotHeard) {
  struct Change {
    std::uint8_t address;
    std::uint8_t value;
  };
  for (const Change& change :
       {Change{spirit1::sync4, 0x55}, Change{spirit1::mod0, 0x0B}, Change{spirit1::pcktctrl1, 0x20},
        Change{spirit1::pcktctrl1, 0x50}, Change{spirit1::chnum, 1}}) {
    b.set_profile();
    b.write_radio(spirit1::chnum, {0});
    b.write_radio(change.address, {change.value});
    listen();
    send(counting(10));
    air.run_for(microseconds(20'000));
    EXPECT_EQ(b.take_irqs() & (flag(Irq::valid_sync) | flag(Irq::rx_data_ready)), 0u);
    EXPECT_EQ(b.read_radio(spirit1::linear_fifo_status0), 0u);
    b.strobe(Strobe::abort);
  }
}

TEST_F(Spirit1PacketTest, ReceiverThatComesLateMissesThePacket) {
  send(counting(40));
  air.run_for(microseconds(800));  // more than half of the preamble has passed
  ASSERT_EQ(air.in_flight.size(), 1u);
  listen();
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.take_irqs() & flag(Irq::valid_sync), 0u);
}

TEST_F(Spirit1PacketTest, AbortDuringReceptionForgetsIt) {
  listen();
  send(counting(40));
  air.run_for(microseconds(5'000));
  b.strobe(Strobe::abort);
  b.strobe(Strobe::flush_rx_fifo);
  listen();
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.take_irqs() & flag(Irq::rx_data_ready), 0u);
  EXPECT_EQ(b.read_radio(spirit1::linear_fifo_status0), 0u);
}

TEST_F(Spirit1PacketTest, CorruptPacketIsDiscarded) {
  listen();
  air.corrupt = true;
  send(counting(40));
  air.run_for(microseconds(20'000));
  const std::uint32_t irqs = b.take_irqs();
  EXPECT_NE(irqs & flag(Irq::crc_error), 0u);
  EXPECT_NE(irqs & flag(Irq::rx_data_discarded), 0u);
  EXPECT_EQ(irqs & flag(Irq::rx_data_ready), 0u);
  EXPECT_EQ(b.read_radio(spirit1::linear_fifo_status0), 0u);
  air.corrupt = false;
  send(counting(5));
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.take_payload(), counting(5));
}

TEST_F(Spirit1PacketTest, CorruptPacketIsKeptWithoutTheFilter) {
  b.write_radio(spirit1::filter_options, {0x40});
  listen();
  air.corrupt = true;
  send(counting(40));
  air.run_for(microseconds(20'000));
  const std::uint32_t irqs = b.take_irqs();
  EXPECT_NE(irqs & flag(Irq::crc_error), 0u);
  EXPECT_NE(irqs & flag(Irq::rx_data_ready), 0u);
}

TEST_F(Spirit1PacketTest, AddressAndControlFilters) {
  for (RadioBench* bench : {&a, &b}) bench->write_radio(spirit1::pcktctrl4, {0x08 | 0x01});
  a.write_radio(spirit1::source_address, {0x42});  // TX: destination
  a.write_radio(spirit1::tx_ctrl_field3, {0x77});
  b.write_radio(spirit1::filter_options, {0x41 | 0x08 | 0x02 | 0x20});
  b.write_radio(spirit1::own_address, {0x42});
  b.write_radio(spirit1::broadcast, {0xFF});
  b.write_radio(spirit1::control_field + 3, {0x77});
  b.write_radio(spirit1::control_mask + 3, {0xFF});
  listen();
  const auto delivered = [this] {
    a.write_radio(spirit1::pcktlen1, {0, 12});
    a.write_radio(spirit1::fifo, counting(10));
    a.strobe(Strobe::tx);
    air.run_for(microseconds(20'000));
    const std::uint32_t irqs = b.take_irqs();
    EXPECT_NE((irqs & flag(Irq::rx_data_ready)) == 0, (irqs & flag(Irq::rx_data_discarded)) == 0);
    return (irqs & flag(Irq::rx_data_ready)) != 0;
  };
  EXPECT_TRUE(delivered());
  EXPECT_EQ(b.read_radio(spirit1::rx_pckt_len0), 12u);
  EXPECT_EQ(b.read_radio(spirit1::rx_addr_field0), 0x42u);
  EXPECT_EQ(b.read_radio(0xD1), 0x77u);
  EXPECT_EQ(b.take_payload(), counting(10)) << "header stays out of the FIFO";
  a.write_radio(spirit1::source_address, {0xFF});
  EXPECT_TRUE(delivered());
  (void)b.take_payload();
  a.write_radio(spirit1::source_address, {0x43});
  EXPECT_FALSE(delivered());
  EXPECT_EQ(b.read_radio(spirit1::linear_fifo_status0), 0u);
  a.write_radio(spirit1::source_address, {0x42});
  a.write_radio(spirit1::tx_ctrl_field3, {0x78});
  EXPECT_FALSE(delivered());
  b.write_radio(spirit1::protocol1, {0x00});
  EXPECT_TRUE(delivered()) << "automatic filtering is off";
}

TEST_F(Spirit1PacketTest, StackFormatCarriesSequenceNumbers) {
  for (RadioBench* bench : {&a, &b}) {
    bench->write_radio(spirit1::pcktctrl3, {0xC6});
    bench->write_radio(spirit1::pcktctrl4, {0x10});
  }
  a.write_radio(spirit1::source_address, {0x42});
  a.write_radio(spirit1::own_address, {0x24});
  listen();
  for (std::uint8_t sequence = 0; sequence < 3; ++sequence) {
    a.write_radio(spirit1::pcktlen1, {0, 12});
    a.write_radio(spirit1::fifo, counting(10));
    a.strobe(Strobe::tx);
    air.run_for(microseconds(20'000));
    EXPECT_EQ(b.read_radio(spirit1::rx_pckt_info), 4u | sequence) << "no-ack and number";
    EXPECT_EQ(b.read_radio(spirit1::rx_addr_field1, 2), (ByteVector{0x24, 0x42}));
    EXPECT_EQ(b.take_payload(), counting(10));
  }
  a.write_radio(spirit1::protocol2, {0x02 | 2 << 3});
  a.strobe(Strobe::sequence_update);
  a.write_radio(spirit1::fifo, counting(10));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.read_radio(spirit1::rx_pckt_info) & 3u, 2u);
}

TEST_F(Spirit1PacketTest, FixedLengthMustMatch) {
  for (RadioBench* bench : {&a, &b}) bench->write_radio(spirit1::pcktctrl2, {0x1E});
  b.write_radio(spirit1::pcktlen1, {0, 10});
  listen();
  send(counting(10));
  air.run_for(microseconds(20'000));
  EXPECT_NEAR(static_cast<double>((air.sent[0].end - air.sent[0].begin).count()),
              19 * 8 * 1e6 / 38433.07, 1)
      << "no length field";
  EXPECT_NE(b.take_irqs() & flag(Irq::rx_data_ready), 0u);
  (void)b.take_payload();
  send(counting(11));
  air.run_for(microseconds(20'000));
  EXPECT_NE(b.take_irqs() & flag(Irq::crc_error), 0u);
}

TEST_F(Spirit1PacketTest, OverflowWhenNobodyReads) {
  listen();
  send(counting(60));
  air.run_for(microseconds(20'000));
  send(counting(60));
  air.run_for(microseconds(20'000));
  const std::uint32_t irqs = b.take_irqs();
  EXPECT_NE(irqs & flag(Irq::rx_fifo_error), 0u);
  EXPECT_EQ(b.take_payload(), counting(60)) << "the first packet is intact";
  send(counting(7));
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.take_payload(), counting(7));
}

TEST_F(Spirit1PacketTest, UnderflowStopsTheTransmission) {
  listen();
  a.write_radio(spirit1::pcktlen1, {0, 40});
  a.write_radio(spirit1::fifo, counting(20));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(20'000));
  EXPECT_NE(a.take_irqs() & flag(Irq::tx_fifo_error), 0u);
  EXPECT_EQ(a.radio().state(), State::ready);
  ASSERT_EQ(air.sent.size(), 1u);
  EXPECT_TRUE(air.sent[0].broken);
  EXPECT_EQ(b.take_irqs() & flag(Irq::rx_data_ready), 0u);
}

TEST_F(Spirit1PacketTest, RefilledFifoSendsALongPacket) {
  for (RadioBench* bench : {&a, &b}) bench->write_radio(spirit1::pcktctrl3, {0x07});
  listen();
  const ByteVector payload = counting(150);
  a.write_radio(spirit1::pcktlen1, {0, 150});
  a.write_radio(spirit1::fifo, std::span(payload).first(96));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(10'000));
  EXPECT_GT(b.read_radio(spirit1::linear_fifo_status0), 30u) << "they come as they are sent";
  air.run_for(microseconds(5'000));
  a.write_radio(spirit1::fifo, std::span(payload).subspan(96));
  ByteVector received;
  for (int round = 0; round < 80; ++round) {
    air.run_for(microseconds(1'000));
    const ByteVector part = b.take_payload();
    received.insert(received.end(), part.begin(), part.end());
  }
  EXPECT_EQ(received, payload);
  EXPECT_NE(a.take_irqs() & flag(Irq::tx_data_sent), 0u);
}

TEST_F(Spirit1PacketTest, ReceiveTimeout) {
  b.write_radio(spirit1::timers5_rx_prescaler, {19, 50});  // 48.4 ms
  b.write_radio(spirit1::protocol2, {0x40 | 0x02});        // SQI stops it
  b.write_radio(spirit1::filter_options, {0x01});
  listen();
  air.run_for(microseconds(47'000));
  EXPECT_EQ(b.radio().state(), State::rx);
  air.run_for(microseconds(2'000));
  EXPECT_EQ(b.radio().state(), State::ready);
  const std::uint32_t irqs = b.take_irqs();
  EXPECT_NE(irqs & flag(Irq::rx_timeout), 0u);
  EXPECT_NE(irqs & flag(Irq::rx_data_discarded), 0u);
}

TEST_F(Spirit1PacketTest, SyncWordStopsTheTimeout) {
  b.write_radio(spirit1::timers5_rx_prescaler, {19, 5});  // 4.84 ms
  b.write_radio(spirit1::protocol2, {0x40 | 0x02});
  b.write_radio(spirit1::filter_options, {0x01});
  b.write_radio(spirit1::protocol0, {0x08});
  listen();
  send(counting(90));  // 20 ms on air
  air.run_for(microseconds(40'000));
  EXPECT_NE(b.take_irqs() & flag(Irq::rx_data_ready), 0u);
}

TEST_F(Spirit1PacketTest, CarrierSense) {
  listen();
  EXPECT_EQ(b.read_radio(spirit1::rssi_level), 20u);
  EXPECT_EQ(b.read_radio(spirit1::link_qualif1) & 0x80u, 0u);
  air.noise_dbm = -80;
  EXPECT_EQ(b.read_radio(spirit1::rssi_level), 100u);
  EXPECT_EQ(b.read_radio(spirit1::link_qualif1) & 0x80u, 0x80u);
  b.write_radio(spirit1::rssi_th, {101});
  EXPECT_EQ(b.read_radio(spirit1::link_qualif1) & 0x80u, 0u);
  b.strobe(Strobe::abort);
  air.noise_dbm = -40;
  EXPECT_EQ(b.read_radio(spirit1::rssi_level), 100u) << "the last value in RX stays";
}

TEST_F(Spirit1PacketTest, CsmaWaitsForAClearChannel) {
  listen();
  a.write_radio(spirit1::csma_config3, {0x12, 0x34, 0x40, 0x37});  // 3 × 64 bits, 7 back-offs
  a.write_radio(spirit1::protocol1, {0x01 | 0x04});
  send(counting(10));
  air.run_for(microseconds(3'000));
  EXPECT_TRUE(air.sent.empty()) << "listening takes 5 ms";
  EXPECT_EQ(a.radio().state(), State::rx);
  air.run_for(microseconds(4'000));
  EXPECT_EQ(air.sent.size(), 1u);
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.take_payload(), counting(10));
}

TEST_F(Spirit1PacketTest, CsmaBacksOffAndGivesUp) {
  air.noise_dbm = -50;
  a.write_radio(spirit1::csma_config3, {0x12, 0x34, 0x40, 0x13});  // 3 back-offs
  a.write_radio(spirit1::protocol1, {0x01 | 0x04});
  send(counting(10));
  air.run_for(microseconds(60'000));
  EXPECT_TRUE(air.sent.empty());
  EXPECT_NE(a.take_irqs() & flag(Irq::max_backoff), 0u);
  EXPECT_EQ(a.radio().state(), State::ready);
  EXPECT_EQ(a.read_radio(spirit1::linear_fifo_status1), 10u) << "the packet is still there";
  air.noise_dbm.reset();
  a.strobe(Strobe::tx);
  air.run_for(microseconds(20'000));
  EXPECT_EQ(air.sent.size(), 1u);
}

TEST_F(Spirit1PacketTest, PersistentCsmaGoesOnListening) {
  air.noise_dbm = -50;
  a.write_radio(spirit1::csma_config3, {0x12, 0x34, 0x40, 0x10});
  a.write_radio(spirit1::protocol1, {0x01 | 0x06});
  send(counting(10));
  air.run_for(microseconds(100'000));
  EXPECT_TRUE(air.sent.empty());
  air.noise_dbm.reset();
  air.run_for(microseconds(20'000));
  EXPECT_EQ(air.sent.size(), 1u);
}

TEST_F(Spirit1PacketTest, LowDutyCycleWakesToListen) {
  b.write_radio(spirit1::timers5_rx_prescaler, {19, 10});    // 9.7 ms in RX
  b.write_radio(spirit1::timers3_ldc_prescaler, {33, 203});  // 200 ms asleep
  b.write_radio(spirit1::filter_options, {0x01});
  b.write_radio(spirit1::protocol2, {0x40 | 0x03});
  b.strobe(Strobe::sleep);
  air.run_for(microseconds(199'000));
  EXPECT_EQ(b.radio().state(), State::sleep);
  air.run_for(microseconds(2'000));
  EXPECT_EQ(b.radio().state(), State::rx);
  EXPECT_NE(b.take_irqs() & flag(Irq::wake_up_timeout), 0u);
  air.run_for(microseconds(10'000));
  EXPECT_EQ(b.radio().state(), State::sleep);
  air.run_for(microseconds(190'000));
  EXPECT_EQ(b.radio().state(), State::rx) << "and again, 200 ms after the last time";
  b.strobe(Strobe::abort);
  EXPECT_EQ(b.radio().state(), State::ready);
}

TEST_F(Spirit1PacketTest, BothDirectionsManyTimes) {
  for (int round = 0; round < 50; ++round) {
    RadioBench& sender = round % 2 == 0 ? a : b;
    RadioBench& receiver = round % 2 == 0 ? b : a;
    receiver.strobe(Strobe::rx);
    air.run_for(microseconds(300));
    const ByteVector payload = counting(1 + static_cast<std::size_t>(round) % 96);
    sender.load(payload);
    sender.strobe(Strobe::tx);
    air.run_for(microseconds(30'000));
    ASSERT_EQ(receiver.take_payload(), payload) << round;
    receiver.strobe(Strobe::abort);
  }
}

}  // namespace
}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// Acknowledgement, retransmission and piggybacking between two SPIRIT1 models, on STACK packets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "host/board/test_air.hpp"

namespace goldcrest::board {
namespace {

using spirit1::Irq;
using spirit1::State;
using spirit1::Strobe;

class Spirit1ExchangeTest : public ::testing::Test {
 protected:
  Spirit1ExchangeTest() {
    for (RadioBench* bench : {&a, &b}) {
      air.add(*bench);
      bench->set_profile();
      bench->write_radio(spirit1::pcktctrl4, {0x10, 0xC6});
      bench->write_radio(spirit1::timers5_rx_prescaler, {19, 21});  // 20 ms
      bench->write_radio(spirit1::protocol2, {0x46});               // sync stops the timeout
    }
    a.write_radio(spirit1::own_address, {0x24});
    a.write_radio(spirit1::source_address, {0x42});
    a.write_radio(spirit1::filter_options, {0x49});
    a.write_radio(spirit1::protocol0, {0x20});  // acknowledgement wanted, two retransmissions
    b.write_radio(spirit1::own_address, {0x42});
    b.write_radio(spirit1::filter_options, {0x49});
    b.write_radio(spirit1::protocol0, {0x0E});  // AUTO_ACK, persistent RX
    b.write_radio(spirit1::timers4_rx_counter, {0});
    air.synchronise();
  }
  void listen() {
    b.strobe(Strobe::rx);
    air.run_for(microseconds(300));
    (void)b.take_irqs();
  }
  void send(std::size_t payload) {
    (void)a.take_irqs();
    a.write_radio(spirit1::pcktlen1, {0, static_cast<std::uint8_t>(payload + 2)});
    a.write_radio(spirit1::fifo, ByteVector(payload, 0x77));
    a.strobe(Strobe::tx);
  }
  RadioBench a;
  RadioBench b;
  TestAir air;
};

TEST_F(Spirit1ExchangeTest, ReceivedIsAcknowledged) {
  listen();
  send(10);
  air.run_for(microseconds(15'000));
  ASSERT_EQ(air.sent.size(), 2u);
  EXPECT_EQ(air.sent[1].payload, (ByteVector{0x24, 0x42, 0x01})) << "back, number 0, NO_ACK";
  const std::uint32_t irqs = a.take_irqs();
  EXPECT_NE(irqs & flag(Irq::tx_data_sent), 0u);
  EXPECT_EQ(irqs & (flag(Irq::rx_data_ready) | flag(Irq::max_retransmissions)), 0u);
  EXPECT_EQ(a.radio().state(), State::ready);
  EXPECT_EQ(a.read_radio(spirit1::tx_pckt_info), 0u);
  const std::uint32_t expected = flag(Irq::rx_data_ready) | flag(Irq::tx_data_sent);
  EXPECT_EQ(b.take_irqs() & expected, expected) << "received, and its acknowledgement sent";
  EXPECT_EQ(b.take_payload(), ByteVector(10, 0x77));
  EXPECT_EQ(b.radio().state(), State::rx) << "persistent";
  send(5);
  air.run_for(microseconds(15'000));
  EXPECT_EQ(air.sent.back().payload, (ByteVector{0x24, 0x42, 0x03})) << "number 1";
}

TEST_F(Spirit1ExchangeTest, NobodyAnswers) {
  send(10);
  air.run_for(microseconds(24'000));
  EXPECT_EQ(a.radio().state(), State::rx) << "waits";
  air.run_for(microseconds(100'000));
  EXPECT_EQ(air.sent.size(), 3u) << "and two retransmissions";
  EXPECT_EQ(air.sent[2].payload, air.sent[0].payload);
  const std::uint32_t irqs = a.take_irqs();
  EXPECT_NE(irqs & flag(Irq::max_retransmissions), 0u);
  EXPECT_EQ(irqs & flag(Irq::tx_data_sent), 0u);
  EXPECT_EQ(a.read_radio(spirit1::tx_pckt_info), 2u);
  EXPECT_EQ(a.radio().state(), State::ready);
}

TEST_F(Spirit1ExchangeTest, LostAcknowledgementIsRepeatedThePayloadIsNot) {
  listen();
  send(10);
  while (air.sent.size() < 2) air.run_for(microseconds(100));
  air.corrupt = true;  // the acknowledgement is on air
  air.run_for(microseconds(6'000));
  air.corrupt = false;
  air.run_for(microseconds(60'000));
  EXPECT_EQ(air.sent.size(), 4u);
  EXPECT_NE(a.take_irqs() & flag(Irq::tx_data_sent), 0u);
  EXPECT_EQ(a.read_radio(spirit1::tx_pckt_info), 1u) << "one retransmission";
  EXPECT_EQ(b.take_payload(), ByteVector(10, 0x77)) << "once";
  EXPECT_NE(b.take_irqs() & flag(Irq::rx_data_discarded), 0u);
}

TEST_F(Spirit1ExchangeTest, AcknowledgementCarriesData) {
  b.write_radio(spirit1::protocol1, {0x41});  // PIGGYBACKING
  b.load(ByteVector{0, 0, 9, 8, 7});          // PCKTLEN 5: two addresses and three bytes
  b.strobe(Strobe::flush_tx_fifo);
  b.write_radio(spirit1::fifo, {9, 8, 7});
  listen();
  send(10);
  air.run_for(microseconds(15'000));
  ASSERT_EQ(air.sent.size(), 2u);
  const std::uint32_t irqs = a.take_irqs();
  EXPECT_NE(irqs & flag(Irq::tx_data_sent), 0u);
  EXPECT_NE(irqs & flag(Irq::rx_data_ready), 0u);
  EXPECT_EQ(a.take_payload(), (ByteVector{9, 8, 7}));
}

TEST_F(Spirit1ExchangeTest, NoAcknowledgementWhenNotWanted) {
  a.write_radio(spirit1::protocol0, {0x28});
  listen();
  send(10);
  air.run_for(microseconds(30'000));
  EXPECT_EQ(air.sent.size(), 1u);
  EXPECT_NE(a.take_irqs() & flag(Irq::tx_data_sent), 0u);
}

TEST_F(Spirit1ExchangeTest, OthersAreNotAcknowledged) {
  a.write_radio(spirit1::source_address, {0x43});
  a.write_radio(spirit1::protocol0, {0x00});
  listen();
  send(10);
  air.run_for(microseconds(60'000));
  EXPECT_EQ(air.sent.size(), 1u);
  EXPECT_NE(a.take_irqs() & flag(Irq::max_retransmissions), 0u);
  EXPECT_THAT(b.radio_trace, ::testing::Contains(::testing::HasSubstr("destination address")));
}

TEST_F(Spirit1ExchangeTest, AbortEndsTheWaiting) {
  send(10);
  air.run_for(microseconds(10'000));
  EXPECT_EQ(a.radio().state(), State::rx);
  a.strobe(Strobe::abort);
  EXPECT_EQ(a.radio().state(), State::ready);
  air.run_for(microseconds(100'000));
  EXPECT_EQ(air.sent.size(), 1u);
}

}  // namespace
}  // namespace goldcrest::board

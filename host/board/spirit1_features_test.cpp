// SPDX-License-Identifier: MIT
// What the SPIRIT1 does besides packets: AES, carriers, GPIO inputs, low duty cycle, MBUS, time by
// state, trace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "host/board/test_air.hpp"

namespace goldcrest::board {
namespace {

using spirit1::Irq;
using spirit1::State;
using spirit1::Strobe;
using ::testing::Contains;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

ByteVector counting(std::size_t size) {
  ByteVector bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

/// As the registers hold it: first byte last.
ByteVector reversed(std::initializer_list<std::uint8_t> bytes) {
  ByteVector result(bytes);
  std::ranges::reverse(result);
  return result;
}

class Spirit1PairTest : public ::testing::Test {
 protected:
  Spirit1PairTest() {
    for (RadioBench* bench : {&a, &b}) {
      air.add(*bench);
      bench->set_profile();
    }
    air.synchronise();
  }
  void listen() {
    b.strobe(Strobe::rx);
    air.run_for(microseconds(300));
    (void)b.take_irqs();
  }
  RadioBench a;
  RadioBench b;
  TestAir air;
};

// FIPS 197, appendix C.1, as ST's library uses the engine.
TEST(Spirit1FeaturesTest, AesEngine) {
  RadioBench bench;
  const ByteVector key = reversed({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  const ByteVector plain = reversed({0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
                                     0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF});
  const ByteVector cipher = reversed({0x69, 0xC4, 0xE0, 0xD8, 0x6A, 0x7B, 0x04, 0x30, 0xD8, 0xCD,
                                      0xB7, 0x80, 0x70, 0xB4, 0xC5, 0x5A});
  const auto run = [&bench](Strobe strobe) {
    (void)bench.take_irqs();
    bench.strobe(strobe);
    EXPECT_EQ(bench.take_irqs() & flag(Irq::aes_end), 0u) << "it takes time";
    bench.run_for(microseconds(50));
    EXPECT_NE(bench.take_irqs() & flag(Irq::aes_end), 0u);
    return bench.read_radio(spirit1::aes_data_out15, 16);
  };
  bench.write_radio(spirit1::aes_key_in15, key);
  bench.write_radio(spirit1::aes_data_in15, plain);
  bench.strobe(Strobe::aes_encrypt);
  bench.run_for(microseconds(50));
  EXPECT_EQ(bench.take_irqs() & flag(Irq::aes_end), 0u) << "AES_ON is clear";
  bench.write_radio(spirit1::ana_func_conf0, {0xE0});
  EXPECT_EQ(run(Strobe::aes_encrypt), cipher);
  bench.write_radio(spirit1::aes_data_in15, cipher);
  EXPECT_EQ(run(Strobe::aes_key_decrypt), plain);
  // The other way: derive the key from the data registers, then decrypt with it.
  bench.write_radio(spirit1::aes_data_in15, key);
  bench.write_radio(spirit1::aes_key_in15, run(Strobe::aes_key));
  bench.write_radio(spirit1::aes_data_in15, cipher);
  EXPECT_EQ(run(Strobe::aes_decrypt), plain);
}

TEST_F(Spirit1PairTest, DirectModesPutACarrierOnAirUntilAbort) {
  listen();
  for (const auto& [address, value] : std::initializer_list<std::pair<std::uint8_t, std::uint8_t>>{
           {spirit1::pcktctrl1, 0x3C}, {spirit1::pcktctrl1, 0x34}, {spirit1::mod0, 0x8A}}) {
    a.set_profile();
    a.write_radio(address, {value});
    a.strobe(Strobe::tx);
    air.run_for(microseconds(20'000));
    EXPECT_EQ(a.radio().state(), State::tx);
    EXPECT_EQ(b.read_radio(spirit1::rssi_level), 140u);
    EXPECT_EQ(b.read_radio(spirit1::link_qualif1) & 0x80u, 0x80u) << "carrier sensed";
    a.strobe(Strobe::abort);
    air.run_for(microseconds(10));
    EXPECT_EQ(b.read_radio(spirit1::rssi_level), 20u);
    EXPECT_EQ(b.take_irqs() & flag(Irq::valid_sync), 0u);
  }
}

TEST_F(Spirit1PairTest, CutOffTransmissionEndsOnAir) {
  listen();
  a.load(counting(90));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(5'000));
  a.strobe(Strobe::abort);
  air.run_for(microseconds(100));
  EXPECT_TRUE(air.in_flight.empty());
  EXPECT_EQ(b.take_irqs() & flag(Irq::rx_data_ready), 0u);
}

TEST_F(Spirit1PairTest, PersistentTransmitterGoesOn) {
  listen();
  a.write_radio(spirit1::protocol0, {0x09});
  a.load(counting(10));
  a.write_radio(spirit1::fifo, counting(10));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.take_payload().size(), 20u) << "two packets, then an underflow";
  EXPECT_NE(a.take_irqs() & flag(Irq::tx_fifo_error), 0u);
  EXPECT_EQ(a.radio().state(), State::ready);
}

TEST_F(Spirit1PairTest, CommandsThroughPins) {
  a.write_radio(spirit1::gpio0_conf, {0x00 << 3 | 1});      // TX command on PC1
  b.write_radio(spirit1::gpio0_conf, {0x01 << 3 | 1});      // RX command
  b.write_radio(spirit1::gpio0_conf - 1, {0x03 << 3 | 1});  // wake-up on PB0
  b.drive_pin(1, 0, false);
  for (RadioBench* bench : {&a, &b}) bench->drive_pin(2, 1, false);
  b.strobe(Strobe::standby);
  air.run_for(microseconds(100));
  b.drive_pin(1, 0, true);
  air.run_for(microseconds(200));
  EXPECT_EQ(b.radio().state(), State::ready);
  b.drive_pin(2, 1, true);
  air.run_for(microseconds(200));
  EXPECT_EQ(b.radio().state(), State::rx);
  a.load(counting(10));
  a.drive_pin(2, 1, true);
  air.run_for(microseconds(10'000));
  EXPECT_EQ(b.take_payload(), counting(10));
  a.drive_pin(2, 1, false);
  air.run_for(microseconds(1'000));
  EXPECT_EQ(a.radio().state(), State::ready) << "rising edges only";
}

TEST_F(Spirit1PairTest, MbusPackets) {
  for (RadioBench* bench : {&a, &b}) {
    bench->write_radio(spirit1::pcktctrl3, {0x87});
    bench->write_radio(spirit1::mbus_prmbl, {4, 4, 3 << 1});
  }
  listen();
  a.load(counting(30));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(30'000));
  EXPECT_NE(b.take_irqs() & flag(Irq::rx_data_ready), 0u);
  EXPECT_EQ(b.take_payload(), counting(30));
  // Header 19 + 8 bits in whole bytes, sync word, 30 bytes and 3 blocks' checksums as 3 of 6.
  EXPECT_NEAR(static_cast<double>((air.sent[0].end - air.sent[0].begin).count()),
              (5 * 8 + 36 * 12 + 8) * 1e6 / 38433.07, 1);
}

TEST_F(Spirit1PairTest, LongPacketsWithForwardErrorCorrection) {
  for (RadioBench* bench : {&a, &b}) {
    bench->write_radio(spirit1::pcktctrl1, {0x31});
    bench->write_radio(spirit1::pcktctrl3, {0x08});
  }
  listen();
  const ByteVector payload = counting(96);
  a.load(payload);
  a.strobe(Strobe::tx);
  air.run_for(microseconds(20'000));
  EXPECT_NEAR(a.read_radio(spirit1::linear_fifo_status1), 54, 3) << "16 bits a byte";
  EXPECT_NEAR(b.read_radio(spirit1::linear_fifo_status0), 42, 3);
  air.run_for(microseconds(30'000));
  EXPECT_EQ(a.read_radio(spirit1::linear_fifo_status1), 0u);
  EXPECT_EQ(b.take_payload(), payload);
}

TEST_F(Spirit1PairTest, QualityIndicators) {
  listen();
  b.write_radio(spirit1::qi, {1 << 6 | 12 << 2 | 3});  // one wrong bit; 48 bits of preamble
  a.write_radio(spirit1::sync4, {0xA9});               // of 0xA8
  a.load(counting(5));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(10'000));
  EXPECT_EQ(b.take_irqs() & flag(Irq::valid_sync), 0u) << "32 bits of preamble";
  a.write_radio(spirit1::pcktctrl2, {8 << 3 | 7});
  a.load(counting(5));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(10'000));
  EXPECT_NE(b.take_irqs() & flag(Irq::rx_data_ready), 0u);
  EXPECT_EQ(b.read_radio(spirit1::link_qualif2), 72u) << "PQI";
  EXPECT_EQ(b.read_radio(spirit1::link_qualif1) & 0x7Fu, 30u) << "SQI";
}

TEST_F(Spirit1PairTest, LateReceiverLocksOnWhatIsLeftOfThePreamble) {
  a.write_radio(spirit1::pcktctrl2, {31 << 3 | 7});
  a.load(counting(20));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(4'000));  // of 6.7 ms
  listen();
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.take_payload(), counting(20));
}

TEST_F(Spirit1PairTest, LowDutyCycleReceiverCatchesALongPreamble) {
  b.write_radio(spirit1::timers5_rx_prescaler, {9, 4});     // 1.9 ms in RX
  b.write_radio(spirit1::timers3_ldc_prescaler, {0, 173});  // every 5 ms
  b.write_radio(spirit1::filter_options, {0x01});
  b.write_radio(spirit1::protocol2, {0x20 | 0x03});  // a good preamble stops the timeout
  b.strobe(Strobe::rx);
  air.run_for(microseconds(2'500));
  EXPECT_EQ(b.radio().state(), State::sleep) << "nothing to hear";
  a.write_radio(spirit1::pcktctrl2, {31 << 3 | 7});  // 6.7 ms
  a.load(counting(20));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(20'000));
  EXPECT_NE(b.take_irqs() & flag(Irq::rx_data_ready), 0u);
  EXPECT_NE(b.radio().state(), State::ready) << "back to sleep, or awake again";
}

TEST_F(Spirit1PairTest, WakeUpsKeepTheirPeriod) {
  b.write_radio(spirit1::timers5_rx_prescaler, {9, 4});     // 1.9 ms in RX
  b.write_radio(spirit1::timers3_ldc_prescaler, {0, 173});  // 174 periods of 34.7 kHz
  b.write_radio(spirit1::filter_options, {0x01});
  b.write_radio(spirit1::protocol2, {0x40 | 0x03});
  b.strobe(Strobe::sleep);
  air.run_for(microseconds(20));
  const Picoseconds period = 174 * 1'000'000'000'000 / 34'700;
  air.run_for(100 * period - microseconds(50));
  EXPECT_EQ(b.radio().state(), State::sleep);
  air.run_for(microseconds(60));
  EXPECT_EQ(b.radio().state(), State::pm_setup);
}

TEST_F(Spirit1PairTest, SyncWordSetsTheWakeUpTimerAnew) {
  b.write_radio(spirit1::timers5_rx_prescaler, {19, 20});             // 19.4 ms in RX
  b.write_radio(spirit1::timers3_ldc_prescaler, {33, 203, 33, 101});  // 200 ms, reload 100 ms
  b.write_radio(spirit1::filter_options, {0x01});
  b.write_radio(spirit1::protocol2, {0x40 | 0x03, 0x81});
  b.strobe(Strobe::rx);
  air.run_for(microseconds(1'000));
  a.load(counting(20));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(20'000));
  EXPECT_EQ(b.radio().state(), State::sleep);
  (void)b.take_irqs();
  air.run_for(microseconds(75'000));
  EXPECT_EQ(b.take_irqs() & flag(Irq::wake_up_timeout), 0u);
  air.run_for(microseconds(10'000));
  EXPECT_NE(b.take_irqs() & flag(Irq::wake_up_timeout), 0u) << "100 ms behind the sync word";
}

TEST_F(Spirit1PairTest, LowDutyCycleSenderWakesAndSends) {
  listen();
  a.write_radio(spirit1::timers3_ldc_prescaler, {0, 173});  // every 5 ms
  a.write_radio(spirit1::protocol2, {0x03});
  a.load(counting(5));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(5'000));
  EXPECT_EQ(a.radio().state(), State::sleep);
  EXPECT_EQ(b.take_payload(), counting(5));
  a.write_radio(spirit1::fifo, counting(5));
  air.run_for(microseconds(11'000));
  EXPECT_EQ(b.take_payload(), counting(5)) << "by itself";
}

TEST_F(Spirit1PairTest, TimeByState) {
  const RadioTimes before = a.radio().times();
  EXPECT_NEAR(static_cast<double>(before.of(RadioPower::ready)), 1e9, 1e6) << "1 ms, starting up";
  a.write_radio(0x18, {0x00});
  a.write_radio(0x17, {0x21});
  a.load(counting(40));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(20'000));
  a.strobe(Strobe::standby);
  air.run_for(microseconds(100'020));
  a.strobe(Strobe::ready);
  air.run_for(microseconds(1'000));
  a.strobe(Strobe::rx);
  air.run_for(microseconds(5'130));
  const RadioTimes after = a.radio().times();
  const auto spent = [&](RadioPower state) { return after.of(state) - before.of(state); };
  EXPECT_EQ(spent(RadioPower::tx), spirit1::air_time(
                                       [] {
                                         spirit1::RegisterFile file = spirit1::reset_values();
                                         file[spirit1::mod1] = 147;
                                         file[spirit1::mod0] = 0x0A;
                                         return file;
                                       }(),
                                       50 * 8));
  EXPECT_EQ(after.transmitting[0x21], spent(RadioPower::tx));
  EXPECT_EQ(spent(RadioPower::standby), microseconds(100'000));
  EXPECT_EQ(spent(RadioPower::lock), microseconds(2 * 130));
  EXPECT_EQ(spent(RadioPower::rx), microseconds(5'000));
  EXPECT_EQ(spent(RadioPower::sleep), 0);
  Picoseconds sum = 0;
  for (Picoseconds part : after.in) sum += part;
  EXPECT_EQ(sum, a.time) << "every picosecond is in one of them";
  EXPECT_GT(after.microampere_hours(), before.microampere_hours());
}

TEST(Spirit1FeaturesTest, Currents) {
  EXPECT_EQ(radio_current_tenth_na(RadioPower::standby), 6'000u);
  EXPECT_EQ(transmit_current_tenth_na(1), 210'000'000u);
  EXPECT_EQ(transmit_power_half_dbm(1), 22);
  EXPECT_EQ(transmit_power_half_dbm(90), -67);
  for (std::uint8_t level = 1; level < 90; ++level) {
    EXPECT_GE(transmit_current_tenth_na(level),
              transmit_current_tenth_na(static_cast<std::uint8_t>(level + 1)));
  }
  RadioTimes hour;
  hour.in[static_cast<std::size_t>(RadioPower::rx)] = 3600 * 1'000'000'000'000;
  EXPECT_NEAR(hour.microampere_hours(), 9'000, 1e-6);
}

TEST_F(Spirit1PairTest, TraceTellsItAll) {
  listen();
  b.write_radio(spirit1::protocol0, {0x0A});
  a.load(counting(40));
  a.strobe(Strobe::tx);
  air.run_for(microseconds(20'000));
  EXPECT_THAT(a.radio_trace, Contains("SPIRIT1: strobe TX in READY"));
  EXPECT_THAT(a.radio_trace, Contains("SPIRIT1: LOCK -> TX"));
  EXPECT_THAT(a.radio_trace, Contains("SPIRIT1: event TX_DATA_SENT"));
  EXPECT_THAT(a.radio_trace, Contains(HasSubstr("sends 40 bytes at 91499")));
  EXPECT_THAT(b.radio_trace, Contains("SPIRIT1: PROTOCOL0 = 0x0a"));
  EXPECT_THAT(b.radio_trace, Contains("SPIRIT1: received 40 bytes at -60 dBm: accepted"));
  EXPECT_THAT(b.radio_trace, Contains("SPIRIT1: READY -> SYNTH_SETUP"));
}

// Whatever firmware writes, the radio goes on and time with it.
TEST_F(Spirit1PairTest, NonsenseIsHarmless) {
  std::uint32_t state = 12345;
  const auto next = [&state] {
    state = state * 1664525u + 1013904223u;
    return static_cast<std::uint8_t>(state >> 24);
  };
  for (int round = 0; round < 3000; ++round) {
    RadioBench& bench = round % 2 == 0 ? a : b;
    const std::uint8_t head = next() < 128 ? 0x00 : (next() < 128 ? 0x80 : 0x01);
    const std::uint8_t address =
        head == 0x80 ? static_cast<std::uint8_t>(0x60 + next() % 0x13) : next();
    ByteVector data(head == 0x80 ? 0u : next() % 8u);
    for (std::uint8_t& byte : data) byte = next();
    (void)bench.transaction({head, address}, data);
    if (next() < 40) bench.drive_pin(2, 1, next() < 128);
    air.run_for(microseconds(next() * 10));
  }
  for (RadioBench* bench : {&a, &b}) {
    bench->drive_pin(0, 10, true);
    bench->drive_pin(0, 10, false);
    bench->run_for(microseconds(1000));
    EXPECT_EQ(bench->radio().state(), State::ready);
  }
}

}  // namespace
}  // namespace goldcrest::board

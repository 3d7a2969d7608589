// SPDX-License-Identifier: MIT
// Register values of the 915 MHz profile against figures worked out by hand from the data sheet's
// formulas, and the values that ST's own configuration tool gives for a 50 MHz crystal.
#include "firmware/chip/radio_profile.hpp"

#include <gmock/gmock.h>

namespace goldcrest::chip::radio_registers {
namespace {

using testing::ElementsAre;

constexpr auto profile = profile_915_mhz;

TEST(RadioProfile, SynthesizerWord) {
  EXPECT_EQ(synthesizer_word(profile, 1), 14'391'705u);  // 915e6 × 3 × 2^18 / 50e6
  EXPECT_EQ(synthesizer_word(profile, 2), 28'783'411u);
  EXPECT_EQ(charge_pump_word(profile), 4);  // VCO at 5,490 MHz
  EXPECT_TRUE(uses_high_vco(profile));
  EXPECT_THAT(synt(profile, 1), ElementsAre(0x86, 0xDC, 0xCC, 0xC9));
}

TEST(RadioProfile, CarrierIsWithinACrystalsTolerance) {
  for (const std::uint32_t base : {868'000'000u, 915'000'000u}) {
    auto other = profile;
    other.base_frequency_hz = base;
    const double carrier = synthesizer_word(other, 1) * 50e6 / (3.0 * (1 << 18));
    EXPECT_NEAR(carrier, base, 64);
  }
}

TEST(RadioProfile, IntermediateFrequency) {
  EXPECT_EQ(if_offset(50'000'000), 0x36);
  EXPECT_EQ(if_offset(25'000'000), 0xAC);
}

TEST(RadioProfile, Modulation) {
  EXPECT_NEAR(bitrate_of(25'000'000, data_rate(profile)), 38'400, 100);
  EXPECT_NEAR(deviation_of(50'000'000, deviation(profile)), 20'000, 200);
  EXPECT_THAT(modulation(profile), ElementsAre(0x93, 0x0A, 0x45, 0x13));
}

TEST(RadioProfile, FastProfile) {
  auto fast = profile;
  fast.modulation = Modulation::gfsk_bt05;
  fast.bitrate = 250'000;
  fast.deviation_hz = 127'000;
  fast.filter_hz = 540'000;
  EXPECT_NEAR(bitrate_of(25'000'000, data_rate(fast)), 250'000, 300);
  EXPECT_NEAR(deviation_of(50'000'000, deviation(fast)), 127'000, 5'000);  // steps of 12 kHz
  EXPECT_EQ(modulation(fast)[3], 0x80);  // 541.4 kHz at 26 MHz is 520.6 kHz at 25
}

TEST(RadioProfile, Packet) {
  EXPECT_THAT(packet_control(profile), ElementsAre(0x00, 0x06, 0x1F, 0x30));
  EXPECT_THAT(sync_word(profile), ElementsAre(0xA8, 0x35, 0x26, 0x1A));
  EXPECT_EQ(channel_spacing(profile), 13);
}

TEST(RadioProfile, AirTime) {
  EXPECT_EQ(air_time_us(profile, 96), 22'083u);  // 106 bytes at 38.4 kbit/s
}

}  // namespace
}  // namespace goldcrest::chip::radio_registers

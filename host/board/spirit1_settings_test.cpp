// SPDX-License-Identifier: MIT
#include "host/board/spirit1_settings.hpp"

#include <gtest/gtest.h>

#include <string_view>

#include "host/board/test_air.hpp"

namespace goldcrest::board::spirit1 {
namespace {

RegisterFile with_synt(std::uint32_t word, unsigned band) {
  RegisterFile file = reset_values();
  file[synt3] = static_cast<std::uint8_t>(word >> 21 & 31u);
  file[synt2] = static_cast<std::uint8_t>(word >> 13);
  file[synt1] = static_cast<std::uint8_t>(word >> 5);
  file[synt0] = static_cast<std::uint8_t>((word & 31u) << 3 | band);
  return file;
}

TEST(Spirit1SettingsTest, CarrierFromTheSynthesizerWord) {
  // 915 MHz: 915e6 · 3 · 2^18 / 50e6, rounded down.
  EXPECT_NEAR(carrier_hz(with_synt(14391705, 1)), 915e6, 64);
  // 868 MHz with the reference divided by two: twice the word.
  RegisterFile divided = with_synt(2 * 13652459, 1);
  divided[synth_config1] |= 0x80;
  EXPECT_NEAR(carrier_hz(divided), 868e6, 64);
  // 433 MHz in the middle band.
  EXPECT_NEAR(carrier_hz(with_synt(13621002, 3)), 433e6, 64);
}

TEST(Spirit1SettingsTest, ChannelAndOffset) {
  RegisterFile file = with_synt(14391705, 1);
  const auto carrier = carrier_hz(file);
  file[chspace] = 13;  // 13 · 50e6 / 2^15 = 19836 Hz
  file[chnum] = 5;
  EXPECT_NEAR(carrier_hz(file), carrier + 5 * 19836.4, 2);
  file[chnum] = 0;
  file[fc_offset1] = 0x0F;
  file[fc_offset0] = 0xFF;  // -1
  EXPECT_NEAR(carrier_hz(file), carrier - 190.7, 1);
}

TEST(Spirit1SettingsTest, ImpossibleCarriers) {
  EXPECT_TRUE(carrier_is_possible(with_synt(14391705, 1)));
  EXPECT_FALSE(carrier_is_possible(with_synt(14391705, 0)));
  EXPECT_FALSE(carrier_is_possible(with_synt(14391705, 2)));  // 686 MHz
  EXPECT_FALSE(carrier_is_possible(with_synt(0, 1)));
}

TEST(Spirit1SettingsTest, DataRate) {
  RegisterFile file = reset_values();
  file[mod1] = 147;
  file[mod0] = 0x0A;
  EXPECT_EQ(bitrate(file), 38433u);
  EXPECT_EQ(radio_settings(file).bitrate, 38400u);
  file[mod1] = 72;
  file[mod0] = 0x1D;
  EXPECT_EQ(bitrate(file), 250244u);
  EXPECT_EQ(radio_settings(file).bitrate, 250000u);
  file[xo_rco_test] |= 8;  // digital divider off
  EXPECT_EQ(bitrate(file), 500488u);
}

TEST(Spirit1SettingsTest, DefaultProfile) {
  RadioBench bench;
  bench.set_profile();
  RegisterFile file = reset_values();
  for (unsigned address = 0; address < 0x70; ++address) {
    file[address] = bench.read_radio(static_cast<std::uint8_t>(address));
  }
  EXPECT_EQ(radio_settings(file), (RadioSettings{.frequency_hz = 915'000'000,
                                                 .bitrate = 38'400,
                                                 .sync_word = 0x1A2635A8,
                                                 .preamble_bytes = 4,
                                                 .sync_bytes = 4,
                                                 .crc_bytes = 1,
                                                 .whitening = true}));
}

TEST(Spirit1SettingsTest, ShorterSyncWordsUseTheFirstBytes) {
  RegisterFile file = reset_values();
  file[sync4] = 4;
  file[sync4 + 1] = 3;
  file[sync4 + 2] = 2;
  file[sync1] = 1;
  file[pcktctrl2] = 0x02;
  EXPECT_EQ(packet_format(file).sync_word, 0x01020000u);
  file[pcktctrl2] = 0x06;
  EXPECT_EQ(packet_format(file).sync_word, 0x01020304u);
}

TEST(Spirit1SettingsTest, AirTime) {
  RegisterFile file = reset_values();
  file[mod1] = 147;
  file[mod0] = 0x0A;
  EXPECT_NEAR(static_cast<double>(air_time(file, 1000)), 1000e12 / 38433.07, 1e5);
  PacketFormat format;
  EXPECT_EQ(content_bits(format, 10), 80u);
  format.coding = Coding::fec;
  EXPECT_EQ(content_bits(format, 10), 168u);
}

TEST(Spirit1SettingsTest, Timers) {
  RegisterFile file = reset_values();
  EXPECT_EQ(rx_timeout(file), no_event);
  file[timers5_rx_prescaler] = 19;
  file[timers4_rx_counter] = 100;
  EXPECT_EQ(rx_timeout(file), microseconds(20 * 100 * 1210 / 25));
  file[protocol2] = 0x02;  // RCO not calibrated
  file[timers3_ldc_prescaler] = 9;
  file[timers2_ldc_counter] = 99;
  EXPECT_NEAR(static_cast<double>(wake_up_time(file, false)), 1000e12 / 34700, 1);
}

TEST(Spirit1SettingsTest, RcoCalibratedWith50MhzIsOff) {
  RegisterFile file = reset_values();
  EXPECT_EQ(rco_hz(file), 33'300u);
  file[ana_func_conf0] &= 0xBF;
  EXPECT_EQ(rco_hz(file), 36'100u);
  file[protocol2] = 0;
  EXPECT_EQ(rco_hz(file), 34'700u);
}

TEST(Spirit1SettingsTest, MbusFrames) {
  RegisterFile file = reset_values();
  file[pcktctrl3] = 0x87;
  file[mbus_prmbl] = 36;
  file[mbus_pstmbl] = 16;
  const PacketFormat s_mode = packet_format(file);
  EXPECT_EQ(s_mode.preamble_bytes, (279u + 72u + 7u) / 8u);
  EXPECT_EQ(s_mode.postamble_bits, 32u);
  EXPECT_EQ(byte_bits(s_mode), 16u) << "Manchester";
  EXPECT_EQ(s_mode.checksum_bytes(10), 2u);
  EXPECT_EQ(s_mode.checksum_bytes(11), 4u);
  EXPECT_EQ(s_mode.checksum_bytes(26), 4u);
  EXPECT_EQ(s_mode.checksum_bytes(27), 6u);
  file[mbus_ctrl] = 3 << 1;
  EXPECT_EQ(byte_bits(packet_format(file)), 12u) << "3 out of 6";
  EXPECT_FALSE(hears(radio_settings(file), RadioSettings{}));
}

TEST(Spirit1SettingsTest, QualityThresholds) {
  RegisterFile file = reset_values();
  EXPECT_EQ(allowed_sync_errors(file), 0u);
  file[qi] = 3 << 6 | 10 << 2 | 3;
  EXPECT_EQ(allowed_sync_errors(file), 3u);
  EXPECT_EQ(needed_preamble_bits(file), 40u);
  file[qi] = 3 << 6 | 10 << 2;
  EXPECT_EQ(allowed_sync_errors(file), 0u) << "the check is off";
  EXPECT_EQ(needed_preamble_bits(file), 16u);
}

TEST(Spirit1SettingsTest, PowerLevelOfTheHighestIndex) {
  RegisterFile file = reset_values();
  EXPECT_EQ(power_level(file), 0x03u) << "index 7: PA_POWER8";
  file[pa_power0] = 0;
  file[pa_power1] = 0x55;
  EXPECT_EQ(power_level(file), 0x55u);
}

TEST(Spirit1SettingsTest, AfcFollowsTheSender) {
  RegisterFile file = reset_values();
  RadioSettings sender = radio_settings(file);
  EXPECT_EQ(afc_correction(file, sender), 0u);
  sender.frequency_hz += 4'200;  // 25 MHz / 12288 = 2034.5 Hz
  EXPECT_EQ(afc_correction(file, sender), 2u);
  sender.frequency_hz -= 8'400;
  EXPECT_EQ(afc_correction(file, sender), 0xFEu);
  file[afc2] = 0;
  EXPECT_EQ(afc_correction(file, sender), 0u);
}

TEST(Spirit1SettingsTest, RssiCode) {
  EXPECT_EQ(rssi_code(-120), 20u);
  EXPECT_EQ(rssi_code(-130), 0u);
  EXPECT_EQ(rssi_code(-200), 0u);
  EXPECT_EQ(rssi_code(-60), 140u);
}

TEST(Spirit1SettingsTest, Checksums) {
  const std::uint8_t text[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  PacketFormat format;
  format.crc_mode = 3;
  format.crc_bytes = 2;
  EXPECT_EQ(checksum(format, text), 0x29B1u) << "CRC-16/CCITT-FALSE";
  format.crc_mode = 2;
  EXPECT_EQ(checksum(format, text), 0xAEE7u) << "CRC-16/CMS";
  format.crc_mode = 1;
  format.crc_bytes = 1;
  EXPECT_EQ(checksum(format, text), 0xFBu) << "CRC-8 from 0xFF";
}

TEST(Spirit1SettingsTest, HearingToleratesCrystalsNotOtherSettings) {
  const RadioSettings own{.frequency_hz = 915'000'000,
                          .bitrate = 38'400,
                          .sync_word = 1,
                          .preamble_bytes = 4,
                          .sync_bytes = 4,
                          .crc_bytes = 1,
                          .whitening = true};
  EXPECT_TRUE(hears(own, own));
  RadioSettings other = own;
  other.frequency_hz += 4'000;
  other.bitrate += 100;
  other.preamble_bytes = 8;
  EXPECT_TRUE(hears(own, other));
  other = own;
  other.frequency_hz += 20'000;
  EXPECT_FALSE(hears(own, other));
  other = own;
  other.bitrate = 50'000;
  EXPECT_FALSE(hears(own, other));
  other = own;
  other.sync_word = 2;
  EXPECT_FALSE(hears(own, other));
  EXPECT_FALSE(hears(own, other, 1));
  EXPECT_TRUE(hears(own, other, 2));
  other = own;
  other.whitening = false;
  EXPECT_FALSE(hears(own, other));
  other = own;
  other.crc_bytes = 2;
  EXPECT_FALSE(hears(own, other));
}

}  // namespace
}  // namespace goldcrest::board::spirit1

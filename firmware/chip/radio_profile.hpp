// SPDX-License-Identifier: MIT
// A radio profile in the units people use, and the register values that make the SPIRIT1 follow it
// (SPIRIT1 data sheet, chapters on the synthesizer, modulation, channel filter and packet handler).
// Computed at compile time; nothing here touches the chip.
#pragma once

#include <array>
#include <cstdint>

namespace goldcrest::chip {

enum class Modulation : std::uint8_t { fsk2 = 0x00, gfsk_bt05 = 0x50 };

struct RadioProfile {
  std::uint32_t crystal_hz;
  std::uint32_t base_frequency_hz;
  std::uint32_t channel_spacing_hz;
  std::uint8_t channel;
  Modulation modulation;
  std::uint32_t bitrate;
  std::uint32_t deviation_hz;
  std::uint32_t filter_hz;
  std::uint8_t preamble_bytes;
  std::uint32_t sync_word;  ///< as ST's library takes it; its low byte goes to SYNC4
  std::uint8_t crc_bytes;   ///< 1 or 2
  bool whitening;
  int carrier_sense_dbm;  ///< the channel is busy above
};

/// What ST's Contiki port and its border router use with the X-NUCLEO-IDS01A5.
inline constexpr RadioProfile profile_915_mhz{.crystal_hz = 50'000'000,
                                              .base_frequency_hz = 915'000'000,
                                              .channel_spacing_hz = 20'000,
                                              .channel = 0,
                                              .modulation = Modulation::fsk2,
                                              .bitrate = 38'400,
                                              .deviation_hz = 20'000,
                                              .filter_hz = 100'000,
                                              .preamble_bytes = 4,
                                              .sync_word = 0x1A2635A8,
                                              .crc_bytes = 1,
                                              .whitening = true,
                                              .carrier_sense_dbm = -98};

/// 11.6 dBm is register value 1, the largest, at 868 and 915 MHz.
inline constexpr std::uint8_t pa_power_11_6_dbm = 0x01;

namespace radio_registers {

/// The digital part runs from the crystal, or from half of it when that is 48 to 52 MHz.
constexpr std::uint32_t digital_clock_hz(const RadioProfile& profile) {
  return profile.crystal_hz >= 48'000'000 ? profile.crystal_hz / 2 : profile.crystal_hz;
}

/// SYNT = f_base × (B / 2) × 2^18 × D / f_xo, B = 6 in the band 779 to 956 MHz; D = 2 with the
/// reference divider on.
constexpr std::uint32_t synthesizer_word(const RadioProfile& profile, unsigned reference_divider) {
  return static_cast<std::uint32_t>(
      (std::uint64_t{profile.base_frequency_hz} * 3 * (1u << 18) * reference_divider) /
      profile.crystal_hz);
}

/// WCP: the charge pump current by VCO frequency, which is 6 × the carrier.
constexpr std::uint8_t charge_pump_word(const RadioProfile& profile) {
  constexpr std::array<std::uint16_t, 16> upper_mhz{4708, 4772, 4836, 4902, 4966, 5030, 5095, 5160,
                                                    5232, 5303, 5375, 5448, 5519, 5592, 5663, 5736};
  const auto vco_mhz = profile.base_frequency_hz / 1'000'000 * 6;
  std::uint8_t index = 0;
  while (index + 1u < upper_mhz.size() && vco_mhz > upper_mhz[index]) ++index;
  return index % 8;
}

/// The upper VCO serves from 860,166,667 Hz.
constexpr bool uses_high_vco(const RadioProfile& profile) {
  return profile.base_frequency_hz >= 860'166'667;
}

/// SYNT3 to SYNT0.
constexpr std::array<std::uint8_t, 4> synt(const RadioProfile& profile,
                                           unsigned reference_divider) {
  constexpr std::uint32_t band_779_to_956_mhz = 1;
  const auto word = synthesizer_word(profile, reference_divider);
  return {static_cast<std::uint8_t>((word >> 21) | (std::uint32_t{charge_pump_word(profile)} << 5)),
          static_cast<std::uint8_t>(word >> 13), static_cast<std::uint8_t>(word >> 5),
          static_cast<std::uint8_t>((word << 3) | band_779_to_956_mhz)};
}

/// IF_OFFSET_ANA and IF_OFFSET_DIG put the intermediate frequency at 480,140 Hz:
/// f_IF = f × (offset + 64) / (12 × 2^10), f being crystal and digital clock.
constexpr std::uint8_t if_offset(std::uint32_t clock_hz) {
  constexpr std::uint64_t if_hz = 480'140;
  return static_cast<std::uint8_t>((if_hz * 12 * 1024 + clock_hz / 2) / clock_hz - 64);
}

struct MantissaExponent {
  std::uint8_t mantissa;
  std::uint8_t exponent;
};

constexpr std::uint64_t distance(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : b - a;
}

/// Bit rate = f_dig × (256 + M) × 2^E / 2^28.
constexpr std::uint32_t bitrate_of(std::uint32_t clock_hz, MantissaExponent value) {
  return static_cast<std::uint32_t>(
      (std::uint64_t{clock_hz} * (256u + value.mantissa) << value.exponent) >> 28);
}
constexpr MantissaExponent data_rate(const RadioProfile& profile) {
  const auto clock = digital_clock_hz(profile);
  MantissaExponent best{0, 0};
  for (unsigned e = 0; e < 16; ++e) {
    for (unsigned m = 0; m < 256; ++m) {
      const MantissaExponent value{static_cast<std::uint8_t>(m), static_cast<std::uint8_t>(e)};
      if (distance(bitrate_of(clock, value), profile.bitrate) <
          distance(bitrate_of(clock, best), profile.bitrate)) {
        best = value;
      }
    }
  }
  return best;
}

/// Deviation = f_xo × floor((8 + M) × 2^(E - 1)) / 2^18.
constexpr std::uint32_t deviation_of(std::uint32_t crystal_hz, MantissaExponent value) {
  return static_cast<std::uint32_t>(
      (std::uint64_t{crystal_hz} * (((8u + value.mantissa) << value.exponent) / 2)) >> 18);
}
constexpr MantissaExponent deviation(const RadioProfile& profile) {
  MantissaExponent best{0, 0};
  for (unsigned e = 0; e < 10; ++e) {
    for (unsigned m = 0; m < 8; ++m) {
      const MantissaExponent value{static_cast<std::uint8_t>(m), static_cast<std::uint8_t>(e)};
      if (distance(deviation_of(profile.crystal_hz, value), profile.deviation_hz) <
          distance(deviation_of(profile.crystal_hz, best), profile.deviation_hz)) {
        best = value;
      }
    }
  }
  return best;
}

/// Channel filter bandwidths at a 26 MHz digital clock in units of 100 Hz, exponent 0; each further
/// exponent halves them, and they scale with the clock.
constexpr MantissaExponent channel_filter(const RadioProfile& profile) {
  constexpr std::array<std::uint16_t, 9> bandwidth{8001, 7951, 7684, 7368, 7051,
                                                   6709, 6423, 5867, 5414};
  MantissaExponent best{0, 0};
  std::uint64_t best_distance = UINT64_MAX;
  for (unsigned e = 0; e < 10; ++e) {
    // The step from exponent 0 to 1 is not quite a half: 800.1 becomes 450.9.
    for (unsigned m = 0; m < bandwidth.size(); ++m) {
      constexpr std::array<std::uint16_t, 9> halved{4509, 4259, 4032, 3808, 3621,
                                                    3417, 3254, 2945, 2703};
      const std::uint64_t at_26_mhz = e == 0 ? bandwidth[m] : halved[m] >> (e - 1);
      const auto hz = at_26_mhz * 100 * digital_clock_hz(profile) / 26'000'000;
      if (distance(hz, profile.filter_hz) < best_distance) {
        best_distance = distance(hz, profile.filter_hz);
        best = {static_cast<std::uint8_t>(m), static_cast<std::uint8_t>(e)};
      }
    }
  }
  return best;
}

/// MOD1, MOD0, FDEV0, CHFLT.
constexpr std::array<std::uint8_t, 4> modulation(const RadioProfile& profile) {
  const auto rate = data_rate(profile);
  const auto fdev = deviation(profile);
  const auto filter = channel_filter(profile);
  return {rate.mantissa,
          static_cast<std::uint8_t>(static_cast<unsigned>(profile.modulation) | rate.exponent),
          static_cast<std::uint8_t>((fdev.exponent << 4) | fdev.mantissa),
          static_cast<std::uint8_t>((filter.mantissa << 4) | filter.exponent)};
}

/// CHSPACE in steps of f_xo / 2^15.
constexpr std::uint8_t channel_spacing(const RadioProfile& profile) {
  return static_cast<std::uint8_t>(
      ((std::uint64_t{profile.channel_spacing_hz} << 15) + profile.crystal_hz / 2) /
      profile.crystal_hz);
}

/// PCKTCTRL4 to PCKTCTRL1: BASIC format, no address and control fields, 7-bit length in a length
/// byte of the packet, four sync bytes, no FEC.
constexpr std::array<std::uint8_t, 4> packet_control(const RadioProfile& profile) {
  constexpr std::uint8_t length_width_7_bits = 7 - 1;
  constexpr std::uint8_t sync_4_bytes = 3 << 1;
  constexpr std::uint8_t variable_length = 0x01;
  constexpr std::uint8_t crc_8 = 1 << 5;   // polynomial 0x07
  constexpr std::uint8_t crc_16 = 2 << 5;  // polynomial 0x8005
  constexpr std::uint8_t whitening_on = 0x10;
  return {0x00, length_width_7_bits,
          static_cast<std::uint8_t>(((profile.preamble_bytes - 1u) << 3) | sync_4_bytes |
                                    variable_length),
          static_cast<std::uint8_t>((profile.crc_bytes == 1 ? crc_8 : crc_16) |
                                    (profile.whitening ? whitening_on : 0u))};
}

/// SYNC4 to SYNC1.
constexpr std::array<std::uint8_t, 4> sync_word(const RadioProfile& profile) {
  const auto word = profile.sync_word;
  return {static_cast<std::uint8_t>(word), static_cast<std::uint8_t>(word >> 8),
          static_cast<std::uint8_t>(word >> 16), static_cast<std::uint8_t>(word >> 24)};
}

/// Air time of a frame of `bytes`: preamble, sync word, length byte, frame, CRC.
constexpr std::uint32_t air_time_us(const RadioProfile& profile, std::size_t bytes) {
  const std::uint64_t on_air = profile.preamble_bytes + 4u + 1u + bytes + profile.crc_bytes;
  return static_cast<std::uint32_t>(on_air * 8 * 1'000'000 / profile.bitrate);
}

}  // namespace radio_registers
}  // namespace goldcrest::chip

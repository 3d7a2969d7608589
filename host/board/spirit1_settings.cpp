// SPDX-License-Identifier: MIT
#include "host/board/spirit1_settings.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "host/board/clock_time.hpp"

namespace goldcrest::board::spirit1 {
namespace {

constexpr unsigned band_factor(const RegisterFile& file) {
  switch (file[synt0] & 7u) {
    case 1:
      return 6;
    case 2:
      return 8;
    case 3:
      return 12;
    case 4:
      return 16;
    case 5:
      return 32;
    default:
      return 0;
  }
}

// PCKTCTRL1[7:5] → bytes.
constexpr unsigned crc_size(std::uint8_t mode) {
  constexpr unsigned sizes[8] = {0, 1, 2, 2, 3, 0, 0, 0};
  return sizes[mode & 7u];
}

// The mantissa's steps turn 38,400 into 38,433; three digits give the rate that was meant.
constexpr std::uint32_t three_digits(std::uint32_t value) {
  std::uint32_t unit = 1;
  while (value / unit >= 1000) unit *= 10;
  return (value + unit / 2) / unit * unit;
}

constexpr std::uint32_t difference(std::uint32_t a, std::uint32_t b) {
  return a > b ? a - b : b - a;
}

// MBUS_CTRL chooses header, sync word and line code (EN 13757-4). In bits on air, rounded up to
// bytes; mode T's sync word of ten bits counts as one byte.
PacketFormat mbus_format(const RegisterFile& file) {
  struct Submode {
    unsigned header_bits;
    bool mode_t = false;
  };
  constexpr Submode submodes[8] = {{279}, {15}, {15}, {19, true}, {15}, {39}, {15}, {15}};
  const Submode& submode = submodes[file[mbus_ctrl] >> 1 & 7u];
  PacketFormat format;
  format.format = Format::mbus;
  format.variable = true;  // the length is in the first byte, a matter of whoever reads the FIFO
  format.length_bits = 16;
  format.preamble_bytes = (submode.header_bits + 2u * file[mbus_prmbl] + 7u) / 8u;
  format.postamble_bits = 2u * file[mbus_pstmbl];
  format.sync_bytes = submode.mode_t ? 1 : 2;
  format.sync_word = submode.mode_t ? 0x3D000000u : 0x76960000u;
  format.coding = submode.mode_t ? Coding::three_of_six : Coding::manchester;
  format.length = file[pcktlen1] * 256u + file[pcktlen0];
  return format;
}

}  // namespace

// MBUS: ten bytes in the first block, sixteen in the others.
unsigned PacketFormat::checksum_bytes(unsigned payload) const {
  if (format != Format::mbus) return crc_bytes;
  return payload <= 10 ? 2 : 2 + 2 * ((payload - 10 + 15) / 16);
}

PacketFormat packet_format(const RegisterFile& file) {
  PacketFormat format;
  format.format = static_cast<Format>(file[pcktctrl3] >> 6);
  if (format.format == Format::mbus) return mbus_format(file);
  format.variable = (file[pcktctrl2] & 1u) != 0;
  format.preamble_bytes = (file[pcktctrl2] >> 3) + 1u;
  format.sync_bytes = (file[pcktctrl2] >> 1 & 3u) + 1u;
  for (unsigned index = 0; index < format.sync_bytes; ++index) {
    format.sync_word |= std::uint32_t{file[sync1 - index]} << (24 - 8 * index);
  }
  format.length_bits = (file[pcktctrl3] & 15u) + 1u;
  if (format.variable) format.length_bytes = format.length_bits > 8 ? 2 : 1;
  format.address_bytes = file[pcktctrl4] >> 3 & 3u;
  format.control_bytes = std::min(file[pcktctrl4] & 7u, 4u);
  if (format.format == Format::stack) {
    format.address_bytes = 2;
    format.sequence_bytes = 1;
  }
  format.crc_mode = static_cast<std::uint8_t>(file[pcktctrl1] >> 5);
  format.crc_bytes = crc_size(format.crc_mode);
  format.whitening = (file[pcktctrl1] >> 4 & 1u) != 0;
  if ((file[pcktctrl1] & 1u) != 0) format.coding = Coding::fec;
  format.length = file[pcktlen1] * 256u + file[pcktlen0];
  return format;
}

// fbase = fXO / (D · B/2) · SYNT / 2^18, and on top of it the offset in steps of fXO / 2^18 and the
// channel number in steps of CHSPACE · fXO / 2^15.
std::uint32_t carrier_hz(const RegisterFile& file) {
  const unsigned factor = band_factor(file);
  if (factor == 0) return 0;
  const double crystal = crystal_hz;
  const std::uint32_t word = (file[synt3] & 0x1Fu) << 21 | std::uint32_t{file[synt2]} << 13 |
                             std::uint32_t{file[synt1]} << 5 | std::uint32_t{file[synt0]} >> 3;
  const double reference_divider = (file[synth_config1] >> 7) != 0 ? 2.0 : 1.0;
  const double base = crystal / (reference_divider * factor / 2.0) * word / 262144.0;
  int offset = (file[fc_offset1] & 15) << 8 | file[fc_offset0];
  if (offset >= 0x800) offset -= 0x1000;
  const double channel = crystal / 32768.0 * file[chspace] * file[chnum];
  const double carrier = base + offset * crystal / 262144.0 + channel;
  return carrier <= 0 ? 0 : static_cast<std::uint32_t>(std::lround(carrier));
}

std::uint32_t digital_hz(const RegisterFile& file) {
  return (file[xo_rco_test] & 8u) != 0 ? crystal_hz : crystal_hz / 2;
}

std::uint32_t bitrate(const RegisterFile& file) {
  const std::uint64_t numerator = std::uint64_t{digital_hz(file)} * (256u + file[mod1])
                                  << (file[mod0] & 15u);
  return static_cast<std::uint32_t>((numerator + (1u << 27)) >> 28);
}

bool carrier_is_possible(const RegisterFile& file) {
  const std::uint64_t carrier = carrier_hz(file);
  const auto within = [carrier](std::uint64_t low, std::uint64_t high) {
    return carrier >= low * 1'000'000u && carrier <= high * 1'000'000u;
  };
  const bool band = within(150, 174) || within(300, 348) || within(387, 470) || within(779, 956);
  const std::uint64_t vco = carrier * band_factor(file);
  return band && vco >= 4'600'000'000u && vco <= 5'740'000'000u;
}

RadioSettings radio_settings(const RegisterFile& file) {
  const PacketFormat format = packet_format(file);
  return {.frequency_hz = (carrier_hz(file) + 500u) / 1000u * 1000u,
          .bitrate = three_digits(bitrate(file)),
          .sync_word = format.sync_word,
          .preamble_bytes = static_cast<std::uint8_t>(format.preamble_bytes),
          .sync_bytes = static_cast<std::uint8_t>(format.sync_bytes),
          .crc_bytes = static_cast<std::uint8_t>(format.crc_bytes),
          .whitening = format.whitening};
}

unsigned sync_errors(const RadioSettings& receiver, const RadioSettings& sender) {
  return static_cast<unsigned>(std::popcount(receiver.sync_word ^ sender.sync_word));
}

bool hears(const RadioSettings& receiver, const RadioSettings& sender, unsigned allowed_errors) {
  return difference(receiver.frequency_hz, sender.frequency_hz) <= 5'000 &&
         difference(receiver.bitrate, sender.bitrate) <= receiver.bitrate / 50 &&
         sync_errors(receiver, sender) <= allowed_errors &&
         receiver.sync_bytes == sender.sync_bytes && receiver.crc_bytes == sender.crc_bytes &&
         receiver.whitening == sender.whitening;
}

unsigned allowed_sync_errors(const RegisterFile& file) {
  constexpr unsigned sqi_enabled = 2;
  return (file[qi] & sqi_enabled) != 0 ? file[qi] >> 6 : 0u;
}

unsigned needed_preamble_bits(const RegisterFile& file) {
  constexpr unsigned pqi_enabled = 1;
  constexpr unsigned settling_bits = 16;
  const unsigned threshold = (file[qi] & pqi_enabled) != 0 ? 4u * (file[qi] >> 2 & 15u) : 0u;
  return std::max(threshold, settling_bits);
}

std::uint8_t afc_correction(const RegisterFile& file, const RadioSettings& sender) {
  constexpr unsigned afc_enabled = 0x40;
  if ((file[afc2] & afc_enabled) == 0) return 0;
  const std::int64_t offset =
      std::int64_t{sender.frequency_hz} - std::int64_t{radio_settings(file).frequency_hz};
  const std::int64_t steps = offset * (std::int64_t{12} * 1024) / digital_hz(file);
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(steps, -128, 127));
}

base::Instant to_instant(Picoseconds time) {
  return base::Instant(
      base::Duration((time + picoseconds_per_microsecond / 2) / picoseconds_per_microsecond));
}

Picoseconds to_time(base::Instant instant) {
  return instant.time_since_epoch().count() * picoseconds_per_microsecond;
}

// bits / (fclk · (256 + M) · 2^E / 2^28), exact to a picosecond.
Picoseconds air_time(const RegisterFile& file, std::uint64_t bits) {
  const double seconds = static_cast<double>(bits) * 268435456.0 /
                         (static_cast<double>(digital_hz(file)) * (256.0 + file[mod1]) *
                          static_cast<double>(1u << (file[mod0] & 15u)));
  return static_cast<Picoseconds>(std::llround(seconds * 1e12));
}

std::uint64_t synchronisation_bits(const PacketFormat& format) {
  return std::uint64_t{8} * (format.preamble_bytes + format.sync_bytes);
}

std::uint64_t byte_bits(const PacketFormat& format) {
  switch (format.coding) {
    case Coding::none:
      return 8;
    case Coding::fec:
    case Coding::manchester:
      return 16;
    case Coding::three_of_six:
      return 12;
  }
  return 8;
}

std::uint64_t content_bits(const PacketFormat& format, std::uint64_t bytes) {
  constexpr unsigned fec_terminator_bits = 8;
  return byte_bits(format) * bytes + (format.coding == Coding::fec ? fec_terminator_bits : 0u);
}

std::uint32_t rco_hz(const RegisterFile& file) {
  constexpr unsigned rco_calibration = 0x04;
  constexpr unsigned select_26_mhz = 0x40;
  if ((file[protocol2] & rco_calibration) == 0) return 34'700;
  return (file[ana_func_conf0] & select_26_mhz) != 0 ? 33'300 : 36'100;
}

Picoseconds rx_timeout(const RegisterFile& file) {
  const std::uint64_t steps =
      (file[timers5_rx_prescaler] + 1u) * std::uint64_t{file[timers4_rx_counter]};
  if (steps == 0) return no_event;
  return cycles_to_time(steps * 1210u, digital_hz(file));
}

Picoseconds wake_up_time(const RegisterFile& file, bool reload) {
  const unsigned prescaler = file[reload ? timers1_ldc_reload_prescaler : timers3_ldc_prescaler];
  const unsigned counter = file[reload ? timers0_ldc_reload_counter : timers2_ldc_counter];
  return cycles_to_time(std::uint64_t{prescaler + 1u} * (counter + 1u), rco_hz(file));
}

Picoseconds cca_period(const RegisterFile& file) {
  return air_time(file, 64u << (file[csma_config1] & 3u));
}

unsigned cca_steps(const RegisterFile& file) {
  return std::max(static_cast<unsigned>(file[csma_config0] >> 4), 1u);
}

Picoseconds backoff_unit(const RegisterFile& file) {
  return cycles_to_time((file[csma_config1] >> 2) + 1u, rco_hz(file));
}

std::uint8_t rssi_code(int dbm) {
  return static_cast<std::uint8_t>(std::clamp(2 * (dbm + 130), 0, 255));
}

// The word grows with the VCO's frequency over its range; what it is exactly differs from part to
// part, and firmware only hands it back to RCO_VCO_CALIBR_IN.
std::uint8_t vco_calibration(const RegisterFile& file, bool receiving) {
  constexpr std::int64_t intermediate_hz = 480'140;
  const std::int64_t oscillator_hz =
      std::int64_t{carrier_hz(file)} - (receiving ? intermediate_hz : 0);
  const std::int64_t vco_mhz = oscillator_hz * band_factor(file) / 1'000'000;
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>((vco_mhz - 4600) * 127 / 1140, 0, 127));
}

std::uint8_t power_level(const RegisterFile& file) {
  const unsigned index = file[pa_power0] & 7u;  // PA_LEVEL_MAX_INDEX; the ramp ends there too
  return file[pa_power1 - index] & 0x7Fu;
}

std::uint32_t checksum(const PacketFormat& format, std::span<const std::uint8_t> bytes) {
  constexpr std::uint32_t polynomials[8] = {0, 0x07, 0x8005, 0x1021, 0x864CBF, 0, 0, 0};
  const unsigned bits = 8 * format.crc_bytes;
  if (bits == 0) return 0;
  const std::uint32_t mask = (1u << bits) - 1u;
  std::uint32_t crc = mask;
  for (std::uint8_t byte : bytes) {
    crc ^= std::uint32_t{byte} << (bits - 8);
    for (unsigned bit = 0; bit < 8; ++bit) {
      const bool carry = (crc >> (bits - 1) & 1u) != 0;
      crc = (crc << 1 ^ (carry ? polynomials[format.crc_mode & 7u] : 0u)) & mask;
    }
  }
  return crc;
}

}  // namespace goldcrest::board::spirit1

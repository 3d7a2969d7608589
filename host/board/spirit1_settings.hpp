// SPDX-License-Identifier: MIT
// What the SPIRIT1's registers mean: carrier, data rate, packet format, timers. Pure functions of
// the register file. The formulas are those of the datasheet (DocID022758): "Frequency
// synthesizer", "Data rate", "Packet format", "Timers", "CSMA/CA engine".
#pragma once

#include <cstdint>
#include <span>

#include "host/board/peripheral.hpp"
#include "host/board/radio_port.hpp"
#include "host/board/spirit1_registers.hpp"

namespace goldcrest::board::spirit1 {

/// Crystal of the X-NUCLEO-IDS01A4/A5.
inline constexpr std::uint32_t crystal_hz = 50'000'000;

enum class Format : std::uint8_t { basic = 0, reserved = 1, mbus = 2, stack = 3 };
/// How content bits become bits on air.
enum class Coding : std::uint8_t { none, fec, manchester, three_of_six };

struct PacketFormat {
  Format format = Format::basic;
  bool variable = false;
  unsigned preamble_bytes = 0;
  unsigned sync_bytes = 0;
  std::uint32_t sync_word = 0;  ///< first byte on air on top, unused bytes 0
  unsigned length_bits = 0;     ///< width of the length field, if there is one
  unsigned length_bytes = 0;    ///< what it takes on air; 0 with fixed length
  unsigned address_bytes = 0;
  unsigned control_bytes = 0;
  unsigned sequence_bytes = 0;  ///< STACK: sequence number and no-ack bit
  unsigned crc_bytes = 0;
  std::uint8_t crc_mode = 0;
  bool whitening = false;
  Coding coding = Coding::none;
  unsigned postamble_bits = 0;  ///< MBUS
  unsigned length = 0;          ///< PCKTLEN: address, control and payload

  /// Bytes between the length field and the payload.
  unsigned header_bytes() const { return address_bytes + control_bytes + sequence_bytes; }
  /// Bytes of checksum in a packet of `payload` bytes; MBUS has two in each of its blocks.
  unsigned checksum_bytes(unsigned payload) const;
  bool has_checksum() const { return crc_bytes > 0 || format == Format::mbus; }
  friend bool operator==(const PacketFormat&, const PacketFormat&) = default;
};

PacketFormat packet_format(const RegisterFile& file);
std::uint32_t carrier_hz(const RegisterFile& file);
/// Bits per second, rounded.
std::uint32_t bitrate(const RegisterFile& file);
/// The synthesizer locks only in the four bands, with a divider that puts the VCO into its range.
bool carrier_is_possible(const RegisterFile& file);
/// As told to the air: the carrier to 1 kHz, the data rate to three digits.
RadioSettings radio_settings(const RegisterFile& file);
/// A receiver locks on a sender: equal settings but for the preamble's length, with room for the
/// error of crystals (5 kHz) and of the data rate (2 %), and for `sync_errors` wrong bits in the
/// sync word.
bool hears(const RadioSettings& receiver, const RadioSettings& sender, unsigned sync_errors = 0);
/// Bits in which the two sync words differ.
unsigned sync_errors(const RadioSettings& receiver, const RadioSettings& sender);
/// Bits of the sync word that may be wrong: SQI must reach 8 · SYNC_LENGTH - 2 · SQI_TH.
unsigned allowed_sync_errors(const RegisterFile& file);
/// Preamble bits without which a receiver does not lock: 4 · PQI_TH if that check is on, and what
/// the gain control and the clock recovery need.
unsigned needed_preamble_bits(const RegisterFile& file);
/// AFC_CORR for a sender: steps of fCLK / (12 · 2^10); 0 with the AFC off.
std::uint8_t afc_correction(const RegisterFile& file, const RadioSettings& sender);
/// Clock of the digital part: the crystal, halved unless the divider is off.
std::uint32_t digital_hz(const RegisterFile& file);

/// Board time as the air counts it, to the nearest microsecond.
base::Instant to_instant(Picoseconds time);
Picoseconds to_time(base::Instant instant);

/// `bits` on air.
Picoseconds air_time(const RegisterFile& file, std::uint64_t bits);
/// Bits from the first of the preamble to the last of the sync word.
std::uint64_t synchronisation_bits(const PacketFormat& format);
/// Bits that `bytes` after the sync word take; forward error correction doubles them and adds a
/// terminator.
std::uint64_t content_bits(const PacketFormat& format, std::uint64_t bytes);
/// Bits that one more byte takes.
std::uint64_t byte_bits(const PacketFormat& format);

/// The RC oscillator that times sleep and back-off: 34.7 kHz; calibrated against a 50 MHz crystal,
/// which the calibrator takes for 48 or 52 MHz (24_26_MHz_SELECT), 36.1 or 33.3 kHz.
std::uint32_t rco_hz(const RegisterFile& file);
/// no_event: no timeout is set.
Picoseconds rx_timeout(const RegisterFile& file);
/// The wake-up timer of LDC mode, from its registers or from the reload registers.
Picoseconds wake_up_time(const RegisterFile& file, bool reload);
/// One step of carrier sensing, and how many make a clear channel.
Picoseconds cca_period(const RegisterFile& file);
unsigned cca_steps(const RegisterFile& file);
/// The unit of random back-off.
Picoseconds backoff_unit(const RegisterFile& file);

/// RSSI_LEVEL for a signal: 0.5 dB steps from -130 dBm.
std::uint8_t rssi_code(int dbm);
/// The VCO calibrator's result for the configured carrier; a receiver's oscillator is off by the
/// intermediate frequency.
std::uint8_t vco_calibration(const RegisterFile& file, bool receiving);
/// The PA_POWER register in use: 1 is most, 90 least, 0 nothing; half a dB a step.
std::uint8_t power_level(const RegisterFile& file);
/// The packet's checksum as the CRC_FIELD registers show it.
std::uint32_t checksum(const PacketFormat& format, std::span<const std::uint8_t> bytes);

}  // namespace goldcrest::board::spirit1

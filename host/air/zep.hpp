// SPDX-License-Identifier: MIT
// ZigBee Encapsulation Protocol, version 2: one IEEE 802.15.4 frame a UDP datagram, as Wireshark
// decodes it and RIOT's tools speak it (port 17754).
//
//   0      2    3     4     5..6       7         8    9..16      17..20    21..30     31      32…
//   "EX"  ver=2 type channel device id CRC mode  LQI  NTP time   sequence  reserved   length  frame
//   + FCS
//
// Type 1 is data. Type 2 (acknowledgement) ends after the sequence number, which then follows the
// type byte; stations send it as a sign of life, so that the air knows them before they first talk.
// All fields are big-endian; the FCS (CRC-16/KERMIT, little-endian) closes the frame.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/bytes.hpp"

namespace goldcrest::air {

inline constexpr std::uint16_t zep_port = 17754;
inline constexpr std::size_t zep_header_bytes = 32;
inline constexpr std::size_t zep_frame_bytes_max = 125;  ///< 127 with the FCS
inline constexpr std::size_t zep_datagram_bytes_max = zep_header_bytes + zep_frame_bytes_max + 2;

enum class ZepType : std::uint8_t { data = 1, hello = 2 };

struct ZepPacket {
  ZepType type = ZepType::data;
  std::uint8_t channel = 26;
  std::uint16_t device_id = 0;
  std::uint8_t lqi = 255;
  std::uint64_t ntp_time = 0;  ///< seconds since 1900 in the upper, fraction in the lower 32 bits
  std::uint32_t sequence = 0;
  base::Bytes frame;  ///< without FCS; a view into the datagram it was parsed from
};

enum class ZepError : std::uint8_t {
  truncated,
  not_zep,
  unsupported_version,
  unsupported_type,
  bad_length,
  bad_fcs
};
std::string_view describe(ZepError error);

/// Strict: the length must fit the datagram and the FCS must be right (CRC mode 1).
[[nodiscard]] std::expected<ZepPacket, ZepError> parse_zep(base::Bytes datagram);
/// Writer must have zep_datagram_bytes_max left; frames longer than 125 bytes fail the writer.
void emit_zep(const ZepPacket& packet, base::ByteWriter& writer);

/// IEEE 802.15.4 frame check sequence.
std::uint16_t frame_check_sequence(base::Bytes frame);

}  // namespace goldcrest::air

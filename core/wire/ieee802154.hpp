// SPDX-License-Identifier: MIT
// IEEE 802.15.4-2006 MAC frames (section 7.2): data frames and acknowledgements.
//
//    2 bytes         1      0/2      0/2/8        0/2     0/2/8    rest
//   +---------------+-----+--------+-------------+-------+--------+---------+
//   | frame control | seq | dst PAN| destination |src PAN| source | payload |
//   +---------------+-----+--------+-------------+-------+--------+---------+
//
//   frame control, little-endian, bit 0 first:
//   type:3 security:1 pending:1 ack-request:1 PAN-compression:1 reserved:3
//   destination-mode:2 version:2 source-mode:2
//
// Every field is little-endian on the wire, the EUI-64 included; in memory an Eui64 is most
// significant byte first. The frame carries no FCS here: the SPIRIT1 adds a CRC of its own.
// Secured frames, beacons and commands are recognised and refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::wire {

enum class MacError : std::uint8_t {
  truncated,         ///< shorter than its own frame control field demands
  unsupported_type,  ///< beacon, command or a reserved type
  secured,           ///< link-layer security, which this network does not use
  version,           ///< frame version 2 or 3 (802.15.4-2015 and later)
  address_mode,      ///< reserved addressing mode 1, or a combination the standard forbids
  length,            ///< an acknowledgement with trailing bytes
};
std::string_view describe(MacError error);

enum class MacAddressMode : std::uint8_t { none = 0, short_address = 2, extended = 3 };

/// A link-layer address: none, 16 bits (0xFFFF is the broadcast address) or 64 bits.
struct MacAddress {
  MacAddressMode mode = MacAddressMode::none;
  std::uint16_t short_address = 0;  ///< meaningful, and non-zero, only with mode short_address
  Eui64 extended{};                 ///< meaningful, and non-zero, only with mode extended

  static constexpr MacAddress from(const Eui64& eui64) {
    return {.mode = MacAddressMode::extended, .short_address = 0, .extended = eui64};
  }
  static constexpr MacAddress from_short(std::uint16_t address) {
    return {.mode = MacAddressMode::short_address, .short_address = address, .extended = {}};
  }
  static constexpr MacAddress broadcast() { return from_short(0xFFFF); }

  constexpr bool is_broadcast() const {
    return mode == MacAddressMode::short_address && short_address == 0xFFFF;
  }
  /// Names one station.
  constexpr bool is_unicast() const { return mode != MacAddressMode::none && !is_broadcast(); }
  /// Bytes on the wire: 0, 2 or 8.
  constexpr std::size_t size() const {
    return mode == MacAddressMode::extended ? 8u : mode == MacAddressMode::short_address ? 2u : 0u;
  }

  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

enum class MacFrameType : std::uint8_t { data = 1, acknowledgement = 2 };

struct MacFrame {
  MacFrameType type = MacFrameType::data;
  bool frame_pending = false;
  bool ack_request = false;
  bool pan_id_compression = true;  ///< the source PAN is the destination PAN and is left out
  std::uint8_t version = 1;        ///< 0: 802.15.4-2003, 1: 802.15.4-2006
  std::uint8_t sequence = 0;
  std::uint16_t destination_pan = 0;
  std::uint16_t source_pan = 0;  ///< equals destination_pan when pan_id_compression is set
  MacAddress destination{};
  MacAddress source{};
  base::Bytes payload{};  ///< a view into the parsed frame; empty for an acknowledgement

  /// A 2006 data frame inside one PAN, no ack asked for: the network's usual frame.
  static MacFrame data(std::uint16_t pan, std::uint8_t sequence, const MacAddress& source,
                       const MacAddress& destination, base::Bytes payload);
  /// The answer to a frame with `sequence` that asked for an ack (`02 00 seq`).
  static MacFrame acknowledgement(std::uint8_t sequence);

  /// `frame` without FCS. The payload of the result points into it.
  static std::expected<MacFrame, MacError> parse(base::Bytes frame);
  /// Header and payload. To write the payload in place, emit with an empty one and go on writing.
  /// PAN-id compression needs both addresses and equal PANs (ensured).
  void emit(base::ByteWriter& writer) const;
  /// Bytes before the payload: 21 with two 64-bit addresses, 15 with a broadcast destination.
  std::size_t header_size() const;
};

}  // namespace goldcrest::wire

// SPDX-License-Identifier: MIT
// The bit fields of IPHC and NHC (RFC 6282 sections 3.1 and 4), for the compressor and the
// decompressor alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/wire/ipv6.hpp"

namespace goldcrest::wire::sixlowpan {

// IPHC, first byte: 0 1 1|TF:2|NH|HLIM:2
inline constexpr unsigned iphc_dispatch = 0x60;
inline constexpr unsigned traffic_shift = 3;
inline constexpr unsigned next_header_bit = 0x04;
inline constexpr unsigned hop_limit_mask = 0x03;
/// Hop limits by HLIM; 0 stands for "inline".
inline constexpr std::array<std::uint8_t, 4> hop_limits{0, 1, 64, 255};

/// TF: what of traffic class and flow label is inline.
enum TrafficMode : unsigned {
  traffic_all = 0,         ///< ECN:2 DSCP:6 reserved:4 flow label:20
  traffic_ecn_flow = 1,    ///< ECN:2 reserved:2 flow label:20
  traffic_class_only = 2,  ///< ECN:2 DSCP:6
  traffic_none = 3,
};

// IPHC, second byte: CID|SAC|SAM:2|M|DAC|DAM:2
inline constexpr unsigned context_bit = 0x80;
inline constexpr unsigned source_stateful_bit = 0x40;
inline constexpr unsigned source_mode_shift = 4;
inline constexpr unsigned multicast_bit = 0x08;
inline constexpr unsigned destination_stateful_bit = 0x04;
inline constexpr unsigned mode_mask = 0x03;

// NHC for UDP: 1 1 1 1 0|C|P:2
inline constexpr unsigned udp_dispatch = 0xF0;
inline constexpr unsigned udp_dispatch_mask = 0xF8;
inline constexpr unsigned udp_checksum_elided_bit = 0x04;
/// P: which ports are shortened.
enum PortMode : unsigned {
  ports_inline = 0,
  destination_short = 1,  ///< destination 0xF0XX in 8 bits
  source_short = 2,       ///< source 0xF0XX in 8 bits
  ports_nibbles = 3,      ///< both 0xF0BX in 4 bits each
};
inline constexpr std::uint16_t port_byte_base = 0xF000;
inline constexpr std::uint16_t port_nibble_base = 0xF0B0;

// NHC for extension headers: 1 1 1 0|EID:3|NH
inline constexpr unsigned extension_dispatch = 0xE0;
inline constexpr unsigned extension_dispatch_mask = 0xF0;
inline constexpr unsigned extension_next_header_bit = 0x01;
/// Protocol numbers by EID; 5 and 6 are reserved.
inline constexpr std::array<std::optional<std::uint8_t>, 8> extension_protocols{
    next_header::hop_by_hop,
    next_header::routing,
    next_header::fragment,
    next_header::destination_options,
    next_header::mobility,
    std::nullopt,
    std::nullopt,
    next_header::ipv6};

constexpr bool is_udp_encoding(std::uint8_t byte) {
  return (byte & udp_dispatch_mask) == udp_dispatch;
}
constexpr bool is_extension_encoding(std::uint8_t byte) {
  return (byte & extension_dispatch_mask) == extension_dispatch;
}
/// The protocol number that an NHC byte stands for.
constexpr std::optional<std::uint8_t> encoded_protocol(std::uint8_t byte) {
  if (is_udp_encoding(byte)) return next_header::udp;
  if (is_extension_encoding(byte)) return extension_protocols[byte >> 1 & 7];
  return std::nullopt;
}

/// IPHC carries the two ECN bits before the six DSCP bits, IPv6 behind them.
constexpr std::uint8_t to_ecn_first(std::uint8_t traffic_class) {
  return static_cast<std::uint8_t>(traffic_class << 6 | traffic_class >> 2);
}
constexpr std::uint8_t from_ecn_first(std::uint8_t inline_bits) {
  return static_cast<std::uint8_t>(inline_bits << 2 | inline_bits >> 6);
}

}  // namespace goldcrest::wire::sixlowpan

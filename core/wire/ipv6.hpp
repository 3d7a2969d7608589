// SPDX-License-Identifier: MIT
// IPv6 (RFC 8200): the fixed header and the walk along the extension headers.
//
//   0        4            12                                     32
//   +--------+-------------+--------------------------------------+
//   | ver=6  |traffic class|           flow label (20)            |
//   +--------+-------------+----+----------------+----------------+
//   |     payload length (16)   |  next header   |   hop limit    |
//   +---------------------------+----------------+----------------+
//   |                     source (16 bytes)                       |
//   |                   destination (16 bytes)                    |
//   +-------------------------------------------------------------+
//
// A datagram here is the fixed header and everything behind it. Routers look at the hop-by-hop
// header only (hop_by_hop()); the destination walks the whole chain (upper_layer()). Both say, when
// they refuse, whether an ICMPv6 parameter problem is due and what it must carry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"
#include "core/wire/rpl_option.hpp"

namespace goldcrest::wire {

/// Protocol numbers of the Next Header field.
namespace next_header {
inline constexpr std::uint8_t hop_by_hop = 0;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t ipv6 = 41;
inline constexpr std::uint8_t routing = 43;
inline constexpr std::uint8_t fragment = 44;
inline constexpr std::uint8_t icmpv6 = 58;
inline constexpr std::uint8_t none = 59;
inline constexpr std::uint8_t destination_options = 60;
inline constexpr std::uint8_t mobility = 135;
}  // namespace next_header

enum class Ipv6Error : std::uint8_t {
  truncated,            ///< shorter than a header or than its length fields say
  version,              ///< not version 6
  extension_length,     ///< an extension header or option runs over the end
  unknown_option,       ///< an option whose type demands that the packet be dropped
  unknown_next_header,  ///< hop-by-hop options anywhere but first
  routing_header,       ///< a routing header of unknown type with segments left
  fragmented,           ///< a piece of an IPv6 fragmented packet; they are not reassembled here
};
std::string_view describe(Ipv6Error error);

struct Ipv6Header {
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;  ///< 20 bits
  std::uint16_t payload_length = 0;
  std::uint8_t next_header = next_header::none;
  std::uint8_t hop_limit = 64;
  Ipv6Address source{};
  Ipv6Address destination{};

  static constexpr std::size_t size = 40;
  /// Offsets for those who change a datagram in place.
  static constexpr std::size_t payload_length_offset = 4;
  static constexpr std::size_t next_header_offset = 6;
  static constexpr std::size_t hop_limit_offset = 7;

  /// The header of a datagram. Errors: truncated (also when fewer than payload_length bytes follow
  /// the header; more may follow, they are no part of the datagram), version.
  static std::expected<Ipv6Header, Ipv6Error> parse(base::Bytes datagram);
  void emit(base::ByteWriter& writer) const;

  friend bool operator==(const Ipv6Header&, const Ipv6Header&) = default;
};

/// Why the chain of extension headers was refused, and what ICMPv6 has to say about it.
struct ExtensionProblem {
  Ipv6Error error = Ipv6Error::truncated;
  /// Send an ICMPv6 parameter problem. Already false where RFC 8200 section 4.2 or RFC 4443 section
  /// 2.4 (e.3) forbids it for a multicast destination; the other limits remain the caller's.
  bool report = false;
  std::uint8_t code = 0;      ///< parameter problem code: 0 field, 1 next header, 2 option
  std::uint32_t pointer = 0;  ///< offset of the offending byte in the datagram
};

/// A RPL option found in a hop-by-hop header.
struct RplOptionPlace {
  RplOption option{};
  std::size_t offset = 0;  ///< of the option's type byte in the datagram: RplOption::store() there
};

struct HopByHop {
  std::size_t size = 0;  ///< bytes of the header, a multiple of 8; it starts at Ipv6Header::size
  std::uint8_t next_header = next_header::none;
  std::optional<RplOptionPlace> rpl{};  ///< the first RPL option
};

/// The hop-by-hop options header of a datagram, nullopt when it has none. For forwarders.
std::expected<std::optional<HopByHop>, ExtensionProblem> hop_by_hop(base::Bytes datagram);

/// What a datagram carries behind all its extension headers.
struct UpperLayer {
  std::uint8_t protocol = next_header::none;
  base::Bytes payload{};  ///< view into the datagram, cut to the IPv6 payload length
  std::size_t protocol_offset =
      0;  ///< of the Next Header byte that named `protocol`: the pointer of
          ///< a parameter problem (code 1) when nobody wants the protocol
  std::optional<RplOptionPlace> rpl{};
};

/// Walks the chain as the destination: hop-by-hop, destination options, routing headers without
/// segments left and atomic fragments (offset 0, no more) are passed over; options obey their
/// type's action bits; the rest of the chain ends it.
std::expected<UpperLayer, ExtensionProblem> upper_layer(base::Bytes datagram);

/// Writes a datagram: `header` with its payload_length set to what `write_payload(writer)` wrote.
template <typename WritePayload>
void emit_ipv6(base::ByteWriter& writer, const Ipv6Header& header, WritePayload&& write_payload);

/// Copies `datagram` to `out` with a hop-by-hop header that carries `option` (8 bytes more). When
/// the datagram has a hop-by-hop header already, its RPL option is overwritten; if that header
/// holds none, or the datagram cannot be parsed, nothing is written and the result is false. False
/// too when `out` is too small.
bool insert_rpl_option(base::Bytes datagram, const RplOption& option, base::ByteWriter& out);
/// Copies `datagram` to `out` without its hop-by-hop header when that holds nothing but a RPL
/// option and padding, unchanged otherwise. False when it cannot be parsed or `out` is too small.
bool remove_rpl_option(base::Bytes datagram, base::ByteWriter& out);

template <typename WritePayload>
void emit_ipv6(base::ByteWriter& writer, const Ipv6Header& header, WritePayload&& write_payload) {
  auto leading = writer.reserve(Ipv6Header::size);
  const auto start = writer.size();
  write_payload(writer);
  if (!writer.ok()) return;
  Ipv6Header complete = header;
  complete.payload_length = static_cast<std::uint16_t>(writer.size() - start);
  base::ByteWriter header_writer(leading);
  complete.emit(header_writer);
}

}  // namespace goldcrest::wire

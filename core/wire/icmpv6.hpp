// SPDX-License-Identifier: MIT
// ICMPv6 (RFC 4443) and the two neighbour discovery messages the mesh uses (RFC 4861 section 4).
//
//   +----------+----------+----------------+------------------
//   | type (8) | code (8) | checksum (16)  | body, by type
//   +----------+----------+----------------+------------------
//
//   echo:      identifier (16) | sequence (16) | data
//   errors:    unused, MTU or pointer (32) | as much of the invoking packet as fits in 1,280 bytes
//   NS:        reserved (32) | target (128) | options
//   NA:        R|S|O|reserved (32) | target (128) | options
//   options:   type (8) | length in units of 8 bytes (8) | link-layer address, padded
//
// Icmpv6Message is the checked envelope; the bodies are parsed out of it. RPL's messages (type 155)
// are bodies too, in rpl.hpp. emit_icmpv6() wraps any body.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"
#include "core/wire/checksum.hpp"
#include "core/wire/ipv6.hpp"

namespace goldcrest::wire {

enum class Icmpv6Error : std::uint8_t {
  truncated,  ///< shorter than its type needs
  checksum,   ///< wrong checksum
  type,       ///< not the type or code that was asked for
  option,     ///< a neighbour discovery option of length zero or beyond the end
  target,     ///< a neighbour discovery target that is multicast
};
std::string_view describe(Icmpv6Error error);

namespace icmpv6_type {
inline constexpr std::uint8_t destination_unreachable = 1;
inline constexpr std::uint8_t packet_too_big = 2;
inline constexpr std::uint8_t time_exceeded = 3;
inline constexpr std::uint8_t parameter_problem = 4;
inline constexpr std::uint8_t echo_request = 128;
inline constexpr std::uint8_t echo_reply = 129;
inline constexpr std::uint8_t neighbour_solicitation = 135;
inline constexpr std::uint8_t neighbour_advertisement = 136;
inline constexpr std::uint8_t rpl_control = 155;
}  // namespace icmpv6_type

/// Codes of destination unreachable, RFC 4443 section 3.1 and RFC 6550 section 20.15.
namespace unreachable_code {
inline constexpr std::uint8_t no_route = 0;
inline constexpr std::uint8_t prohibited = 1;
inline constexpr std::uint8_t beyond_scope = 2;
inline constexpr std::uint8_t address = 3;
inline constexpr std::uint8_t port = 4;
inline constexpr std::uint8_t error_in_source_routing_header = 7;
}  // namespace unreachable_code

/// Type, code and body of a message whose checksum holds.
struct Icmpv6Message {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  base::Bytes body{};  ///< behind the checksum

  static constexpr std::size_t header_size = 4;

  /// `packet` is UpperLayer::payload; the addresses are those of the IPv6 header.
  static std::expected<Icmpv6Message, Icmpv6Error> parse(base::Bytes packet,
                                                         const Ipv6Address& source,
                                                         const Ipv6Address& destination);
  /// RFC 4443 section 2.1: errors are 0–127. Errors never answer errors.
  constexpr bool is_error() const { return type < 128; }

  // So that a message is a body of its own and can be emitted again.
  constexpr std::uint8_t icmpv6_type() const { return type; }
  constexpr std::uint8_t icmpv6_code() const { return code; }
  void emit(base::ByteWriter& writer) const;
};

/// A body that knows its ICMPv6 type and code and writes itself.
template <typename T>
concept Icmpv6Body = requires(const T& body, base::ByteWriter& writer) {
  { body.icmpv6_type() } -> std::same_as<std::uint8_t>;
  { body.icmpv6_code() } -> std::same_as<std::uint8_t>;
  body.emit(writer);
};

/// Writes type, code, checksum and body.
template <Icmpv6Body Body>
void emit_icmpv6(base::ByteWriter& writer, const Ipv6Address& source,
                 const Ipv6Address& destination, const Body& body) {
  const auto start = writer.size();
  writer.u8(body.icmpv6_type());
  writer.u8(body.icmpv6_code());
  auto checksum = writer.reserve(2);
  if (!writer.ok()) return;
  base::store_be16(checksum.data(), 0);
  body.emit(writer);
  if (!writer.ok()) return;
  base::store_be16(checksum.data(), upper_layer_checksum(source, destination, next_header::icmpv6,
                                                         writer.written().subspan(start)));
}

/// Echo request and reply.
struct Echo {
  bool reply = false;
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;
  base::Bytes data{};

  static std::expected<Echo, Icmpv6Error> parse(const Icmpv6Message& message);
  constexpr std::uint8_t icmpv6_type() const {
    return reply ? icmpv6_type::echo_reply : icmpv6_type::echo_request;
  }
  constexpr std::uint8_t icmpv6_code() const { return 0; }
  void emit(base::ByteWriter& writer) const;
};

/// Destination unreachable, packet too big, time exceeded and parameter problem.
struct ErrorReport {
  std::uint8_t type = icmpv6_type::destination_unreachable;
  std::uint8_t code = 0;
  std::uint32_t parameter = 0;  ///< MTU (packet too big), pointer (parameter problem), else 0
  base::Bytes invoking{};       ///< the packet that caused it; emit() cuts it to `room`

  /// The most of the invoking packet that keeps the error within the minimum MTU.
  static constexpr std::size_t room = 1280 - Ipv6Header::size - 8;

  static std::expected<ErrorReport, Icmpv6Error> parse(const Icmpv6Message& message);
  constexpr std::uint8_t icmpv6_type() const { return type; }
  constexpr std::uint8_t icmpv6_code() const { return code; }
  void emit(base::ByteWriter& writer) const;
};

/// Whether the hop limit is 255 and other conditions on the IPv6 header are the caller's to check.
struct NeighbourSolicitation {
  Ipv6Address target{};
  std::optional<Eui64> source_link_address{};  ///< option 1; absent when the source is ::

  static std::expected<NeighbourSolicitation, Icmpv6Error> parse(const Icmpv6Message& message);
  constexpr std::uint8_t icmpv6_type() const { return icmpv6_type::neighbour_solicitation; }
  constexpr std::uint8_t icmpv6_code() const { return 0; }
  void emit(base::ByteWriter& writer) const;
};

struct NeighbourAdvertisement {
  bool router = false;
  bool solicited = false;
  bool override_cache = false;  ///< O flag
  Ipv6Address target{};
  std::optional<Eui64> target_link_address{};  ///< option 2

  static std::expected<NeighbourAdvertisement, Icmpv6Error> parse(const Icmpv6Message& message);
  constexpr std::uint8_t icmpv6_type() const { return icmpv6_type::neighbour_advertisement; }
  constexpr std::uint8_t icmpv6_code() const { return 0; }
  void emit(base::ByteWriter& writer) const;
};

/// ff02::1:ffXX:XXXX, where the solicitation for `target` goes (RFC 4291 section 2.7.1).
Ipv6Address solicited_node(const Ipv6Address& target);

}  // namespace goldcrest::wire

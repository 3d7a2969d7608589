// SPDX-License-Identifier: MIT
// UDP over IPv6 (RFC 768, RFC 8200 section 8.1).
//
//   +----------------------+----------------------+
//   |   source port (16)   | destination port (16)|
//   +----------------------+----------------------+
//   |     length (16)      |    checksum (16)     |   length counts header and payload
//   +----------------------+----------------------+
//
// A zero checksum is refused, as IPv6 demands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::wire {

enum class UdpError : std::uint8_t {
  truncated,    ///< shorter than a header or than its length field
  length,       ///< a length field below 8
  no_checksum,  ///< checksum zero
  checksum,     ///< wrong checksum
};
std::string_view describe(UdpError error);

struct UdpDatagram {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  base::Bytes payload{};

  static constexpr std::size_t header_size = 8;
  static constexpr std::size_t checksum_offset = 6;

  /// `packet` is UpperLayer::payload; the addresses are those of the IPv6 header. Bytes behind the
  /// UDP length are ignored.
  static std::expected<UdpDatagram, UdpError> parse(base::Bytes packet, const Ipv6Address& source,
                                                    const Ipv6Address& destination);
  /// Header, checksum and payload; the payload must not lie in the writer's buffer.
  void emit(base::ByteWriter& writer, const Ipv6Address& source,
            const Ipv6Address& destination) const;
};

}  // namespace goldcrest::wire

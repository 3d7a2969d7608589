// SPDX-License-Identifier: MIT
// The Internet checksum (RFC 1071) with the IPv6 pseudo-header (RFC 8200 section 8.1), shared by
// UDP and ICMPv6.
#pragma once

#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::wire {

/// A ones' complement sum that may be fed in pieces of any length.
class InternetChecksum {
 public:
  void add(base::Bytes bytes);
  void add_be16(std::uint16_t value);
  /// Source, destination, upper-layer length in bytes and protocol number.
  void add_pseudo_header(const Ipv6Address& source, const Ipv6Address& destination,
                         std::uint8_t protocol, std::uint32_t length);
  /// The complement of the sum: what belongs in the field when that was summed as zero, and 0 when
  /// a correct field was summed in.
  std::uint16_t value() const;

 private:
  std::uint32_t sum_ = 0;
  bool odd_ = false;
};

/// Checksum of a whole upper-layer packet: 0 means correct when its checksum field is filled in;
/// with that field zero it is the value to store (UDP then stores 0 as 0xFFFF).
std::uint16_t upper_layer_checksum(const Ipv6Address& source, const Ipv6Address& destination,
                                   std::uint8_t protocol, base::Bytes packet);

}  // namespace goldcrest::wire

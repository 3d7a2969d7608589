// SPDX-License-Identifier: MIT
#include "core/wire/checksum.hpp"

namespace goldcrest::wire {

void InternetChecksum::add(base::Bytes bytes) {
  for (const std::uint8_t byte : bytes) {
    sum_ += odd_ ? std::uint32_t{byte} : std::uint32_t{byte} << 8;
    odd_ = !odd_;
    // Folding this seldom keeps the loop short and the sum from ever overflowing.
    if (sum_ >> 31 != 0) sum_ = (sum_ & 0xFFFF) + (sum_ >> 16);
  }
}

void InternetChecksum::add_be16(std::uint16_t value) {
  std::uint8_t bytes[2];
  base::store_be16(bytes, value);
  add(bytes);
}

void InternetChecksum::add_pseudo_header(const Ipv6Address& source, const Ipv6Address& destination,
                                         std::uint8_t protocol, std::uint32_t length) {
  add(source.bytes);
  add(destination.bytes);
  add_be16(static_cast<std::uint16_t>(length >> 16));
  add_be16(static_cast<std::uint16_t>(length));
  add_be16(0);
  add_be16(protocol);
}

std::uint16_t InternetChecksum::value() const {
  auto folded = (sum_ & 0xFFFF) + (sum_ >> 16);
  folded = (folded & 0xFFFF) + (folded >> 16);
  return static_cast<std::uint16_t>(~folded);
}

std::uint16_t upper_layer_checksum(const Ipv6Address& source, const Ipv6Address& destination,
                                   std::uint8_t protocol, base::Bytes packet) {
  InternetChecksum checksum;
  checksum.add_pseudo_header(source, destination, protocol,
                             static_cast<std::uint32_t>(packet.size()));
  checksum.add(packet);
  return checksum.value();
}

}  // namespace goldcrest::wire

// SPDX-License-Identifier: MIT
#include "core/wire/udp.hpp"

#include "core/wire/checksum.hpp"
#include "core/wire/ipv6.hpp"

namespace goldcrest::wire {

std::string_view describe(UdpError error) {
  switch (error) {
    case UdpError::truncated:
      return "shorter than a UDP header or than its length field says";
    case UdpError::length:
      return "UDP length below the 8 bytes of its header";
    case UdpError::no_checksum:
      return "UDP over IPv6 without a checksum";
    case UdpError::checksum:
      return "wrong UDP checksum";
  }
  return "unknown error";
}

std::expected<UdpDatagram, UdpError> UdpDatagram::parse(base::Bytes packet,
                                                        const Ipv6Address& source,
                                                        const Ipv6Address& destination) {
  base::ByteReader reader(packet);
  UdpDatagram datagram;
  datagram.source_port = reader.be16();
  datagram.destination_port = reader.be16();
  const std::size_t length = reader.be16();
  const auto checksum = reader.be16();
  if (!reader.ok()) return std::unexpected(UdpError::truncated);
  if (length < header_size) return std::unexpected(UdpError::length);
  datagram.payload = reader.bytes(length - header_size);
  if (!reader.ok()) return std::unexpected(UdpError::truncated);
  if (checksum == 0) return std::unexpected(UdpError::no_checksum);
  if (upper_layer_checksum(source, destination, next_header::udp, packet.first(length)) != 0) {
    return std::unexpected(UdpError::checksum);
  }
  return datagram;
}

void UdpDatagram::emit(base::ByteWriter& writer, const Ipv6Address& source,
                       const Ipv6Address& destination) const {
  const auto start = writer.size();
  writer.be16(source_port);
  writer.be16(destination_port);
  writer.be16(static_cast<std::uint16_t>(header_size + payload.size()));
  auto field = writer.reserve(2);
  if (!writer.ok()) return;
  base::store_be16(field.data(), 0);
  writer.bytes(payload);
  if (!writer.ok()) return;
  const auto checksum =
      upper_layer_checksum(source, destination, next_header::udp, writer.written().subspan(start));
  // Zero would say "no checksum"; its other ones' complement form is as right.
  base::store_be16(field.data(), checksum == 0 ? std::uint16_t{0xFFFF} : checksum);
}

}  // namespace goldcrest::wire

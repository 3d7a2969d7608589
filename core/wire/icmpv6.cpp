// SPDX-License-Identifier: MIT
#include "core/wire/icmpv6.hpp"

#include <algorithm>

namespace goldcrest::wire {
namespace {

// Neighbour discovery options (RFC 4861 section 4.6.1; 64-bit form, RFC 4944 section 8).
constexpr std::uint8_t source_link_address_option = 1;
constexpr std::uint8_t target_link_address_option = 2;
constexpr std::size_t option_unit = 8;
constexpr std::size_t eui64_option_units = 2;

constexpr std::uint8_t router_bit = 0x80;
constexpr std::uint8_t solicited_bit = 0x40;
constexpr std::uint8_t override_bit = 0x20;

void emit_link_address(base::ByteWriter& writer, std::uint8_t type, const Eui64& address) {
  writer.u8(type);
  writer.u8(eui64_option_units);
  writer.bytes(address.bytes);
  writer.fill(0, eui64_option_units * option_unit - 2 - address.bytes.size());
}

/// Reads all options; the 64-bit address of the first option of type `wanted`, if there is one. A
/// 16-bit link address (one unit) is passed over: such a neighbour is known by its frames.
std::expected<std::optional<Eui64>, Icmpv6Error> parse_link_address(base::ByteReader& reader,
                                                                    std::uint8_t wanted) {
  std::optional<Eui64> address;
  while (reader.remaining() > 0) {
    const auto type = reader.u8();
    const std::size_t units = reader.u8();
    if (!reader.ok() || units == 0) return std::unexpected(Icmpv6Error::option);
    const auto data = reader.bytes(units * option_unit - 2);
    if (!reader.ok()) return std::unexpected(Icmpv6Error::option);
    if (type == wanted && units == eui64_option_units && !address) {
      address.emplace();
      std::copy_n(data.begin(), address->bytes.size(), address->bytes.begin());
    }
  }
  return address;
}

}  // namespace

std::string_view describe(Icmpv6Error error) {
  switch (error) {
    case Icmpv6Error::truncated:
      return "ICMPv6 message shorter than its type needs";
    case Icmpv6Error::checksum:
      return "wrong ICMPv6 checksum";
    case Icmpv6Error::type:
      return "ICMPv6 message of another type or code";
    case Icmpv6Error::option:
      return "malformed neighbour discovery option";
    case Icmpv6Error::target:
      return "neighbour discovery for a multicast address";
  }
  return "unknown error";
}

std::expected<Icmpv6Message, Icmpv6Error> Icmpv6Message::parse(base::Bytes packet,
                                                               const Ipv6Address& source,
                                                               const Ipv6Address& destination) {
  base::ByteReader reader(packet);
  Icmpv6Message message;
  message.type = reader.u8();
  message.code = reader.u8();
  reader.skip(2);
  message.body = reader.rest();
  if (!reader.ok()) return std::unexpected(Icmpv6Error::truncated);
  if (upper_layer_checksum(source, destination, next_header::icmpv6, packet) != 0) {
    return std::unexpected(Icmpv6Error::checksum);
  }
  return message;
}

void Icmpv6Message::emit(base::ByteWriter& writer) const {
  writer.bytes(body);
}

std::expected<Echo, Icmpv6Error> Echo::parse(const Icmpv6Message& message) {
  if (message.type != icmpv6_type::echo_request && message.type != icmpv6_type::echo_reply) {
    return std::unexpected(Icmpv6Error::type);
  }
  base::ByteReader reader(message.body);
  Echo echo;
  echo.reply = message.type == icmpv6_type::echo_reply;
  echo.identifier = reader.be16();
  echo.sequence = reader.be16();
  echo.data = reader.rest();
  if (!reader.ok()) return std::unexpected(Icmpv6Error::truncated);
  return echo;
}

void Echo::emit(base::ByteWriter& writer) const {
  writer.be16(identifier);
  writer.be16(sequence);
  writer.bytes(data);
}

std::expected<ErrorReport, Icmpv6Error> ErrorReport::parse(const Icmpv6Message& message) {
  if (message.type < icmpv6_type::destination_unreachable ||
      message.type > icmpv6_type::parameter_problem) {
    return std::unexpected(Icmpv6Error::type);
  }
  base::ByteReader reader(message.body);
  ErrorReport report;
  report.type = message.type;
  report.code = message.code;
  report.parameter = reader.be32();
  report.invoking = reader.rest();
  if (!reader.ok()) return std::unexpected(Icmpv6Error::truncated);
  return report;
}

void ErrorReport::emit(base::ByteWriter& writer) const {
  writer.be32(parameter);
  writer.bytes(invoking.first(std::min(invoking.size(), room)));
}

std::expected<NeighbourSolicitation, Icmpv6Error> NeighbourSolicitation::parse(
    const Icmpv6Message& message) {
  if (message.type != icmpv6_type::neighbour_solicitation || message.code != 0) {
    return std::unexpected(Icmpv6Error::type);
  }
  base::ByteReader reader(message.body);
  NeighbourSolicitation solicitation;
  reader.skip(4);
  reader.copy_to(solicitation.target.bytes);
  if (!reader.ok()) return std::unexpected(Icmpv6Error::truncated);
  if (solicitation.target.multicast()) return std::unexpected(Icmpv6Error::target);
  const auto link_address = parse_link_address(reader, source_link_address_option);
  if (!link_address) return std::unexpected(link_address.error());
  solicitation.source_link_address = *link_address;
  return solicitation;
}

void NeighbourSolicitation::emit(base::ByteWriter& writer) const {
  writer.be32(0);
  writer.bytes(target.bytes);
  if (source_link_address) {
    emit_link_address(writer, source_link_address_option, *source_link_address);
  }
}

std::expected<NeighbourAdvertisement, Icmpv6Error> NeighbourAdvertisement::parse(
    const Icmpv6Message& message) {
  if (message.type != icmpv6_type::neighbour_advertisement || message.code != 0) {
    return std::unexpected(Icmpv6Error::type);
  }
  base::ByteReader reader(message.body);
  NeighbourAdvertisement advertisement;
  const auto flags = reader.u8();
  advertisement.router = (flags & router_bit) != 0;
  advertisement.solicited = (flags & solicited_bit) != 0;
  advertisement.override_cache = (flags & override_bit) != 0;
  reader.skip(3);
  reader.copy_to(advertisement.target.bytes);
  if (!reader.ok()) return std::unexpected(Icmpv6Error::truncated);
  if (advertisement.target.multicast()) return std::unexpected(Icmpv6Error::target);
  const auto link_address = parse_link_address(reader, target_link_address_option);
  if (!link_address) return std::unexpected(link_address.error());
  advertisement.target_link_address = *link_address;
  return advertisement;
}

void NeighbourAdvertisement::emit(base::ByteWriter& writer) const {
  writer.u8(static_cast<std::uint8_t>((router ? router_bit : 0) | (solicited ? solicited_bit : 0) |
                                      (override_cache ? override_bit : 0)));
  writer.fill(0, 3);
  writer.bytes(target.bytes);
  if (target_link_address) {
    emit_link_address(writer, target_link_address_option, *target_link_address);
  }
}

Ipv6Address solicited_node(const Ipv6Address& target) {
  Ipv6Address address{{0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xFF, 0, 0, 0}};
  std::copy(target.bytes.begin() + 13, target.bytes.end(), address.bytes.begin() + 13);
  return address;
}

}  // namespace goldcrest::wire

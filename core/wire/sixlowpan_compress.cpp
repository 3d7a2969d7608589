// SPDX-License-Identifier: MIT
// Compression of IPv6, extension and UDP headers (RFC 6282). The UDP checksum always stays: eliding
// it needs an agreement between the end points (section 4.3.2) that nobody has made here.
#include <algorithm>

#include "core/base/limits.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/sixlowpan.hpp"
#include "core/wire/sixlowpan_address.hpp"
#include "core/wire/sixlowpan_encoding.hpp"
#include "core/wire/udp.hpp"

namespace goldcrest::wire {
namespace {

using namespace sixlowpan;

/// Extension headers are compressed as long as they fit this many bytes together; a longer one
/// would not leave a frame room for anything else, and nothing is lost by sending it as it is.
constexpr std::size_t extension_room = 16;

TrafficMode traffic_mode(const Ipv6Header& header) {
  constexpr unsigned dscp_mask = 0xFC;
  if (header.flow_label == 0) return header.traffic_class == 0 ? traffic_none : traffic_class_only;
  return (header.traffic_class & dscp_mask) == 0 ? traffic_ecn_flow : traffic_all;
}

void emit_traffic(base::ByteWriter& writer, const Ipv6Header& header, TrafficMode mode) {
  const auto first = to_ecn_first(header.traffic_class);
  const auto flow = header.flow_label;
  if (mode == traffic_none) return;
  if (mode == traffic_ecn_flow) {
    writer.u8(static_cast<std::uint8_t>(first | flow >> 16));
    writer.be16(static_cast<std::uint16_t>(flow));
    return;
  }
  writer.u8(first);
  if (mode == traffic_class_only) return;
  writer.u8(static_cast<std::uint8_t>(flow >> 16));
  writer.be16(static_cast<std::uint16_t>(flow));
}

unsigned hop_limit_mode(std::uint8_t hop_limit) {
  const auto known = std::find(hop_limits.begin() + 1, hop_limits.end(), hop_limit);
  return known == hop_limits.end() ? 0u : static_cast<unsigned>(known - hop_limits.begin());
}

class Compressor {
 public:
  Compressor(base::Bytes datagram, const Ipv6Header& header, const LinkAddresses& link,
             const Compression& compression, base::ByteWriter& out)
      : datagram_(datagram), header_(header), link_(link), compression_(compression), out_(out) {}

  /// Returns how many bytes of the datagram the output stands for.
  std::size_t run() {
    auto protocol = header_.next_header;
    emit_iphc();
    while (compressible(protocol, covered_)) {
      if (protocol == next_header::udp) {
        emit_udp();
        break;
      }
      protocol = emit_extension(protocol);
    }
    return covered_;
  }

 private:
  bool compressible(std::uint8_t protocol, std::size_t offset) const {
    if (protocol == next_header::udp) return compressible_udp(offset);
    return compression_.extension_headers && compressible_extension(protocol, offset);
  }

  /// The length field is elided, so it has to be what the datagram's end gives; a zero checksum
  /// would come out as if it were a real one.
  bool compressible_udp(std::size_t offset) const {
    const auto packet = datagram_.subspan(offset);
    return packet.size() >= UdpDatagram::header_size &&
           base::load_be16(packet.data() + 4) == packet.size() &&
           base::load_be16(packet.data() + UdpDatagram::checksum_offset) != 0;
  }

  bool compressible_extension(std::uint8_t protocol, std::size_t offset) const {
    if (protocol != next_header::hop_by_hop && protocol != next_header::destination_options) {
      return false;
    }
    const auto rest = datagram_.subspan(offset);
    if (rest.size() < 8) return false;
    const std::size_t end = offset + 8u * (rest[1] + 1u);
    return end <= datagram_.size() && end - Ipv6Header::size <= extension_room;
  }

  void emit_iphc() {
    const auto source_link = interface_identifier(link_.source);
    const auto destination_link = interface_identifier(link_.destination);
    const auto source = choose_source_mode(header_.source, compression_.contexts, source_link);
    const auto destination =
        choose_destination_mode(header_.destination, compression_.contexts, destination_link);
    const bool contexts = source.context != 0 || destination.context != 0;
    const auto traffic = traffic_mode(header_);
    const auto hop_limit = hop_limit_mode(header_.hop_limit);
    covered_ = Ipv6Header::size;
    const bool next_compressed = compressible(header_.next_header, covered_);

    out_.u8(static_cast<std::uint8_t>(iphc_dispatch | traffic << traffic_shift |
                                      (next_compressed ? next_header_bit : 0) | hop_limit));
    out_.u8(static_cast<std::uint8_t>(
        (contexts ? context_bit : 0) | (source.stateful ? source_stateful_bit : 0) |
        unsigned{source.mode} << source_mode_shift | (destination.multicast ? multicast_bit : 0) |
        (destination.stateful ? destination_stateful_bit : 0) | destination.mode));
    if (contexts) out_.u8(static_cast<std::uint8_t>(source.context << 4 | destination.context));
    emit_traffic(out_, header_, traffic);
    if (!next_compressed) out_.u8(header_.next_header);
    if (hop_limit == 0) out_.u8(header_.hop_limit);
    emit_inline(out_, source, header_.source);
    emit_inline(out_, destination, header_.destination);
  }

  /// Returns the protocol behind the header.
  std::uint8_t emit_extension(std::uint8_t protocol) {
    const auto found =
        std::find(extension_protocols.begin(), extension_protocols.end(), std::optional(protocol));
    const auto identifier = static_cast<unsigned>(found - extension_protocols.begin());
    const auto header = datagram_.subspan(covered_, 8u * (datagram_[covered_ + 1] + 1u));
    covered_ += header.size();
    const bool next_compressed = compressible(header[0], covered_);
    out_.u8(static_cast<std::uint8_t>(extension_dispatch | identifier << 1 |
                                      (next_compressed ? extension_next_header_bit : 0)));
    if (!next_compressed) out_.u8(header[0]);
    out_.u8(static_cast<std::uint8_t>(header.size() - 2));
    out_.bytes(header.subspan(2));
    return header[0];
  }

  void emit_udp() {
    base::ByteReader reader(datagram_.subspan(covered_));
    const auto source = reader.be16();
    const auto destination = reader.be16();
    reader.skip(2);
    const auto checksum = reader.be16();
    emit_ports(source, destination);
    out_.be16(checksum);
    covered_ += UdpDatagram::header_size;
  }

  void emit_ports(std::uint16_t source, std::uint16_t destination) {
    const auto nibble = [](std::uint16_t port) { return (port & 0xFFF0) == port_nibble_base; };
    const auto byte = [](std::uint16_t port) { return (port & 0xFF00) == port_byte_base; };
    const auto low = [](std::uint16_t port) { return static_cast<std::uint8_t>(port); };
    if (nibble(source) && nibble(destination)) {
      out_.u8(udp_dispatch | ports_nibbles);
      out_.u8(static_cast<std::uint8_t>((source & 15) << 4 | (destination & 15)));
    } else if (byte(source)) {
      out_.u8(udp_dispatch | source_short);
      out_.u8(low(source));
      out_.be16(destination);
    } else if (byte(destination)) {
      out_.u8(udp_dispatch | destination_short);
      out_.be16(source);
      out_.u8(low(destination));
    } else {
      out_.u8(udp_dispatch | ports_inline);
      out_.be16(source);
      out_.be16(destination);
    }
  }

  base::Bytes datagram_;
  const Ipv6Header& header_;
  const LinkAddresses& link_;
  const Compression& compression_;
  base::ByteWriter& out_;
  std::size_t covered_ = 0;
};

}  // namespace

std::expected<std::size_t, SixlowpanError> compress_header(base::Bytes datagram,
                                                           const LinkAddresses& link,
                                                           const Compression& compression,
                                                           base::ByteWriter& out) {
  if (datagram.size() > limits::datagram_bytes) return std::unexpected(SixlowpanError::too_long);
  const auto header = Ipv6Header::parse(datagram);
  if (!header || header->payload_length != datagram.size() - Ipv6Header::size) {
    return std::unexpected(SixlowpanError::bad_datagram);
  }
  const auto covered = Compressor(datagram, *header, link, compression, out).run();
  if (!out.ok()) return std::unexpected(SixlowpanError::too_long);
  return covered;
}

}  // namespace goldcrest::wire

// SPDX-License-Identifier: MIT
// Decompression of IPv6, extension and UDP headers (RFC 6282). Length fields are elided throughout;
// they are filled in at the end, when the size of the whole datagram is known: from the fragment
// header, or from what an unfragmented payload came to.
#include <algorithm>

#include "core/base/limits.hpp"
#include "core/wire/checksum.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/sixlowpan.hpp"
#include "core/wire/sixlowpan_address.hpp"
#include "core/wire/sixlowpan_encoding.hpp"
#include "core/wire/udp.hpp"

namespace goldcrest::wire {
namespace {

using namespace sixlowpan;

using Result = std::expected<std::size_t, SixlowpanError>;

class Decompressor {
 public:
  /// `datagram_size` is set for a first fragment.
  Decompressor(base::Bytes payload, AddressContexts contexts,
               std::optional<std::uint16_t> datagram_size, base::MutableBytes out)
      : in_(payload),
        contexts_(contexts),
        datagram_size_(datagram_size),
        buffer_(out.first(std::min(out.size(), limit(datagram_size)))),
        out_(buffer_) {}

  Result run(const LinkAddresses& link) {
    std::optional<SixlowpanError> error;
    if (in_.remaining() > 0 && dispatch_of(in_payload()) == Dispatch::ipv6) {
      in_.skip(1);
      out_.bytes(in_.rest());
    } else {
      error =
          expand_headers(interface_identifier(link.source), interface_identifier(link.destination));
    }
    if (error) return std::unexpected(*error);
    if (!in_.ok()) return std::unexpected(SixlowpanError::truncated);
    if (!out_.ok()) return std::unexpected(SixlowpanError::too_long);
    return out_.size();
  }

 private:
  using Error = std::optional<SixlowpanError>;
  using LinkIdentifier = std::optional<InterfaceIdentifier>;

  static std::size_t limit(std::optional<std::uint16_t> datagram_size) {
    return std::min<std::size_t>(datagram_size.value_or(limits::datagram_bytes),
                                 limits::datagram_bytes);
  }

  base::Bytes in_payload() const {
    auto copy = in_;
    return copy.rest();
  }

  Error expand_headers(const LinkIdentifier& source, const LinkIdentifier& destination) {
    bool compressed = false;
    if (const auto error = expand_ipv6(source, destination, compressed)) return error;
    while (compressed) {
      if (const auto error = expand_next(compressed)) return error;
    }
    out_.bytes(in_.rest());
    if (!in_.ok()) return SixlowpanError::truncated;
    if (!out_.ok()) return SixlowpanError::too_long;
    return fill_in();
  }

  /// IPHC to a fixed header; `compressed` says whether NHC follows.
  Error expand_ipv6(const LinkIdentifier& source, const LinkIdentifier& destination,
                    bool& compressed) {
    const unsigned first = in_.u8();
    const unsigned second = in_.u8();
    if (!in_.ok()) return SixlowpanError::truncated;
    if (first >> 5 != iphc_dispatch >> 5) return SixlowpanError::unknown_dispatch;
    const unsigned contexts = (second & context_bit) != 0 ? in_.u8() : 0u;

    Ipv6Header header;
    read_traffic(first >> traffic_shift & mode_mask, header);
    compressed = (first & next_header_bit) != 0;
    if (!compressed) header.next_header = in_.u8();
    const auto hop_limit = hop_limits[first & hop_limit_mask];
    header.hop_limit = hop_limit != 0 ? hop_limit : in_.u8();

    const AddressMode source_mode{
        .multicast = false,
        .stateful = (second & source_stateful_bit) != 0,
        .mode = static_cast<std::uint8_t>(second >> source_mode_shift & mode_mask),
        .context = static_cast<std::uint8_t>(contexts >> 4)};
    const auto source_address = expand_address(in_, source_mode, contexts_, source);
    if (!source_address) return source_address.error();
    header.source = *source_address;

    const AddressMode destination_mode{.multicast = (second & multicast_bit) != 0,
                                       .stateful = (second & destination_stateful_bit) != 0,
                                       .mode = static_cast<std::uint8_t>(second & mode_mask),
                                       .context = static_cast<std::uint8_t>(contexts & 15)};
    if (!destination_mode.multicast && destination_mode.stateful && destination_mode.mode == 0) {
      return SixlowpanError::reserved_encoding;
    }
    const auto destination_address = expand_address(in_, destination_mode, contexts_, destination);
    if (!destination_address) return destination_address.error();
    header.destination = *destination_address;

    inner_ = outer_ ? std::optional(out_.size()) : std::nullopt;
    if (!outer_) outer_ = out_.size();
    protocol_place_ = out_.size() + Ipv6Header::next_header_offset;
    header.emit(out_);
    innermost_ = header;
    return out_.ok() ? Error{} : SixlowpanError::too_long;
  }

  void read_traffic(unsigned mode, Ipv6Header& header) {
    if (mode == traffic_none) return;
    const std::uint8_t first = in_.u8();
    if (mode == traffic_ecn_flow) {
      header.traffic_class = from_ecn_first(first & 0xC0);
      header.flow_label = (first & 0x0Fu) << 16 | in_.be16();
      return;
    }
    header.traffic_class = from_ecn_first(first);
    if (mode == traffic_class_only) return;
    header.flow_label = (in_.u8() & 0x0Fu) << 16;
    header.flow_label |= in_.be16();
  }

  /// One NHC encoding; `compressed` says whether another follows.
  Error expand_next(bool& compressed) {
    const auto encoding = in_.u8();
    if (!in_.ok()) return SixlowpanError::truncated;
    const auto protocol = encoded_protocol(encoding);
    if (!protocol) return SixlowpanError::reserved_encoding;
    buffer_[protocol_place_] = *protocol;
    if (*protocol == next_header::udp) {
      compressed = false;
      return expand_udp(encoding);
    }
    if (*protocol == next_header::ipv6) return expand_nested(encoding, compressed);
    compressed = (encoding & extension_next_header_bit) != 0;
    return expand_extension(*protocol, compressed);
  }

  /// An IPv6 header inside IPv6: its elided addresses are made of the outer ones.
  Error expand_nested(std::uint8_t encoding, bool& compressed) {
    if ((encoding & extension_next_header_bit) != 0) return SixlowpanError::reserved_encoding;
    if (inner_) return SixlowpanError::nesting;
    return expand_ipv6(interface_identifier(innermost_.source),
                       interface_identifier(innermost_.destination), compressed);
  }

  Error expand_extension(std::uint8_t protocol, bool next_compressed) {
    protocol_place_ = out_.size();
    const bool options =
        protocol == next_header::hop_by_hop || protocol == next_header::destination_options;
    const std::uint8_t next = next_compressed ? next_header::none : in_.u8();
    // A fragment header has a reserved byte where the others have their length.
    const std::uint8_t length = in_.u8();
    const std::size_t data_size = protocol == next_header::fragment ? 6u : length;
    const auto data = in_.bytes(data_size);
    if (!in_.ok()) return SixlowpanError::truncated;
    const std::size_t padding = (8 - (2 + data_size) % 8) % 8;
    if (padding != 0 && !options) return SixlowpanError::reserved_encoding;
    const std::size_t units = (2 + data_size + padding) / 8;
    routing_ = routing_ || protocol == next_header::routing;
    fragment_ = fragment_ || protocol == next_header::fragment;
    out_.u8(next);
    out_.u8(protocol == next_header::fragment ? std::uint8_t{0}
                                              : static_cast<std::uint8_t>(units - 1));
    out_.bytes(data);
    emit_padding(padding);
    return out_.ok() ? Error{} : SixlowpanError::too_long;
  }

  /// Trailing Pad1 and PadN options may be elided (RFC 6282 section 4.2).
  void emit_padding(std::size_t count) {
    constexpr std::uint8_t pad1 = 0;
    constexpr std::uint8_t padn = 1;
    if (count == 1) out_.u8(pad1);
    if (count < 2) return;
    out_.u8(padn);
    out_.u8(static_cast<std::uint8_t>(count - 2));
    out_.fill(0, count - 2);
  }

  Error expand_udp(std::uint8_t encoding) {
    std::uint16_t source = 0;
    std::uint16_t destination = 0;
    const unsigned ports = encoding & mode_mask;
    if (ports == ports_nibbles) {
      const unsigned both = in_.u8();
      source = static_cast<std::uint16_t>(port_nibble_base | both >> 4);
      destination = static_cast<std::uint16_t>(port_nibble_base | (both & 15));
    } else {
      source = ports == source_short ? port_byte_base | in_.u8() : in_.be16();
      destination = ports == destination_short ? port_byte_base | in_.u8() : in_.be16();
    }
    checksum_elided_ = (encoding & udp_checksum_elided_bit) != 0;
    udp_ = out_.size();
    out_.be16(source);
    out_.be16(destination);
    out_.be16(0);
    out_.be16(checksum_elided_ ? std::uint16_t{0} : in_.be16());
    return std::nullopt;
  }

  /// Everything that depends on where the datagram ends.
  Error fill_in() {
    const std::size_t end = datagram_size_.value_or(static_cast<std::uint16_t>(out_.size()));
    for (const auto start : {outer_, inner_}) {
      if (!start) continue;
      base::store_be16(buffer_.data() + *start + Ipv6Header::payload_length_offset,
                       static_cast<std::uint16_t>(end - *start - Ipv6Header::size));
    }
    if (!udp_) return std::nullopt;
    base::store_be16(buffer_.data() + *udp_ + 4, static_cast<std::uint16_t>(end - *udp_));
    return checksum_elided_ ? restore_checksum() : std::nullopt;
  }

  /// Needs the whole packet, and the last destination, which a routing header may hide.
  Error restore_checksum() {
    if (datagram_size_ || routing_ || fragment_) return SixlowpanError::checksum_elided;
    const auto packet = out_.written().subspan(*udp_);
    const auto checksum =
        upper_layer_checksum(innermost_.source, innermost_.destination, next_header::udp, packet);
    base::store_be16(buffer_.data() + *udp_ + UdpDatagram::checksum_offset,
                     checksum == 0 ? std::uint16_t{0xFFFF} : checksum);
    return std::nullopt;
  }

  base::ByteReader in_;
  AddressContexts contexts_;
  std::optional<std::uint16_t> datagram_size_;
  base::MutableBytes buffer_;
  base::ByteWriter out_;
  Ipv6Header innermost_{};
  std::size_t protocol_place_ = 0;  // of the Next Header byte that the next encoding decides
  std::optional<std::size_t> outer_{};
  std::optional<std::size_t> inner_{};
  std::optional<std::size_t> udp_{};
  bool checksum_elided_ = false;
  bool routing_ = false;
  bool fragment_ = false;
};

std::optional<SixlowpanError> refuse(base::Bytes payload) {
  switch (dispatch_of(payload)) {
    case Dispatch::iphc:
    case Dispatch::ipv6:
      return std::nullopt;
    case Dispatch::not_sixlowpan:
      return SixlowpanError::not_sixlowpan;
    case Dispatch::mesh:
      return SixlowpanError::mesh_header;
    case Dispatch::broadcast:
      return SixlowpanError::broadcast_header;
    case Dispatch::first_fragment:
    case Dispatch::later_fragment:
    case Dispatch::unknown:
      break;
  }
  return SixlowpanError::unknown_dispatch;
}

}  // namespace

Result decompress(base::Bytes payload, const LinkAddresses& link, AddressContexts contexts,
                  base::MutableBytes out) {
  if (const auto error = refuse(payload)) return std::unexpected(*error);
  return Decompressor(payload, contexts, std::nullopt, out).run(link);
}

Result decompress_first_fragment(base::Bytes payload, std::uint16_t datagram_size,
                                 const LinkAddresses& link, AddressContexts contexts,
                                 base::MutableBytes out) {
  if (const auto error = refuse(payload)) return std::unexpected(*error);
  return Decompressor(payload, contexts, datagram_size, out).run(link);
}

}  // namespace goldcrest::wire

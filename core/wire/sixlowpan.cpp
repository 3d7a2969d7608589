// SPDX-License-Identifier: MIT
#include "core/wire/sixlowpan.hpp"

#include "core/base/ensure.hpp"
#include "core/base/limits.hpp"

namespace goldcrest::wire {
namespace {

constexpr std::uint8_t uncompressed_ipv6 = 0x41;
constexpr std::uint8_t broadcast_header = 0x50;
constexpr unsigned first_fragment_bits = 0xC0;  // 11000xxx
constexpr unsigned later_fragment_bits = 0xE0;  // 11100xxx
constexpr unsigned size_mask = 0x07FF;
constexpr std::uint16_t offset_unit = 8;

}  // namespace

std::string_view describe(SixlowpanError error) {
  switch (error) {
    case SixlowpanError::truncated:
      return "6LoWPAN payload shorter than its encoding demands";
    case SixlowpanError::not_sixlowpan:
      return "not a 6LoWPAN payload";
    case SixlowpanError::mesh_header:
      return "6LoWPAN mesh addressing, which is not used here";
    case SixlowpanError::broadcast_header:
      return "6LoWPAN broadcast header, which is not used here";
    case SixlowpanError::unknown_dispatch:
      return "unknown 6LoWPAN dispatch";
    case SixlowpanError::reserved_encoding:
      return "reserved 6LoWPAN encoding";
    case SixlowpanError::unknown_context:
      return "6LoWPAN context that is not set";
    case SixlowpanError::no_link_address:
      return "elided address that the link addresses do not give";
    case SixlowpanError::checksum_elided:
      return "elided UDP checksum that cannot be restored";
    case SixlowpanError::nesting:
      return "6LoWPAN headers nested too deep";
    case SixlowpanError::too_long:
      return "datagram longer than allowed or announced";
    case SixlowpanError::bad_datagram:
      return "not one whole IPv6 datagram";
  }
  return "unknown error";
}

Dispatch dispatch_of(base::Bytes payload) {
  if (payload.empty()) return Dispatch::not_sixlowpan;
  const std::uint8_t byte = payload[0];
  if (byte >> 6 == 0b00) return Dispatch::not_sixlowpan;
  if (byte >> 6 == 0b10) return Dispatch::mesh;
  if (byte >> 5 == 0b011) return Dispatch::iphc;
  if (byte >> 3 == first_fragment_bits >> 3) return Dispatch::first_fragment;
  if (byte >> 3 == later_fragment_bits >> 3) return Dispatch::later_fragment;
  if (byte == uncompressed_ipv6) return Dispatch::ipv6;
  if (byte == broadcast_header) return Dispatch::broadcast;
  return Dispatch::unknown;
}

std::expected<FragmentHeader, SixlowpanError> FragmentHeader::parse(base::Bytes payload) {
  const auto dispatch = dispatch_of(payload);
  if (dispatch != Dispatch::first_fragment && dispatch != Dispatch::later_fragment) {
    return std::unexpected(SixlowpanError::unknown_dispatch);
  }
  base::ByteReader reader(payload);
  FragmentHeader header;
  header.first = dispatch == Dispatch::first_fragment;
  header.datagram_size = reader.be16() & size_mask;
  header.datagram_tag = reader.be16();
  if (!header.first) {
    header.datagram_offset = static_cast<std::uint16_t>(reader.u8() * offset_unit);
  }
  if (!reader.ok()) return std::unexpected(SixlowpanError::truncated);
  if (header.datagram_size > limits::datagram_bytes ||
      header.datagram_offset >= header.datagram_size) {
    return std::unexpected(SixlowpanError::too_long);
  }
  return header;
}

void FragmentHeader::emit(base::ByteWriter& writer) const {
  base::ensure(datagram_size <= size_mask && datagram_offset % offset_unit == 0 &&
               datagram_offset / offset_unit <= 0xFF && (!first || datagram_offset == 0));
  const unsigned dispatch = first ? first_fragment_bits : later_fragment_bits;
  writer.be16(static_cast<std::uint16_t>(dispatch << 8 | datagram_size));
  writer.be16(datagram_tag);
  if (!first) writer.u8(static_cast<std::uint8_t>(datagram_offset / offset_unit));
}

}  // namespace goldcrest::wire

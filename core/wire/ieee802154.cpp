// SPDX-License-Identifier: MIT
#include "core/wire/ieee802154.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::wire {
namespace {

// Frame control field, IEEE 802.15.4-2006 section 7.2.1.1.
constexpr unsigned type_mask = 0x0007;
constexpr unsigned security_bit = 0x0008;
constexpr unsigned pending_bit = 0x0010;
constexpr unsigned ack_request_bit = 0x0020;
constexpr unsigned pan_compression_bit = 0x0040;
constexpr unsigned destination_mode_shift = 10;
constexpr unsigned version_shift = 12;
constexpr unsigned source_mode_shift = 14;
constexpr unsigned reserved_mode = 1;

MacAddress read_address(base::ByteReader& reader, unsigned mode) {
  if (mode == static_cast<unsigned>(MacAddressMode::short_address)) {
    return MacAddress::from_short(reader.le16());
  }
  if (mode == static_cast<unsigned>(MacAddressMode::extended)) {
    Eui64 eui64;
    reader.copy_to(eui64.bytes);
    std::reverse(eui64.bytes.begin(), eui64.bytes.end());
    return MacAddress::from(eui64);
  }
  return {};
}

void write_address(base::ByteWriter& writer, const MacAddress& address) {
  if (address.mode == MacAddressMode::short_address) writer.le16(address.short_address);
  if (address.mode == MacAddressMode::extended) {
    auto bytes = address.extended.bytes;
    std::reverse(bytes.begin(), bytes.end());
    writer.bytes(bytes);
  }
}

std::expected<MacFrame, MacError> parse_acknowledgement(MacFrame frame, unsigned control,
                                                        base::ByteReader& reader) {
  frame.type = MacFrameType::acknowledgement;
  if (frame.pan_id_compression || control >> source_mode_shift != 0 ||
      (control >> destination_mode_shift & 3) != 0) {
    return std::unexpected(MacError::address_mode);
  }
  if (reader.remaining() != 0) return std::unexpected(MacError::length);
  return frame;
}

std::expected<MacFrame, MacError> parse_data(MacFrame frame, unsigned control,
                                             base::ByteReader& reader) {
  const unsigned destination_mode = control >> destination_mode_shift & 3;
  const unsigned source_mode = control >> source_mode_shift & 3;
  const bool both = destination_mode != 0 && source_mode != 0;
  const bool neither = destination_mode == 0 && source_mode == 0;
  if (destination_mode == reserved_mode || source_mode == reserved_mode || neither ||
      (frame.pan_id_compression && !both)) {
    return std::unexpected(MacError::address_mode);
  }
  if (destination_mode != 0) frame.destination_pan = reader.le16();
  frame.destination = read_address(reader, destination_mode);
  if (frame.pan_id_compression) {
    frame.source_pan = frame.destination_pan;
  } else if (source_mode != 0) {
    frame.source_pan = reader.le16();
  }
  frame.source = read_address(reader, source_mode);
  frame.payload = reader.rest();
  if (!reader.ok()) return std::unexpected(MacError::truncated);
  return frame;
}

}  // namespace

std::string_view describe(MacError error) {
  switch (error) {
    case MacError::truncated:
      return "frame shorter than its frame control field demands";
    case MacError::unsupported_type:
      return "neither a data frame nor an acknowledgement";
    case MacError::secured:
      return "frame with link-layer security";
    case MacError::version:
      return "frame version later than IEEE 802.15.4-2006";
    case MacError::address_mode:
      return "forbidden combination of addressing modes";
    case MacError::length:
      return "acknowledgement with trailing bytes";
  }
  return "unknown error";
}

MacFrame MacFrame::data(std::uint16_t pan, std::uint8_t sequence, const MacAddress& source,
                        const MacAddress& destination, base::Bytes payload) {
  MacFrame frame;
  frame.sequence = sequence;
  frame.destination_pan = pan;
  frame.source_pan = pan;
  frame.destination = destination;
  frame.source = source;
  frame.payload = payload;
  return frame;
}

MacFrame MacFrame::acknowledgement(std::uint8_t sequence) {
  MacFrame frame;
  frame.type = MacFrameType::acknowledgement;
  frame.pan_id_compression = false;
  frame.version = 0;
  frame.sequence = sequence;
  return frame;
}

std::expected<MacFrame, MacError> MacFrame::parse(base::Bytes bytes) {
  base::ByteReader reader(bytes);
  const unsigned control = reader.le16();
  MacFrame frame;
  frame.frame_pending = (control & pending_bit) != 0;
  frame.ack_request = (control & ack_request_bit) != 0;
  frame.pan_id_compression = (control & pan_compression_bit) != 0;
  frame.version = static_cast<std::uint8_t>(control >> version_shift & 3);
  frame.sequence = reader.u8();
  if (!reader.ok()) return std::unexpected(MacError::truncated);
  if (frame.version > 1) return std::unexpected(MacError::version);
  if ((control & security_bit) != 0) return std::unexpected(MacError::secured);
  switch (control & type_mask) {
    case static_cast<unsigned>(MacFrameType::data):
      return parse_data(frame, control, reader);
    case static_cast<unsigned>(MacFrameType::acknowledgement):
      return parse_acknowledgement(frame, control, reader);
    default:
      return std::unexpected(MacError::unsupported_type);
  }
}

void MacFrame::emit(base::ByteWriter& writer) const {
  const bool both = destination.mode != MacAddressMode::none && source.mode != MacAddressMode::none;
  base::ensure(!pan_id_compression || (both && source_pan == destination_pan));
  base::ensure(version <= 1);
  unsigned control = static_cast<unsigned>(type);
  if (frame_pending) control |= pending_bit;
  if (ack_request) control |= ack_request_bit;
  if (pan_id_compression) control |= pan_compression_bit;
  control |= static_cast<unsigned>(destination.mode) << destination_mode_shift;
  control |= unsigned{version} << version_shift;
  control |= static_cast<unsigned>(source.mode) << source_mode_shift;
  writer.le16(static_cast<std::uint16_t>(control));
  writer.u8(sequence);
  if (destination.mode != MacAddressMode::none) writer.le16(destination_pan);
  write_address(writer, destination);
  if (source.mode != MacAddressMode::none && !pan_id_compression) writer.le16(source_pan);
  write_address(writer, source);
  writer.bytes(payload);
}

std::size_t MacFrame::header_size() const {
  std::size_t size = 3 + destination.size() + source.size();
  if (destination.mode != MacAddressMode::none) size += 2;
  if (source.mode != MacAddressMode::none && !pan_id_compression) size += 2;
  return size;
}

}  // namespace goldcrest::wire

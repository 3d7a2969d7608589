// SPDX-License-Identifier: MIT
#include "host/air/zep.hpp"

namespace goldcrest::air {

namespace {
constexpr std::uint8_t preamble_0 = 'E';
constexpr std::uint8_t preamble_1 = 'X';
constexpr std::uint8_t version = 2;
constexpr std::uint8_t crc_mode = 1;
constexpr std::size_t reserved_bytes = 10;
constexpr std::size_t fcs_bytes = 2;

void emit_be64(base::ByteWriter& writer, std::uint64_t value) {
  writer.be32(static_cast<std::uint32_t>(value >> 32));
  writer.be32(static_cast<std::uint32_t>(value));
}
}  // namespace

std::string_view describe(ZepError error) {
  switch (error) {
    case ZepError::truncated:
      return "truncated";
    case ZepError::not_zep:
      return "not a ZEP datagram";
    case ZepError::unsupported_version:
      return "not ZEP version 2";
    case ZepError::unsupported_type:
      return "unknown ZEP type";
    case ZepError::bad_length:
      return "frame length does not fit the datagram";
    case ZepError::bad_fcs:
      return "frame check sequence does not match";
  }
  return "unknown error";
}

std::uint16_t frame_check_sequence(base::Bytes frame) {
  std::uint16_t crc = 0;
  for (const auto byte : frame) {
    crc = static_cast<std::uint16_t>(crc ^ byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>((crc & 1) != 0 ? (crc >> 1) ^ 0x8408 : crc >> 1);
    }
  }
  return crc;
}

std::expected<ZepPacket, ZepError> parse_zep(base::Bytes datagram) {
  base::ByteReader reader(datagram);
  const auto first = reader.u8();
  const auto second = reader.u8();
  const auto version_field = reader.u8();
  const auto type = reader.u8();
  if (!reader.ok()) return std::unexpected(ZepError::truncated);
  if (first != preamble_0 || second != preamble_1) return std::unexpected(ZepError::not_zep);
  if (version_field != version) return std::unexpected(ZepError::unsupported_version);

  ZepPacket packet;
  if (type == static_cast<std::uint8_t>(ZepType::hello)) {
    packet.type = ZepType::hello;
    packet.sequence = reader.be32();
    if (!reader.ok()) return std::unexpected(ZepError::truncated);
    return packet;
  }
  if (type != static_cast<std::uint8_t>(ZepType::data)) {
    return std::unexpected(ZepError::unsupported_type);
  }
  packet.channel = reader.u8();
  packet.device_id = reader.be16();
  reader.skip(1);  // CRC mode: both modes end the frame with two bytes; only real FCSs are accepted
  packet.lqi = reader.u8();
  packet.ntp_time = std::uint64_t{reader.be32()} << 32;
  packet.ntp_time |= reader.be32();
  packet.sequence = reader.be32();
  reader.skip(reserved_bytes);
  const std::size_t length = reader.u8();
  if (!reader.ok()) return std::unexpected(ZepError::truncated);
  if (length < fcs_bytes || length != reader.remaining()) {
    return std::unexpected(ZepError::bad_length);
  }
  packet.frame = reader.bytes(length - fcs_bytes);
  if (packet.frame.size() > zep_frame_bytes_max) return std::unexpected(ZepError::bad_length);
  const auto fcs = reader.le16();
  if (fcs != frame_check_sequence(packet.frame)) return std::unexpected(ZepError::bad_fcs);
  return packet;
}

void emit_zep(const ZepPacket& packet, base::ByteWriter& writer) {
  writer.u8(preamble_0);
  writer.u8(preamble_1);
  writer.u8(version);
  writer.u8(static_cast<std::uint8_t>(packet.type));
  if (packet.type == ZepType::hello) {
    writer.be32(packet.sequence);
    return;
  }
  writer.u8(packet.channel);
  writer.be16(packet.device_id);
  writer.u8(crc_mode);
  writer.u8(packet.lqi);
  emit_be64(writer, packet.ntp_time);
  writer.be32(packet.sequence);
  writer.fill(0, reserved_bytes);
  if (packet.frame.size() > zep_frame_bytes_max) {
    (void)writer.reserve(writer.remaining() + 1);  // fails the writer
    return;
  }
  writer.u8(static_cast<std::uint8_t>(packet.frame.size() + fcs_bytes));
  writer.bytes(packet.frame);
  writer.le16(frame_check_sequence(packet.frame));
}

}  // namespace goldcrest::air

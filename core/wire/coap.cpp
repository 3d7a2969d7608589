// SPDX-License-Identifier: MIT
#include "core/wire/coap.hpp"

#include "core/base/bytes.hpp"

namespace goldcrest::wire::coap {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t payload_marker = 0xFF;
constexpr std::size_t header_size = 4;

// Option delta and length have four bits; 13 and 14 announce one or two bytes more, 15 is reserved.
constexpr std::uint32_t one_byte_base = 13;
constexpr std::uint32_t two_byte_base = 269;

std::uint32_t extended(base::ByteReader& reader, unsigned nibble) {
  switch (nibble) {
    case 13:
      return one_byte_base + reader.u8();
    case 14:
      return two_byte_base + reader.be16();
    case 15:
      reader.fail();
      return 0;
    default:
      return nibble;
  }
}

struct EncodedOption {
  std::uint32_t delta = 0;
  base::Bytes value;
};

// The reader must not be at the payload marker.
EncodedOption read_option(base::ByteReader& reader) {
  const unsigned first = reader.u8();
  EncodedOption encoded;
  encoded.delta = extended(reader, first >> 4u);
  encoded.value = reader.bytes(extended(reader, first & 15u));
  return encoded;
}

unsigned nibble_for(std::uint32_t value) {
  if (value < one_byte_base) return value;
  return value < two_byte_base ? 13 : 14;
}

void write_extended(base::ByteWriter& writer, std::uint32_t value) {
  if (value >= two_byte_base) {
    writer.be16(static_cast<std::uint16_t>(value - two_byte_base));
  } else if (value >= one_byte_base) {
    writer.u8(static_cast<std::uint8_t>(value - one_byte_base));
  }
}

// The length of the options at the start of `bytes`: up to the payload marker or the end.
std::optional<std::size_t> measure_options(base::Bytes bytes) {
  base::ByteReader reader(bytes);
  std::uint32_t number = 0;
  while (reader.remaining() > 0 && bytes[reader.position()] != payload_marker) {
    number += read_option(reader).delta;
    if (!reader.ok() || number > 0xFFFF) return std::nullopt;
  }
  return reader.position();
}

}  // namespace

std::string_view describe(Code code) {
  switch (code) {
    case Code::empty:
      return "Empty";
    case Code::get:
      return "GET";
    case Code::post:
      return "POST";
    case Code::put:
      return "PUT";
    case Code::del:
      return "DELETE";
    case Code::fetch:
      return "FETCH";
    case Code::patch:
      return "PATCH";
    case Code::ipatch:
      return "iPATCH";
    case Code::created:
      return "Created";
    case Code::deleted:
      return "Deleted";
    case Code::valid:
      return "Valid";
    case Code::changed:
      return "Changed";
    case Code::content:
      return "Content";
    case Code::continue_:
      return "Continue";
    case Code::bad_request:
      return "Bad Request";
    case Code::unauthorized:
      return "Unauthorized";
    case Code::bad_option:
      return "Bad Option";
    case Code::forbidden:
      return "Forbidden";
    case Code::not_found:
      return "Not Found";
    case Code::method_not_allowed:
      return "Method Not Allowed";
    case Code::not_acceptable:
      return "Not Acceptable";
    case Code::request_entity_incomplete:
      return "Request Entity Incomplete";
    case Code::precondition_failed:
      return "Precondition Failed";
    case Code::request_entity_too_large:
      return "Request Entity Too Large";
    case Code::unsupported_content_format:
      return "Unsupported Content-Format";
    case Code::unprocessable_entity:
      return "Unprocessable Entity";
    case Code::internal_server_error:
      return "Internal Server Error";
    case Code::not_implemented:
      return "Not Implemented";
    case Code::bad_gateway:
      return "Bad Gateway";
    case Code::service_unavailable:
      return "Service Unavailable";
    case Code::gateway_timeout:
      return "Gateway Timeout";
    case Code::proxying_not_supported:
      return "Proxying Not Supported";
  }
  return "unknown";
}

std::string_view option_name(std::uint16_t option_number) {
  switch (option_number) {
    case option::if_match:
      return "If-Match";
    case option::uri_host:
      return "Uri-Host";
    case option::etag:
      return "ETag";
    case option::if_none_match:
      return "If-None-Match";
    case option::observe:
      return "Observe";
    case option::uri_port:
      return "Uri-Port";
    case option::location_path:
      return "Location-Path";
    case option::uri_path:
      return "Uri-Path";
    case option::content_format:
      return "Content-Format";
    case option::max_age:
      return "Max-Age";
    case option::uri_query:
      return "Uri-Query";
    case option::accept:
      return "Accept";
    case option::location_query:
      return "Location-Query";
    case option::block2:
      return "Block2";
    case option::block1:
      return "Block1";
    case option::size2:
      return "Size2";
    case option::proxy_uri:
      return "Proxy-Uri";
    case option::proxy_scheme:
      return "Proxy-Scheme";
    case option::size1:
      return "Size1";
    case option::echo:
      return "Echo";
    case option::no_response:
      return "No-Response";
    default:
      return {};
  }
}

std::string_view describe(MessageError error) {
  switch (error) {
    case MessageError::too_short:
      return "shorter than a CoAP header";
    case MessageError::unknown_version:
      return "not CoAP version 1";
    case MessageError::bad_token_length:
      return "token longer than 8 bytes";
    case MessageError::bad_option:
      return "malformed option";
    case MessageError::empty_payload:
      return "payload marker without payload";
    case MessageError::empty_with_content:
      return "empty message with content";
  }
  return "unknown error";
}

std::optional<std::uint32_t> parse_uint(base::Bytes value) {
  if (value.size() > 4) return std::nullopt;
  std::uint32_t result = 0;
  for (const auto byte : value) result = (result << 8u) | byte;
  return result;
}

std::optional<Block> Block::parse(base::Bytes value) {
  if (value.size() > 3) return std::nullopt;
  const auto packed = *parse_uint(value);
  const auto exponent = static_cast<std::uint8_t>(packed & 7u);
  if (exponent > max_size_exponent) return std::nullopt;
  return Block{.number = packed >> 4u, .more = (packed & 8u) != 0, .size_exponent = exponent};
}

// `rest_` was measured by parse(), so reading cannot fail.
void Options::Iterator::load() {
  if (rest_.empty()) {
    length_ = 0;
    return;
  }
  base::ByteReader reader(rest_);
  const auto encoded = read_option(reader);
  length_ = reader.position();
  option_.number = static_cast<std::uint16_t>(option_.number + encoded.delta);
  option_.value = encoded.value;
}

std::optional<Option> Options::find(std::uint16_t number) const {
  for (const auto& candidate : *this) {
    if (candidate.number == number) return candidate;
  }
  return std::nullopt;
}

std::size_t Options::count(std::uint16_t number) const {
  std::size_t result = 0;
  for (const auto& candidate : *this) result += candidate.number == number ? 1u : 0u;
  return result;
}

std::optional<std::uint32_t> Options::uint(std::uint16_t number) const {
  const auto found = find(number);
  return found ? parse_uint(found->value) : std::nullopt;
}

std::optional<Block> Options::block(std::uint16_t number) const {
  const auto found = find(number);
  return found ? Block::parse(found->value) : std::nullopt;
}

bool Options::path_is(std::string_view path) const {
  bool more = !path.empty();
  for (const auto& candidate : *this) {
    if (candidate.number != option::uri_path) continue;
    if (!more) return false;
    const auto slash = path.find('/');
    if (text_of(candidate.value) != path.substr(0, slash)) return false;
    more = slash != std::string_view::npos;
    path = more ? path.substr(slash + 1) : std::string_view();
  }
  return !more;
}

std::optional<Header> peek_header(base::Bytes datagram) {
  if (datagram.size() < header_size || datagram[0] >> 6u != version) return std::nullopt;
  return Header{.type = static_cast<Type>((datagram[0] >> 4u) & 3u),
                .code = static_cast<Code>(datagram[1]),
                .message_id = base::load_be16(&datagram[2])};
}

std::expected<Message, MessageError> parse(base::Bytes datagram) {
  if (datagram.size() < header_size) return std::unexpected(MessageError::too_short);
  const auto header = peek_header(datagram);
  if (!header) return std::unexpected(MessageError::unknown_version);
  const std::size_t token_length = datagram[0] & 15u;
  if (token_length > limits::coap_token_bytes) {
    return std::unexpected(MessageError::bad_token_length);
  }
  if (header->code == Code::empty && datagram.size() != header_size) {
    return std::unexpected(MessageError::empty_with_content);
  }
  base::ByteReader reader(datagram);
  reader.skip(header_size);
  const auto token = reader.bytes(token_length);
  if (!reader.ok()) return std::unexpected(MessageError::too_short);

  const auto rest = reader.rest();
  const auto options_length = measure_options(rest);
  if (!options_length) return std::unexpected(MessageError::bad_option);
  const auto payload = rest.subspan(*options_length);
  if (payload.size() == 1) return std::unexpected(MessageError::empty_payload);

  return Message{.type = header->type,
                 .code = header->code,
                 .message_id = header->message_id,
                 .token = Token(token),
                 .options = Options(rest.first(*options_length)),
                 .payload = payload.empty() ? payload : payload.subspan(1)};
}

MessageWriter::MessageWriter(base::MutableBytes buffer, Type type, Code code,
                             std::uint16_t message_id, const Token& token)
    : writer_(buffer) {
  writer_.u8(static_cast<std::uint8_t>((version << 6u) | (static_cast<unsigned>(type) << 4u) |
                                       token.bytes().size()));
  writer_.u8(static_cast<std::uint8_t>(code));
  writer_.be16(message_id);
  writer_.bytes(token.bytes());
}

void MessageWriter::option(std::uint16_t number, base::Bytes value) {
  base::ensure(number >= last_option_ && !has_payload_ && value.size() <= 0xFFFF + two_byte_base);
  const std::uint32_t delta = number - static_cast<std::uint32_t>(last_option_);
  const auto length = static_cast<std::uint32_t>(value.size());
  writer_.u8(static_cast<std::uint8_t>((nibble_for(delta) << 4u) | nibble_for(length)));
  write_extended(writer_, delta);
  write_extended(writer_, length);
  writer_.bytes(value);
  last_option_ = number;
}

void MessageWriter::option_text(std::uint16_t number, std::string_view value) {
  option(number, bytes_of(value));
}

void MessageWriter::option_uint(std::uint16_t number, std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  base::store_be32(bytes.data(), value);
  std::size_t zeros = 0;
  while (zeros < bytes.size() && bytes[zeros] == 0) ++zeros;
  option(number, base::Bytes(bytes).subspan(zeros));
}

void MessageWriter::path(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  while (!path.empty()) {
    const auto slash = path.find('/');
    option_text(option::uri_path, path.substr(0, slash));
    if (slash == std::string_view::npos) return;
    path.remove_prefix(slash + 1);
    if (path.empty()) option_text(option::uri_path, path);  // "a/" has an empty last segment
  }
}

void MessageWriter::payload(base::Bytes value) {
  base::ensure(!has_payload_);
  has_payload_ = true;
  if (value.empty()) return;
  writer_.u8(payload_marker);
  writer_.bytes(value);
}

void MessageWriter::payload_text(std::string_view value) {
  payload(bytes_of(value));
}

std::optional<base::Bytes> MessageWriter::finish() const {
  if (!writer_.ok()) return std::nullopt;
  return writer_.written();
}

std::array<std::uint8_t, 4> empty_message(Type type, std::uint16_t message_id) {
  std::array<std::uint8_t, 4> message{};
  MessageWriter(message, type, Code::empty, message_id);
  return message;
}

}  // namespace goldcrest::wire::coap

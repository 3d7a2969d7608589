// SPDX-License-Identifier: MIT
// CoAP messages over UDP: RFC 7252 sections 3, 5.4 and 12; block options: RFC 7959 section 2.2;
// FETCH: RFC 8132.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |Ver| T |  TKL  |      Code     |          Message ID           |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |   Token (if any, TKL bytes) ...
//   |   Options (if any) ...
//   |1 1 1 1 1 1 1 1|    Payload (if any) ...
//
// A parsed Message points into the bytes it was parsed from and exists only when all of its options
// are well formed, so walking them cannot fail.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/ensure.hpp"
#include "core/base/limits.hpp"

namespace goldcrest::wire::coap {

inline constexpr std::uint16_t default_port = 5683;

/// RFC 7252 section 3, field T.
enum class Type : std::uint8_t {
  confirmable = 0,
  non_confirmable = 1,
  acknowledgement = 2,
  reset = 3,
};

/// RFC 7252 section 12.1, RFC 7959 section 6, RFC 8132 section 6: class << 5 | detail.
enum class Code : std::uint8_t {
  empty = 0x00,
  get = 0x01,
  post = 0x02,
  put = 0x03,
  del = 0x04,
  fetch = 0x05,
  patch = 0x06,
  ipatch = 0x07,
  created = 0x41,
  deleted = 0x42,
  valid = 0x43,
  changed = 0x44,
  content = 0x45,
  continue_ = 0x5F,
  bad_request = 0x80,
  unauthorized = 0x81,
  bad_option = 0x82,
  forbidden = 0x83,
  not_found = 0x84,
  method_not_allowed = 0x85,
  not_acceptable = 0x86,
  request_entity_incomplete = 0x88,
  precondition_failed = 0x8C,
  request_entity_too_large = 0x8D,
  unsupported_content_format = 0x8F,
  unprocessable_entity = 0x96,
  internal_server_error = 0xA0,
  not_implemented = 0xA1,
  bad_gateway = 0xA2,
  service_unavailable = 0xA3,
  gateway_timeout = 0xA4,
  proxying_not_supported = 0xA5,
};

constexpr unsigned code_class(Code code) {
  return static_cast<unsigned>(code) >> 5;
}
constexpr unsigned code_detail(Code code) {
  return static_cast<unsigned>(code) & 0x1F;
}
constexpr bool is_request(Code code) {
  return code_class(code) == 0 && code != Code::empty;
}
/// Classes 2, 4 and 5; 1, 6 and 7 are reserved.
constexpr bool is_response(Code code) {
  const auto value = code_class(code);
  return value == 2 || value == 4 || value == 5;
}

/// The RFC's name ("Not Found", "GET"); "unknown" for a code no RFC named here defines.
std::string_view describe(Code code);

/// RFC 7252 section 12.2, RFC 7641, RFC 7959, RFC 7967, RFC 9175.
namespace option {
inline constexpr std::uint16_t if_match = 1;
inline constexpr std::uint16_t uri_host = 3;
inline constexpr std::uint16_t etag = 4;
inline constexpr std::uint16_t if_none_match = 5;
inline constexpr std::uint16_t observe = 6;
inline constexpr std::uint16_t uri_port = 7;
inline constexpr std::uint16_t location_path = 8;
inline constexpr std::uint16_t uri_path = 11;
inline constexpr std::uint16_t content_format = 12;
inline constexpr std::uint16_t max_age = 14;
inline constexpr std::uint16_t uri_query = 15;
inline constexpr std::uint16_t accept = 17;
inline constexpr std::uint16_t location_query = 20;
inline constexpr std::uint16_t block2 = 23;
inline constexpr std::uint16_t block1 = 27;
inline constexpr std::uint16_t size2 = 28;
inline constexpr std::uint16_t proxy_uri = 35;
inline constexpr std::uint16_t proxy_scheme = 39;
inline constexpr std::uint16_t size1 = 60;
inline constexpr std::uint16_t echo = 252;
inline constexpr std::uint16_t no_response = 258;
}  // namespace option

/// RFC 9175 section 2.2.1: the longest Echo value; the shortest has one byte.
inline constexpr std::size_t longest_echo_bytes = 40;

/// Odd option numbers are critical (RFC 7252 section 5.4.6).
constexpr bool critical(std::uint16_t option_number) {
  return (option_number & 1u) != 0;
}

/// "Uri-Path", "Block2"…; empty for a number not named above.
std::string_view option_name(std::uint16_t option_number);

/// RFC 7252 section 12.3.
namespace content_format {
inline constexpr std::uint16_t text_plain = 0;
inline constexpr std::uint16_t link_format = 40;
inline constexpr std::uint16_t octet_stream = 42;
inline constexpr std::uint16_t cbor = 60;
}  // namespace content_format

/// Up to eight bytes that tie a response to its request.
class Token {
 public:
  constexpr Token() = default;
  /// value.size() ≤ 8.
  explicit Token(base::Bytes value) : size_(static_cast<std::uint8_t>(value.size())) {
    base::ensure(value.size() <= bytes_.size());
    std::copy(value.begin(), value.end(), bytes_.begin());
  }
  constexpr base::Bytes bytes() const { return base::Bytes(bytes_.data(), size_); }
  friend constexpr bool operator==(const Token&, const Token&) = default;

 private:
  std::array<std::uint8_t, limits::coap_token_bytes> bytes_{};
  std::uint8_t size_ = 0;
};

struct Option {
  std::uint16_t number = 0;
  base::Bytes value;
};

/// The `uint` format (RFC 7252 section 3.2); nothing when longer than four bytes. Leading zeros are
/// accepted, as the RFC asks.
std::optional<std::uint32_t> parse_uint(base::Bytes value);

/// A Block1 or Block2 value (RFC 7959 section 2.2): NUM, M, SZX.
struct Block {
  std::uint32_t number = 0;  ///< 0 to 2^20 - 1
  bool more = false;
  std::uint8_t size_exponent = 0;  ///< SZX, 0 to 6

  constexpr std::size_t size() const { return std::size_t{16} << size_exponent; }
  /// Byte offset of the block; below 2^30.
  constexpr std::uint32_t offset() const { return number << (size_exponent + 4u); }
  constexpr std::uint32_t value() const {
    return (number << 4u) | (more ? 8u : 0u) | size_exponent;
  }
  /// Nothing when longer than three bytes or with the reserved SZX 7.
  static std::optional<Block> parse(base::Bytes value);

  friend constexpr bool operator==(const Block&, const Block&) = default;
};

inline constexpr std::uint32_t max_block_number = (1u << 20u) - 1u;
inline constexpr std::uint8_t max_size_exponent = 6;

/// The SZX of the largest block of at most `bytes` bytes; `bytes` ≥ 16.
constexpr std::uint8_t size_exponent_for(std::size_t bytes) {
  std::uint8_t exponent = 0;
  while (exponent < max_size_exponent && (std::size_t{32} << exponent) <= bytes) ++exponent;
  return exponent;
}

enum class MessageError {
  too_short,           ///< not even a header: ignore the datagram
  unknown_version,     ///< not version 1: ignore the datagram (RFC 7252 section 3)
  bad_token_length,    ///< 9 to 15
  bad_option,          ///< reserved nibble 15, truncated, or a number above 65535
  empty_payload,       ///< a payload marker with nothing behind it
  empty_with_content,  ///< code 0.00 with a token, options or payload
};

std::string_view describe(MessageError error);

struct Message;

/// The options of a parsed message, in order.
class Options {
 public:
  class Iterator {
   public:
    using value_type = Option;
    using difference_type = std::ptrdiff_t;

    constexpr Iterator() = default;
    explicit Iterator(base::Bytes rest) : rest_(rest) { load(); }

    constexpr const Option& operator*() const { return option_; }
    constexpr const Option* operator->() const { return &option_; }
    Iterator& operator++() {
      rest_ = rest_.subspan(length_);
      load();
      return *this;
    }
    Iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    friend constexpr bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.length_ == 0;
    }

   private:
    void load();

    base::Bytes rest_;
    Option option_;
    std::size_t length_ = 0;  // of the encoded option; 0 at the end
  };

  constexpr Options() = default;
  Iterator begin() const { return Iterator(encoded_); }
  static constexpr std::default_sentinel_t end() { return {}; }

  /// The first option of that number.
  std::optional<Option> find(std::uint16_t number) const;
  std::size_t count(std::uint16_t number) const;
  /// The first option of that number as a uint; nothing when absent or longer than four bytes.
  std::optional<std::uint32_t> uint(std::uint16_t number) const;
  /// The first option of that number as a block; nothing when absent or malformed.
  std::optional<Block> block(std::uint16_t number) const;
  /// Compares Uri-Path with a path such as "updates/1234abcd", without the leading slash.
  bool path_is(std::string_view path) const;

 private:
  friend std::expected<Message, MessageError> parse(base::Bytes datagram);
  constexpr explicit Options(base::Bytes encoded) : encoded_(encoded) {}

  base::Bytes encoded_;
};

struct Message {
  Type type = Type::confirmable;
  Code code = Code::empty;
  std::uint16_t message_id = 0;
  Token token;
  Options options;
  base::Bytes payload;
};

/// The fixed header alone, for the RST that answers a confirmable message with a format error.
struct Header {
  Type type = Type::confirmable;
  Code code = Code::empty;
  std::uint16_t message_id = 0;
};

/// Nothing when shorter than four bytes or not version 1.
std::optional<Header> peek_header(base::Bytes datagram);

[[nodiscard]] std::expected<Message, MessageError> parse(base::Bytes datagram);

/// Emits one message into a buffer: header, options in ascending order, payload. When the buffer is
/// too small, finish() says so and nothing was written outside it.
class MessageWriter {
 public:
  MessageWriter(base::MutableBytes buffer, Type type, Code code, std::uint16_t message_id,
                const Token& token = {});

  /// Options must come in ascending order of number (ensured); value ≤ 65804 bytes.
  void option(std::uint16_t number, base::Bytes value);
  void option_text(std::uint16_t number, std::string_view value);
  /// In as few bytes as it takes; zero is the empty value.
  void option_uint(std::uint16_t number, std::uint32_t value);
  void option_block(std::uint16_t number, const Block& block) {
    option_uint(number, block.value());
  }
  /// One option a segment of a path such as "updates/1234abcd"; a leading slash is skipped.
  void path(std::string_view path);
  /// At most once, last. An empty payload writes no marker.
  void payload(base::Bytes value);
  void payload_text(std::string_view value);

  /// The whole message, or nothing when it did not fit.
  std::optional<base::Bytes> finish() const;

 private:
  base::ByteWriter writer_;
  std::uint16_t last_option_ = 0;
  bool has_payload_ = false;
};

/// An empty ACK or RST (RFC 7252 section 4.1): always four bytes.
std::array<std::uint8_t, 4> empty_message(Type type, std::uint16_t message_id);

/// Text as bytes, for option values and payloads.
inline base::Bytes bytes_of(std::string_view text) {
  return base::Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}
inline std::string_view text_of(base::Bytes bytes) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace goldcrest::wire::coap

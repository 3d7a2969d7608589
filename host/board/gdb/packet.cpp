// SPDX-License-Identifier: MIT
#include "host/board/gdb/packet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace goldcrest::board::gdb {
namespace {

constexpr char escape = '}';
constexpr char escape_bit = 0x20;
constexpr char interrupt = 0x03;

std::uint8_t checksum(std::string_view text) {
  unsigned sum = 0;
  for (const char character : text) sum += static_cast<std::uint8_t>(character);
  return static_cast<std::uint8_t>(sum);
}

std::optional<std::uint8_t> hex_byte(std::string_view text) {
  std::uint8_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return text.size() == 2 && whole ? std::optional(value) : std::nullopt;
}

std::string unescape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escaped = text[at] == escape && at + 1 < text.size();
    result += escaped ? static_cast<char>(text[++at] ^ escape_bit) : text[at];
  }
  return result;
}

}  // namespace

std::optional<PacketReader::Event> PacketReader::next() {
  // Anything between packets but these is line noise.
  const std::size_t begin = pending_.find_first_of("$+-\x03");
  pending_.erase(0, begin);
  if (pending_.empty()) return std::nullopt;
  if (pending_.front() != '$') {
    const char character = pending_.front();
    pending_.erase(0, 1);
    if (character == interrupt) return Event{Kind::interrupt, {}};
    return Event{character == '+' ? Kind::acknowledged : Kind::rejected, {}};
  }
  const std::size_t end = pending_.find('#');
  if (std::min(end, pending_.size()) > packet_max + 1) return Event{Kind::too_long, {}};
  if (end == std::string::npos || pending_.size() < end + 3) return std::nullopt;
  const std::string_view payload = std::string_view(pending_).substr(1, end - 1);
  const auto sum = hex_byte(std::string_view(pending_).substr(end + 1, 2));
  Event event;
  if (sum && *sum == checksum(payload)) event = {Kind::packet, unescape(payload)};
  pending_.erase(0, end + 3);
  return event;
}

std::string make_packet(std::string_view payload) {
  std::string escaped;
  escaped.reserve(payload.size());
  for (const char character : payload) {
    if (std::string_view("#$}*").contains(character)) {
      escaped += escape;
      escaped += static_cast<char>(character ^ escape_bit);
    } else {
      escaped += character;
    }
  }
  return fmt::format("${}#{:02x}", escaped, checksum(escaped));
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result;
  result.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result;
}

std::string to_hex(std::string_view text) {
  return to_hex(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::string word_to_hex(std::uint32_t value) {
  const std::uint8_t bytes[] = {
      static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8),
      static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 24)};
  return to_hex(bytes);
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> result;
  result.reserve(text.size() / 2);
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const auto byte = hex_byte(text.substr(at, 2));
    if (!byte) return std::nullopt;
    result.push_back(*byte);
  }
  return result;
}

std::optional<std::uint32_t> Fields::number() {
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, 16);
  if (parsed.ec != std::errc()) return std::nullopt;
  rest_.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest_.data()));
  return value;
}

bool Fields::skip(char character) {
  if (!rest_.starts_with(character)) return false;
  rest_.remove_prefix(1);
  return true;
}

std::string_view Fields::until(char separator) {
  const std::size_t end = std::min(rest_.find(separator), rest_.size());
  const std::string_view field = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  return field;
}

}  // namespace goldcrest::board::gdb

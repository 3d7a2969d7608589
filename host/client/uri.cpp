// SPDX-License-Identifier: MIT
#include "host/client/uri.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "core/wire/address.hpp"

namespace goldcrest::client {
namespace {

constexpr std::size_t segment_limit = 255;  // RFC 7252 table 4

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    result += static_cast<char>(*high << 4u | *low);
    i += 2;
  }
  return result;
}

// Decodes each part; a decoded separator could not be told from a real one any more.
std::expected<std::string, std::string> decode_parts(std::string_view text, char separator) {
  std::string result;
  while (true) {
    const auto end = text.find(separator);
    const auto part = percent_decode(text.substr(0, end));
    if (!part) return std::unexpected("has a broken %-escape");
    if (part->find(separator) != std::string::npos) {
      return std::unexpected(fmt::format("has an escaped '{}', which is not supported", separator));
    }
    if (part->size() > segment_limit) return std::unexpected("has a part longer than 255 bytes");
    result += *part;
    if (end == std::string_view::npos) return result;
    result += separator;
    text.remove_prefix(end + 1);
  }
}

std::expected<void, std::string> parse_authority(std::string_view authority, CoapUri& uri) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return std::unexpected("lacks a closing ]");
    uri.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!wire::Ipv6Address::parse(uri.host)) return std::unexpected("has no valid IPv6 address");
  } else {
    const auto colon = authority.find(':');
    uri.host = authority.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    uri.host_is_name = !wire::Ipv6Address::parse(uri.host);
  }
  if (uri.host.empty()) return std::unexpected("names no host");
  if (uri.host.size() > segment_limit) return std::unexpected("has a host longer than 255 bytes");
  if (port.empty() || port == ":") return {};
  const char* end = port.data() + port.size();
  const auto [stop, failure] = std::from_chars(port.data() + 1, end, uri.port);
  if (port.front() != ':' || failure != std::errc() || stop != end || uri.port == 0) {
    return std::unexpected("has no valid port (1 to 65535)");
  }
  return {};
}

std::expected<CoapUri, std::string> parse(std::string_view text) {
  constexpr std::string_view scheme = "coap://";
  if (!text.starts_with(scheme)) return std::unexpected("is not coap://HOST[:PORT]/PATH");
  text.remove_prefix(scheme.size());
  if (text.find('#') != std::string_view::npos) return std::unexpected("has a fragment");
  CoapUri uri;
  if (const auto question = text.find('?'); question != std::string_view::npos) {
    auto query = decode_parts(text.substr(question + 1), '&');
    if (!query) return std::unexpected(query.error());
    uri.query = *std::move(query);
    text = text.substr(0, question);
  }
  const auto slash = text.find('/');
  if (auto authority = parse_authority(text.substr(0, slash), uri); !authority) {
    return std::unexpected(authority.error());
  }
  if (slash != std::string_view::npos) {
    auto path = decode_parts(text.substr(slash + 1), '/');
    if (!path) return std::unexpected(path.error());
    uri.path = *std::move(path);
  }
  return uri;
}

}  // namespace

std::expected<CoapUri, std::string> parse_coap_uri(std::string_view text) {
  auto uri = parse(text);
  if (!uri) return std::unexpected(fmt::format("'{}' {}", text, uri.error()));
  return uri;
}

}  // namespace goldcrest::client

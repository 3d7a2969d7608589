// SPDX-License-Identifier: MIT
#include "host/packer/file_name.hpp"

#include <fmt/format.h>

#include <charconv>

namespace goldcrest::packer {
namespace {

/// A decimal number up to `limit`, without sign, spaces or leading zeros.
std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t limit) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > limit)
    return std::nullopt;
  return value;
}

std::optional<base::Version> parse_numbers(std::string_view text, char separator) {
  const auto first = text.find(separator);
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = text.find(separator, first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto major = parse_decimal(text.substr(0, first), 0xFF);
  const auto minor = parse_decimal(text.substr(first + 1, second - first - 1), 0xFF);
  const auto build = parse_decimal(text.substr(second + 1), 0xFFFF);
  if (!major || !minor || !build) return std::nullopt;
  return base::Version{static_cast<std::uint8_t>(*major), static_cast<std::uint8_t>(*minor),
                       static_cast<std::uint16_t>(*build)};
}

/// Where the last `count` fields begin, each led by an underscore.
std::size_t last_fields(std::string_view text, int count) {
  std::size_t at = text.size();
  for (int i = 0; i < count; ++i) {
    if (at == 0) return std::string_view::npos;
    at = text.rfind('_', at - 1);
    if (at == std::string_view::npos) return at;
  }
  return at;
}

}  // namespace

std::string version_text(base::Version version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.build);
}

std::optional<base::Version> parse_version(std::string_view text) {
  return parse_numbers(text, '.');
}

std::string FileName::text() const {
  const bool update = kind == FileKind::update;
  return fmt::format("{}_{}_{}_{}_{}_0x{:08X}.{}", product, version.major, version.minor,
                     version.build, update ? "APP" : "MAN", crc32, update ? "fmu" : "bin");
}

std::optional<FileName> FileName::parse(std::string_view text) {
  FileName name;
  std::string_view kind;
  if (text.ends_with(".fmu")) {
    kind = "_APP";
  } else if (text.ends_with(".bin")) {
    name.kind = FileKind::manufacturing;
    kind = "_MAN";
  } else {
    return std::nullopt;
  }
  const std::string_view stem = text.substr(0, text.size() - 4);
  const auto crc_at = last_fields(stem, 1);
  const auto kind_at = last_fields(stem, 2);
  const auto version_at = last_fields(stem, 5);
  if (version_at == std::string_view::npos || stem.substr(kind_at, crc_at - kind_at) != kind) {
    return std::nullopt;
  }
  const auto crc = stem.substr(crc_at + 1);
  if (crc.size() != 10 || !crc.starts_with("0x")) return std::nullopt;
  const auto [end, error] = std::from_chars(crc.data() + 2, crc.data() + 10, name.crc32, 16);
  const auto version = parse_numbers(stem.substr(version_at + 1, kind_at - version_at - 1), '_');
  if (error != std::errc() || end != crc.data() + 10 || !version) return std::nullopt;
  name.version = *version;
  name.product = stem.substr(0, version_at);
  if (name.text() != text) return std::nullopt;
  return name;
}

}  // namespace goldcrest::packer

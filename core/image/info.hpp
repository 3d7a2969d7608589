// SPDX-License-Identifier: MIT
// The Info record that every BOOT, MTA and APP carries behind its vector table, and the product id
// that names a family of devices. docs/formats/info.md.
//
//   0  magic "GINF"   4  record version   5  image type   6  reserved (2)
//   8  version (4)   12  product id (32)                 44  reserved (4)
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/version.hpp"
#include "core/image/flash.hpp"

namespace goldcrest::image {

enum class ImageType : std::uint8_t { boot = 1, mta = 2, app = 3 };

/// 1 to 31 characters of A–Z a–z 0–9 '-' '.' '_': safe as part of a file name.
class ProductId {
 public:
  using Stored = std::array<std::uint8_t, limits::product_id_bytes>;

  /// Nothing when the text is not a product id.
  static constexpr std::optional<ProductId> from_text(std::string_view text);
  /// From 32 bytes, NUL-padded; nothing when they are not a product id and its padding.
  static constexpr std::optional<ProductId> from_stored(base::Bytes stored);

  constexpr const Stored& stored() const { return stored_; }
  std::string_view text() const;

  friend constexpr bool operator==(const ProductId&, const ProductId&) = default;

 private:
  constexpr ProductId() = default;

  Stored stored_{};
};

struct Info {
  ImageType type;
  base::Version version;  ///< never 0.0.0
  ProductId product;

  friend constexpr bool operator==(const Info&, const Info&) = default;
};

enum class InfoError : std::uint8_t {
  flash,
  magic,
  record_version,
  type,
  version,
  product,
  reserved
};

std::string_view describe(InfoError error);

inline constexpr std::uint32_t info_size = 48;

/// `bytes` is at least 48 bytes long; what follows is not looked at.
[[nodiscard]] std::expected<Info, InfoError> parse_info(base::Bytes bytes);
/// The record of the program at `base` (BOOT, MTA or slot).
[[nodiscard]] std::expected<Info, InfoError> read_info(Flash& flash, Address base);
/// Constant, so that a program can lay its own record into its image at compile time.
constexpr std::array<std::uint8_t, info_size> emit_info(const Info& info);

constexpr bool product_id_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

constexpr std::optional<ProductId> ProductId::from_text(std::string_view text) {
  if (text.empty() || text.size() >= limits::product_id_bytes) return std::nullopt;
  ProductId id;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!product_id_character(text[i])) return std::nullopt;
    id.stored_[i] = static_cast<std::uint8_t>(text[i]);
  }
  return id;
}

constexpr std::optional<ProductId> ProductId::from_stored(base::Bytes stored) {
  if (stored.size() != limits::product_id_bytes) return std::nullopt;
  ProductId id;
  std::size_t length = 0;
  while (length < stored.size() && stored[length] != 0) {
    if (!product_id_character(static_cast<char>(stored[length]))) return std::nullopt;
    id.stored_[length] = stored[length];
    ++length;
  }
  if (length == 0 || length == stored.size()) return std::nullopt;
  for (std::size_t i = length; i < stored.size(); ++i) {
    if (stored[i] != 0) return std::nullopt;
  }
  return id;
}

constexpr std::array<std::uint8_t, info_size> emit_info(const Info& info) {
  std::array<std::uint8_t, info_size> bytes{};
  base::ByteWriter writer(bytes);
  for (const char c : {'G', 'I', 'N', 'F'}) writer.u8(static_cast<std::uint8_t>(c));
  writer.u8(1);
  writer.u8(static_cast<std::uint8_t>(info.type));
  writer.le16(0);
  writer.le32(info.version.packed());
  writer.bytes(info.product.stored());
  writer.le32(0);
  return bytes;
}

}  // namespace goldcrest::image

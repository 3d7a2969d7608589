// SPDX-License-Identifier: MIT
// The relocation table: which words of an image hold an address inside the image. One table has
// one form only, and every other form is refused. docs/formats/relocations.md.
//
// For each listed word, in ascending order, the number of unlisted words before it since the last
// listed one, as unsigned LEB128 of least length; then zero bytes to a multiple of 4.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/image/flash.hpp"

namespace goldcrest::image {

enum class RelocationError : std::uint8_t {
  flash,
  truncated,      ///< fewer words than counted
  not_canonical,  ///< a longer encoding than needed
  beyond_image,   ///< a word outside the image
  padding,        ///< something after the last word but 0 to 3 zero bytes
  unaligned,      ///< encoder: an offset that is no multiple of 4
  unsorted,       ///< encoder: an offset not above the one before
  no_room,        ///< encoder: the output is too short
};

std::string_view describe(RelocationError error);

/// No table of `count` words is longer than this, padding included.
constexpr std::uint32_t relocation_size_max(std::uint32_t count) {
  return (count * 3 + 3) / 4 * 4;
}

/// Encodes byte offsets from the image's start, sorted, multiples of 4, below image_size. The
/// result is the bytes used in `out`, padding included; relocation_size_max() is always enough.
[[nodiscard]] std::expected<std::uint32_t, RelocationError> encode_relocations(
    std::span<const std::uint32_t> offsets, std::uint32_t image_size, base::MutableBytes out);

/// Decodes byte by byte: push() every byte of the table, then finish().
class RelocationDecoder {
 public:
  /// `count` words of an image of image_size bytes (at most a slot).
  RelocationDecoder(std::uint32_t count, std::uint32_t image_size)
      : left_(count), words_(image_size / 4) {}

  /// The byte offset of a listed word, when this byte completes one.
  [[nodiscard]] std::expected<std::optional<std::uint32_t>, RelocationError> push(
      std::uint8_t byte);
  /// Checks, at the table's end, that all words have come and the padding is as short as it can be.
  [[nodiscard]] std::expected<void, RelocationError> finish() const;
  /// Words still to come.
  std::uint32_t left() const { return left_; }

 private:
  std::uint32_t left_;
  std::uint32_t words_;
  std::uint32_t next_ = 0;  // first word not yet passed
  std::uint32_t gap_ = 0;   // value being decoded
  std::uint32_t size_ = 0;  // bytes pushed
  std::uint32_t used_ = 0;  // bytes up to the end of the last word
  std::uint8_t shift_ = 0;
};

/// Checks a whole table at hand.
[[nodiscard]] std::expected<void, RelocationError> check_relocations(base::Bytes table,
                                                                     std::uint32_t count,
                                                                     std::uint32_t image_size);

/// Reads a table in flash word after word, with a buffer of 32 bytes.
class FlashRelocations {
 public:
  FlashRelocations(Flash& flash, Address table, std::uint32_t size, std::uint32_t count,
                   std::uint32_t image_size);

  /// The byte offset of the next listed word; nothing when all have come and the table ended as it
  /// must. Errors are final.
  [[nodiscard]] std::expected<std::optional<std::uint32_t>, RelocationError> next();

 private:
  Flash* flash_;
  Address address_;
  std::uint32_t unread_;
  RelocationDecoder decoder_;
  std::array<std::uint8_t, 32> buffer_{};
  std::uint8_t position_ = 0;
  std::uint8_t filled_ = 0;
};

}  // namespace goldcrest::image

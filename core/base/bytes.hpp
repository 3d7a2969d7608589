// SPDX-License-Identifier: MIT
// Readers and writers of byte strings, the base of every codec.
//
// Both keep a sticky failure: a read past the end returns zeros (or an empty span) and a write past
// the end writes nothing, and from then on ok() is false. A codec reads all its fields in order and
// asks ok() once, before it trusts any of them. Nothing ever reads or writes out of bounds.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace goldcrest::base {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

/// Big-endian and little-endian loads from the first bytes of a span that is long enough.
constexpr std::uint16_t load_be16(const std::uint8_t* p) {
  return static_cast<std::uint16_t>((p[0] << 8) | p[1]);
}
constexpr std::uint32_t load_be32(const std::uint8_t* p) {
  return (std::uint32_t{p[0]} << 24) | (std::uint32_t{p[1]} << 16) | (std::uint32_t{p[2]} << 8) |
         std::uint32_t{p[3]};
}
constexpr std::uint16_t load_le16(const std::uint8_t* p) {
  return static_cast<std::uint16_t>((p[1] << 8) | p[0]);
}
constexpr std::uint32_t load_le32(const std::uint8_t* p) {
  return (std::uint32_t{p[3]} << 24) | (std::uint32_t{p[2]} << 16) | (std::uint32_t{p[1]} << 8) |
         std::uint32_t{p[0]};
}
constexpr void store_be16(std::uint8_t* p, std::uint16_t value) {
  p[0] = static_cast<std::uint8_t>(value >> 8);
  p[1] = static_cast<std::uint8_t>(value);
}
constexpr void store_be32(std::uint8_t* p, std::uint32_t value) {
  store_be16(p, static_cast<std::uint16_t>(value >> 16));
  store_be16(p + 2, static_cast<std::uint16_t>(value));
}
constexpr void store_le16(std::uint8_t* p, std::uint16_t value) {
  p[0] = static_cast<std::uint8_t>(value);
  p[1] = static_cast<std::uint8_t>(value >> 8);
}
constexpr void store_le32(std::uint8_t* p, std::uint32_t value) {
  store_le16(p, static_cast<std::uint16_t>(value));
  store_le16(p + 2, static_cast<std::uint16_t>(value >> 16));
}

class ByteReader {
 public:
  constexpr explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  constexpr bool ok() const { return ok_; }
  constexpr std::size_t position() const { return position_; }
  constexpr std::size_t remaining() const { return bytes_.size() - position_; }

  constexpr std::uint8_t u8() {
    const auto* p = take(1);
    return p ? *p : std::uint8_t{0};
  }
  constexpr std::uint16_t be16() {
    const auto* p = take(2);
    return p ? load_be16(p) : std::uint16_t{0};
  }
  constexpr std::uint32_t be32() {
    const auto* p = take(4);
    return p ? load_be32(p) : 0u;
  }
  constexpr std::uint16_t le16() {
    const auto* p = take(2);
    return p ? load_le16(p) : std::uint16_t{0};
  }
  constexpr std::uint32_t le32() {
    const auto* p = take(4);
    return p ? load_le32(p) : 0u;
  }
  /// The next `count` bytes, or an empty span and failure.
  constexpr Bytes bytes(std::size_t count) {
    const auto* p = take(count);
    return p ? Bytes(p, count) : Bytes();
  }
  /// Copies the next out.size() bytes; on failure `out` is left as it was.
  constexpr void copy_to(MutableBytes out) {
    const auto source = bytes(out.size());
    std::copy(source.begin(), source.end(), out.begin());
  }
  constexpr void skip(std::size_t count) { (void)take(count); }
  /// All that is left; the reader is then at its end.
  constexpr Bytes rest() { return bytes(remaining()); }
  /// Marks the input as bad, for a check that only the codec can make.
  constexpr void fail() { ok_ = false; }

 private:
  constexpr const std::uint8_t* take(std::size_t count) {
    if (!ok_ || count > remaining()) {
      ok_ = false;
      return nullptr;
    }
    const auto* p = bytes_.data() + position_;
    position_ += count;
    return p;
  }

  Bytes bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

class ByteWriter {
 public:
  constexpr explicit ByteWriter(MutableBytes buffer) : buffer_(buffer) {}

  constexpr bool ok() const { return ok_; }
  constexpr std::size_t size() const { return size_; }
  constexpr std::size_t remaining() const { return buffer_.size() - size_; }
  /// What has been written so far; meaningful only while ok().
  constexpr Bytes written() const { return Bytes(buffer_.data(), size_); }

  constexpr void u8(std::uint8_t value) {
    if (auto* p = take(1)) *p = value;
  }
  constexpr void be16(std::uint16_t value) {
    if (auto* p = take(2)) store_be16(p, value);
  }
  constexpr void be32(std::uint32_t value) {
    if (auto* p = take(4)) store_be32(p, value);
  }
  constexpr void le16(std::uint16_t value) {
    if (auto* p = take(2)) store_le16(p, value);
  }
  constexpr void le32(std::uint32_t value) {
    if (auto* p = take(4)) store_le32(p, value);
  }
  constexpr void bytes(Bytes source) {
    if (auto* p = take(source.size())) std::copy(source.begin(), source.end(), p);
  }
  constexpr void fill(std::uint8_t value, std::size_t count) {
    if (auto* p = take(count)) std::fill_n(p, count, value);
  }
  /// Room for `count` bytes to be filled in later (a checksum, a length); empty on failure.
  constexpr MutableBytes reserve(std::size_t count) {
    auto* p = take(count);
    return p ? MutableBytes(p, count) : MutableBytes();
  }

 private:
  constexpr std::uint8_t* take(std::size_t count) {
    if (!ok_ || count > remaining()) {
      ok_ = false;
      return nullptr;
    }
    auto* p = buffer_.data() + size_;
    size_ += count;
    return p;
  }

  MutableBytes buffer_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace goldcrest::base

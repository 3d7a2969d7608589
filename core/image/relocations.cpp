// SPDX-License-Identifier: MIT
#include "core/image/relocations.hpp"

#include <algorithm>

namespace goldcrest::image {
namespace {

constexpr std::uint8_t more = 0x80;
constexpr std::uint8_t last_shift = 14;  // three bytes hold any word of a slot

constexpr std::uint32_t padded(std::uint32_t size) {
  return (size + 3) / 4 * 4;
}

}  // namespace

std::string_view describe(RelocationError error) {
  switch (error) {
    case RelocationError::flash:
      return "the flash could not be read";
    case RelocationError::truncated:
      return "the relocation table ends too early";
    case RelocationError::not_canonical:
      return "the relocation table is not in its shortest form";
    case RelocationError::beyond_image:
      return "the relocation table names a word outside the image";
    case RelocationError::padding:
      return "the padding of the relocation table is wrong";
    case RelocationError::unaligned:
      return "a relocated address is not at a multiple of 4";
    case RelocationError::unsorted:
      return "the relocations are not in ascending order";
    case RelocationError::no_room:
      return "the relocation table does not fit";
  }
  return "unknown error";
}

std::expected<std::uint32_t, RelocationError> encode_relocations(
    std::span<const std::uint32_t> offsets, std::uint32_t image_size, base::MutableBytes out) {
  base::ByteWriter writer(out);
  std::uint32_t next = 0;
  for (const auto offset : offsets) {
    if (offset % 4 != 0) return std::unexpected(RelocationError::unaligned);
    if (offset >= image_size) return std::unexpected(RelocationError::beyond_image);
    const std::uint32_t word = offset / 4;
    if (word < next) return std::unexpected(RelocationError::unsorted);
    std::uint32_t gap = word - next;
    for (; gap >= more; gap >>= 7) writer.u8(static_cast<std::uint8_t>(gap | more));
    writer.u8(static_cast<std::uint8_t>(gap));
    next = word + 1;
  }
  const auto used = static_cast<std::uint32_t>(writer.size());
  writer.fill(0, padded(used) - used);
  if (!writer.ok()) return std::unexpected(RelocationError::no_room);
  return padded(used);
}

std::expected<std::optional<std::uint32_t>, RelocationError> RelocationDecoder::push(
    std::uint8_t byte) {
  ++size_;
  if (left_ == 0) {
    if (byte != 0 || size_ > padded(used_)) return std::unexpected(RelocationError::padding);
    return std::nullopt;
  }
  gap_ |= static_cast<std::uint32_t>(byte & ~more) << shift_;
  if ((byte & more) != 0) {
    if (shift_ == last_shift) return std::unexpected(RelocationError::not_canonical);
    shift_ = static_cast<std::uint8_t>(shift_ + 7);
    return std::nullopt;
  }
  if (byte == 0 && shift_ != 0) return std::unexpected(RelocationError::not_canonical);
  const std::uint32_t word = next_ + gap_;
  if (word >= words_) return std::unexpected(RelocationError::beyond_image);
  next_ = word + 1;
  gap_ = 0;
  shift_ = 0;
  --left_;
  used_ = size_;
  return word * 4;
}

std::expected<void, RelocationError> RelocationDecoder::finish() const {
  if (left_ != 0) return std::unexpected(RelocationError::truncated);
  if (size_ != padded(used_)) return std::unexpected(RelocationError::padding);
  return {};
}

std::expected<void, RelocationError> check_relocations(base::Bytes table, std::uint32_t count,
                                                       std::uint32_t image_size) {
  RelocationDecoder decoder(count, image_size);
  for (const auto byte : table) {
    if (const auto pushed = decoder.push(byte); !pushed) return std::unexpected(pushed.error());
  }
  return decoder.finish();
}

FlashRelocations::FlashRelocations(Flash& flash, Address table, std::uint32_t size,
                                   std::uint32_t count, std::uint32_t image_size)
    : flash_(&flash), address_(table), unread_(size), decoder_(count, image_size) {}

std::expected<std::optional<std::uint32_t>, RelocationError> FlashRelocations::next() {
  while (true) {
    if (position_ == filled_) {
      if (unread_ == 0) {
        if (const auto end = decoder_.finish(); !end) return std::unexpected(end.error());
        return std::nullopt;
      }
      const auto count = std::min(unread_, static_cast<std::uint32_t>(buffer_.size()));
      if (!flash_->read(address_, base::MutableBytes(buffer_).first(count))) {
        return std::unexpected(RelocationError::flash);
      }
      address_ += count;
      unread_ -= count;
      position_ = 0;
      filled_ = static_cast<std::uint8_t>(count);
    }
    const auto word = decoder_.push(buffer_[position_++]);
    if (!word || word->has_value()) return word;
  }
}

}  // namespace goldcrest::image

// SPDX-License-Identifier: MIT
#include "host/packer/memory_flash.hpp"

#include <algorithm>
#include <span>

#include "core/base/ensure.hpp"

namespace goldcrest::packer {

using image::Address;
using image::FlashError;

bool MemoryFlash::in_range(Address address, std::size_t size, std::uint32_t unit) const {
  const auto flash = image::flash_section;
  return address >= flash.base && address % unit == 0 && size <= flash.size &&
         address - flash.base <= flash.size - size;
}

std::expected<void, FlashError> MemoryFlash::read(Address address, base::MutableBytes out) {
  if (!in_range(address, out.size(), 1)) return std::unexpected(FlashError::out_of_range);
  std::copy_n(bytes_.begin() + (address - image::flash_section.base), out.size(), out.begin());
  return {};
}

std::expected<void, FlashError> MemoryFlash::erase_page(Address address) {
  if (!in_range(address, image::page_size, image::page_size)) {
    return std::unexpected(FlashError::out_of_range);
  }
  std::fill_n(bytes_.begin() + (address - image::flash_section.base), image::page_size,
              image::erased_byte);
  return {};
}

std::expected<void, FlashError> MemoryFlash::program_word(Address address, std::uint32_t value) {
  if (!in_range(address, image::word_size, image::word_size)) {
    return std::unexpected(FlashError::out_of_range);
  }
  auto* word = bytes_.data() + (address - image::flash_section.base);
  if (base::load_le32(word) != 0) return std::unexpected(FlashError::not_erased);
  base::store_le32(word, value);
  return {};
}

std::expected<void, FlashError> MemoryFlash::program_half_page(Address address, base::Bytes data) {
  if (data.size() != image::half_page_size || address % image::half_page_size != 0) {
    return std::unexpected(FlashError::out_of_range);
  }
  return program(address, data);
}

std::expected<void, FlashError> MemoryFlash::program(Address address, base::Bytes data) {
  const std::size_t whole =
      (data.size() + image::word_size - 1) / image::word_size * image::word_size;
  if (!in_range(address, whole, image::word_size)) {
    return std::unexpected(FlashError::out_of_range);
  }
  const auto target = std::span(bytes_).subspan(address - image::flash_section.base, whole);
  if (std::ranges::any_of(target, [](std::uint8_t byte) { return byte != image::erased_byte; })) {
    return std::unexpected(FlashError::not_erased);
  }
  std::ranges::copy(data, target.begin());
  return {};
}

base::Bytes MemoryFlash::view(image::Section section) const {
  base::ensure(in_range(section.base, section.size, 1));
  return base::Bytes(bytes_).subspan(section.base - image::flash_section.base, section.size);
}

}  // namespace goldcrest::packer

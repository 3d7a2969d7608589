// SPDX-License-Identifier: MIT
// The device's whole flash in memory, behind core's flash port: `man` builds its image in one, and
// what `pack` has made is installed into one and verified there by the device's own code.
#pragma once

#include <vector>

#include "core/image/flash.hpp"

namespace goldcrest::packer {

class MemoryFlash final : public image::Flash {
 public:
  /// Erased.
  MemoryFlash() : bytes_(image::flash_section.size, image::erased_byte) {}

  std::expected<void, image::FlashError> read(image::Address address,
                                              base::MutableBytes out) override;
  std::expected<void, image::FlashError> erase_page(image::Address address) override;
  std::expected<void, image::FlashError> program_word(image::Address address,
                                                      std::uint32_t value) override;
  std::expected<void, image::FlashError> program_half_page(image::Address address,
                                                           base::Bytes data) override;

  /// Programs erased words from a multiple of 4 on, all or, on error, none; a last partial word is
  /// filled with 0.
  std::expected<void, image::FlashError> program(image::Address address, base::Bytes data);

  /// The bytes of [section.base, section.end()), which must lie in the flash.
  base::Bytes view(image::Section section) const;

 private:
  /// Whether [address, address + size) lies in the flash and starts at a multiple of `unit`.
  bool in_range(image::Address address, std::size_t size, std::uint32_t unit) const;

  std::vector<std::uint8_t> bytes_;
};

}  // namespace goldcrest::packer

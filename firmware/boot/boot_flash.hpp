// SPDX-License-Identifier: MIT
// The flash as BOOT uses it: reads, and state words of the slots. That BOOT can neither erase nor
// write anything longer is one thing less that could go wrong in it.
#pragma once

#include "firmware/chip/flash.hpp"

namespace goldcrest::boot {

class BootFlash final : public image::Flash {
 public:
  std::expected<void, image::FlashError> read(image::Address address,
                                              base::MutableBytes out) override {
    return chip::read_flash(address, out);
  }
  std::expected<void, image::FlashError> erase_page(image::Address) override {
    return std::unexpected(image::FlashError::write_protected);
  }
  std::expected<void, image::FlashError> program_word(image::Address address,
                                                      std::uint32_t value) override {
    return chip::program_flash_word(address, value);
  }
  std::expected<void, image::FlashError> program_half_page(image::Address, base::Bytes) override {
    return std::unexpected(image::FlashError::write_protected);
  }
};

}  // namespace goldcrest::boot

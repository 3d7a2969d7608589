// SPDX-License-Identifier: MIT
// Program memory of the STM32L152RE: the chip's side of image::Flash. RM0038 chapter 3.
//
// Word, half page and page operations take about 3.2 ms each. Code in the other bank goes on
// meanwhile (read-while-write); code in the same bank stalls at its next fetch and goes on after.
#pragma once

#include "core/image/flash.hpp"

namespace goldcrest::chip {

// The contracts are those of image::Flash.
[[nodiscard]] std::expected<void, image::FlashError> read_flash(image::Address address,
                                                                base::MutableBytes out);
[[nodiscard]] std::expected<void, image::FlashError> erase_flash_page(image::Address address);
[[nodiscard]] std::expected<void, image::FlashError> program_flash_word(image::Address address,
                                                                        std::uint32_t value);
[[nodiscard]] std::expected<void, image::FlashError> program_flash_half_page(image::Address address,
                                                                             base::Bytes data);

class ChipFlash final : public image::Flash {
 public:
  std::expected<void, image::FlashError> read(image::Address address,
                                              base::MutableBytes out) override {
    return read_flash(address, out);
  }
  std::expected<void, image::FlashError> erase_page(image::Address address) override {
    return erase_flash_page(address);
  }
  std::expected<void, image::FlashError> program_word(image::Address address,
                                                      std::uint32_t value) override {
    return program_flash_word(address, value);
  }
  std::expected<void, image::FlashError> program_half_page(image::Address address,
                                                           base::Bytes data) override {
    return program_flash_half_page(address, data);
  }
};

}  // namespace goldcrest::chip

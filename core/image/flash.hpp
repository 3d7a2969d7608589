// SPDX-License-Identifier: MIT
// The flash port: what core needs of program memory. The chip driver, the simulated flash of the
// unit tests and the packer's image builder implement it.
#pragma once

#include <cstdint>
#include <expected>

#include "core/base/bytes.hpp"
#include "core/image/flash_map.hpp"

namespace goldcrest::image {

enum class FlashError : std::uint8_t {
  out_of_range,  ///< outside the flash, or not aligned to the unit
  not_erased,    ///< the word already holds a non-zero value (RM0038: PGAERR/SIZERR family)
  write_protected,
  hardware,  ///< any other error flag, or no end of operation in time
};

class Flash {
 public:
  /// Copies out.size() bytes from `address`.
  [[nodiscard]] virtual std::expected<void, FlashError> read(Address address,
                                                             base::MutableBytes out) = 0;
  /// Erases the page of 256 bytes that starts at `address`: all bytes read 0 afterwards. ~3.2 ms.
  [[nodiscard]] virtual std::expected<void, FlashError> erase_page(Address address) = 0;
  /// Programs one erased word; `address` is a multiple of 4. ~3.2 ms.
  [[nodiscard]] virtual std::expected<void, FlashError> program_word(Address address,
                                                                     std::uint32_t value) = 0;
  /// Programs one erased half page; `data` is 128 bytes, `address` a multiple of 128. ~3.2 ms.
  [[nodiscard]] virtual std::expected<void, FlashError> program_half_page(Address address,
                                                                          base::Bytes data) = 0;

 protected:
  ~Flash() = default;
};

}  // namespace goldcrest::image

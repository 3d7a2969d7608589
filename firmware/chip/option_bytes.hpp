// SPDX-License-Identifier: MIT
// Option bytes: readout protection and write protection, RM0038 chapter 3.8. Each option word holds
// 16 bits and their complement.
#pragma once

#include <cstdint>
#include <expected>

#include "core/image/flash.hpp"

namespace goldcrest::chip {

enum class ReadoutProtection : std::uint8_t { level0, level1, level2 };

struct OptionBytes {
  ReadoutProtection readout_protection;
  std::uint32_t write_protected_sectors;  ///< bit n: sector n of 4 KiB, the first 32 sectors
};

/// As they are in force (loaded at the last reset).
OptionBytes read_option_bytes();

/// Write-protects the sectors of BOOT and sets the readout protection, in force after the next
/// launch_option_bytes(). Level 2 can never be undone: no debug port, no bootloader of ST's, no way
/// back to level 1.
[[nodiscard]] std::expected<void, image::FlashError> write_option_bytes(const OptionBytes& wanted);

/// Reloads the option bytes, which resets the chip.
[[noreturn]] void launch_option_bytes();

}  // namespace goldcrest::chip

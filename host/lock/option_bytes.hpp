// SPDX-License-Identifier: MIT
// The option bytes of the STM32L1 that lock it, RM0038 3.7: readout protection (RDP) and write
// protection (WRP) of sectors of 4 KiB. In each option word the upper half is the complement of the
// lower. A set bit of WRP protects its sector; bit n of WRP1 is that at 0x08000000 + n · 4 KiB.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "core/image/flash_map.hpp"
#include "host/lock/debug_port.hpp"

namespace goldcrest::lock {

inline constexpr std::uint32_t sector_size = 4096;
inline constexpr std::uint32_t boot_sectors = 0x0000000F;
static_assert(image::boot_section.base == image::flash_section.base);
static_assert(image::boot_section.size == 4 * sector_size, "the four bits above");

/// What RDP says, 0 to 2. Every value but two is level 1.
using Level = unsigned;

/// In force: loaded at the last reset.
struct Protection {
  Level level = 0;
  std::uint32_t write_protected_sectors = 0;  ///< WRP1: the first 32
  bool boots_from_bank_2 = false;             ///< nBFB2 is 0: the second bank is started first
  bool bad_complement = false;  ///< a damaged option word: the chip takes the safest value for it

  bool boot_is_write_protected() const {
    return (write_protected_sectors & boot_sectors) == boot_sectors;
  }
};
[[nodiscard]] std::expected<Protection, std::string> read_protection(DebugPort& port);

/// Stores the bits in WRP1, and reads them back: sectors that are protected stay so.
[[nodiscard]] std::expected<void, std::string> store_boot_protection(DebugPort& port);
/// Stores level 1 or 2, and reads it back. In force after launch().
[[nodiscard]] std::expected<void, std::string> store_level(DebugPort& port, Level level);
/// Has the chip load its option bytes, which resets it. At level 2 nobody answers from here on.
[[nodiscard]] std::expected<void, std::string> launch(DebugPort& port);

}  // namespace goldcrest::lock

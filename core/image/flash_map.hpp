// SPDX-License-Identifier: MIT
// The flash map, typed. See flash_map.ld.h for the numbers and docs/formats/flash-map.md for why.
#pragma once

#include <cstdint>

#include "core/image/flash_map.ld.h"

namespace goldcrest::image {

/// An address in the device's memory map.
using Address = std::uint32_t;

struct Section {
  Address base;
  std::uint32_t size;

  constexpr Address end() const { return base + size; }
  constexpr bool contains(Address address) const { return address >= base && address < end(); }
};

inline constexpr Section boot_section{GOLDCREST_BOOT_BASE, GOLDCREST_BOOT_SIZE};
inline constexpr Section factory_section{GOLDCREST_FACTORY_BASE, GOLDCREST_FACTORY_SIZE};
inline constexpr Section data_section{GOLDCREST_DATA_BASE, GOLDCREST_DATA_SIZE};
inline constexpr Section mta_section{GOLDCREST_MTA_BASE, GOLDCREST_MTA_SIZE};
inline constexpr Section app1_section{GOLDCREST_APP1_BASE, GOLDCREST_SLOT_SIZE};
/// The start of the second flash bank: never written, see docs/formats/flash-map.md.
inline constexpr Section guard_section{GOLDCREST_BANK2_BASE,
                                       GOLDCREST_APP2_BASE - GOLDCREST_BANK2_BASE};
inline constexpr Section app2_section{GOLDCREST_APP2_BASE, GOLDCREST_SLOT_SIZE};
inline constexpr Section flash_section{GOLDCREST_FLASH_BASE, GOLDCREST_FLASH_SIZE};
inline constexpr Section ram_section{GOLDCREST_RAM_BASE, GOLDCREST_RAM_SIZE};

/// Every APP is linked here, whichever slot it will run from.
inline constexpr Address link_base = app1_section.base;
inline constexpr std::uint32_t trailer_size = GOLDCREST_TRAILER_SIZE;
inline constexpr std::uint32_t info_offset = GOLDCREST_INFO_OFFSET;

/// RM0038 section 3: erase unit, write units and the erased value of the STM32L1's flash.
inline constexpr std::uint32_t page_size = 256;
inline constexpr std::uint32_t half_page_size = 128;
inline constexpr std::uint32_t word_size = 4;
inline constexpr std::uint8_t erased_byte = 0x00;

enum class Slot : std::uint8_t { app1, app2 };

constexpr Section section_of(Slot slot) {
  return slot == Slot::app1 ? app1_section : app2_section;
}
constexpr Slot other(Slot slot) {
  return slot == Slot::app1 ? Slot::app2 : Slot::app1;
}
/// What relocation adds to an address of the canonical image.
constexpr std::uint32_t offset_of(Slot slot) {
  return section_of(slot).base - link_base;
}

}  // namespace goldcrest::image

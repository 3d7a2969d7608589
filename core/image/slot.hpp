// SPDX-License-Identifier: MIT
// An application slot in flash: where image, relocation table, manifest, signature and state words
// lie, and what the state words say. docs/formats/slot.md.
//
// Each state is a group of four words, of which three are written as copies. A word whose writing
// was cut short may read differently every time; a group counts as set when any of its words does,
// and BOOT completes a group that it finds set, so that what it has once acted upon stays.
#pragma once

#include <array>
#include <cstdint>
#include <expected>

#include "core/base/limits.hpp"
#include "core/image/flash.hpp"
#include "core/image/flash_map.hpp"

namespace goldcrest::image {

inline constexpr std::uint32_t manifest_offset = GOLDCREST_SLOT_SIZE - GOLDCREST_TRAILER_SIZE;
inline constexpr std::uint32_t state_offset = manifest_offset + 0x800;
/// Manifest and signature together at most this long.
inline constexpr std::uint32_t manifest_and_signature_size_max = state_offset - manifest_offset;

constexpr std::uint32_t round_up(std::uint32_t value, std::uint32_t unit) {
  return (value + unit - 1) / unit * unit;
}
/// Where the table starts, from the slot's base; relocation_size ≤ manifest_offset.
constexpr std::uint32_t relocation_table_offset(std::uint32_t relocation_size) {
  return manifest_offset - round_up(relocation_size, page_size);
}

/// The groups of the state page; the value is the offset of the group's first word.
enum class StateGroup : std::uint8_t {
  installed = 0,
  confirmed = 16,
  rejected = 32,
  trial_boot_1 = 48,
  trial_boot_2 = 64,
  trial_boot_3 = 80,
};
inline constexpr std::array<StateGroup, limits::trial_boots> trial_boot_groups{
    StateGroup::trial_boot_1, StateGroup::trial_boot_2, StateGroup::trial_boot_3};
inline constexpr std::uint32_t state_copies = 3;

inline constexpr std::uint32_t installed_value = 0x494E5354;
inline constexpr std::uint32_t confirmed_value = 0x434F4E46;
inline constexpr std::uint32_t rejected_value = 0x52454A45;
inline constexpr std::uint32_t trial_boot_value = 0x54524941;

enum class SlotState : std::uint8_t { empty, trial, confirmed, rejected };

struct SlotStatus {
  bool installed = false;
  bool confirmed = false;
  bool confirmed_for_good = false;  ///< by all copies: no confirmation that was cut short
  bool rejected = false;
  std::uint8_t trial_boots = 0;  ///< used up so far, 0 to limits::trial_boots

  SlotState state() const;
};

[[nodiscard]] std::expected<SlotStatus, FlashError> read_status(Flash& flash, Slot slot);

/// Whether the group is set, as read just now.
[[nodiscard]] std::expected<bool, FlashError> is_set(Flash& flash, Slot slot, StateGroup group);

/// Writes copies until state_copies of the group's words hold its value or no erased word is left.
/// Success when the group is set afterwards. Setting what is set already is no error.
[[nodiscard]] std::expected<void, FlashError> set_state(Flash& flash, Slot slot, StateGroup group);

}  // namespace goldcrest::image

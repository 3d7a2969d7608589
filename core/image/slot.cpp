// SPDX-License-Identifier: MIT
#include "core/image/slot.hpp"

#include <span>

#include "core/base/bytes.hpp"

namespace goldcrest::image {
namespace {

constexpr std::uint32_t group_words = 4;
using Group = std::array<std::uint32_t, group_words>;

constexpr std::uint32_t value_of(StateGroup group) {
  switch (group) {
    case StateGroup::installed:
      return installed_value;
    case StateGroup::confirmed:
      return confirmed_value;
    case StateGroup::rejected:
      return rejected_value;
    default:
      return trial_boot_value;
  }
}

// Counting up and giving up must never be taken back, so there any bit counts; becoming valid and
// becoming confirmed must be meant, so there only the whole value does.
constexpr bool counts(StateGroup group, std::uint32_t word) {
  if (group == StateGroup::installed || group == StateGroup::confirmed) {
    return word == value_of(group);
  }
  return word != 0;
}

Address address_of(Slot slot, StateGroup group) {
  return section_of(slot).base + state_offset + static_cast<std::uint32_t>(group);
}

std::expected<Group, FlashError> read_group(Flash& flash, Slot slot, StateGroup group) {
  std::array<std::uint8_t, group_words * word_size> bytes;
  if (const auto read = flash.read(address_of(slot, group), bytes); !read) {
    return std::unexpected(read.error());
  }
  Group words;
  for (std::uint32_t i = 0; i < group_words; ++i) {
    words[i] = base::load_le32(bytes.data() + i * word_size);
  }
  return words;
}

std::uint32_t copies(StateGroup group, const Group& words) {
  std::uint32_t count = 0;
  for (const auto word : words) count += counts(group, word) ? 1u : 0u;
  return count;
}

}  // namespace

SlotState SlotStatus::state() const {
  // A confirmed image has been installed, whatever is left of the first word.
  if (!installed && !confirmed) return SlotState::empty;
  if (rejected) return SlotState::rejected;
  return confirmed ? SlotState::confirmed : SlotState::trial;
}

std::expected<bool, FlashError> is_set(Flash& flash, Slot slot, StateGroup group) {
  const auto words = read_group(flash, slot, group);
  if (!words) return std::unexpected(words.error());
  return copies(group, *words) > 0;
}

std::expected<SlotStatus, FlashError> read_status(Flash& flash, Slot slot) {
  constexpr std::array groups{StateGroup::installed,    StateGroup::confirmed,
                              StateGroup::rejected,     StateGroup::trial_boot_1,
                              StateGroup::trial_boot_2, StateGroup::trial_boot_3};
  std::array<std::uint32_t, groups.size()> count;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto words = read_group(flash, slot, groups[i]);
    if (!words) return std::unexpected(words.error());
    count[i] = copies(groups[i], *words);
  }
  return SlotStatus{
      .installed = count[0] > 0,
      .confirmed = count[1] > 0,
      .confirmed_for_good = count[1] >= state_copies,
      .rejected = count[2] > 0,
      .trial_boots = static_cast<std::uint8_t>((count[3] > 0) + (count[4] > 0) + (count[5] > 0))};
}

std::expected<void, FlashError> set_state(Flash& flash, Slot slot, StateGroup group) {
  const auto words = read_group(flash, slot, group);
  if (!words) return std::unexpected(words.error());
  std::uint32_t count = copies(group, *words);
  FlashError failure = FlashError::not_erased;
  for (std::uint32_t i = 0; i < group_words && count < state_copies; ++i) {
    if ((*words)[i] != 0) continue;
    const auto address = address_of(slot, group) + i * word_size;
    if (const auto written = flash.program_word(address, value_of(group)); written) {
      ++count;
    } else {
      failure = written.error();
    }
  }
  const auto set = is_set(flash, slot, group);
  if (!set) return std::unexpected(set.error());
  if (!*set) return std::unexpected(failure);
  return {};
}

}  // namespace goldcrest::image

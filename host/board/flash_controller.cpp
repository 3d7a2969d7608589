// SPDX-License-Identifier: MIT
#include "host/board/flash_controller.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/board/flash_registers.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {
namespace {

constexpr unsigned flash_irq = 4;
constexpr std::uint8_t locked_out = 0xFF;
constexpr std::uint32_t option_reset_flag = 1u << 25;  // RCC_CSR.OBLRSTF

enum Key : std::uint8_t { key_pe, key_program, key_option, key_power_down };

}  // namespace

FlashController::FlashController(Chip& chip, Memory& memory, FlashEnvironment& environment)
    : RegisterBlock(chip, "FLASH", NarrowWrite::merge), memory_(memory), environment_(environment) {
  load_option_bytes();
}

// --- option bytes and the debug port -------------------------------------------------------------

FlashController::ReadoutProtection FlashController::readout_protection() const {
  switch (option_register_ & 0xFF) {
    case level_0_value:
      return ReadoutProtection::level_0;
    case level_2_value:
      return ReadoutProtection::level_2;
    default:
      return ReadoutProtection::level_1;
  }
}

void FlashController::load_option_bytes() {
  const auto& words = memory_.option_words();
  const auto valid = [](std::uint32_t word) { return (word >> 16 ^ word) << 16 == 0xFFFF0000u; };
  // A word that does not match its complement gives the most protective value, and OPTVERR.
  option_errors_ = std::ranges::all_of(words, valid) ? 0 : sr::option_validity;
  if (!valid(words[1])) option_errors_ |= sr::user_option_validity;
  const std::uint32_t protection = valid(words[0]) ? words[0] & 0xFF : 0x00;
  const std::uint32_t user = valid(words[1]) ? words[1] & 0xFF : 0xF8;
  option_register_ = protection | user << 16;
  for (std::size_t index = 0; index < write_protection_.size(); ++index) {
    const std::uint32_t low = words[2 + 2 * index];
    const std::uint32_t high = words[3 + 2 * index];
    write_protection_[index] =
        (valid(low) ? low & 0xFFFF : 0xFFFF) | (valid(high) ? high & 0xFFFF : 0xFFFFu) << 16;
  }
  if (option_errors_ != 0) error(option_errors_, option_bytes_base, "a complement does not match");
}

bool FlashController::wait_state() const {
  return (access_control_ & acr::latency) != 0;
}

bool FlashController::hardware_watchdog() const {
  return (option_register_ & obr::software_watchdog) == 0;
}

bool FlashController::boots_from_bank_2() const {
  return (option_register_ & obr::boot_from_bank_1) == 0;
}

bool FlashController::resets_on_deep_sleep(bool standby) const {
  return (option_register_ & (standby ? obr::no_reset_on_standby : obr::no_reset_on_stop)) == 0;
}

void FlashController::mass_erase() {
  std::ranges::fill(memory_.flash(), std::uint8_t{0});
  std::ranges::fill(memory_.eeprom(), std::uint8_t{0});
  settle(0, flash_size);
  environment_.code_changed(flash_base, flash_size);
}

void FlashController::restore_factory_options() {
  memory_.option_words() = factory_option_words;
  load_option_bytes();
}

std::expected<void, std::string> FlashController::debug_program(
    std::uint32_t address, std::span<const std::uint8_t> bytes) {
  if (readout_protection() == ReadoutProtection::level_2) {
    return std::unexpected("the board is locked for ever (readout protection level 2)");
  }
  if (address % flash_page_size != 0) {
    return std::unexpected(
        fmt::format("{:#010x} is not the start of a page of {} bytes", address, flash_page_size));
  }
  if (bytes.empty()) return std::unexpected("there is nothing to program");
  if (address < flash_base || address - flash_base >= flash_size ||
      bytes.size() > flash_size - (address - flash_base)) {
    return std::unexpected(
        fmt::format("{} bytes at {:#010x} do not fit into the flash, {:#010x} "
                    "to {:#010x}",
                    bytes.size(), address, flash_base, flash_base + flash_size - 1));
  }
  if (readout_protection() == ReadoutProtection::level_1) {
    // What a programmer's "unlock" does: back to level 0, which erases everything.
    mass_erase();
    restore_factory_options();
  }
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const std::uint32_t end = (address + size + flash_page_size - 1) & ~(flash_page_size - 1);
  for (std::uint32_t page = address; page < end; page += flash_page_size) {
    if (write_protected(page)) {
      return std::unexpected(fmt::format("the page at {:#010x} is write-protected (WRP)", page));
    }
  }
  const auto target = memory_.flash().subspan(address - flash_base, end - address);
  std::ranges::fill(target, std::uint8_t{0});
  std::ranges::copy(bytes, target.begin());
  settle(address - flash_base, end - address);
  environment_.code_changed(address, end - address);
  return {};
}

std::expected<std::vector<std::uint8_t>, std::string> FlashController::debug_read(
    std::uint32_t address, std::uint32_t size) const {
  if (readout_protection() != ReadoutProtection::level_0) {
    return std::unexpected("the board does not let its memory be read (readout protection)");
  }
  const bool in_eeprom = address >= eeprom_base;
  const std::uint32_t base = in_eeprom ? eeprom_base : flash_base;
  const std::uint32_t room = in_eeprom ? eeprom_size : flash_size;
  if (address < base || address - base > room || size > room - (address - base)) {
    return std::unexpected(fmt::format("{} bytes at {:#010x} are not in the flash", size, address));
  }
  if (in_eeprom) {
    const auto bytes = std::as_const(memory_).eeprom().subspan(address - base, size);
    return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
  }
  const auto bytes = memory_.flash().subspan(address - flash_base, size);
  return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
}

// --- registers -----------------------------------------------------------------------------------

void FlashController::reset(bool power_on) {
  access_control_ = 0;
  control_ = pecr::lock | pecr::program_lock | pecr::option_lock;
  status_ = option_errors_;
  key_steps_.fill(0);
  power_down_unlocked_ = false;
  half_page_count_ = 0;
  double_word_.reset();
  busy_until_.fill(0);
  flicker_at_ = chip_.now();
  if (power_on) dead_ = false;
  chip_.set_irq(flash_irq, false);
  if (power_on || reload_options_) load_option_bytes();
  reload_options_ = false;
}

/// True when `value` completes the sequence.
bool FlashController::write_key(std::uint32_t value, std::array<std::uint32_t, 2> keys, bool locked,
                                std::uint8_t& step) {
  if (!locked) return false;
  if (step != locked_out && value == keys.at(step)) {
    if (++step < keys.size()) return false;
    step = 0;
    return true;
  }
  step = locked_out;
  chip_.trace("flash", "a wrong key locks the flash interface until the next reset");
  environment_.bus_error(0x40023C00);
  return false;
}

// RM0038 3.9.1: LATENCY and PRFTEN can be written only while ACC64 is set, which can be cleared
// only while they are; RUN_PD has a lock of its own, which closes when the bit is cleared.
void FlashController::write_access_control(std::uint32_t value) {
  constexpr std::uint32_t needs_wide = acr::latency | acr::prefetch;
  std::uint32_t fields = acr::sleep_power_down;
  if ((access_control_ & needs_wide) == 0) fields |= acr::wide;
  if ((access_control_ & acr::wide) != 0) fields |= needs_wide;
  if (power_down_unlocked_) fields |= acr::run_power_down;
  const bool down = (access_control_ & acr::run_power_down) != 0;
  access_control_ = (access_control_ & ~fields) | (value & fields);
  const bool goes_down = (access_control_ & acr::run_power_down) != 0;
  if (goes_down && !down) unmodelled("RUN_PD: flash in power-down still answers");
  if (down && !goes_down) power_down_unlocked_ = false;
}

void FlashController::write_control(std::uint32_t value) {
  if ((control_ & pecr::lock) != 0) return;
  if ((value & pecr::lock) != 0) value |= pecr::program_lock | pecr::option_lock;
  const std::uint32_t locks = pecr::lock | pecr::program_lock | pecr::option_lock;
  control_ = (value & pecr::settings) | (control_ & locks) | (value & locks);
  if ((control_ & pecr::half_page) == 0) {
    half_page_count_ = 0;
    double_word_.reset();
  }
  if ((value & pecr::option_launch) != 0 && (control_ & pecr::option_lock) == 0) {
    reload_options_ = true;
    chip_.request_reset(option_reset_flag);
  }
  update_interrupt();
}

void FlashController::update_interrupt() {
  const bool end = (status_ & sr::end_of_operation) != 0 && (control_ & pecr::end_interrupt) != 0;
  const bool failed = (status_ & sr::errors) != 0 && (control_ & pecr::error_interrupt) != 0;
  chip_.set_irq(flash_irq, end || failed);
}

std::uint32_t FlashController::read_register(std::uint32_t offset) {
  switch (offset) {
    case 0x00:
      return access_control_;
    case 0x04:
      return control_;
    case 0x08:
    case 0x0C:
    case 0x10:
    case 0x14:
      return 0;
    case 0x18:
      return status_ | ((access_control_ & acr::run_power_down) != 0 ? 0u : sr::ready) |
             (busy() ? sr::busy : sr::high_voltage_off);
    case 0x1C:
      return option_register_;
    case 0x20:
      return write_protection_[0];
    case 0x80:
      return write_protection_[1];
    case 0x84:
      return write_protection_[2];
    case 0x88:
      return write_protection_[3];
    default:
      return unmodelled_read(offset);
  }
}

void FlashController::write_register(std::uint32_t offset, std::uint32_t value) {
  const auto locked = [this](std::uint32_t lock) { return (control_ & lock) != 0; };
  switch (offset) {
    case 0x00:
      write_access_control(value);
      break;
    case 0x04:
      write_control(value);
      break;
    case 0x08:
      if (write_key(value, {0x04152637, 0xFAFBFCFD}, !power_down_unlocked_,
                    key_steps_[key_power_down])) {
        power_down_unlocked_ = true;
      }
      break;
    case 0x0C:
      if (write_key(value, {0x89ABCDEF, 0x02030405}, locked(pecr::lock), key_steps_[key_pe])) {
        control_ &= ~pecr::lock;
      }
      break;
    case 0x10:
      if (write_key(value, {0x8C9DAEBF, 0x13141516},
                    !locked(pecr::lock) && locked(pecr::program_lock), key_steps_[key_program])) {
        control_ &= ~pecr::program_lock;
      }
      break;
    case 0x14:
      if (write_key(value, {0xFBEAD9C8, 0x24252627},
                    !locked(pecr::lock) && locked(pecr::option_lock), key_steps_[key_option])) {
        control_ &= ~pecr::option_lock;
      }
      break;
    case 0x18:
      status_ &= ~(value & (sr::errors | sr::end_of_operation));
      update_interrupt();
      break;
    default:
      unmodelled_write(offset, value);
  }
}

Picoseconds FlashController::next_event() const {
  Picoseconds next = unstable_.empty() ? no_event : flicker_at_;
  for (const Picoseconds until : busy_until_) {
    if (until != 0) next = std::min(next, until);
  }
  return next;
}

void FlashController::advance(Picoseconds now) {
  if (!unstable_.empty() && flicker_at_ <= now) flicker(now);
  if (!busy()) return;
  for (Picoseconds& until : busy_until_) {
    if (until <= now) until = 0;
  }
  std::erase_if(under_way_, [now](const Write& write) { return write.end <= now; });
  if (busy()) return;
  status_ |= sr::end_of_operation;
  update_interrupt();
}

bool FlashController::Write::fits() const {
  const auto within = [&](std::uint32_t base, std::uint32_t room) {
    return operation.address >= base && operation.address - base < room &&
           content.before.size() <= room - (operation.address - base);
  };
  if (content.before.size() != content.after.size()) return false;
  const bool words = operation.address % 4 == 0;
  switch (operation.kind) {
    case FlashOperationKind::erase_page:
      return words && content.before.size() == flash_page_size && within(flash_base, flash_size);
    case FlashOperationKind::program_word:
      return words && content.before.size() == 4 && within(flash_base, flash_size);
    case FlashOperationKind::program_half_page:
      return words && content.before.size() == 128 && within(flash_base, flash_size);
    case FlashOperationKind::write_eeprom:
      return content.before.size() <= 8 && within(eeprom_base, eeprom_size);
    case FlashOperationKind::write_option_bytes:
      return words && content.before.size() == 4 &&
             has_option_word(operation.address - option_bytes_base);
  }
  return false;
}

void FlashController::serialize(Saver& saver) {
  saver.section("FLASH");
  saver(access_control_, control_, status_, option_register_, write_protection_, key_steps_,
        option_errors_, power_down_unlocked_, busy_until_, half_page_, half_page_base_,
        half_page_count_, double_word_, operations_, dead_, reload_options_, under_way_, unstable_,
        flicker_at_, flickers_, closed_);
  const auto usable = [](std::uint8_t step) { return step < 2 || step == locked_out; };
  const bool double_word_fits = !double_word_ || double_word_->first <= eeprom_size - 8;
  const auto in_flash = [](const UnstableWord& word) {
    return word.offset < flash_size && word.offset % 4 == 0;
  };
  if (!std::ranges::all_of(unstable_, in_flash) || !std::ranges::all_of(under_way_, &Write::fits) ||
      !double_word_fits || half_page_count_ >= half_page_.size() ||
      !std::ranges::all_of(key_steps_, usable)) {
    saver.fail("the flash interface's state is out of range");
  }
}

}  // namespace goldcrest::board

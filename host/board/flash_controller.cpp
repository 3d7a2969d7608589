// SPDX-License-Identifier: MIT
#include "host/board/flash_controller.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/random.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {
namespace {

namespace pecr {
constexpr std::uint32_t lock = 1u << 0;
constexpr std::uint32_t program_lock = 1u << 1;
constexpr std::uint32_t option_lock = 1u << 2;
constexpr std::uint32_t program = 1u << 3;
constexpr std::uint32_t data = 1u << 4;
constexpr std::uint32_t erase = 1u << 9;
constexpr std::uint32_t half_page = 1u << 10;
constexpr std::uint32_t parallel = 1u << 15;
constexpr std::uint32_t end_interrupt = 1u << 16;
constexpr std::uint32_t error_interrupt = 1u << 17;
constexpr std::uint32_t option_launch = 1u << 18;
constexpr std::uint32_t fixed_time = 1u << 8;
constexpr std::uint32_t settings =
    program | data | fixed_time | erase | half_page | parallel | end_interrupt | error_interrupt;
}  // namespace pecr

namespace sr {
constexpr std::uint32_t busy = 1u << 0;
constexpr std::uint32_t end_of_operation = 1u << 1;
constexpr std::uint32_t high_voltage_off = 1u << 2;
constexpr std::uint32_t ready = 1u << 3;
constexpr std::uint32_t write_protection = 1u << 8;
constexpr std::uint32_t alignment = 1u << 9;
constexpr std::uint32_t size = 1u << 10;
constexpr std::uint32_t option_validity = 1u << 11;
constexpr std::uint32_t errors = 0x3F00;
}  // namespace sr

/// STM32L152xE datasheet, "Flash memory characteristics": Tprog typical, erasing or programming.
constexpr Picoseconds operation_time = 3'280 * picoseconds_per_microsecond;
constexpr unsigned flash_irq = 4;
constexpr std::uint32_t sector_size = 4096;
constexpr std::uint32_t half_page_size = 128;
constexpr std::uint8_t locked_out = 0xFF;
constexpr std::uint32_t option_reset_flag = 1u << 25;   // RCC_CSR.OBLRSTF
constexpr std::uint8_t level_0_value = 0xAA;
constexpr std::uint8_t level_2_value = 0xCC;

enum Key : std::uint8_t { key_pe, key_program, key_option, key_power_down };

/// Which bits of a torn cell have already changed. The seed picks how far the operation came, from
/// nothing to everything, and which bits were first.
std::uint32_t changed_bits(base::SeededRandom& random, unsigned progress) {
  std::uint32_t mask = 0;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if (random.below(8) < progress) mask |= 1u << bit;
  }
  return mask;
}

std::uint32_t mixture(std::uint32_t before, std::uint32_t after, base::SeededRandom& random,
                      unsigned progress) {
  const std::uint32_t changed = changed_bits(random, progress);
  return (before & ~changed) | (after & changed);
}

}  // namespace

FlashController::FlashController(Chip& chip, Memory& memory, FlashEnvironment& environment)
    : RegisterBlock(chip, "FLASH", NarrowWrite::merge), memory_(memory), environment_(environment) {
  load_option_bytes();
}

// --- operations ----------------------------------------------------------------------------------

void FlashController::begin(std::uint32_t address, Picoseconds duration,
                            const std::function<void()>& apply, const Tear& tear) {
  if (dead_) return;
  const Picoseconds start = std::max(chip_.now(), busy_until_);
  if (start > chip_.now()) environment_.stall_cpu(start);
  const std::uint64_t number = operations_++;
  const bool cut = cut_ && cut_->flash_operation == number;
  if (cut && cut_->phase == CutPhase::before) {
    environment_.power_fails(start);
    return;
  }
  if (cut && cut_->phase == CutPhase::inside) {
    tear(cut_->torn_seed);
    environment_.power_fails(start + duration / 2);
    return;
  }
  apply();
  busy_ = true;
  busy_until_ = start + duration;
  // Half of the data EEPROM belongs to each bank.
  const std::uint32_t offset = address < eeprom_base ? address - flash_base
                                                     : (address - eeprom_base) * 32;
  busy_bank_ = offset >= flash_bank_size ? 1 : 0;
  if (cut) environment_.power_fails(busy_until_);
  if (busy_until(environment_.executing_address()) != 0) environment_.stall_cpu(busy_until_);
  chip_.reschedule();
}

void FlashController::erase_page(std::uint32_t address) {
  const std::uint32_t offset = (address - flash_base) & ~(flash_page_size - 1);
  const auto page = memory_.flash().subspan(offset, flash_page_size);
  if (chip_.tracing("flash")) {
    chip_.trace("flash", fmt::format("operation {}: erase page {:#010x}", operations_,
                                     flash_base + offset));
  }
  begin(
      address, operation_time, [&] { std::ranges::fill(page, std::uint8_t{0}); },
      [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        const unsigned progress = random.below(9);
        for (std::uint32_t word = 0; word < flash_page_size; word += 4) {
          store(page, word, mixture(load(page, word, 4), 0, random, progress), 4);
        }
      });
  environment_.code_changed(flash_base + offset, flash_page_size);
}

void FlashController::program_word(std::uint32_t address, std::uint32_t value) {
  const std::uint32_t offset = address - flash_base;
  const auto flash = memory_.flash();
  if (load(flash, offset, 4) != 0) {
    error(sr::alignment, address, "the word is not erased");
    return;
  }
  if (chip_.tracing("flash")) {
    chip_.trace("flash", fmt::format("operation {}: program {:#010x} = {:#010x}", operations_,
                                     address, value));
  }
  begin(
      address, operation_time, [&] { store(flash, offset, value, 4); },
      [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        const unsigned progress = random.below(9);
        store(flash, offset, mixture(0, value, random, progress), 4);
      });
  environment_.code_changed(address, 4);
}

void FlashController::collect_half_page(std::uint32_t address, std::uint32_t value) {
  if (half_page_count_ == 0) {
    if (address % half_page_size != 0) {
      error(sr::alignment, address, "a half page starts at a multiple of 128");
      return;
    }
    half_page_base_ = address;
  } else if (address != half_page_base_ + 4u * half_page_count_) {
    half_page_count_ = 0;
    error(sr::alignment, address, "the words of a half page follow each other");
    return;
  }
  half_page_.at(half_page_count_++) = value;
  if (half_page_count_ < half_page_.size()) return;
  half_page_count_ = 0;
  program_half_page(half_page_base_);
}

void FlashController::program_half_page(std::uint32_t address) {
  const auto target = memory_.flash().subspan(address - flash_base, half_page_size);
  const std::uint32_t executing = environment_.executing_address();
  const bool same_bank = executing - flash_base < flash_size &&
                         (executing - flash_base) / flash_bank_size ==
                             (address - flash_base) / flash_bank_size;
  if (same_bank) {
    error(sr::alignment, address, "half pages are programmed from RAM or from the other bank");
    return;
  }
  if (std::ranges::any_of(target, [](std::uint8_t byte) { return byte != 0; })) {
    error(sr::alignment, address, "the half page is not erased");
    return;
  }
  if (chip_.tracing("flash")) {
    chip_.trace("flash",
                fmt::format("operation {}: program half page {:#010x}", operations_, address));
  }
  begin(
      address, operation_time,
      [&] {
        for (std::uint32_t word = 0; word < 32; ++word) store(target, word * 4, half_page_[word], 4);
      },
      [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        const std::uint32_t torn = random.below(32);
        for (std::uint32_t word = 0; word < torn; ++word) {
          store(target, word * 4, half_page_[word], 4);
        }
        const unsigned progress = random.below(9);
        store(target, torn * 4, mixture(0, half_page_[torn], random, progress), 4);
      });
  environment_.code_changed(address, half_page_size);
}

void FlashController::error(std::uint32_t flags, std::uint32_t address, std::string_view reason) {
  status_ |= flags;
  if (chip_.tracing("flash")) {
    chip_.trace("flash", fmt::format("refused at {:#010x}: {}", address, reason));
  }
  update_interrupt();
}

bool FlashController::write_protected(std::uint32_t address) const {
  const std::uint32_t sector = (address - flash_base) / sector_size;
  return (write_protection_.at(sector / 32) >> (sector % 32) & 1u) != 0;
}

Picoseconds FlashController::busy_until(std::uint32_t address) const {
  if (!busy_ || address - flash_base >= flash_size) return 0;
  return (address - flash_base) / flash_bank_size == busy_bank_ ? busy_until_ : 0;
}

// --- writes --------------------------------------------------------------------------------------

void FlashController::write_program_memory(std::uint32_t address, std::uint32_t value,
                                           unsigned size) {
  if (dead_) return;
  if ((control_ & (pecr::lock | pecr::program_lock)) != 0) {
    error(sr::write_protection, address, "program memory is locked (PECR)");
  } else if (size != 4) {
    error(sr::size, address, "program memory is written in words");
  } else if (address % 4 != 0) {
    error(sr::alignment, address, "the address is not a multiple of 4");
  } else if (write_protected(address)) {
    error(sr::write_protection, address, "the sector is write-protected (WRP)");
  } else if ((control_ & pecr::parallel) != 0) {
    error(sr::alignment, address, "parallel programming of both banks is not modelled");
    unmodelled("PECR.PARALLBANK");
  } else if ((control_ & pecr::erase) != 0) {
    if ((control_ & pecr::program) == 0) {
      error(sr::alignment, address, "erasing program memory takes ERASE and PROG");
    } else {
      erase_page(address);
    }
  } else if ((control_ & pecr::half_page) != 0) {
    collect_half_page(address, value);
  } else {
    program_word(address, value);
  }
}

void FlashController::write_eeprom(std::uint32_t address, std::uint32_t value, unsigned size) {
  if (dead_) return;
  if ((control_ & pecr::lock) != 0) {
    error(sr::write_protection, address, "data EEPROM is locked (PECR)");
    return;
  }
  const std::uint32_t offset = address - eeprom_base;
  const auto eeprom = memory_.eeprom();
  const std::uint32_t before = load(eeprom, offset, size);
  const bool erase_only = (control_ & pecr::erase) != 0;
  if (erase_only) value = 0;
  // An erased cell is only programmed, a zero is only erased, the rest takes both (RM0038 3.4.2);
  // FTDW makes every write take the full time.
  const bool both = (before != 0 && value != 0) || (control_ & pecr::fixed_time) != 0;
  if (chip_.tracing("flash")) {
    chip_.trace("flash", fmt::format("operation {}: EEPROM {:#010x} = {:#x}", operations_, address,
                                     value));
  }
  begin(
      address, both ? 2 * operation_time : operation_time,
      [&] { store(eeprom, offset, value, size); },
      [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        const bool erasing = both && random.below(2) == 0;
        const unsigned progress = random.below(9);
        const std::uint32_t from = both && !erasing ? 0 : before;
        store(eeprom, offset, mixture(from, erasing ? 0 : value, random, progress), size);
      });
}

void FlashController::write_option_bytes(std::uint32_t offset, std::uint32_t value, unsigned size) {
  const std::uint32_t address = option_bytes_base + offset;
  if (dead_) return;
  const std::size_t index = offset < 0x20 ? offset / 4 : 8 + (offset - 0x80) / 4;
  if ((control_ & (pecr::lock | pecr::option_lock)) != 0) {
    error(sr::write_protection, address, "option bytes are locked (PECR)");
    return;
  }
  if (readout_protection() == ReadoutProtection::level_2) {
    error(sr::write_protection, address, "readout protection level 2 is for ever");
    return;
  }
  if (size != 4) {
    error(sr::size, address, "option bytes are written in words");
    return;
  }
  if (chip_.tracing("flash")) {
    chip_.trace("flash", fmt::format("operation {}: option bytes {:#010x} = {:#010x}", operations_,
                                     address, value));
  }
  std::uint32_t& word = memory_.option_words().at(index);
  // Going back from level 1 to level 0 erases program memory and data EEPROM first (RM0038 3.6.1).
  const bool regression = index == 0 && readout_protection() == ReadoutProtection::level_1 &&
                          (value & 0xFF) == level_0_value;
  begin(
      flash_base, 2 * operation_time,
      [&] {
        if (regression) mass_erase();
        word = value;
      },
      [&](std::uint64_t seed) {
        if (regression) mass_erase();
        base::SeededRandom random(seed);
        const unsigned progress = random.below(9);
        word = mixture(word, value, random, progress);
      });
}

std::uint32_t FlashController::read_option_bytes(std::uint32_t offset) const {
  return memory_.option_words().at(offset < 0x20 ? offset / 4 : 8 + (offset - 0x80) / 4);
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
  const bool all_valid = std::ranges::all_of(words, valid);
  const std::uint32_t protection = valid(words[0]) ? words[0] & 0xFF : 0x00;
  const std::uint32_t user = valid(words[1]) ? words[1] & 0xFF : 0xF8;
  option_register_ = protection | user << 16;
  for (std::size_t index = 0; index < write_protection_.size(); ++index) {
    const std::uint32_t low = words[2 + 2 * index];
    const std::uint32_t high = words[3 + 2 * index];
    write_protection_[index] =
        (valid(low) ? low & 0xFFFF : 0xFFFF) | (valid(high) ? high & 0xFFFF : 0xFFFFu) << 16;
  }
  if (!all_valid) error(sr::option_validity, option_bytes_base, "a complement does not match");
}

void FlashController::mass_erase() {
  std::ranges::fill(memory_.flash(), std::uint8_t{0});
  std::ranges::fill(memory_.eeprom(), std::uint8_t{0});
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
    return std::unexpected(fmt::format("{:#010x} is not the start of a page of {} bytes", address,
                                       flash_page_size));
  }
  if (bytes.empty()) return std::unexpected("there is nothing to program");
  if (address < flash_base || address - flash_base >= flash_size ||
      bytes.size() > flash_size - (address - flash_base)) {
    return std::unexpected(fmt::format("{} bytes at {:#010x} do not fit into the flash, {:#010x} "
                                       "to {:#010x}",
                                       bytes.size(), address, flash_base,
                                       flash_base + flash_size - 1));
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
  environment_.code_changed(address, end - address);
  return {};
}

std::expected<std::vector<std::uint8_t>, std::string> FlashController::debug_read(
    std::uint32_t address, std::uint32_t size) const {
  if (readout_protection() != ReadoutProtection::level_0) {
    return std::unexpected("the board does not let its memory be read (readout protection)");
  }
  if (address < flash_base || address - flash_base > flash_size ||
      size > flash_size - (address - flash_base)) {
    return std::unexpected(fmt::format("{} bytes at {:#010x} are not in the flash", size, address));
  }
  const auto bytes = memory_.flash().subspan(address - flash_base, size);
  return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
}

// --- registers -----------------------------------------------------------------------------------

void FlashController::reset(bool power_on) {
  access_control_ = 0;
  control_ = pecr::lock | pecr::program_lock | pecr::option_lock;
  status_ = 0;
  key_steps_.fill(0);
  half_page_count_ = 0;
  busy_ = false;
  busy_until_ = 0;
  if (power_on) dead_ = false;
  chip_.set_irq(flash_irq, false);
  if (power_on || reload_options_) load_option_bytes();
  reload_options_ = false;
}

void FlashController::write_key(std::uint32_t value, std::array<std::uint32_t, 2> keys,
                                std::uint32_t lock, std::uint8_t& step) {
  const bool unlocked = (control_ & lock) == 0;
  if (unlocked && lock != 0) return;
  if (step != locked_out && value == keys.at(step)) {
    if (++step == keys.size()) {
      step = 0;
      control_ &= ~lock;
    }
    return;
  }
  step = locked_out;
  chip_.trace("flash", "a wrong key locks the flash interface until the next reset");
  environment_.bus_error(0x40023C00);
}

void FlashController::write_control(std::uint32_t value) {
  if ((control_ & pecr::lock) != 0) return;
  if ((value & pecr::lock) != 0) value |= pecr::program_lock | pecr::option_lock;
  const std::uint32_t locks = pecr::lock | pecr::program_lock | pecr::option_lock;
  control_ = (value & pecr::settings) | (control_ & locks) | (value & locks);
  if ((control_ & pecr::half_page) == 0) half_page_count_ = 0;
  if ((value & pecr::option_launch) != 0 && (control_ & pecr::option_lock) == 0) {
    reload_options_ = true;
    chip_.request_reset(option_reset_flag);
  }
  update_interrupt();
}

void FlashController::update_interrupt() {
  const bool end =
      (status_ & sr::end_of_operation) != 0 && (control_ & pecr::end_interrupt) != 0;
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
      return status_ | sr::ready | (busy_ ? sr::busy : sr::high_voltage_off);
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
  switch (offset) {
    case 0x00:
      access_control_ = value & 0x1F;
      break;
    case 0x04:
      write_control(value);
      break;
    case 0x08:
      write_key(value, {0x04152637, 0xFAFBFCFD}, 0, key_steps_[key_power_down]);
      break;
    case 0x0C:
      write_key(value, {0x89ABCDEF, 0x02030405}, pecr::lock, key_steps_[key_pe]);
      break;
    case 0x10:
      if ((control_ & pecr::lock) == 0) {
        write_key(value, {0x8C9DAEBF, 0x13141516}, pecr::program_lock, key_steps_[key_program]);
      }
      break;
    case 0x14:
      if ((control_ & pecr::lock) == 0) {
        write_key(value, {0xFBEAD9C8, 0x24252627}, pecr::option_lock, key_steps_[key_option]);
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

Picoseconds FlashController::next_event() const { return busy_ ? busy_until_ : no_event; }

void FlashController::advance(Picoseconds now) {
  if (!busy_ || now < busy_until_) return;
  busy_ = false;
  status_ |= sr::end_of_operation;
  update_interrupt();
}

void FlashController::serialize(Saver& saver) {
  saver.section("FLASH");
  saver(access_control_, control_, status_, option_register_, write_protection_, key_steps_,
        busy_until_, busy_, busy_bank_, half_page_, half_page_base_, half_page_count_, operations_,
        dead_, reload_options_);
  const auto usable = [](std::uint8_t step) { return step < 2 || step == locked_out; };
  if (half_page_count_ >= half_page_.size() || !std::ranges::all_of(key_steps_, usable)) {
    saver.fail("the flash interface's state is out of range");
  }
}

}  // namespace goldcrest::board

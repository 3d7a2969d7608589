// SPDX-License-Identifier: MIT
// The operations of the flash interface: erasing and programming, whole or torn.
#include <fmt/format.h>

#include <algorithm>

#include "host/board/flash_controller.hpp"
#include "host/board/flash_registers.hpp"

namespace goldcrest::board {
namespace {

/// STM32L152xE datasheet, "Flash memory characteristics": Tprog typical, erasing or programming.
constexpr Picoseconds operation_time = 3'280 * picoseconds_per_microsecond;
constexpr std::uint32_t half_page_size = 128;
constexpr std::uint32_t flicker_interval_us = 32;

/// Which bits of a torn cell have already changed. The seed picks how far the operation came, from
/// nothing to everything, and which bits were first.
std::uint32_t changed_bits(base::SeededRandom& random, unsigned progress) {
  std::uint32_t mask = 0;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if (random.below(8) < progress) mask |= 1u << bit;
  }
  return mask;
}

/// Program memory or data EEPROM, of which half belongs to each bank.
constexpr unsigned bank_of(std::uint32_t address) {
  const std::uint32_t offset =
      address < eeprom_base ? address - flash_base : (address - eeprom_base) * 32;
  return offset >= flash_bank_size ? 1 : 0;
}

std::uint32_t mixture(std::uint32_t before, std::uint32_t after, base::SeededRandom& random,
                      unsigned progress) {
  const std::uint32_t changed = changed_bits(random, progress);
  return (before & ~changed) | (after & changed);
}

}  // namespace

// --- operations ----------------------------------------------------------------------------------

void FlashController::begin(FlashOperationKind kind, std::uint32_t address, Picoseconds duration,
                            const std::function<void()>& apply, const Tear& tear) {
  if (dead_) return;
  const unsigned bank = bank_of(address);
  const bool parallel = (control_ & pecr::parallel) != 0;
  const Picoseconds free = parallel ? busy_until_.at(bank) : std::ranges::max(busy_until_);
  const Picoseconds start = std::max(chip_.now(), free);
  if (start > chip_.now()) environment_.stall_cpu(start);
  const std::uint64_t number = operations_++;
  if (sink_) sink_({number, kind, address});
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
  busy_until_.at(bank) = start + duration;
  if (cut) environment_.power_fails(start + duration);
  const Picoseconds stall = busy_until(environment_.executing_address());
  if (stall != 0) environment_.stall_cpu(stall);
  chip_.reschedule();
}

// Of the word at `offset` some bits have become those of `after`.
void FlashController::tear_word(std::uint32_t offset, std::uint32_t after,
                                base::SeededRandom& random, unsigned progress) {
  const std::uint32_t before = load(memory_.flash(), offset, 4);
  store(memory_.flash(), offset, mixture(before, after, random, progress), 4);
  if (!cut_ || !cut_->unstable) return;
  const std::uint32_t bits = (before ^ after) & random.next();
  if (bits != 0) unstable_.push_back({offset, bits});
}

// Often enough that a word that is read twice in a row by different lines of code differs.
void FlashController::flicker(Picoseconds now) {
  base::SeededRandom random(++flickers_ * 0x9E3779B97F4A7C15u);
  for (const UnstableWord& word : unstable_) {
    const std::uint32_t stored = load(memory_.flash(), word.offset, 4);
    store(memory_.flash(), word.offset, (stored & ~word.bits) | (random.next() & word.bits), 4);
    environment_.code_changed(flash_base + word.offset, 4);
  }
  flicker_at_ = now + (1 + random.below(flicker_interval_us)) * picoseconds_per_microsecond;
}

void FlashController::settle(std::uint32_t offset, std::uint32_t size) {
  std::erase_if(unstable_, [&](const UnstableWord& word) { return word.offset - offset < size; });
}

void FlashController::settle_bits(std::uint32_t offset, std::uint32_t value) {
  for (UnstableWord& word : unstable_) {
    if (word.offset == offset) word.bits &= ~value;
  }
  std::erase_if(unstable_, [](const UnstableWord& word) { return word.bits == 0; });
}

void FlashController::erase_page(std::uint32_t address) {
  const std::uint32_t offset = (address - flash_base) & ~(flash_page_size - 1);
  const auto page = memory_.flash().subspan(offset, flash_page_size);
  if (chip_.tracing("flash")) {
    chip_.trace("flash",
                fmt::format("operation {}: erase page {:#010x}", operations_, flash_base + offset));
  }
  begin(
      FlashOperationKind::erase_page, address, operation_time,
      [&] {
        std::ranges::fill(page, std::uint8_t{0});
        settle(offset, flash_page_size);
      },
      [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        const unsigned progress = random.below(9);
        for (std::uint32_t word = 0; word < flash_page_size; word += 4) {
          tear_word(offset + word, 0, random, progress);
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
      FlashOperationKind::program_word, address, operation_time,
      [&] {
        store(flash, offset, value, 4);
        settle_bits(offset, value);
      },
      [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        const unsigned progress = random.below(9);
        tear_word(offset, value, random, progress);
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
  const bool same_bank =
      executing - flash_base < flash_size &&
      (executing - flash_base) / flash_bank_size == (address - flash_base) / flash_bank_size;
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
  const auto program_words = [&](std::uint32_t count) {
    for (std::uint32_t word = 0; word < count; ++word) {
      store(target, word * 4, half_page_.at(word), 4);
      settle_bits(address - flash_base + word * 4, half_page_.at(word));
    }
  };
  begin(
      FlashOperationKind::program_half_page, address, operation_time,
      [&] { program_words(static_cast<std::uint32_t>(half_page_.size())); },
      [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        const std::uint32_t any = random.below(32);
        const std::uint32_t torn = cut_->torn_word.value_or(static_cast<std::uint8_t>(any)) % 32u;
        program_words(torn);
        const unsigned progress = random.below(9);
        tear_word(address - flash_base + torn * 4, half_page_.at(torn), random, progress);
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
  const std::uint32_t sector = (address - flash_base) / flash_sector_size;
  return (write_protection_.at(sector / 32) >> (sector % 32) & 1u) != 0;
}

Picoseconds FlashController::busy_until(std::uint32_t address) const {
  return address - flash_base < flash_size ? busy_until_.at(bank_of(address)) : 0;
}

std::optional<unsigned> FlashController::busy_bank() const {
  if (!busy()) return std::nullopt;
  return busy_until_[1] > busy_until_[0] ? 1 : 0;
}

void FlashController::wait_for_eeprom(std::uint32_t address) {
  const Picoseconds until = busy_until_.at(bank_of(address));
  if (until > chip_.now()) environment_.stall_cpu(until);
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
  constexpr std::uint32_t double_word = pecr::half_page | pecr::data;
  if ((control_ & double_word) == double_word) {
    if (size == 4) {
      program_eeprom_double_word(offset, value);
    } else {
      error(sr::size, address, "a double word is written in words");
    }
    return;
  }
  const auto eeprom = memory_.eeprom();
  const std::uint32_t before = load(eeprom, offset, size);
  const bool erase_only = (control_ & pecr::erase) != 0;
  if (erase_only) value = 0;
  // An erased cell is only programmed, a zero is only erased, the rest takes both (RM0038 3.4.2);
  // FTDW makes every write take the full time.
  const bool both = (before != 0 && value != 0) || (control_ & pecr::fixed_time) != 0;
  if (chip_.tracing("flash")) {
    chip_.trace("flash",
                fmt::format("operation {}: EEPROM {:#010x} = {:#x}", operations_, address, value));
  }
  begin(
      FlashOperationKind::write_eeprom, address, both ? 2 * operation_time : operation_time,
      [&] { store(eeprom, offset, value, size); },
      [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        const bool erasing = both && random.below(2) == 0;
        const unsigned progress = random.below(9);
        const std::uint32_t from = both && !erasing ? 0 : before;
        store(eeprom, offset, mixture(from, erasing ? 0 : value, random, progress), size);
      });
}

// Two erased words in one operation (FPRG and DATA, RM0038 3.4.2).
void FlashController::program_eeprom_double_word(std::uint32_t offset, std::uint32_t value) {
  const std::uint32_t address = eeprom_base + offset;
  if (!double_word_) {
    if (offset % 8 == 0) {
      double_word_ = {offset, value};
    } else {
      error(sr::alignment, address, "a double word starts at a multiple of 8");
    }
    return;
  }
  const std::uint32_t base = double_word_->first;
  const std::uint32_t first = double_word_->second;
  double_word_.reset();
  const auto words = memory_.eeprom().subspan(base, 8);
  if (offset != base + 4) {
    error(sr::alignment, address, "the words of a double word follow each other");
    return;
  }
  if (std::ranges::any_of(words, [](std::uint8_t byte) { return byte != 0; })) {
    error(sr::alignment, address, "the double word is not erased");
    return;
  }
  if (chip_.tracing("flash")) {
    chip_.trace("flash", fmt::format("operation {}: EEPROM {:#010x} = {:#x}, {:#x}", operations_,
                                     eeprom_base + base, first, value));
  }
  begin(
      FlashOperationKind::write_eeprom, address, operation_time,
      [&] {
        store(words, 0, first, 4);
        store(words, 4, value, 4);
      },
      [&](std::uint64_t seed) {
        base::SeededRandom random(seed);
        const unsigned progress = random.below(9);
        store(words, 0, mixture(0, first, random, progress), 4);
        store(words, 4, mixture(0, value, random, progress), 4);
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
      FlashOperationKind::write_option_bytes, address, 2 * operation_time,
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

}  // namespace goldcrest::board

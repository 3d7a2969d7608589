// SPDX-License-Identifier: MIT
// The operations of the flash interface: erasing and programming, whole or torn.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

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

constexpr bool in_program_memory(std::uint32_t address) {
  return address - flash_base < flash_size;
}

/// Of an option word, by its offset in the option bytes.
constexpr std::size_t option_index(std::uint32_t offset) {
  return offset < 0x20 ? offset / 4 : 8 + (offset - 0x80) / 4;
}

std::vector<std::uint8_t> bytes_of(std::span<const std::uint32_t> words) {
  std::vector<std::uint8_t> bytes(4 * words.size());
  for (std::uint32_t word = 0; word < words.size(); ++word) store(bytes, 4 * word, words[word], 4);
  return bytes;
}

std::uint32_t mixture(std::uint32_t before, std::uint32_t after, base::SeededRandom& random,
                      unsigned progress) {
  const std::uint32_t changed = changed_bits(random, progress);
  return (before & ~changed) | (after & changed);
}

}  // namespace

// --- operations ----------------------------------------------------------------------------------

void FlashController::begin(FlashOperationKind kind, std::uint32_t address, Picoseconds duration,
                            Content content) {
  if (dead_) return;
  const unsigned bank = bank_of(address);
  const bool parallel = (control_ & pecr::parallel) != 0;
  const Picoseconds free = parallel ? busy_until_.at(bank) : std::ranges::max(busy_until_);
  const Picoseconds start = std::max(chip_.now(), free);
  if (start > chip_.now()) environment_.stall_cpu(start);
  const std::uint64_t number = operations_++;
  Write write{.operation = {number, kind, address},
              .start = start,
              .end = start + duration,
              .content = std::move(content)};
  if (sink_) sink_(write.operation);
  const bool cut = cut_ && cut_->flash_operation == number;
  if (cut && cut_->phase == CutPhase::before) {
    environment_.power_fails(start);
    return;
  }
  if (cut && cut_->phase == CutPhase::inside) {
    tear(write, *cut_);
    environment_.power_fails(start + duration / 2);
    return;
  }
  store_content(write, write.content.after);
  busy_until_.at(bank) = write.end;
  if (cut) environment_.power_fails(write.end);
  under_way_.push_back(std::move(write));
  const Picoseconds stall = busy_until(environment_.executing_address());
  if (stall != 0) environment_.stall_cpu(stall);
  chip_.reschedule();
}

// The latest first: what waited for another had not begun, and may be for the same cells.
std::optional<FlashOperation> FlashController::interrupt(const PowerCut& how) {
  std::optional<FlashOperation> torn;
  const PowerCut nothing{};
  for (; !under_way_.empty(); under_way_.pop_back()) {
    const Write& write = under_way_.back();
    if (write.end <= chip_.now()) continue;
    const bool begun = write.start < chip_.now();
    tear(write, begun ? how : nothing);
    if (begun) torn = write.operation;
  }
  return torn;
}

void FlashController::store_content(const Write& write, std::span<const std::uint8_t> bytes) {
  const std::uint32_t address = write.operation.address;
  switch (write.operation.kind) {
    case FlashOperationKind::write_eeprom:
      std::ranges::copy(bytes, memory_.eeprom().subspan(address - eeprom_base).begin());
      return;
    case FlashOperationKind::write_option_bytes:
      memory_.option_words().at(option_index(address - option_bytes_base)) = load(bytes, 0, 4);
      return;
    case FlashOperationKind::erase_page:
      settle(address - flash_base, flash_page_size);
      break;
    case FlashOperationKind::program_word:
    case FlashOperationKind::program_half_page:
      for (std::uint32_t at = 0; at < bytes.size(); at += 4) {
        settle_bits(address - flash_base + at, load(bytes, at, 4));
      }
  }
  std::ranges::copy(bytes, memory_.flash().subspan(address - flash_base).begin());
  environment_.code_changed(address, static_cast<std::uint32_t>(bytes.size()));
}

/// What is left of an operation whose power goes.
void FlashController::tear(const Write& write, const PowerCut& how) {
  std::vector<std::uint8_t> bytes = write.content.before;
  const std::vector<std::uint8_t>& after = write.content.after;
  if (how.phase == CutPhase::before) return store_content(write, bytes);
  if (how.phase == CutPhase::after) return store_content(write, after);
  base::SeededRandom random(how.torn_seed);
  std::uint32_t first = 0;
  auto end = static_cast<std::uint32_t>(bytes.size());
  if (write.operation.kind == FlashOperationKind::program_half_page) {
    // The words up to one are there, that one is torn.
    const std::uint32_t any = random.below(32);
    first = 4 * (how.torn_word.value_or(static_cast<std::uint8_t>(any)) % 32u);
    end = first + 4;
    std::copy_n(after.begin(), first, bytes.begin());
  }
  // A cell that has to be erased first: the power goes in either half.
  const bool erasing = write.content.erases_first && random.below(2) == 0;
  const unsigned progress = random.below(9);
  std::vector<UnstableWord> unstable;
  for (std::uint32_t at = first; at < end; at += 4) {
    const unsigned size = std::min(4u, end - at);
    const auto old = write.content.erases_first && !erasing ? 0 : load(bytes, at, size);
    const auto goal = erasing ? 0 : load(after, at, size);
    store(bytes, at, mixture(old, goal, random, progress), size);
    if (!how.unstable || !in_program_memory(write.operation.address)) continue;
    const std::uint32_t bits = (old ^ goal) & random.next();
    if (bits != 0) unstable.push_back({write.operation.address - flash_base + at, bits});
  }
  store_content(write, bytes);
  unstable_.insert(unstable_.end(), unstable.begin(), unstable.end());
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
  const std::uint32_t page = address & ~(flash_page_size - 1);
  if (chip_.tracing("flash")) {
    chip_.trace("flash", fmt::format("operation {}: erase page {:#010x}", operations_, page));
  }
  const auto cells = memory_.flash().subspan(page - flash_base, flash_page_size);
  begin(FlashOperationKind::erase_page, page, operation_time,
        {.before = {cells.begin(), cells.end()},
         .after = std::vector<std::uint8_t>(flash_page_size)});
}

void FlashController::program_word(std::uint32_t address, std::uint32_t value) {
  if (load(memory_.flash(), address - flash_base, 4) != 0) {
    error(sr::alignment, address, "the word is not erased");
    return;
  }
  if (chip_.tracing("flash")) {
    chip_.trace("flash", fmt::format("operation {}: program {:#010x} = {:#010x}", operations_,
                                     address, value));
  }
  begin(FlashOperationKind::program_word, address, operation_time,
        {.before = std::vector<std::uint8_t>(4), .after = bytes_of({&value, 1})});
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
  begin(FlashOperationKind::program_half_page, address, operation_time,
        {.before = std::vector<std::uint8_t>(half_page_size), .after = bytes_of(half_page_)});
}

void FlashController::error(std::uint32_t flags, std::uint32_t address, std::string_view reason) {
  status_ |= flags;
  if (chip_.tracing("flash")) {
    chip_.trace("flash", fmt::format("refused at {:#010x}: {}", address, reason));
  }
  update_interrupt();
}

bool FlashController::refuses(std::uint32_t address) {
  if (closed_) environment_.bus_error(address);
  return closed_;
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
  if (dead_ || refuses(address)) return;
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
  if (dead_ || refuses(address)) return;
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
  std::vector<std::uint8_t> bytes(size);
  store(bytes, 0, value, size);
  const auto cells = eeprom.subspan(offset, size);
  begin(FlashOperationKind::write_eeprom, address, both ? 2 * operation_time : operation_time,
        {.before = {cells.begin(), cells.end()}, .after = std::move(bytes), .erases_first = both});
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
  begin(FlashOperationKind::write_eeprom, eeprom_base + base, operation_time,
        {.before = std::vector<std::uint8_t>(8), .after = bytes_of(std::array{first, value})});
}

void FlashController::write_option_bytes(std::uint32_t offset, std::uint32_t value, unsigned size) {
  const std::uint32_t address = option_bytes_base + offset;
  if (dead_) return;
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
  const std::uint32_t before = memory_.option_words().at(option_index(offset));
  // Going back from level 1 to level 0 erases program memory and data EEPROM first (RM0038 3.6.1).
  const bool regression = offset == 0 && readout_protection() == ReadoutProtection::level_1 &&
                          (value & 0xFF) == level_0_value;
  const bool happens =
      !cut_ || cut_->flash_operation != operations_ || cut_->phase != CutPhase::before;
  if (regression && happens) mass_erase();
  begin(FlashOperationKind::write_option_bytes, address, 2 * operation_time,
        {.before = bytes_of({&before, 1}), .after = bytes_of({&value, 1})});
}

std::uint32_t FlashController::read_option_bytes(std::uint32_t offset) const {
  return memory_.option_words().at(option_index(offset));
}

}  // namespace goldcrest::board

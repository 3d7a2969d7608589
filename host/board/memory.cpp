// SPDX-License-Identifier: MIT
#include "host/board/memory.hpp"

#include <algorithm>

#include "core/base/random.hpp"

namespace goldcrest::board {
namespace {

constexpr std::size_t page_size = 4096;
constexpr std::size_t piece_size = 64;
using Page = std::array<std::uint8_t, page_size>;
constexpr Page erased{};

/// Pages that hold nothing but zeros, as most of the flash does, take one byte of a state. What is
/// the same as before is not told: a board that is restored again and again executes the same code
/// again and again.
void serialize_code(Saver& saver, std::span<std::uint8_t> bytes, std::uint32_t base,
                    const Memory::Changed& changed) {
  for (std::size_t begin = 0; begin < bytes.size(); begin += page_size) {
    const auto page = bytes.subspan(begin, page_size);
    bool written = !saver.loading() && !std::ranges::equal(page, erased);
    saver(written);
    if (!saver.loading()) {
      if (written) saver.raw(page.data(), page_size);
      continue;
    }
    Page loaded{};
    if (written) saver.raw(loaded.data(), page_size);
    if (std::ranges::equal(page, loaded)) continue;
    for (std::size_t offset = 0; offset < page_size; offset += piece_size) {
      const auto piece = page.subspan(offset, piece_size);
      const auto new_piece = std::span(loaded).subspan(offset, piece_size);
      if (std::ranges::equal(piece, new_piece)) continue;
      std::ranges::copy(new_piece, piece.begin());
      changed(base + static_cast<std::uint32_t>(begin + offset), piece_size);
    }
  }
}

}  // namespace

Memory::Memory() : blocks_(std::make_unique<Blocks>()) {}

void Memory::randomize_ram(std::uint64_t seed) {
  base::SeededRandom random(seed);
  for (std::uint32_t offset = 0; offset < ram_size; offset += 4) {
    store(ram(), offset, random.next(), 4);
  }
}

void Memory::serialize(Saver& saver, const Changed& changed) {
  saver.section("MEMORY");
  serialize_code(saver, flash(), flash_base, changed);
  serialize_code(saver, ram(), ram_base, changed);
  saver.raw(eeprom().data(), eeprom_size);
  saver(option_words_);
}

std::uint32_t load(std::span<const std::uint8_t> bytes, std::uint32_t offset, unsigned size) {
  std::uint32_t value = 0;
  for (unsigned index = size; index-- > 0;) value = value << 8 | bytes[offset + index];
  return value;
}

void store(std::span<std::uint8_t> bytes, std::uint32_t offset, std::uint32_t value,
           unsigned size) {
  for (unsigned index = 0; index < size; ++index) {
    bytes[offset + index] = static_cast<std::uint8_t>(value >> (8 * index));
  }
}

}  // namespace goldcrest::board

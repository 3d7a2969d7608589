// SPDX-License-Identifier: MIT
#include "host/board/memory.hpp"

#include <algorithm>

#include "core/base/random.hpp"

namespace goldcrest::board {
namespace {

/// What is the same as before is not told: a board that is restored again and again executes the
/// same code again and again.
void serialize_code(Saver& saver, std::span<std::uint8_t> bytes, std::uint32_t base,
                    const Memory::Changed& changed) {
  if (!saver.loading()) {
    saver.raw(bytes.data(), bytes.size());
    return;
  }
  constexpr std::uint32_t piece_size = 64;
  for (std::uint32_t offset = 0; offset < bytes.size(); offset += piece_size) {
    const std::span<std::uint8_t> piece = bytes.subspan(offset, piece_size);
    std::array<std::uint8_t, piece_size> before;
    std::ranges::copy(piece, before.begin());
    saver.raw(piece.data(), piece_size);
    if (!std::ranges::equal(piece, before)) changed(base + offset, piece_size);
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

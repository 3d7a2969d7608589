// SPDX-License-Identifier: MIT
#include "host/board/memory.hpp"

#include "core/base/random.hpp"

namespace goldcrest::board {
Memory::Memory() : blocks_(std::make_unique<Blocks>()) {}

void Memory::randomize_ram(std::uint64_t seed) {
  base::SeededRandom random(seed);
  for (std::uint32_t offset = 0; offset < ram_size; offset += 4) {
    store(ram(), offset, random.next(), 4);
  }
}

void Memory::serialize(Saver& saver) {
  saver.section("MEMORY");
  saver.raw(flash().data(), flash_size);
  saver.raw(ram().data(), ram_size);
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

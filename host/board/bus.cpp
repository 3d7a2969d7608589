// SPDX-License-Identifier: MIT
#include "host/board/bus.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t bit_band_size = 0x02000000;
static_assert(eeprom_base == flash_base + flash_size);

constexpr bool in_bit_band(std::uint32_t address) {
  return address - ram_bit_band_base < bit_band_size ||
         address - peripheral_bit_band_base < bit_band_size;
}

}  // namespace

void Bus::attach(std::uint32_t base, std::uint32_t size, Peripheral& peripheral) {
  const auto place = std::ranges::upper_bound(ranges_, base, {}, &Range::base);
  base::ensure(place == ranges_.end() || base + size <= place->base);
  base::ensure(place == ranges_.begin() || (place - 1)->base + (place - 1)->size <= base);
  ranges_.insert(place, Range{base, size, &peripheral});
  if (base - peripheral_base < peripheral_size && base % page_size == 0 && size == page_size) {
    pages_[(base - peripheral_base) / page_size] = &peripheral;
  }
}

const Bus::Range* Bus::find(std::uint32_t address) const {
  const auto next = std::ranges::upper_bound(ranges_, address, {}, &Range::base);
  if (next == ranges_.begin()) return nullptr;
  const Range& range = *(next - 1);
  return address - range.base < range.size ? &range : nullptr;
}

bool Bus::answers(std::uint32_t address, bool writing) const {
  if (address - ram_base < ram_size) return true;
  if (program_memory_closed_ && address - flash_base < flash_size + eeprom_size) return false;
  // APB1, APB2 and AHB as the chip has them; beyond them the bus matrix answers with an error.
  const std::uint32_t offset = address - peripheral_base;
  if (offset < 0x8000 || offset - 0x10000 < 0x4000 || offset - 0x20000 < 0x7000) return true;
  return !writing && address < ram_base && find(address) != nullptr;
}

void Bus::unmodelled(std::string_view what, std::uint32_t address, unsigned size) {
  if (chip_.tracing("unmodelled")) {
    chip_.trace("unmodelled", fmt::format("{} of {} bytes at {:#010x}: nothing is modelled there",
                                          what, size, address));
  }
}

/// Reads the bit behind `address` and, if `new_bit` is given, writes it first; the bus matrix does
/// that as one locked read-modify-write of the byte in RAM or of the peripheral's word.
std::uint32_t Bus::bit_band(std::uint32_t address, std::uint32_t* new_bit) {
  const std::uint32_t region = address & 0xF0000000;
  const std::uint32_t offset = address & 0x01FFFFFF;
  const std::uint32_t target = region | (offset / 32 & ~3u);
  const std::uint32_t bit = offset / 4 % 32;
  std::uint32_t word = read(target, 4);
  if (new_bit != nullptr) {
    word = (word & ~(1u << bit)) | ((*new_bit & 1u) << bit);
    write(target, word, 4);
  }
  return word >> bit & 1u;
}

bool Bus::is_memory(std::uint32_t address) {
  return address < flash_size || address - flash_base < flash_size ||
         address - eeprom_base < eeprom_size || address - ram_base < ram_size ||
         address - system_memory_base < system_memory_size;
}

std::uint32_t Bus::read(std::uint32_t address, unsigned size) {
  if (address - peripheral_base < peripheral_size) {
    if (Peripheral* peripheral = pages_[(address - peripheral_base) / page_size]) {
      return peripheral->read(address % page_size, size);
    }
  }
  if (address - flash_base <= flash_size - size && !program_memory_closed_) {
    return load(memory_.flash(), address - flash_base, size);
  }
  if (address - ram_base <= ram_size - size) return load(memory_.ram(), address - ram_base, size);
  if (in_bit_band(address)) return bit_band(address, nullptr);
  const Range* range = find(address);
  if (range == nullptr) {
    unmodelled("read", address, size);
    return 0;
  }
  return range->peripheral->read(address - range->base, size);
}

void Bus::write(std::uint32_t address, std::uint32_t value, unsigned size) {
  if (address - peripheral_base < peripheral_size) {
    if (Peripheral* peripheral = pages_[(address - peripheral_base) / page_size]) {
      peripheral->write(address % page_size, value, size);
      return;
    }
  }
  if (address - ram_base <= ram_size - size) {
    store(memory_.ram(), address - ram_base, value, size);
    listener_.ram_written(address, size);
    return;
  }
  if (in_bit_band(address)) {
    (void)bit_band(address, &value);
    return;
  }
  const Range* range = find(address);
  if (range == nullptr) {
    unmodelled("write", address, size);
    return;
  }
  range->peripheral->write(address - range->base, value, size);
}

}  // namespace goldcrest::board

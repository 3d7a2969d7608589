// SPDX-License-Identifier: MIT
#include "sim/flash/flash.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::sim {
namespace {

using image::Address;
using image::flash_section;
using image::FlashError;
using image::word_size;
using Result = std::expected<void, FlashError>;

bool inside(Address address, std::size_t size, std::uint32_t unit) {
  return address % unit == 0 && address >= flash_section.base && size <= flash_section.size &&
         address - flash_section.base <= flash_section.size - size;
}

}  // namespace

SimulatedFlash::SimulatedFlash() : bytes_(flash_section.size, image::erased_byte) {}

Result SimulatedFlash::read(Address address, base::MutableBytes out) {
  if (!inside(address, out.size(), 1)) return std::unexpected(FlashError::out_of_range);
  std::copy_n(bytes_.begin() + (address - flash_section.base), out.size(), out.begin());
  for (auto flaky = flaky_.lower_bound(address / word_size * word_size);
       flaky != flaky_.end() && flaky->first < address + out.size(); ++flaky) {
    const std::uint32_t word = word_at(flaky->first);
    for (std::uint32_t i = 0; i < word_size; ++i) {
      const Address at = flaky->first + i;
      if (at >= address && at < address + out.size()) {
        out[at - address] = static_cast<std::uint8_t>(word >> (8 * i));
      }
    }
  }
  return {};
}

Result SimulatedFlash::erase_page(Address address) {
  if (!inside(address, image::page_size, image::page_size)) {
    return std::unexpected(FlashError::out_of_range);
  }
  if (is_protected(address)) return std::unexpected(FlashError::write_protected);
  begin_operation();
  for (Address at = address; at < address + image::page_size; at += word_size) {
    if (hit(CutPoint::inside)) {
      tear(at, word_at(at), 0);
    } else {
      store(at, 0);
    }
  }
  end_operation();
  return {};
}

Result SimulatedFlash::program_word(Address address, std::uint32_t value) {
  if (!inside(address, word_size, word_size)) return std::unexpected(FlashError::out_of_range);
  if (is_protected(address)) return std::unexpected(FlashError::write_protected);
  begin_operation();
  if (word_at(address) != 0) return std::unexpected(FlashError::not_erased);
  if (hit(CutPoint::inside)) {
    tear(address, 0, value);
  } else {
    const auto flaky = flaky_.find(address);
    const std::uint32_t still_flaky = flaky == flaky_.end() ? 0 : flaky->second & ~value;
    store(address, value);
    if (still_flaky != 0) flaky_[address] = still_flaky;
  }
  end_operation();
  return {};
}

Result SimulatedFlash::program_half_page(Address address, base::Bytes data) {
  if (!inside(address, image::half_page_size, image::half_page_size) ||
      data.size() != image::half_page_size) {
    return std::unexpected(FlashError::out_of_range);
  }
  if (is_protected(address)) return std::unexpected(FlashError::write_protected);
  begin_operation();
  for (std::uint32_t i = 0; i < image::half_page_size; i += word_size) {
    if (word_at(address + i) != 0) return std::unexpected(FlashError::not_erased);
  }
  for (std::uint32_t i = 0; i < image::half_page_size; i += word_size) {
    const std::uint32_t value = base::load_le32(data.data() + i);
    if (hit(CutPoint::inside)) {
      tear(address + i, 0, value);
    } else {
      store(address + i, value);
    }
  }
  end_operation();
  return {};
}

void SimulatedFlash::cut_at(std::uint64_t operation, CutPoint point, std::uint32_t seed) {
  armed_ = true;
  cut_operation_ = operation;
  point_ = point;
  random_.seed(seed);
}

void SimulatedFlash::load(Address address, base::Bytes data) {
  base::ensure(inside(address, data.size(), word_size) && data.size() % word_size == 0);
  for (std::size_t i = 0; i < data.size(); i += word_size) {
    store(address + static_cast<Address>(i), base::load_le32(data.data() + i));
  }
}

base::Bytes SimulatedFlash::memory(const image::Section& section) const {
  return base::Bytes(bytes_).subspan(section.base - flash_section.base, section.size);
}

std::uint32_t SimulatedFlash::word_at(Address address) {
  const std::uint32_t stored = base::load_le32(bytes_.data() + (address - flash_section.base));
  const auto flaky = flaky_.find(address);
  if (flaky == flaky_.end()) return stored;
  return stored ^ (static_cast<std::uint32_t>(random_()) & flaky->second);
}

void SimulatedFlash::store(Address address, std::uint32_t value) {
  base::store_le32(bytes_.data() + (address - flash_section.base), value);
  flaky_.erase(address);
}

// Each word in its own way: nearly untouched, nearly done, or anything between.
void SimulatedFlash::tear(Address address, std::uint32_t from, std::uint32_t to) {
  const auto changing = from ^ to;
  const auto some = [&] { return static_cast<std::uint32_t>(random_()); };
  std::uint32_t done = some();
  std::uint32_t flaky = some();
  switch (random_() % 6) {
    case 0:
      done = 0;
      flaky = 0;
      break;
    case 1:
      done = ~0u;
      flaky = 0;
      break;
    case 2:
      flaky &= some() & some() & some();
      done = 0;
      break;
    case 3:
      flaky &= some() & some() & some();
      done = ~0u;
      break;
    case 4:
      flaky = ~0u;
      break;
    default:
      break;
  }
  store(address, from ^ (changing & done));
  if ((changing & flaky) != 0) flaky_[address] = changing & flaky;
}

bool SimulatedFlash::is_protected(Address address) const {
  return std::ranges::any_of(protected_, [&](const auto& s) { return s.contains(address); });
}

void SimulatedFlash::begin_operation() {
  operation_ = operations_++;
  if (hit(CutPoint::before)) throw PowerCut{};
}

void SimulatedFlash::end_operation() const {
  if (hit(CutPoint::inside) || hit(CutPoint::after)) throw PowerCut{};
}

}  // namespace goldcrest::sim

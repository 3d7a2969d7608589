// SPDX-License-Identifier: MIT
#include "host/board/mpu.hpp"

#include <algorithm>
#include <ranges>

namespace goldcrest::board {
namespace {

constexpr std::uint32_t type_register = 8u << 8;  // DREGION
constexpr std::uint32_t control_mask = 7;         // ENABLE, HFNMIENA, PRIVDEFENA
constexpr std::uint32_t background = 1u << 2;
constexpr std::uint32_t base_valid = 1u << 4;
constexpr std::uint32_t base_mask = 0xFFFFFFE0;
constexpr std::uint32_t attribute_mask = 0x173FFF3F;  // XN, AP, TEX, S, C, B, SRD, SIZE, ENABLE
constexpr std::uint32_t execute_never = 1u << 28;
constexpr std::uint32_t granule = 32;
constexpr std::uint32_t number_mask = 7;

constexpr std::uint32_t access_field(std::uint32_t attributes) {
  return attributes >> 24 & 7u;
}

/// PM0056 table 41, AP.
constexpr bool may_read(std::uint32_t access, bool privileged) {
  if (access == 0 || access == 4) return false;  // 4 is reserved
  return privileged || (access != 1 && access != 5);
}
constexpr bool may_write(std::uint32_t access, bool privileged) {
  return privileged ? access >= 1 && access <= 3 : access == 3;
}

/// The Private peripheral bus keeps the default memory map, whatever regions say.
constexpr bool private_peripheral(std::uint32_t address) {
  return address >> 20 == 0xE00;
}

/// The default memory map (PM0056 2.2.1): peripherals, devices and the system are not code.
constexpr bool code_by_default(std::uint32_t address) {
  return address < 0x40000000 || (address >= 0x60000000 && address < 0xA0000000);
}

}  // namespace

Mpu::Mpu(Chip& chip) : RegisterBlock(chip, "MPU", NarrowWrite::merge) {}

// --- regions -------------------------------------------------------------------------------------

/// Less than 32 bytes are reserved, and no region.
bool Mpu::Region::enabled() const {
  return (attributes & 1u) != 0 && (attributes >> 1 & 0x1F) >= 4;
}

/// ADDR counts from the bit on that SIZE says, SRD from 256 bytes on.
bool Mpu::Region::covers(std::uint32_t at) const {
  const std::uint32_t bits = (attributes >> 1 & 0x1F) + 1;
  const std::uint32_t offset_mask = bits == 32 ? 0xFFFFFFFF : (1u << bits) - 1;
  if (((at ^ address) & ~offset_mask) != 0) return false;
  if (bits < 8) return true;
  const std::uint32_t subregion = (at & offset_mask) >> (bits - 3);
  return (attributes >> (8 + subregion) & 1u) == 0;
}

bool Mpu::Region::permits(MemoryUse use, bool privileged) const {
  const std::uint32_t access = access_field(attributes);
  if (use == MemoryUse::write) return may_write(access, privileged);
  if (use == MemoryUse::execute && (attributes & execute_never) != 0) return false;
  return may_read(access, privileged);
}

bool Mpu::permits(std::uint32_t address, MemoryUse use, bool privileged) const {
  const bool code = code_by_default(address);
  if (private_peripheral(address)) return use != MemoryUse::execute;
  if (use == MemoryUse::execute && address >= 0xE0000000) return false;  // the system region
  for (const Region& region : std::views::reverse(regions_)) {
    if (region.enabled() && region.covers(address)) return region.permits(use, privileged);
  }
  if (!privileged || (control_ & background) == 0) return false;
  return use != MemoryUse::execute || code;
}

std::optional<std::uint32_t> Mpu::first_refused(std::uint32_t address, std::uint32_t size,
                                                MemoryUse use, bool privileged) const {
  for (std::uint32_t offset = 0; offset < size;) {
    const std::uint32_t at = address + offset;
    if (!permits(at, use, privileged)) return at;
    offset += granule - at % granule;
  }
  return std::nullopt;
}

bool Mpu::restricts_privileged_data() const {
  if ((control_ & background) == 0) return true;
  return std::ranges::any_of(regions_, [](const Region& region) {
    return region.enabled() && !may_write(access_field(region.attributes), true);
  });
}

// --- registers -----------------------------------------------------------------------------------

std::uint32_t Mpu::read_register(std::uint32_t offset) {
  switch (offset) {
    case 0x00:
      return type_register;
    case 0x04:
      return control_;
    case 0x08:
      return number_;
    case 0x0C:  // RBAR and its aliases
    case 0x14:
    case 0x1C:
    case 0x24:
      return regions_[number_].address | number_;
    case 0x10:  // RASR and its aliases
    case 0x18:
    case 0x20:
    case 0x28:
      return regions_[number_].attributes;
    default:
      return unmodelled_read(offset);
  }
}

void Mpu::write_region_base(std::uint32_t value) {
  if ((value & base_valid) != 0) number_ = value & number_mask;
  regions_[number_].address = value & base_mask;
}

void Mpu::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case 0x00:
      break;
    case 0x04:
      control_ = value & control_mask;
      if (!enabled()) watched_ = false;
      break;
    case 0x08:
      number_ = value & number_mask;
      break;
    case 0x0C:
    case 0x14:
    case 0x1C:
    case 0x24:
      write_region_base(value);
      break;
    case 0x10:
    case 0x18:
    case 0x20:
    case 0x28:
      regions_[number_].attributes = value & attribute_mask;
      break;
    default:
      unmodelled_write(offset, value);
  }
  ++settings_;
  chip_.reschedule(*this);
}

void Mpu::reset(bool /*power_on*/) {
  ++settings_;
  control_ = 0;
  number_ = 0;
  regions_ = {};
  watched_ = false;
}

void Mpu::serialize(Saver& saver) {
  saver.section(name());
  saver(control_, number_, regions_, watched_);
  if (saver.loading()) ++settings_;
  if (saver.loading() && number_ >= regions_.size()) {
    number_ = 0;
    saver.fail("the number of the MPU's region is out of range");
  }
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/unmodelled_peripheral.hpp"

#include <array>

namespace goldcrest::board {
namespace {

constexpr std::array<UnmodelledRegister, 12> dac_registers{{
    {.first = 0x00, .writable = 0x3FFF3FFF},  // CR
    {.first = 0x04},                          // SWTRIGR
    {.first = 0x08, .writable = 0xFFF},       // DHR12R1
    {.first = 0x0C, .writable = 0xFFF0},      // DHR12L1
    {.first = 0x10, .writable = 0xFF},        // DHR8R1
    {.first = 0x14, .writable = 0xFFF},       // DHR12R2
    {.first = 0x18, .writable = 0xFFF0},      // DHR12L2
    {.first = 0x1C, .writable = 0xFF},        // DHR8R2
    {.first = 0x20, .writable = 0x0FFF0FFF},  // DHR12RD
    {.first = 0x24, .writable = 0xFFF0FFF0},  // DHR12LD
    {.first = 0x28, .writable = 0xFFFF},      // DHR8RD
    {.first = 0x2C, .count = 3},              // DOR1, DOR2, SR
}};

constexpr std::array<UnmodelledRegister, 4> lcd_registers{{
    {.first = 0x00, .writable = 0xFF},                      // CR
    {.first = 0x04, .writable = 0x03FFFFFB},                // FCR
    {.first = 0x08, .count = 2, .reset = 0x20},             // SR with FCRSF, CLR
    {.first = 0x14, .count = 16, .writable = 0xFFFFFFFFu},  // RAM
}};

constexpr std::array<UnmodelledRegister, 5> usb_registers{{
    {.first = 0x00, .count = 8},                      // EPnR
    {.first = 0x40, .reset = 3, .writable = 0xFF1F},  // CNTR
    {.first = 0x44, .count = 2},                      // ISTR, FNR
    {.first = 0x4C, .writable = 0xFF},                // DADDR
    {.first = 0x50, .writable = 0xFFF8},              // BTABLE
}};

constexpr std::array<UnmodelledRegister, 1> usb_memory_registers{
    {{.first = 0x00, .count = 256, .writable = 0xFFFF}}};

constexpr std::array<UnmodelledRegister, 9> comparator_registers{{
    {.first = 0x00, .writable = 0xBCFF103F},                       // COMP_CSR
    {.first = 0x04, .writable = 0x003FFFFF},                       // RI_ICR
    {.first = 0x08, .writable = 0xFFFDFFFF},                       // RI_ASCR1
    {.first = 0x0C, .writable = 0x1FFF8FFF},                       // RI_ASCR2
    {.first = 0x10, .count = 3, .writable = 0xFFFFFFFF},           // RI_HYSCR1–3
    {.first = 0x1C, .writable = 0xFFFF},                           // RI_HYSCR4
    {.first = 0x20, .count = 15, .writable = 0xFFFF},              // RI_ASMR, CMR, CICR
    {.first = 0x5C, .reset = 0x00010101, .writable = 0x1B00FFFF},  // OPAMP_CSR
    {.first = 0x60, .count = 2, .writable = 0x800FFFFF},           // OPAMP_OTR, LPOTR
}};

}  // namespace

std::span<const UnmodelledRegister> UnmodelledPeripheral::dac() {
  return dac_registers;
}
std::span<const UnmodelledRegister> UnmodelledPeripheral::lcd() {
  return lcd_registers;
}
std::span<const UnmodelledRegister> UnmodelledPeripheral::usb() {
  return usb_registers;
}
std::span<const UnmodelledRegister> UnmodelledPeripheral::usb_memory() {
  return usb_memory_registers;
}
std::span<const UnmodelledRegister> UnmodelledPeripheral::comparators() {
  return comparator_registers;
}

UnmodelledPeripheral::UnmodelledPeripheral(Chip& chip, std::string_view name,
                                           std::span<const UnmodelledRegister> registers)
    : RegisterBlock(chip, name, NarrowWrite::merge), registers_(registers) {
  UnmodelledPeripheral::reset(true);
}

UnmodelledPeripheral::Place UnmodelledPeripheral::find(std::uint32_t offset) const {
  std::size_t index = 0;
  for (const UnmodelledRegister& kind : registers_) {
    const std::uint32_t place = (offset - kind.first) / 4;
    if (offset >= kind.first && place < kind.count) return {&kind, index + place};
    index += kind.count;
  }
  return {nullptr, 0};
}

void UnmodelledPeripheral::reset(bool /*power_on*/) {
  values_.clear();
  for (const UnmodelledRegister& kind : registers_) {
    // A count above one shares the reset value only with its first register.
    values_.push_back(kind.reset);
    values_.resize(values_.size() + kind.count - 1);
  }
}

std::uint32_t UnmodelledPeripheral::peek_register(std::uint32_t offset) {
  const Place place = find(offset);
  return place.kind != nullptr ? values_[place.index] : 0;
}

std::uint32_t UnmodelledPeripheral::read_register(std::uint32_t offset) {
  (void)unmodelled_read(offset);
  return peek_register(offset);
}

void UnmodelledPeripheral::write_register(std::uint32_t offset, std::uint32_t value) {
  unmodelled_write(offset, value);
  const Place place = find(offset);
  if (place.kind == nullptr) return;
  std::uint32_t& kept = values_[place.index];
  kept = (kept & ~place.kind->writable) | (value & place.kind->writable);
}

void UnmodelledPeripheral::serialize(Saver& saver) {
  saver.section(name());
  for (std::uint32_t& value : values_) saver(value);
}

}  // namespace goldcrest::board

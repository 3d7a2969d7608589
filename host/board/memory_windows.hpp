// SPDX-License-Identifier: MIT
// The memories as the bus sees them where an access is more than a load or a store: writes to
// program memory, data EEPROM, option bytes with the factory information, and the alias at 0 that
// the boot mode and SYSCFG_MEMRMP choose (RM0038 2.5).
#pragma once

#include <array>

#include "host/board/bus.hpp"
#include "host/board/flash_controller.hpp"

namespace goldcrest::board {

/// A window holds no state of its own.
class MemoryWindow : public Peripheral {
 public:
  void reset(bool) final {}
  void serialize(Saver&) final {}
};

/// 0x08000000: reads come here only while program memory is closed, see bus.hpp.
class ProgramMemory final : public MemoryWindow {
 public:
  explicit ProgramMemory(FlashController& controller) : controller_(controller) {}
  std::string_view name() const override { return "PROGRAM"; }
  std::uint32_t read(std::uint32_t offset, unsigned) override {
    (void)controller_.refuses(flash_base + offset);
    return 0;
  }
  void write(std::uint32_t offset, std::uint32_t value, unsigned size) override {
    controller_.write_program_memory(flash_base + offset, value, size);
  }

 private:
  FlashController& controller_;
};

/// 0x08080000.
class DataEeprom final : public MemoryWindow {
 public:
  DataEeprom(Memory& memory, FlashController& controller)
      : memory_(memory), controller_(controller) {}
  std::string_view name() const override { return "EEPROM"; }
  std::uint32_t read(std::uint32_t offset, unsigned size) override {
    if (offset > eeprom_size - size || controller_.refuses(eeprom_base + offset)) return 0;
    controller_.wait_for_eeprom(eeprom_base + offset);
    return load(memory_.eeprom(), offset, size);
  }
  void write(std::uint32_t offset, std::uint32_t value, unsigned size) override {
    if (offset <= eeprom_size - size) controller_.write_eeprom(eeprom_base + offset, value, size);
  }

 private:
  Memory& memory_;
  FlashController& controller_;
};

/// 0x1FF80000: option bytes, and at 0xCC the flash size, at 0xD0, 0xD4 and 0xE4 the unique id
/// (RM0038 3.7 and 31), at 0xF8, 0xFA and 0xFE what the factory measured with the ADC at 3.0 V.
///
/// Smaller chips of the family have the id at 0x50, 0x54 and 0x64, and much firmware for this one,
/// ST's port of Contiki among it, reads it there. Real chips have words there that differ from chip
/// to chip, undocumented, and 0 at 0x64. Here they are chosen such that the sum of the first and
/// the last, and the second, are what they would be with the words of the proper place.
class FactoryInformation final : public MemoryWindow {
 public:
  FactoryInformation(FlashController& controller, std::array<std::uint32_t, 3> unique_id)
      : controller_(controller), unique_id_(unique_id) {}
  std::string_view name() const override { return "FACTORY"; }
  std::uint32_t read(std::uint32_t offset, unsigned size) override;
  void write(std::uint32_t offset, std::uint32_t value, unsigned size) override;

 private:
  std::uint32_t word(std::uint32_t offset) const;

  FlashController& controller_;
  std::array<std::uint32_t, 3> unique_id_;
};

/// 0x00000000: another name for program memory, system memory or RAM.
class BootAlias final : public MemoryWindow {
 public:
  explicit BootAlias(Bus& bus) : bus_(bus) {}
  std::string_view name() const override { return "ALIAS"; }
  /// Where offset 0 really is.
  void select(std::uint32_t base) { base_ = base; }
  std::uint32_t base() const { return base_; }
  std::uint32_t read(std::uint32_t offset, unsigned size) override {
    return bus_.read(base_ + offset, size);
  }
  void write(std::uint32_t offset, std::uint32_t value, unsigned size) override {
    bus_.write(base_ + offset, value, size);
  }

 private:
  Bus& bus_;
  std::uint32_t base_ = flash_base;
};

}  // namespace goldcrest::board

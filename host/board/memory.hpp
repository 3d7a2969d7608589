// SPDX-License-Identifier: MIT
// The memories of the STM32L152RE (RM0038 2.3, 3.2): what is stored, without any rule. Program
// memory is two banks of 256 KB; the rules of writing it are in flash_controller.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "host/board/state.hpp"

namespace goldcrest::board {

inline constexpr std::uint32_t flash_base = 0x08000000;
inline constexpr std::uint32_t flash_size = 512 * 1024;
inline constexpr std::uint32_t flash_bank_size = flash_size / 2;
inline constexpr std::uint32_t flash_page_size = 256;
inline constexpr std::uint32_t eeprom_base = 0x08080000;
inline constexpr std::uint32_t eeprom_size = 16 * 1024;
inline constexpr std::uint32_t ram_base = 0x20000000;
inline constexpr std::uint32_t ram_size = 80 * 1024;
/// System memory: ST's boot loader (not modelled), option bytes, factory information.
inline constexpr std::uint32_t system_memory_base = 0x1FF00000;
inline constexpr std::uint32_t system_memory_size = 8 * 1024;
inline constexpr std::uint32_t option_bytes_base = 0x1FF80000;
/// Ten words at 0x1FF80000 (RDP, USER, WRP1–3) and two at 0x1FF80080 (WRP4), see RM0038 3.7.
inline constexpr std::size_t option_word_count = 10;
/// RM0038 table "Option byte organization": RDP level 0, BOR level 1, software watchdog, no reset
/// on Stop and Standby, boot from bank 1, no write protection. The upper half is the complement.
inline constexpr std::array<std::uint32_t, option_word_count> factory_option_words{
    0xFF5500AA, 0xFF0700F8, 0xFFFF0000, 0xFFFF0000, 0xFFFF0000,
    0xFFFF0000, 0xFFFF0000, 0xFFFF0000, 0xFFFF0000, 0xFFFF0000};

class Memory {
 public:
  Memory();

  std::span<std::uint8_t, flash_size> flash() { return blocks_->flash; }
  std::span<const std::uint8_t, flash_size> flash() const { return blocks_->flash; }
  std::span<std::uint8_t, ram_size> ram() { return blocks_->ram; }
  std::span<const std::uint8_t, ram_size> ram() const { return blocks_->ram; }
  std::span<std::uint8_t, eeprom_size> eeprom() { return blocks_->eeprom; }
  std::span<const std::uint8_t, eeprom_size> eeprom() const { return blocks_->eeprom; }
  std::array<std::uint32_t, option_word_count>& option_words() { return option_words_; }
  const std::array<std::uint32_t, option_word_count>& option_words() const { return option_words_; }

  /// Fills the RAM as a cold power-on leaves it.
  void randomize_ram(std::uint64_t seed);
  /// Tells of pieces of program memory and RAM that a load has changed.
  using Changed = std::function<void(std::uint32_t address, std::uint32_t size)>;
  void serialize(Saver& saver, const Changed& changed);

 private:
  /// The CPU engine maps these directly, whole host pages.
  struct alignas(4096) Blocks {
    std::array<std::uint8_t, flash_size> flash{};
    std::array<std::uint8_t, ram_size> ram{};
    std::array<std::uint8_t, eeprom_size> eeprom{};
  };

  std::unique_ptr<Blocks> blocks_;
  std::array<std::uint32_t, option_word_count> option_words_ = factory_option_words;
};

/// Little-endian access of 1, 2 or 4 bytes; the caller has checked the range.
std::uint32_t load(std::span<const std::uint8_t> bytes, std::uint32_t offset, unsigned size);
void store(std::span<std::uint8_t> bytes, std::uint32_t offset, std::uint32_t value, unsigned size);

}  // namespace goldcrest::board

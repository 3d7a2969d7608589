// SPDX-License-Identifier: MIT
// The bus matrix: which peripheral answers at which address, and the bit-band alias regions
// (PM0056 2.2.5) that turn one word into one bit of RAM or of a register.
//
// Program memory and RAM are read by the CPU engine directly; everything else, and every write to
// program memory, comes through here.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "host/board/memory.hpp"
#include "host/board/peripheral.hpp"

namespace goldcrest::board {

inline constexpr std::uint32_t ram_bit_band_base = 0x22000000;
inline constexpr std::uint32_t peripheral_base = 0x40000000;
inline constexpr std::uint32_t peripheral_size = 0x00100000;
inline constexpr std::uint32_t peripheral_bit_band_base = 0x42000000;

/// Who is told what is written to RAM through the bus: the engine sees only its own stores there.
class RamListener {
 public:
  /// `size` bytes, 1, 2 or 4, have been written.
  virtual void ram_written(std::uint32_t address, unsigned size) = 0;

 protected:
  ~RamListener() = default;
};

class Bus {
 public:
  Bus(Chip& chip, Memory& memory, RamListener& listener)
      : chip_(chip), memory_(memory), listener_(listener) {}

  /// `peripheral` answers at [base, base + size); ranges never overlap.
  void attach(std::uint32_t base, std::uint32_t size, Peripheral& peripheral);

  /// True where a vector table can be: program memory, RAM, system memory, EEPROM and the alias.
  static bool is_memory(std::uint32_t address);

  std::uint32_t read(std::uint32_t address, unsigned size);
  /// Whether a bus master other than the CPU is answered: memory, of which it writes RAM only, and
  /// peripherals, but neither the bit-band alias regions nor the CPU's own registers.
  bool answers(std::uint32_t address, bool writing) const;
  void write(std::uint32_t address, std::uint32_t value, unsigned size);
  /// While closed, reads of program memory go to its window, and other masters are not answered
  /// there nor in data EEPROM.
  void close_program_memory(bool closed) { program_memory_closed_ = closed; }

 private:
  struct Range {
    std::uint32_t base;
    std::uint32_t size;
    Peripheral* peripheral;
  };

  static constexpr std::uint32_t page_size = 0x400;

  const Range* find(std::uint32_t address) const;
  void unmodelled(std::string_view what, std::uint32_t address, unsigned size);
  std::uint32_t bit_band(std::uint32_t address, std::uint32_t* new_bit);

  Chip& chip_;
  Memory& memory_;
  RamListener& listener_;
  bool program_memory_closed_ = false;
  std::vector<Range> ranges_;  ///< by base
  /// The peripheral region once more, for speed: who has the whole of each page.
  std::array<Peripheral*, peripheral_size / page_size> pages_{};
};

}  // namespace goldcrest::board

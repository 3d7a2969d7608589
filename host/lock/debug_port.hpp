// SPDX-License-Identifier: MIT
// What locking needs of a debug port: whole words, and a CPU that does nothing in between.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace goldcrest::lock {

class DebugPort {
 public:
  /// Resets the chip and holds the CPU at its first instruction.
  [[nodiscard]] virtual std::expected<void, std::string> reset_and_halt() = 0;
  /// May give less than asked for, but at least a byte.
  [[nodiscard]] virtual std::expected<std::vector<std::uint8_t>, std::string> read(
      std::uint32_t address, std::uint32_t size) = 0;
  /// One access of 32 bits; `address` is a multiple of 4.
  [[nodiscard]] virtual std::expected<void, std::string> write_word(std::uint32_t address,
                                                                    std::uint32_t value) = 0;
  /// Lets the CPU run for some ten milliseconds and halts it again: a model's time stands still
  /// while its CPU is halted, and the flash with it.
  [[nodiscard]] virtual std::expected<void, std::string> let_time_pass() = 0;

 protected:
  ~DebugPort() = default;
};

/// A little-endian word.
[[nodiscard]] std::expected<std::uint32_t, std::string> read_word(DebugPort& port,
                                                                  std::uint32_t address);

}  // namespace goldcrest::lock

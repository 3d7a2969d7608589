// SPDX-License-Identifier: MIT
// The memory protection unit at 0xE000ED90, PM0056 4.2 (ARMv7-M B3.5): eight regions, of which the
// one with the highest number decides what an access may do.
//
// It holds the registers and answers questions; the Cpu asks it before fetches, loads, stores and
// frames. DMA goes past it. A region ends at a multiple of 32 bytes, and so does a subregion:
// within such a granule everything has the same answer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

enum class MemoryUse : std::uint8_t { read, write, execute };

class Mpu final : public RegisterBlock {
 public:
  static constexpr std::uint32_t base = 0xE000ED90;
  static constexpr std::uint32_t window_size = 0x2C;
  explicit Mpu(Chip& chip);

  bool enabled() const { return (control_ & 1u) != 0; }
  /// HFNMIENA: it protects at negative priorities, too.
  bool guards_faults() const { return (control_ & 2u) != 0; }
  /// The first of the `size` bytes from `address` that may not be used so; enabled() only.
  std::optional<std::uint32_t> first_refused(std::uint32_t address, std::uint32_t size,
                                             MemoryUse use, bool privileged) const;

  /// Whether each instruction is to be looked at: privileged code can be refused data, or something
  /// else asked for watch_instructions() since ENABLE was set (unprivileged accesses, a block of
  /// which only a part may be executed). It stays on until ENABLE is cleared: changing it costs.
  bool watches_instructions() const {
    return enabled() && (watched_ || restricts_privileged_data());
  }
  void watch_instructions() {
    watched_ = true;
    ++settings_;
  }
  /// Another number after every change of what is permitted or watched.
  std::uint64_t settings() const { return settings_; }

  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  struct Region {
    std::uint32_t address = 0;     ///< RBAR.ADDR
    std::uint32_t attributes = 0;  ///< RASR
    bool enabled() const;
    bool covers(std::uint32_t address) const;
    bool permits(MemoryUse use, bool privileged) const;
    void serialize(Saver& saver) { saver(address, attributes); }
  };

  bool permits(std::uint32_t address, MemoryUse use, bool privileged) const;
  bool restricts_privileged_data() const;
  void write_region_base(std::uint32_t value);

  std::uint32_t control_ = 0;
  std::uint32_t number_ = 0;
  std::array<Region, 8> regions_{};
  bool watched_ = false;
  std::uint64_t settings_ = 0;
};

}  // namespace goldcrest::board

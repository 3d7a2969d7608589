// SPDX-License-Identifier: MIT
// CRC calculation unit at 0x40023000, no interrupt, RM0038 chapter "CRC calculation unit": CRC-32
// with polynomial 0x04C11DB7 over whole words, most significant bit first, starting at 0xFFFFFFFF.
#pragma once

#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Crc final : public RegisterBlock {
 public:
  explicit Crc(Chip& chip) : RegisterBlock(chip, "CRC", NarrowWrite::duplicate) {}

  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  std::uint32_t data_ = 0xFFFF'FFFFu;
  std::uint32_t independent_ = 0;
};

}  // namespace goldcrest::board

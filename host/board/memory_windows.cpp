// SPDX-License-Identifier: MIT
#include "host/board/memory_windows.hpp"

#include "host/board/adc.hpp"

namespace goldcrest::board {

std::uint32_t FactoryInformation::word(std::uint32_t offset) const {
  switch (offset) {
    case 0x50:
      return unique_id_[0] + unique_id_[2];
    case 0x54:
      return unique_id_[1];
    case 0xCC:
      return 0xFFFF0000u | flash_size / 1024;
    case 0xD0:
      return unique_id_[0];
    case 0xD4:
      return unique_id_[1];
    case 0xE4:
      return unique_id_[2];
    case 0xF8:
      return Adc::calibration_30_degrees << 16 | Adc::reference_calibration;
    case 0xFC:
      return Adc::calibration_110_degrees << 16;
    default:
      return FlashController::has_option_word(offset) ? controller_.read_option_bytes(offset) : 0;
  }
}

std::uint32_t FactoryInformation::read(std::uint32_t offset, unsigned size) {
  std::uint32_t value = word(offset & ~3u) >> (8 * (offset & 3u));
  if (size < 4) value &= (1u << (8 * size)) - 1u;
  return value;
}

void FactoryInformation::write(std::uint32_t offset, std::uint32_t value, unsigned size) {
  if (FlashController::has_option_word(offset)) controller_.write_option_bytes(offset, value, size);
}

}  // namespace goldcrest::board

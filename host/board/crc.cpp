// SPDX-License-Identifier: MIT
#include "host/board/crc.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t { dr = 0x00, idr = 0x04, cr = 0x08 };

constexpr std::uint32_t initial = 0xFFFF'FFFFu;
constexpr std::uint32_t polynomial = 0x04C1'1DB7u;

constexpr std::uint32_t accumulate(std::uint32_t crc, std::uint32_t word) {
  crc ^= word;
  for (int bit = 0; bit < 32; ++bit) crc = crc << 1 ^ ((crc >> 31) != 0 ? polynomial : 0u);
  return crc;
}

}  // namespace

void Crc::reset(bool /*power_on*/) {
  data_ = initial;
  independent_ = 0;
}

std::uint32_t Crc::read_register(std::uint32_t offset) {
  switch (offset) {
    case dr:
      return data_;
    case idr:
      return independent_;
    case cr:
      return 0;
    default:
      return unmodelled_read(offset);
  }
}

void Crc::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case dr:
      data_ = accumulate(data_, value);
      break;
    case idr:
      independent_ = value & 0xFFu;
      break;
    case cr:
      if ((value & 1u) != 0) data_ = initial;
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
}

void Crc::serialize(Saver& saver) {
  saver.section(name());
  saver(data_, independent_);
}

}  // namespace goldcrest::board

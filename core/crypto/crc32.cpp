// SPDX-License-Identifier: MIT
#include "core/crypto/crc32.hpp"

#include <array>

namespace goldcrest::crypto {
namespace {

constexpr std::array<std::uint32_t, 16> make_table() {
  std::array<std::uint32_t, 16> table{};
  for (std::uint32_t nibble = 0; nibble < 16; ++nibble) {
    std::uint32_t remainder = nibble;
    for (int bit = 0; bit < 4; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0xEDB88320u : 0u);
    }
    table[nibble] = remainder;
  }
  return table;
}

constexpr auto table = make_table();

}  // namespace

void Crc32::update(base::Bytes data) {
  for (const std::uint8_t byte : data) {
    state_ ^= byte;
    state_ = (state_ >> 4) ^ table[state_ & 0xF];
    state_ = (state_ >> 4) ^ table[state_ & 0xF];
  }
}

std::uint32_t Crc32::of(base::Bytes data) {
  Crc32 crc;
  crc.update(data);
  return crc.value();
}

}  // namespace goldcrest::crypto

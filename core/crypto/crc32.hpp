// SPDX-License-Identifier: MIT
// CRC-32 of IEEE 802.3 (reflected, polynomial 0xEDB88320, as zlib and `cksum -a crc32b`), by
// nibbles with a 64-byte table. In software: the STM32's CRC unit shifts the other way round.
#pragma once

#include <cstdint>

#include "core/base/bytes.hpp"

namespace goldcrest::crypto {

class Crc32 {
 public:
  void update(base::Bytes data);
  /// The CRC of all data so far.
  std::uint32_t value() const { return ~state_; }

  static std::uint32_t of(base::Bytes data);

 private:
  std::uint32_t state_ = 0xFFFFFFFF;
};

}  // namespace goldcrest::crypto

// SPDX-License-Identifier: MIT
// CRC-32 (IEEE 802.3) by the chip's CRC unit, for whole words.
#pragma once

#include <cstdint>

#include "core/base/bytes.hpp"

namespace goldcrest::chip {

/// The same value as crypto::Crc32::of(); bytes.size() is a multiple of 4. The unit's clock is on
/// only inside this call.
std::uint32_t hardware_crc32(base::Bytes bytes);

}  // namespace goldcrest::chip

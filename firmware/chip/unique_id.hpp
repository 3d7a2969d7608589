// SPDX-License-Identifier: MIT
// The 96-bit unique id every STM32L152RE is made with (RM0038 31.2), and the EUI-64 made from it.
#pragma once

#include <array>
#include <cstdint>

#include "core/wire/address.hpp"

namespace goldcrest::chip {

/// Words at offsets 0x00, 0x04 and 0x14 from 0x1FF800D0.
std::array<std::uint32_t, 3> unique_id();

/// 02, then the first seven bytes of SHA-256 of the unique id (twelve bytes, each word
/// little-endian, in the order above). 02: an individual address, locally administered, as nobody
/// assigned us one. The id's own bytes are no use as they are: of its 96 bits most are lot and
/// wafer, alike in chips bought together.
wire::Eui64 eui64_from(const std::array<std::uint32_t, 3>& id);

}  // namespace goldcrest::chip

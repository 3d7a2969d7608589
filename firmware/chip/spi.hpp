// SPDX-License-Identifier: MIT
// SPI1 as the SPIRIT1's bus: mode 0, 8 bits, most significant bit first, 8 MHz (the radio allows
// 10).
#pragma once

#include <cstdint>

namespace goldcrest::chip {

/// Pins and SPI1; the system clock must run at full speed. The radio is not selected.
void start_spi();

/// One byte out and one in. The caller selects the radio around a transaction.
std::uint8_t spi_transfer(std::uint8_t byte);

}  // namespace goldcrest::chip

// SPDX-License-Identifier: MIT
// Register bits of the flash interface, RM0038 3.9, for its two source files.
#pragma once

#include <cstdint>

#include "host/board/peripheral.hpp"

namespace goldcrest::board {

namespace acr {
inline constexpr std::uint32_t latency = 1u << 0;
inline constexpr std::uint32_t prefetch = 1u << 1;
inline constexpr std::uint32_t wide = 1u << 2;  // ACC64
inline constexpr std::uint32_t sleep_power_down = 1u << 3;
inline constexpr std::uint32_t run_power_down = 1u << 4;
}  // namespace acr

namespace pecr {
inline constexpr std::uint32_t lock = 1u << 0;
inline constexpr std::uint32_t program_lock = 1u << 1;
inline constexpr std::uint32_t option_lock = 1u << 2;
inline constexpr std::uint32_t program = 1u << 3;
inline constexpr std::uint32_t data = 1u << 4;
inline constexpr std::uint32_t erase = 1u << 9;
inline constexpr std::uint32_t half_page = 1u << 10;
inline constexpr std::uint32_t parallel = 1u << 15;
inline constexpr std::uint32_t end_interrupt = 1u << 16;
inline constexpr std::uint32_t error_interrupt = 1u << 17;
inline constexpr std::uint32_t option_launch = 1u << 18;
inline constexpr std::uint32_t fixed_time = 1u << 8;
inline constexpr std::uint32_t settings =
    program | data | fixed_time | erase | half_page | parallel | end_interrupt | error_interrupt;
}  // namespace pecr

namespace sr {
inline constexpr std::uint32_t busy = 1u << 0;
inline constexpr std::uint32_t end_of_operation = 1u << 1;
inline constexpr std::uint32_t high_voltage_off = 1u << 2;
inline constexpr std::uint32_t ready = 1u << 3;
inline constexpr std::uint32_t write_protection = 1u << 8;
inline constexpr std::uint32_t alignment = 1u << 9;
inline constexpr std::uint32_t size = 1u << 10;
inline constexpr std::uint32_t option_validity = 1u << 11;
inline constexpr std::uint32_t user_option_validity = 1u << 12;
inline constexpr std::uint32_t errors = 0x1F00;
}  // namespace sr

/// FLASH_OBR: the user option byte.
namespace obr {
inline constexpr std::uint32_t software_watchdog = 1u << 20;    // IWDG_SW
inline constexpr std::uint32_t no_reset_on_stop = 1u << 21;     // nRST_STOP
inline constexpr std::uint32_t no_reset_on_standby = 1u << 22;  // nRST_STDBY
inline constexpr std::uint32_t boot_from_bank_1 = 1u << 23;     // nBFB2
}  // namespace obr

inline constexpr std::uint8_t level_0_value = 0xAA;
inline constexpr std::uint8_t level_2_value = 0xCC;
inline constexpr std::uint32_t flash_sector_size = 4096;

}  // namespace goldcrest::board

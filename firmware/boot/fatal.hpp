// SPDX-License-Identifier: MIT
// What BOOT does when it must not go on: it blinks an error code on LD2, then resets. docs/boot.md.
#pragma once

#include <cstdint>

#include "firmware/chip/execution.hpp"

namespace goldcrest::boot {

/// The value is the number of blinks between two pauses.
enum class Fatal : std::uint8_t {
  ram = 1,             ///< the RAM does not hold what is written
  boot_damaged = 2,    ///< BOOT or the factory block is not what was put in at manufacture
  cryptography = 3,    ///< SHA-256 or LMS do not give the known answers
  mta_damaged = 4,     ///< the jumper is set and the MTA is missing or damaged
  no_application = 5,  ///< neither slot holds an image that may run
  flash = 6,           ///< the state of the slots cannot be read
  clock = 7,           ///< HSI or PLL do not start
  internal = 8,        ///< a fault or a failed check in BOOT itself
};

/// Everything off but the LED. Does not return, but the compiler does not know.
[[gnu::noipa]] void blink(Fatal error);

[[noreturn, gnu::always_inline]] inline void stop(Fatal error) {
  blink(error);
  chip::dead_end();
}

}  // namespace goldcrest::boot

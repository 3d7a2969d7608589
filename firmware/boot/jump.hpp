// SPDX-License-Identifier: MIT
// Leaving BOOT for another program, which finds the chip as after a reset.
#pragma once

#include "core/image/flash_map.hpp"

namespace goldcrest::boot {

/// Resets every peripheral BOOT has used, restores the reset clock, and starts the program whose
/// vector table lies at `vectors`. `again` is the same, from another verification of that program:
/// both must have come out alike.
[[noreturn]] void start_program(image::Address vectors, image::Address again);

}  // namespace goldcrest::boot

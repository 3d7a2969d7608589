// SPDX-License-Identifier: MIT
// The user button B1 (PC13, low when pressed), by interrupt, with its bouncing taken away.
#pragma once

#include "core/base/time.hpp"

namespace goldcrest::app {

void start_button();

/// True once for each press.
bool take_button_press(base::Instant now);
/// When it has to be called again although nothing interrupts.
base::Instant button_deadline();

}  // namespace goldcrest::app

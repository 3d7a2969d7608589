// SPDX-License-Identifier: MIT
// The independent watchdog, RM0038 chapter 22. Once started, only a reset stops it.
#pragma once

namespace goldcrest::chip {

/// Longest time-out: 4096 × 256 cycles of the LSI, 18.7 s when it is fastest (56 kHz), 28 s at its
/// typical 37 kHz. Started again, it is only kicked.
void start_watchdog();
/// Harmless when it was never started.
void kick_watchdog();

}  // namespace goldcrest::chip

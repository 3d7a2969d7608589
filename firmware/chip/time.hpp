// SPDX-License-Identifier: MIT
// Time: SysTick as a free-running microsecond counter, the RTC wake-up timer as the alarm that ends
// a sleep.
//
// SysTick counts HCLK / 8 = 4 MHz and goes on in Sleep mode; its 24 bits wrap every 4.19 s and the
// interrupt counts the wraps. The RTC runs from the LSE, or, when the crystal does not start within
// three seconds, from the LSI. Until that is settled SysTick itself ticks once a millisecond and so
// ends every sleep in time. An alarm may come early, never late: the main loop looks at the time
// again and sleeps on.
#pragma once

#include "core/base/time.hpp"

namespace goldcrest::chip {

/// Starts both; the clock must run at full speed. Time starts at 0.
void start_time();

/// Microseconds since start_time().
base::Instant now();

/// Waits in a loop, for chip timings of microseconds to a few milliseconds.
void delay(base::Duration duration);

/// Sleeps (WFI) until `deadline`, any interrupt that called request_wake(), or earlier. Returns at
/// once when a wake was requested since the last call.
void sleep_until(base::Instant deadline);

/// What drives the alarm, for the status report.
enum class AlarmClock : unsigned char { settling, lse, lsi };
AlarmClock alarm_clock();

}  // namespace goldcrest::chip

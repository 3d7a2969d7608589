// SPDX-License-Identifier: MIT
// What every long-running program needs: the time, a stop signal, and one-line errors.
#pragma once

#include <string_view>

#include "core/base/time.hpp"

namespace goldcrest::system {

/// Monotonic time since the program started.
base::Instant monotonic_now();

/// From now on SIGINT and SIGTERM only set a flag (and interrupt poll()).
void catch_stop_signals();
bool stop_requested();

/// Milliseconds to wait for `deadline` as poll() takes them: rounded up, 0 when past, at most
/// `at_most_ms`.
int poll_timeout_ms(base::Instant now, base::Instant deadline, int at_most_ms = 1000);

/// "<name of the program>: <message>" on stderr, printable only, red on a terminal.
void print_error(std::string_view message);

}  // namespace goldcrest::system

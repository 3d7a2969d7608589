// SPDX-License-Identifier: MIT
// The serial console: USART2, 115200 baud, 8 data bits, no parity, 1 stop bit, interrupt-driven
// with a ring buffer in each direction.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace goldcrest::chip {

/// Pins, clock and USART; the system clock must run at full speed.
void start_console();

/// Queues `text`; "\n" goes out as "\r\n". Waits while the buffer is full, so nothing is lost.
void console_write(std::string_view text);

/// The next character typed, if there is one. Characters beyond the buffer of 128 are dropped.
std::optional<char> console_read();

/// Returns when everything written has left the pin.
void console_flush();

/// For the end of the world: writes without interrupts, whatever state they are in.
void console_write_now(std::string_view text);

}  // namespace goldcrest::chip

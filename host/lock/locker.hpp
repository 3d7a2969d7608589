// SPDX-License-Identifier: MIT
// Locks a board through its debug port: inspect, write protection, readout protection, read back,
// and only then let the chip load it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "host/lock/debug_port.hpp"
#include "host/lock/inspection.hpp"
#include "host/lock/option_bytes.hpp"

namespace goldcrest::lock {

struct Wanted {
  Level level = 0;  ///< 1 or 2; 0: the readout protection stays as it is
  bool write_protect_boot = false;
};

/// Why no board with such option bytes is locked.
std::expected<void, std::string> check_option_bytes(const Protection& present);

/// Why this cannot be had of a board with `present`; nothing when it can.
std::expected<void, std::string> check_change(const Protection& present, const Wanted& wanted);

using ProgressSink = std::function<void(std::uint64_t done, std::uint64_t total)>;
/// BOOT to APP2, for inspect().
[[nodiscard]] std::expected<std::vector<std::uint8_t>, std::string> read_flash(
    DebugPort& port, const ProgressSink& progress);

/// Stores the option bytes, reads them back and launches them. Until the last step nothing is in
/// force; a power that goes before leaves words that are either old or new, or damaged, which the
/// chip takes for protected.
[[nodiscard]] std::expected<void, std::string> apply(DebugPort& port, const Wanted& wanted);

}  // namespace goldcrest::lock

// SPDX-License-Identifier: MIT
// `goldcrest oscore`: makes security contexts, and tells what others need to know of them.
#pragma once

#include <CLI/App.hpp>

namespace goldcrest::oscore {

/// Adds the subcommand; when one of its own is chosen it runs it and sets `exit_code`.
void add_oscore_command(CLI::App& app, int& exit_code);

}  // namespace goldcrest::oscore

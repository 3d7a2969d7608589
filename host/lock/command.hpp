// SPDX-License-Identifier: MIT
// `goldcrest lock`.
#pragma once

#include <CLI/App.hpp>

namespace goldcrest::lock {

/// Adds the subcommand; when it has run, `exit_code` is 0, or 1 after one line on stderr.
void add_lock_command(CLI::App& app, int& exit_code);

}  // namespace goldcrest::lock

// SPDX-License-Identifier: MIT
// `goldcrest air`.
#pragma once

#include <CLI/App.hpp>

namespace goldcrest::air {

/// Adds the subcommand; when it is chosen it runs until a stop signal and sets `exit_code`.
void add_air_command(CLI::App& app, int& exit_code);

}  // namespace goldcrest::air

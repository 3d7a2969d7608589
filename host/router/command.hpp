// SPDX-License-Identifier: MIT
// `goldcrest router`.
#pragma once

#include <CLI/App.hpp>

namespace goldcrest::router {

/// Adds the subcommand; when it is chosen it runs until a stop signal and sets `exit_code`.
void add_router_command(CLI::App& app, int& exit_code);

}  // namespace goldcrest::router

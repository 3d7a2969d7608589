// SPDX-License-Identifier: MIT
// `goldcrest server`.
#pragma once

#include <CLI/App.hpp>

namespace goldcrest::server {

/// Adds the subcommand; when it is chosen it serves until a stop signal and sets `exit_code`.
void add_server_command(CLI::App& app, int& exit_code);

}  // namespace goldcrest::server

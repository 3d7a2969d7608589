// SPDX-License-Identifier: MIT
// `goldcrest get`.
#pragma once

#include <CLI/App.hpp>

namespace goldcrest::client {

/// Adds the subcommand; when it is chosen it fetches one resource and sets `exit_code`.
void add_get_command(CLI::App& app, int& exit_code);

}  // namespace goldcrest::client

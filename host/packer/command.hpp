// SPDX-License-Identifier: MIT
// The packer's subcommands of `goldcrest`: keygen, key status, key advance, pack, man, inspect.
#pragma once

#include <CLI/CLI.hpp>

namespace goldcrest::packer {

/// Adds the subcommands to `app`. When one of them has run, `exit_code` holds what the program is
/// to return: 0, or 1 after one line on stderr that says what went wrong, where, and what to do.
void add_packer_commands(CLI::App& app, int& exit_code);

}  // namespace goldcrest::packer

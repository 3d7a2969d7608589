// SPDX-License-Identifier: MIT
// `goldcrest`: every tool of the system but the virtual board, as subcommands of one program.
#include <CLI/CLI.hpp>

#include "host/air/command.hpp"
#include "host/client/command.hpp"
#include "host/loader/command.hpp"
#include "host/packer/command.hpp"
#include "host/router/command.hpp"
#include "host/server/command.hpp"

int main(int argc, char** argv) {
  CLI::App app{
      "Goldcrest: secure firmware updates over the air for tiny devices.\n"
      "Exit code: 0 done, 1 it could not be done (one line on stderr says why), 2 wrong usage.",
      "goldcrest"};
  app.set_version_flag("--version", "goldcrest 0.1.0");
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  int exit_code = 0;
  goldcrest::packer::add_packer_commands(app, exit_code);
  goldcrest::server::add_server_command(app, exit_code);
  goldcrest::client::add_get_command(app, exit_code);
  goldcrest::router::add_router_command(app, exit_code);
  goldcrest::air::add_air_command(app, exit_code);
  goldcrest::loader::add_load_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 gives every kind of usage error a number of its own; users get the one convention.
    return app.exit(error) == 0 ? 0 : 2;
  }
  return exit_code;
}

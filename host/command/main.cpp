// SPDX-License-Identifier: MIT
// `goldcrest`: every tool of the system but the virtual board, as subcommands of one program.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>

#include "host/air/command.hpp"
#include "host/client/command.hpp"
#include "host/loader/command.hpp"
#include "host/lock/command.hpp"
#include "host/oscore/command.hpp"
#include "host/packer/command.hpp"
#include "host/router/command.hpp"
#include "host/server/command.hpp"
#include "host/system/run.hpp"

namespace {

using namespace goldcrest;

void add_commands(CLI::App& app, int& exit_code) {
  packer::add_packer_commands(app, exit_code);
  server::add_server_command(app, exit_code);
  oscore::add_oscore_command(app, exit_code);
  client::add_get_command(app, exit_code);
  router::add_router_command(app, exit_code);
  air::add_air_command(app, exit_code);
  loader::add_load_command(app, exit_code);
  lock::add_lock_command(app, exit_code);
  // Demanded here and not by require_subcommand(): that would hide a misspelt command.
  app.final_callback([&app] {
    if (app.get_subcommands().empty()) throw CLI::RequiredError("A subcommand");
  });
}

/// What was printed may still wait in a buffer, and the disk may be full.
bool flush_output() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  system::print_error(std::string("cannot write to the standard output: ") + std::strerror(errno));
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Goldcrest: secure firmware updates over the air for tiny devices.\n"
      "Exit code: 0 done, 1 it could not be done (one line on stderr says why), 2 wrong usage.",
      "goldcrest"};
  app.set_version_flag("--version", "goldcrest 0.1.0");
  app.get_formatter()->column_width(34);
  // Keys pass through the memory: it is dumped to no file, whatever goes wrong.
  (void)::prctl(PR_SET_DUMPABLE, 0);
  int exit_code = 0;
  add_commands(app, exit_code);
  app.footer(  // after the subcommands, which would inherit it
      "`goldcrest COMMAND --help` tells more. A first walk through all of them is in README.md,\n"
      "\"By hand, in five terminals\". The virtual board is a program of its own: "
      "goldcrest-board.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 gives every kind of usage error a number of its own; users get the one convention.
    std::ostringstream help;
    const int code = app.exit(error, help);
    auto text = help.str();
    while (text.ends_with('\n')) text.pop_back();
    if (!text.empty()) fmt::print("{}\n", text);
    if (code != 0) return 2;
  } catch (const std::exception& error) {  // no memory, no room for the output
    system::print_error(error.what());
    return 1;
  }
  return flush_output() ? exit_code : 1;
}

// SPDX-License-Identifier: MIT
// `goldcrest-board`: one virtual NUCLEO-L152RE with its radio shield, in real time.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "host/board/program/control.hpp"
#include "host/board/program/session.hpp"
#include "host/system/run.hpp"
#include "host/system/udp_socket.hpp"

namespace {

using namespace goldcrest;
using board::program::SessionOptions;

constexpr const char* description =
    "A virtual NUCLEO-L152RE with SPIRIT1 radio: runs the very binaries of the real board.\n"
    "Program it with --image, with `goldcrest load IMAGE --board SOCKET`, or by copying a .bin to\n"
    "--drive.\n"
    "\n"
    "Commands for --send, and for the control socket (one a line):\n"
    "  jumper on|off                     PA0 to 3V3\n"
    "  boot flash|system|ram             what BOOT0 and BOOT1 choose at the next reset\n"
    "  button press|release|click        the blue user button\n"
    "  reset                             the black reset button\n"
    "  power on|off|cut                  cut: off and on again\n"
    "  cut N before|inside|after [SEED]  power fails at flash operation N\n"
    "  type TEXT                         TEXT and Return on the serial console\n"
    "  status                            as JSON\n"
    "  energy                            time in each power mode, charge, as JSON\n"
    "  wear                              flash erases and writes so far, by page, as JSON\n"
    "  cpu                               registers\n"
    "  quit\n"
    "\n"
    "Exit code: 0 done, 1 it could not be done (one line on stderr says why), 2 wrong usage.";

struct Arguments {
  SessionOptions session;
  std::string air;
  std::string speed = "1";
  std::string trace;
  std::optional<std::string> send;
  double run_for = 0;  ///< board seconds
  std::string gdb;
};

void add_options(CLI::App& app, Arguments& arguments) {
  SessionOptions& session = arguments.session;
  app.add_option("--state", session.state,
                 "the board's state; made if it is not there, kept at exit")
      ->type_name("FILE");
  app.add_option("--image", session.image,
                 "firmware to program first: ELF, Intel HEX, or bytes for 0x08000000")
      ->check(CLI::ExistingFile.description(""))
      ->type_name("FILE");
  app.add_option("--serial", session.serial,
                 "virtual COM port: pty, stdio, none, or a file that takes the output")
      ->type_name("WHERE")
      ->capture_default_str();
  app.add_option("--air", arguments.air, "the air process to talk to (ZEP v2 over UDP)")
      ->type_name("HOST:PORT");
  app.add_flag("--jumper", session.jumper, "start with the jumper fitted");
  app.add_option("--drive", session.drive, "folder that acts as the ST-Link's drive")
      ->type_name("DIR");
  app.add_option("--control", session.control, "Unix socket for commands")->type_name("SOCKET");
  app.add_option("--gdb", arguments.gdb,
                 "let gdb debug the firmware here; host 127.0.0.1 if none is given, port 0 for any")
      ->type_name("[HOST:]PORT");
  app.add_flag("--gdb-wait", session.gdb_wait, "start halted, until gdb continues")->needs("--gdb");
  app.add_option("--send", arguments.send, "send a command to the board at --control, and exit")
      ->type_name("COMMAND")
      ->needs("--control");
  app.add_option("--speed", arguments.speed, "board seconds a second, or max")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--for", arguments.run_for, "end after so many board seconds")
      ->check(CLI::Range(1e-6, 1e8).description(""))
      ->type_name("SECONDS");
  app.add_option("--until", session.until,
                 "end when the console has shown TEXT; exit code 1 if --for is over first")
      ->type_name("TEXT");
  app.add_option("--pins", session.pins,
                 "record every change of a pin: a VCD file if FILE ends in .vcd, else text")
      ->type_name("FILE");
  app.add_flag("--energy", session.energy,
               "at the end, tell the time in each power mode and the charge, on stderr");
  app.add_flag("--wear", session.wear,
               "at the end, tell what the firmware has erased and written, on stderr");
  app.add_option("--trace", arguments.trace,
                 "what to log on stderr, a comma between: registers, interrupts, radio, serial, "
                 "flash, power, unmodelled")
      ->type_name("LIST");
  app.add_option("--seed", session.seed, "of RAM contents at power-on and torn flash values")
      ->capture_default_str();
  app.add_option("--id", session.id, "makes the chip's unique id, and by it the radio address")
      ->capture_default_str();
}

std::expected<void, std::string> complete(Arguments& arguments) {
  SessionOptions& session = arguments.session;
  if (arguments.speed == "max") {
    session.speed = 0;
  } else {
    char* end = nullptr;
    session.speed = std::strtod(arguments.speed.c_str(), &end);
    if (*end != 0 || !(session.speed >= 0.001) || session.speed > 1000) {
      return std::unexpected("--speed takes a number from 0.001 to 1000, or max");
    }
  }
  static constexpr std::string_view known[] = {"registers", "interrupts", "radio",     "serial",
                                               "flash",     "power",      "unmodelled"};
  session.run_for = base::Duration(static_cast<base::Duration::rep>(arguments.run_for * 1e6));
  for (std::size_t begin = 0; begin < arguments.trace.size();) {
    const std::size_t end = std::min(arguments.trace.find(',', begin), arguments.trace.size());
    const std::string category = arguments.trace.substr(begin, end - begin);
    if (std::ranges::find(known, category) == std::end(known)) {
      return std::unexpected("--trace does not know \"" + category + "\"");
    }
    session.trace.push_back(category);
    begin = end + 1;
  }
  if (!arguments.air.empty()) {
    const auto endpoint = system::parse_endpoint(arguments.air, air::zep_port);
    if (!endpoint) return std::unexpected(endpoint.error());
    session.air = *endpoint;
  }
  if (!arguments.gdb.empty()) {
    const bool port_only = arguments.gdb.find_first_not_of("0123456789") == std::string::npos;
    const auto endpoint =
        system::parse_endpoint(port_only ? "127.0.0.1:" + arguments.gdb : arguments.gdb);
    if (!endpoint) return std::unexpected(endpoint.error());
    session.gdb = *endpoint;
  }
  return {};
}

std::expected<void, std::string> run(const Arguments& arguments) {
  if (!arguments.send) {
    (void)std::signal(SIGPIPE, SIG_IGN);
    system::catch_stop_signals();
    return board::program::Session(arguments.session).run();
  }
  const auto answer = board::program::send_command(arguments.session.control, *arguments.send);
  if (!answer) return std::unexpected(answer.error());
  if (!answer->empty()) fmt::print("{}\n", *answer);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{description, "goldcrest-board"};
  app.set_version_flag("--version", "goldcrest-board 0.1.0");
  app.get_formatter()->column_width(30);
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (auto completed = complete(arguments); !completed) {
    system::print_error(completed.error());
    return 2;
  }
  if (auto done = run(arguments); !done) {
    system::print_error(done.error());
    return 1;
  }
  return 0;
}

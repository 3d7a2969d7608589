// SPDX-License-Identifier: MIT
#include "host/lock/command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "host/loader/control_socket.hpp"
#include "host/lock/gdb_port.hpp"
#include "host/lock/locker.hpp"
#include "host/packer/files.hpp"
#include "host/system/progress.hpp"
#include "host/system/run.hpp"
#include "host/system/udp_socket.hpp"

namespace goldcrest::lock {

namespace {

using Failure = std::unexpected<std::string>;
using Result = std::expected<void, std::string>;
using Json = nlohmann::ordered_json;

constexpr const char* level_2_warning =
    "Level 2 is for ever, and nobody can undo it, neither you nor the maker of the chip:\n"
    "  - no debug port, no boot loader of the chip's, no mass erase, no way back to level 1 or 0;\n"
    "  - the option bytes are frozen, and with them the write protection of BOOT;\n"
    "  - a bug in BOOT, a signing key that is lost, a key that leaked: they stay as long as the "
    "board.\n"
    "What stays: the console's MTA, and updates over the air that are signed with a key it trusts.";
constexpr const char* level_2_phrase = "locked for ever";
constexpr const char* for_ever_text = "locked for ever (readout protection level 2)";

struct Options {
  std::string board;
  std::string gdb;
  std::string public_key;
  std::vector<std::string> spare_keys;
  std::string man_image;
  unsigned level = 0;
  bool write_protect_boot = false;
  bool show = false;
  bool check = false;
  bool untried = false;
  bool for_ever = false;
  unsigned timeout_s = 30;
  bool json = false;

  std::chrono::milliseconds timeout() const { return std::chrono::seconds(timeout_s); }
};

/// Connects to the debug port; fails with for_ever_text in the reason where the board says that.
std::expected<GdbPort, std::string> connect(const Options& options) {
  std::string where = options.gdb;
  if (!options.board.empty()) {
    auto control = loader::ControlSocket::connect(options.board, options.timeout());
    if (!control) return Failure(control.error());
    const auto answer = control->command("gdb");
    if (!answer) return Failure(answer.error());
    where = *answer;
  }
  const auto endpoint = system::parse_endpoint(where);
  if (!endpoint) return Failure(endpoint.error());
  return GdbPort::connect(*endpoint, options.timeout());
}

bool says_for_ever(const std::string& reason) {
  return reason.find(for_ever_text) != std::string::npos;
}

// --- output --------------------------------------------------------------------------------------

Json protection_json(const Protection& present) {
  return {{"level", present.level},
          {"boot_write_protected", present.boot_is_write_protected()},
          {"write_protected_sectors", present.write_protected_sectors},
          {"boots_from_bank_2", present.boots_from_bank_2},
          {"option_bytes_sound", !present.bad_complement}};
}

void print(const Protection& present) {
  constexpr std::array meaning{"open: whoever has a debugger reads and writes everything",
                               "flash cannot be read; going back to level 0 erases everything",
                               "no debug port, for ever"};
  fmt::print("readout protection  level {}: {}\n", present.level, meaning.at(present.level));
  fmt::print("BOOT                {}\n",
             present.boot_is_write_protected() ? "write-protected" : "not write-protected");
  fmt::print("protected sectors   {:#010x} (WRP1, 4 KiB each)\n", present.write_protected_sectors);
  if (present.boots_from_bank_2) {
    fmt::print("start               from the second flash bank, past BOOT (nBFB2 is 0)\n");
  }
  if (present.bad_complement) fmt::print("option bytes        damaged: a complement is wrong\n");
}

Json findings_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const auto& each : findings) {
    list.push_back({{"what", each.what}, {"good", each.good}, {"detail", each.detail}});
  }
  return list;
}

void print(const std::vector<Finding>& findings) {
  for (const auto& each : findings) {
    const char* mark = each.good ? "yes " : each.weight == Weight::nobody ? "note" : "NO  ";
    const auto detail = each.detail.empty() ? "" : ": " + each.detail;
    if (each.weight == Weight::nobody && !each.good) {
      fmt::print("  {}  not so: {}{}\n", mark, each.what, detail);
    } else {
      fmt::print("  {}  {}{}\n", mark, each.what, detail);
    }
  }
}

// --- what the command does -----------------------------------------------------------------------

Result show(const Options& options) {
  auto port = connect(options);
  if (!port && !says_for_ever(port.error())) return Failure(port.error());
  if (!port) {
    if (options.json) {
      fmt::print("{}\n", Json{{"level", 2}}.dump());
    } else {
      fmt::print("readout protection  level 2: no debug port, for ever\n");
    }
    return {};
  }
  const auto present = read_protection(*port);
  if (!present) return Failure(present.error());
  if (options.json) {
    fmt::print("{}\n", protection_json(*present).dump());
  } else {
    print(*present);
  }
  return port->detach();
}

Result confirm_level_2(const Options& options) {
  if (options.level != 2 || options.for_ever) return {};
  fmt::print(stderr, "{}\n", level_2_warning);
  if (::isatty(STDIN_FILENO) == 0) {
    return Failure("say --level-2-is-for-ever if you want that; nothing has been changed");
  }
  fmt::print(stderr, "Type \"{}\" to go on: ", level_2_phrase);
  std::string typed;
  if (!std::getline(std::cin, typed) || typed != level_2_phrase) {
    return Failure("not confirmed; nothing has been changed");
  }
  return {};
}

std::expected<std::vector<Finding>, std::string> look_inside(GdbPort& port, const Options& options,
                                                             const Expected& expected) {
  system::Progress progress(
      "reading", options.json ? system::ProgressStyle::json : system::ProgressStyle::automatic);
  const auto flash = read_flash(port, [&](auto done, auto total) { progress.update(done, total); });
  progress.finish();
  if (!flash) return Failure(flash.error());
  return inspect(*flash, expected);
}

/// Looks from outside whether the lock holds: the debug port says level 1, or is gone.
Result verify_from_outside(const Options& options, const Wanted& wanted) {
  const auto deadline = std::chrono::steady_clock::now() + options.timeout();
  std::string last;
  while (std::chrono::steady_clock::now() < deadline) {
    auto port = connect(options);
    const auto present = port ? read_protection(*port)
                              : std::expected<Protection, std::string>(Failure(port.error()));
    if (!present && wanted.level == 2) return {};
    if (present && wanted.level != 2 && present->level >= wanted.level &&
        (!wanted.write_protect_boot || present->boot_is_write_protected())) {
      return port->detach();
    }
    last = present ? fmt::format("level {} is in force", present->level) : present.error();
    if (port) (void)port->detach();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the chip is being reset
  }
  return Failure("the option bytes are written, but not in force yet: " + last +
                 "; switch the power off and on, then `goldcrest lock --show`");
}

void report(const Options& options, const Wanted& wanted, const std::vector<Finding>& findings,
            bool done) {
  if (options.json) {
    const Json json{{"findings", findings_json(findings)},
                    {"locked", done},
                    {"level", done && wanted.level != 0 ? Json(wanted.level) : Json()},
                    {"boot_write_protected", done && wanted.write_protect_boot}};
    fmt::print("{}\n", json.dump());
  } else {
    print(findings);
  }
}

std::expected<Expected, std::string> read_expected(const Options& options) {
  auto owner = packer::read_public_key(options.public_key);
  if (!owner) return Failure(owner.error().text);
  Expected expected{.signing_key = *std::move(owner)};
  for (const auto& file : options.spare_keys) {
    auto spare = packer::read_public_key(file);
    if (!spare) return Failure(spare.error().text);
    expected.spare_keys.push_back(*std::move(spare));
  }
  if (options.man_image.empty()) return expected;
  auto image = packer::read_file(options.man_image, image::flash_section.size);
  if (!image) return Failure(image.error().text);
  if (image->empty()) return Failure(options.man_image + " is empty");
  expected.man_image = *std::move(image);
  return expected;
}

Result lock(const Options& options) {
  const Wanted wanted{.level = options.level,
                      .write_protect_boot = options.write_protect_boot || options.level == 2};
  const auto expected = read_expected(options);
  if (!expected) return Failure(expected.error());
  auto port = connect(options);
  if (!port) return Failure(port.error());
  const auto present = read_protection(*port);
  if (!present) return Failure(present.error());
  if (auto sound = check_option_bytes(*present); !sound) return sound;
  if (options.check && present->level != 0) {
    return Failure(
        fmt::format("the board is at level {}: its flash cannot be read", present->level));
  }
  if (!options.check) {
    if (auto possible = check_change(*present, wanted); !possible) return possible;
  }
  const auto findings = look_inside(*port, options, *expected);
  if (!findings) return Failure(findings.error());
  const auto bad = obstacles(*findings, wanted.level == 2 || options.check, options.untried);
  if (!bad.empty() || options.check) {
    report(options, wanted, *findings, false);
    if (bad.empty()) return port->detach();
    return Failure("not so: " + bad.front().what + "; nothing has been changed");
  }
  if (!options.json) print(*findings);
  if (auto confirmed = confirm_level_2(options); !confirmed) return confirmed;
  if (auto done = apply(*port, wanted); !done) return done;
  (void)port->detach();  // at level 2 nobody answers any more
  port = Failure("closed");
  if (auto done = verify_from_outside(options, wanted); !done) return done;
  if (options.json) report(options, wanted, *findings, true);
  fmt::print(stderr, "locked: {}{}; switch the power off and on once\n",
             wanted.level == 0 ? "" : fmt::format("readout protection level {}, ", wanted.level),
             wanted.write_protect_boot ? "BOOT write-protected" : "BOOT not write-protected");
  return {};
}

Result run(const Options& options) {
  if (options.show) return show(options);
  if (options.public_key.empty()) {
    return Failure("--public-key is missing: the key that the board's updates are signed with");
  }
  if (!options.check && options.level == 0 && !options.write_protect_boot) {
    return Failure(
        "say what to lock: --level 1, --level 2, --write-protect-boot; or --check, --show");
  }
  return lock(options);
}

void add_options(CLI::App& command, Options& options) {
  auto* target = command.add_option_group("target", "where the board is");
  target->add_option("--board", options.board, "control socket of a goldcrest-board")
      ->type_name("SOCKET");
  target
      ->add_option(
          "--gdb", options.gdb,
          "GDB server in front of a real board's ST-Link, such as OpenOCD's port 3333 (the "
          "ST-Link's drive cannot write option bytes)")
      ->type_name("HOST:PORT");
  target->require_option(1);
  command
      .add_option("--level", options.level,
                  "readout protection: 1 can be left, which erases everything; 2 never")
      ->check(CLI::IsMember({1, 2}));
  command.add_flag("--write-protect-boot", options.write_protect_boot,
                   "nobody erases or programs BOOT and the keys in it; level 2 includes it");
  command
      .add_option("--public-key", options.public_key,
                  "signing.pub of the owner: a board that does not trust it is not locked")
      ->type_name("FILE");
  command
      .add_option("--also-trust", options.spare_keys,
                  "public key of a spare that the board trusts, too; may be repeated. A board that "
                  "trusts other keys is not locked")
      ->type_name("FILE");
  command
      .add_option("--man-image", options.man_image,
                  "the MAN image that was loaded: BOOT, its keys and MTA must be the same")
      ->type_name("FILE");
  command.add_flag("--show", options.show, "only tell how the board is locked");
  command.add_flag("--check", options.check, "only tell whether the board may be locked");
  command.add_flag("--no-update-tried", options.untried,
                   "level 2 for a board that has never been updated: I have tried it on others");
  command.add_flag("--level-2-is-for-ever", options.for_ever,
                   "I know what level 2 means, do not ask");
  command.add_option("--timeout", options.timeout_s, "seconds to wait for the debug port")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600).description(""))
      ->capture_default_str();
  command.add_flag("--json", options.json, "result as JSON, progress as JSON lines on stderr");
}

}  // namespace

void add_lock_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "lock", "Protect a board against reading, and BOOT against writing, for good");
  command->footer(std::string(level_2_warning) +
                  "\n\nBefore anything is written the flash is read and judged: BOOT, MTA, trust "
                  "anchors,\napplication, and for level 2 that an update has worked. "
                  "docs/locking.md tells more.");
  add_options(*command, *options);
  command->callback([options, &exit_code] {
    if (const auto done = run(*options); !done) {
      system::print_error("lock: " + done.error());
      exit_code = 1;
    }
  });
}

}  // namespace goldcrest::lock

// SPDX-License-Identifier: MIT
#include "host/loader/command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "host/loader/loader.hpp"
#include "host/system/progress.hpp"
#include "host/system/run.hpp"

namespace goldcrest::loader {

namespace {

struct Options {
  std::string image;
  std::string board;
  std::string drive;
  unsigned timeout_s = 60;
  bool json = false;
};

Result run(const Options& options) {
  const auto image = read_image(options.image);
  if (!image) return std::unexpected(image.error());
  system::Progress progress(
      "loading", options.json ? system::ProgressStyle::json : system::ProgressStyle::automatic);
  const auto report = [&progress](std::uint64_t done, std::uint64_t total) {
    progress.update(done, total);
  };
  const auto timeout = std::chrono::seconds(options.timeout_s);
  const auto name = std::filesystem::path(options.image).filename().string();
  const auto done = options.board.empty()
                        ? load_through_drive(*image, name, options.drive, timeout, report)
                        : load_through_socket(*image, options.board, timeout, report);
  progress.finish();
  if (done)
    fmt::print(stderr, "loaded {}: {} bytes, the board has been reset\n", name, image->size());
  return done;
}

}  // namespace

void add_load_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("load", "Program a board with a MAN image: virtual, or by ST-Link drive");
  command->add_option("image", options->image, "the .bin file, as `goldcrest man` makes it")
      ->required()
      ->type_name("IMAGE");
  auto* target = command->add_option_group("target", "where the board is");
  target->add_option("--board", options->board, "control socket of a goldcrest-board")
      ->type_name("SOCKET");
  target->add_option("--drive", options->drive, "folder where an ST-Link drive is mounted")
      ->type_name("FOLDER");
  target->require_option(1);
  command->add_option("--timeout", options->timeout_s, "seconds to wait for the board")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600).description(""))
      ->capture_default_str();
  command->add_flag("--json", options->json, "progress as JSON lines on stderr");
  command->callback([options, &exit_code] {
    if (const auto done = run(*options); !done) {
      system::print_error("load: " + done.error());
      exit_code = 1;
    }
  });
}

}  // namespace goldcrest::loader

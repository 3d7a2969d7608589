// SPDX-License-Identifier: MIT
// goldcrest-powercut: cuts the power at every flash operation of a node's life and looks what
// becomes of it. docs/powercut.md. Links the virtual board, and through it Unicorn (GPL).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "core/crypto/crc32.hpp"
#include "core/image/manifest.hpp"
#include "sim/powercut/report.hpp"
#include "sim/powercut/sweep.hpp"

namespace {

using namespace goldcrest;
using namespace goldcrest::sim;

struct Arguments {
  std::string man;
  std::vector<std::string> updates;
  std::string hanging;
  std::string shard = "1/1";
  std::string journal;
  std::string html;
  std::string replay;
  bool json = false;
  SweepOptions options;
};

std::expected<File, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(fmt::format("cannot read {}", path));
  File bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) return std::unexpected(fmt::format("{} is empty", path));
  return bytes;
}

std::expected<UpdateFile, std::string> read_update(const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes) return std::unexpected(bytes.error());
  const auto manifest = image::parse_manifest(*bytes);
  if (!manifest) return std::unexpected(fmt::format("{} is not an update file (.fmu)", path));
  const auto& version = manifest->version;
  return UpdateFile{.name = std::filesystem::path(path).filename().string(),
                    .version =
                        fmt::format("{}.{}.{}", version.major, version.minor, version.build),
                    .bytes = std::move(*bytes)};
}

std::expected<Inputs, std::string> read_inputs(const Arguments& arguments) {
  Inputs inputs;
  auto man = read_file(arguments.man);
  if (!man) return std::unexpected(man.error());
  inputs.man = std::move(*man);
  for (const auto& path : arguments.updates) {
    auto update = read_update(path);
    if (!update) return std::unexpected(update.error());
    inputs.updates.push_back(std::move(*update));
  }
  if (!arguments.hanging.empty()) {
    auto update = read_update(arguments.hanging);
    if (!update) return std::unexpected(update.error());
    inputs.hanging.push_back(std::move(*update));
  }
  return inputs;
}

std::expected<void, std::string> parse_shard(const std::string& text, SweepOptions& options) {
  const auto slash = text.find('/');
  const auto number = [](const std::string& digits) -> unsigned {
    if (digits.empty() || digits.size() > 6) return 0;
    if (digits.find_first_not_of("0123456789") != std::string::npos) return 0;
    return static_cast<unsigned>(std::stoul(digits));
  };
  const unsigned shard = number(text.substr(0, slash));
  const unsigned shards = slash == std::string::npos ? 0 : number(text.substr(slash + 1));
  if (shard == 0 || shards == 0 || shard > shards) {
    return std::unexpected(fmt::format("--shard {} is not I/N with 1 <= I <= N, as in 2/4", text));
  }
  options.shard = shard - 1;
  options.shards = shards;
  return {};
}

/// All that the result of a sweep depends on.
std::string identity(const Inputs& inputs, const Arguments& arguments) {
  const auto& options = arguments.options;
  std::string text = fmt::format(
      "man {:08x} seed {} torn {} words {} unstable {} depth {} further {} {} {} every {} shard {} "
      "limit {}",
      crypto::Crc32::of(inputs.man), options.seed, options.forms.torn, options.forms.words,
      options.forms.unstable, options.depth, options.further_forms.torn,
      options.further_forms.words, options.further_forms.unstable, options.further_every,
      arguments.shard, options.limit);
  for (const auto& update : inputs.updates) text += " " + update.name;
  for (const auto& update : inputs.hanging) text += " hanging " + update.name;
  for (const auto& phase : options.phases) text += " phase " + phase;
  return text;
}

std::string replay_command(const Arguments& arguments) {
  std::string text = fmt::format("goldcrest-powercut --man {}", arguments.man);
  for (const auto& path : arguments.updates) text += " --fmu " + path;
  if (!arguments.hanging.empty()) text += " --hanging " + arguments.hanging;
  return text + fmt::format(" --seed {} --replay", arguments.options.seed);
}

int fail(const std::string& why) {
  fmt::print(stderr, "goldcrest-powercut: {}\n", why);
  return 1;
}

/// One line that is written over on a terminal, a line every ten seconds elsewhere.
class ProgressLine {
 public:
  void show(const Progress& progress) {
    const auto now = std::chrono::steady_clock::now();
    const bool last = progress.operations_done == progress.operations;
    if (!last && now - shown_ < (terminal_ ? std::chrono::milliseconds(200)
                                           : std::chrono::milliseconds(10'000))) {
      return;
    }
    shown_ = now;
    constexpr std::uint64_t width = 30;
    const auto filled = width * progress.operations_done / progress.operations;
    fmt::print(stderr, "{}[{:#<{}}{:.<{}}] {}/{} operations, {} cuts, {} states, {} lost{}",
               terminal_ ? "\r" : "", "", filled, "", width - filled, progress.operations_done,
               progress.operations, progress.cuts, progress.states, progress.lost,
               terminal_ && !last ? "" : "\n");
    std::fflush(stderr);
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

int replay_one(const Inputs& inputs, const Arguments& arguments) {
  const auto path = parse_cut_path(arguments.replay);
  if (!path) return fail(path.error());
  const auto replayed = replay_cut(inputs, arguments.options.seed, *path);
  if (!replayed) return fail(replayed.error());
  fmt::print("{}\n{}: {}\n", replayed->console, to_text(*path), to_text(replayed->outcome));
  return is_lost(replayed->outcome) ? 1 : 0;
}

int run(const Arguments& arguments) {
  const auto inputs = read_inputs(arguments);
  if (!inputs) return fail(inputs.error());
  if (!arguments.replay.empty()) return replay_one(*inputs, arguments);

  Journal journal;
  const auto what = identity(*inputs, arguments);
  if (!arguments.journal.empty()) {
    auto opened = Journal::open(arguments.journal, what);
    if (!opened) return fail(opened.error());
    journal = std::move(*opened);
  }
  const auto begin = std::chrono::steady_clock::now();
  ProgressLine line;
  const auto phases = sweep(*inputs, arguments.options, journal,
                            [&](const Progress& progress) { line.show(progress); });
  if (!phases) return fail(phases.error());
  const Report report{
      .what = what,
      .phases = *phases,
      .results = journal.results(),
      .states = journal.states().size(),
      .seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
  const auto again = replay_command(arguments);
  if (!arguments.html.empty()) {
    std::ofstream page(arguments.html, std::ios::binary);
    page << as_html(report, again) << std::flush;
    if (!page) return fail("cannot write " + arguments.html);
  }
  fmt::print("{}", arguments.json ? as_json(report, again) : as_text(report, again));
  return report.passed() ? 0 : 1;
}

void add_options(CLI::App& app, Arguments& arguments) {
  auto& options = arguments.options;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  app.add_option("--man", arguments.man, "what a factory programs, from goldcrest man --server")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--fmu", arguments.updates,
                 "an update; up to three: one after the other, and over one that was rolled back")
      ->required()
      ->expected(1, 3)
      ->check(CLI::ExistingFile);
  app.add_option("--hanging", arguments.hanging,
                 "an update whose application hangs: its automatic revert is swept too")
      ->check(CLI::ExistingFile);
  app.add_option("--torn", options.forms.torn, "torn forms of each operation")
      ->check(CLI::Range(0, 200))
      ->capture_default_str();
  app.add_option("--words", options.forms.words, "half pages: so many of the 32 words are torn")
      ->check(CLI::Range(0, 32))
      ->capture_default_str();
  app.add_option("--unstable", options.forms.unstable,
                 "torn forms with bits that read differently from moment to moment")
      ->check(CLI::Range(0, 200))
      ->capture_default_str();
  app.add_option("--depth", options.depth, "cuts in a row; from 2 on during the recovery")
      ->check(CLI::Range(1, 8))
      ->capture_default_str();
  app.add_option("--further-torn", options.further_forms.torn, "torn forms during the recovery")
      ->check(CLI::Range(0, 200))
      ->capture_default_str();
  app.add_option("--further-every", options.further_every,
                 "cut the recovery of one in so many flash states")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--phase", options.phases, "only this phase; may be repeated");
  app.add_option("--limit", options.limit, "only so many operations, evenly spread");
  app.add_option("--shard", arguments.shard, "I/N: the I-th of N parts of the sweep")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "that cut")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of everything random")->capture_default_str();
  app.add_option("--journal", arguments.journal,
                 "keep what is found in this file; a sweep that was interrupted goes on with it");
  app.add_flag("--json", arguments.json, "the report on stdout as JSON");
  app.add_option("--html", arguments.html, "write the report as a web page");
  app.add_option("--replay", arguments.replay,
                 "play one cut and show the console: PHASE:OPERATION:FORM[:OPERATION:FORM...]");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Plays a node's life on the virtual board (download, first boot, confirmation, settings,\n"
      "rollback, revert), cuts the power at every flash operation in every form, and starts every\n"
      "flash content that this leaves. Exit code 0: every cut fired and no node was lost.",
      "goldcrest-powercut"};
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (const auto parsed = parse_shard(arguments.shard, arguments.options); !parsed) {
    fmt::print(stderr, "goldcrest-powercut: {}\n", parsed.error());
    return 2;
  }
  return run(arguments);
}

// SPDX-License-Identifier: MIT
// goldcrest-powercut: cuts the power at every flash operation of a node's life and at random
// instants, and looks what becomes of it. docs/powercut.md. Links the virtual board, and through it
// Unicorn (GPL).
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
#include <utility>

#include "core/image/manifest.hpp"
#include "host/system/run.hpp"
#include "sim/powercut/replay.hpp"
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
  std::vector<std::string> merge;
  bool partial = false;
  bool json = false;
  std::vector<std::uint64_t> air_seeds;
  SweepOptions options;
};

constexpr int interrupted_exit = 130;

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
                    .version = fmt::format("{}.{}.{}", version.major, version.minor, version.build),
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
SweepDescription description(const Inputs& inputs, const Arguments& arguments) {
  SweepDescription what;
  what.options = arguments.options;
  const auto add = [&](std::string_view role, const std::string& name, const File& bytes) {
    what.files.push_back({.role = std::string(role),
                          .name = name,
                          .sha256 = sha256_hex(bytes),
                          .size_bytes = bytes.size()});
  };
  add("MAN", std::filesystem::path(arguments.man).filename().string(), inputs.man);
  for (const auto& update : inputs.updates) add("update", update.name, update.bytes);
  for (const auto& update : inputs.hanging) add("hanging update", update.name, update.bytes);
  return what;
}

/// Which program this is: two builds of the same source are the same bytes.
std::string program() {
  const auto bytes = read_file("/proc/self/exe");
  return "goldcrest-powercut 0.1.0" + (bytes ? ", SHA-256 " + sha256_hex(*bytes) : std::string());
}

std::string replay_command(const Arguments& arguments) {
  std::string text = fmt::format("goldcrest-powercut --man {}", arguments.man);
  for (const auto& path : arguments.updates) text += " --fmu " + path;
  if (!arguments.hanging.empty()) text += " --hanging " + arguments.hanging;
  return text + fmt::format(" --seed {} --air-seed {} --replay", arguments.options.seed,
                            arguments.options.air_seeds.front());
}

/// The same with the names of the files alone.
std::string replay_command(const SweepDescription& what) {
  std::string text = "goldcrest-powercut";
  for (const auto& file : what.files) {
    const auto* const option = file.role == "MAN"      ? "--man"
                               : file.role == "update" ? "--fmu"
                                                       : "--hanging";
    text += fmt::format(" {} {}", option, file.name);
  }
  return text + fmt::format(" --seed {} --air-seed {} --replay", what.options.seed,
                            what.options.air_seeds.front());
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
  const auto replayed =
      replay_cut(inputs, arguments.options.seed, arguments.options.air_seeds.front(), *path);
  if (!replayed) return fail(replayed.error());
  fmt::print("{}\n", replayed->console);
  for (std::size_t cut = 0; cut < replayed->cuts.size(); ++cut) {
    fmt::print("cut {}: {}\n", cut + 1, replayed->cuts[cut]);
  }
  fmt::print("{}: {}\n", to_text(*path), to_text(replayed->outcome));
  return is_lost(replayed->outcome) ? 1 : 0;
}

int publish(const Report& report, const Arguments& arguments, const std::string& again) {
  if (!arguments.html.empty()) {
    std::ofstream page(arguments.html, std::ios::binary);
    page << as_html(report, replay_command(report.what)) << std::flush;
    if (!page) return fail("cannot write " + arguments.html);
  }
  fmt::print("{}", arguments.json ? as_json(report, again) : as_text(report, again));
  return report.passed() && report.complete ? 0 : 1;
}

int merge_journals(const Arguments& arguments) {
  std::vector<Journal> parts;
  for (const auto& path : arguments.merge) {
    auto part = Journal::read(path);
    if (!part) return fail(part.error());
    parts.push_back(std::move(*part));
  }
  const auto report = merge(parts, arguments.partial);
  if (!report) return fail(report.error());
  return publish(*report, arguments, replay_command(report->what));
}

int sweep_all(const Inputs& inputs, Arguments arguments) {
  const auto what = description(inputs, arguments);
  system::catch_stop_signals();
  arguments.options.stop = system::stop_requested;
  arguments.options.program = program();
  Journal journal(SweepIdentity{describe(what), arguments.options.shard, arguments.options.shards});
  if (!arguments.journal.empty()) {
    auto opened = Journal::open(arguments.journal, journal.identity());
    if (!opened) return fail(opened.error());
    journal = std::move(*opened);
  }
  ProgressLine line;
  const auto swept = sweep(inputs, arguments.options, journal,
                           [&](const Progress& progress) { line.show(progress); });
  if (!swept && system::stop_requested()) {
    (void)fail(arguments.journal.empty()
                   ? "interrupted; with --journal FILE it could go on where it was"
                   : fmt::format("interrupted; what is done is in {}, and the same command goes on "
                                 "from there",
                                 arguments.journal));
    return interrupted_exit;
  }
  if (!swept) return fail(swept.error());
  const auto report = report_of(journal);
  if (!report) return fail(report.error());
  return publish(*report, arguments, replay_command(arguments));
}

int run(Arguments arguments) {
  if (!arguments.merge.empty()) return merge_journals(arguments);
  if (arguments.man.empty() || arguments.updates.empty()) {
    return fail("--man and --fmu are needed to sweep or to replay; see --help");
  }
  arguments.options.air_seeds = arguments.air_seeds;
  if (arguments.air_seeds.empty()) arguments.options.air_seeds = {arguments.options.seed};
  const auto inputs = read_inputs(arguments);
  if (!inputs) return fail(inputs.error());
  if (!arguments.replay.empty()) return replay_one(*inputs, arguments);
  return sweep_all(*inputs, std::move(arguments));
}

void add_options(CLI::App& app, Arguments& arguments) {
  auto& options = arguments.options;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  app.add_option("--man", arguments.man, "what a factory programs, from goldcrest man --server")
      ->check(CLI::ExistingFile);
  app.add_option("--fmu", arguments.updates,
                 "an update; up to three: one after the other, and over one that was rolled back")
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
  app.add_option("--instants", options.instants,
                 "cut at so many random instants of each phase too: once, up to --depth times in a "
                 "row, and as a contact that bounces")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--phase", options.phases, "only this phase; may be repeated");
  app.add_option("--limit", options.limit, "only so many operations, evenly spread");
  app.add_option("--shard", arguments.shard, "I/N: the I-th of N parts of the sweep")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "that cut")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of everything random")->capture_default_str();
  app.add_option("--air-seed", arguments.air_seeds,
                 "of the order of radio frames, if not --seed; more than one: all plays again with "
                 "each");
  app.add_option("--journal", arguments.journal,
                 "keep what is found in this file; a sweep that was interrupted goes on with it");
  app.add_flag("--json", arguments.json, "the report on stdout as JSON");
  app.add_option("--html", arguments.html, "write the report as a web page");
  auto* const replay = app.add_option(
      "--replay", arguments.replay,
      "play one cut, or several in a row, and show the console: PHASE:WHEN:FORM[:WHEN:FORM...], "
      "WHEN an operation's number or an instant, as in @1.234567s or @20ms");
  app.add_option("--merge", arguments.merge,
                 "report the journals of all parts of a sweep together; nothing is swept")
      ->check(CLI::ExistingFile)
      ->excludes(replay);
  app.add_flag("--partial", arguments.partial, "with --merge: parts may be missing or incomplete");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Plays a node's life on the virtual board (download, first boot, confirmation, settings,\n"
      "rollback, revert), cuts the power at every flash operation in every form and at random\n"
      "instants, and starts every flash content that this leaves. Exit code 0: every cut fired "
      "and\n"
      "no node was lost; 1: not so; 130: interrupted.",
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
  return run(std::move(arguments));
}

// SPDX-License-Identifier: MIT
// goldcrest-skip: skips instructions of BOOT while the flash holds what must not start, and looks
// what is started. docs/skips.md. Links the virtual board, and through it Unicorn (GPL).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <expected>
#include <fstream>
#include <iterator>
#include <span>
#include <thread>
#include <utility>

#include "core/crypto/crc32.hpp"
#include "core/image/flash_map.hpp"
#include "sim/skip/report.hpp"
#include "sim/skip/situation.hpp"

namespace {

using namespace goldcrest;
using namespace goldcrest::sim;

struct Arguments {
  std::string man;
  std::string update;
  std::string floor;
  std::string revoked;
  std::vector<std::string> situations;
  std::vector<unsigned> half_words{1, 2, 3, 4};
  std::string shard = "1/1";
  std::string html;
  std::string replay;
  bool json = false;
  bool list = false;
  SkipOptions options;
};

using File = std::vector<std::uint8_t>;

std::expected<File, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(fmt::format("cannot read {}", path));
  File bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) return std::unexpected(fmt::format("{} is empty", path));
  return bytes;
}

std::expected<void, std::string> parse_shard(const std::string& text, SkipOptions& options) {
  unsigned shard = 0;
  unsigned shards = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%6u/%6u%c", &shard, &shards, &rest) != 2 || shard == 0 ||
      shard > shards) {
    return std::unexpected(fmt::format("--shard {} is not I/N with 1 <= I <= N, as in 2/4", text));
  }
  options.shard = shard - 1;
  options.shards = shards;
  return {};
}

std::expected<std::vector<Situation>, std::string> floor_situations(const Arguments& arguments,
                                                                    const File& man) {
  const auto policy = read_file(arguments.floor);
  if (!policy) return std::unexpected(policy.error());
  const auto revoked = arguments.revoked.empty() ? std::expected<File, std::string>(File())
                                                 : read_file(arguments.revoked);
  if (!revoked) return std::unexpected(revoked.error());
  auto made = make_floor_situations(man, *policy, *revoked, arguments.options.path.seed);
  if (!made) return std::unexpected("--floor: " + made.error());
  return made;
}

std::expected<std::vector<Situation>, std::string> chosen_situations(const Arguments& arguments) {
  const auto man = read_file(arguments.man);
  if (!man) return std::unexpected(man.error());
  const auto update = read_file(arguments.update);
  if (!update) return std::unexpected(update.error());
  auto all = make_situations(*man, *update, arguments.options.path.seed);
  if (all && !arguments.floor.empty()) {
    const auto more = floor_situations(arguments, *man);
    if (!more) return std::unexpected(more.error());
    all->insert(all->end(), more->begin(), more->end());
  }
  if (!all || arguments.situations.empty()) return all;
  std::vector<Situation> chosen;
  for (const auto& name : arguments.situations) {
    const auto found = std::ranges::find(*all, name, &Situation::name);
    if (found == all->end()) {
      return std::unexpected(
          fmt::format("there is no situation {}; --list-situations shows them", name));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

/// One line that is written over on a terminal, a line every ten seconds elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(std::string situation) : situation_(std::move(situation)) {}

  void show(std::uint64_t done, std::uint64_t all) {
    const auto now = std::chrono::steady_clock::now();
    const bool last = done == all;
    if (!last && now - shown_ < (terminal_ ? std::chrono::milliseconds(200)
                                           : std::chrono::milliseconds(10'000))) {
      return;
    }
    if (std::exchange(ended_, last)) return;
    shown_ = now;
    fmt::print(stderr, "{}{}: {}/{} skips{}", terminal_ ? "\r" : "", situation_, done, all,
               terminal_ && !last ? "" : "\n");
    std::fflush(stderr);
  }

 private:
  std::string situation_;
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  bool ended_ = false;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

int fail(const std::string& why) {
  fmt::print(stderr, "goldcrest-skip: {}\n", why);
  return 1;
}

int replay_one(const Arguments& arguments, const std::vector<Situation>& situations) {
  const auto name = parse_skip_name(arguments.replay);
  if (!name) return fail(name.error());
  const auto situation = std::ranges::find(situations, name->situation, &Situation::name);
  if (situation == situations.end()) return fail("there is no situation " + name->situation);
  const auto replayed = replay_skip(*situation, *name);
  if (!replayed) return fail(replayed.error());
  fmt::print("{}\n{}: {}\n", replayed->cpu, to_text(*name), to_text(replayed->outcome));
  return is_failure(replayed->outcome) ? 1 : 0;
}

/// All that the result depends on.
std::string identity(const Arguments& arguments, const std::vector<Situation>& situations) {
  const auto& options = arguments.options;
  const auto boot = std::span(situations.front().flash).first(goldcrest::image::boot_section.size);
  return fmt::format(
      "BOOT {:08x}, {}, half-words {} to {}, {} executions of an instruction, seed {}, shard {}",
      crypto::Crc32::of(boot), arguments.man, options.half_words_min, options.half_words_max,
      options.path.all ? std::string("all") : fmt::format("up to {}", options.path.occurrences),
      options.path.seed, arguments.shard);
}

int run(const Arguments& arguments) {
  const auto situations = chosen_situations(arguments);
  if (!situations) return fail(situations.error());
  if (arguments.list) {
    for (const auto& situation : *situations) {
      fmt::print("{:<22}{}\n", situation.name, situation.what);
    }
    return 0;
  }
  if (!arguments.replay.empty()) return replay_one(arguments, *situations);

  SkipReport report{.what = identity(arguments, *situations)};
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& situation : *situations) {
    ProgressLine line(situation.name);
    auto tried = try_skips(situation, arguments.options,
                           [&](std::uint64_t done, std::uint64_t all) { line.show(done, all); });
    if (!tried) return fail(tried.error());
    report.situations.push_back(std::move(*tried));
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto floor = arguments.floor.empty() ? "" : " --floor " + arguments.floor;
  const auto revoked = arguments.revoked.empty() ? "" : " --revoked " + arguments.revoked;
  const auto again =
      fmt::format("goldcrest-skip --man {} --fmu {}{}{} --seed {} --replay", arguments.man,
                  arguments.update, floor, revoked, arguments.options.path.seed);
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
  options.workers = std::max(1u, std::thread::hardware_concurrency());
  app.add_option("--man", arguments.man, "what a factory programs, from goldcrest man")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--fmu", arguments.update, "an update for it, of which forgeries are made")
      ->required()
      ->check(CLI::ExistingFile);
  auto* floor = app.add_option("--floor", arguments.floor,
                               "an update that forbids the application of --man, by its security "
                               "counter or by revoking the key: situations floor")
                    ->check(CLI::ExistingFile);
  app.add_option("--revoked", arguments.revoked,
                 "with --floor, a newer update signed with a key that it revokes: situations "
                 "revoked")
      ->needs(floor)
      ->check(CLI::ExistingFile);
  app.add_option("--situation", arguments.situations, "only this one; may be repeated");
  app.add_flag("--list-situations", arguments.list, "show them and end");
  app.add_option("--halfwords", arguments.half_words,
                 "skip N consecutive half-words, or from N to M: --halfwords N M")
      ->expected(1, 2)
      ->check(CLI::Range(1u, half_words_max))
      ->default_str("1 4");
  app.add_option("--occurrences", options.path.occurrences,
                 "of an instruction that is executed more often, skip only so many executions: "
                 "first, last, and random ones")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_flag("--all", options.path.all, "skip every execution of every instruction");
  app.add_option("--shard", arguments.shard, "I/N: the I-th of N parts of the points")
      ->capture_default_str();
  app.add_option("--threads", options.workers, "processes that work at the same time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--seed", options.path.seed, "of everything random")->capture_default_str();
  app.add_flag("--json", arguments.json, "the report on stdout as JSON");
  app.add_option("--html", arguments.html, "write the report as a web page");
  app.add_option("--replay", arguments.replay,
                 "one skip, and the CPU at its end: SITUATION:ADDRESS.OCCURRENCE:HALFWORDS");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Puts forged, damaged and rejected images on the virtual board, lets the real BOOT run, and\n"
      "skips one to four half-words of its code at every instruction that it executes. Exit code "
      "0:\n"
      "no skip led to anything being executed that is not authentic, or that the security floor "
      "forbids.",
      "goldcrest-skip"};
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (const auto parsed = parse_shard(arguments.shard, arguments.options); !parsed) {
    fmt::print(stderr, "goldcrest-skip: {}\n", parsed.error());
    return 2;
  }
  arguments.options.half_words_min = static_cast<std::uint8_t>(arguments.half_words.front());
  arguments.options.half_words_max = static_cast<std::uint8_t>(arguments.half_words.back());
  return run(arguments);
}

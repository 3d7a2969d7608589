// SPDX-License-Identifier: MIT
// sim_world_speed: measures how well several boards in one virtual time share the cores, and checks
// that the number of threads changes nothing. Links the virtual board, which brings Unicorn (GPL).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "sim/world/world.hpp"

namespace {

using namespace goldcrest;
using Clock = std::chrono::steady_clock;

struct Load {
  std::string program;
  std::string what;
  base::Duration duration;
};

struct Options {
  unsigned boards = 10;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  unsigned rounds = 3;
  bool json = false;
};

struct Measurement {
  double seconds = 0;
  std::vector<std::vector<std::uint8_t>> states;
};

std::vector<std::uint8_t> program_file(const std::string& name) {
  std::ifstream file(std::string(GOLDCREST_BOARD_PROGRAMS) + "/" + name + ".bin", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Measurement run(const Load& load, const Options& options, unsigned threads) {
  sim::World world({}, threads);
  std::vector<sim::BoardStation*> stations;
  for (unsigned number = 1; number <= options.boards; ++number) {
    auto& station = world.add_board({.seed = number});
    station.board().power(true);
    if (!station.board().program(0x08000000, program_file(load.program))) {
      fmt::print(stderr, "sim_world_speed: no program {}\n", load.program);
      std::exit(1);
    }
    station.board().reset();
    stations.push_back(&station);
  }
  const auto begin = Clock::now();
  world.run_for(load.duration);
  Measurement result;
  result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  for (auto* station : stations) result.states.push_back(station->board().save());
  return result;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// False when two runs differ.
bool measure(const Load& load, const Options& options) {
  std::vector<double> alone;
  std::vector<double> together;
  for (unsigned round = 0; round < options.rounds; ++round) {
    const auto one = run(load, options, 1);
    const auto many = run(load, options, options.threads);
    if (one.states != many.states) {
      fmt::print(stderr, "sim_world_speed: {}: {} threads end in another state than one\n",
                 load.what, options.threads);
      return false;
    }
    alone.push_back(one.seconds);
    together.push_back(many.seconds);
  }
  const double board_seconds =
      std::chrono::duration<double>(load.duration).count() * options.boards;
  const double factor_alone = board_seconds / median(alone);
  const double factor_together = board_seconds / median(together);
  const double gain = factor_together / factor_alone;
  if (options.json) {
    fmt::print(
        "{{\"load\":\"{}\",\"boards\":{},\"threads\":{},\"board_seconds_per_second_1\":{:.2f},"
        "\"board_seconds_per_second\":{:.2f},\"gain\":{:.2f}}}\n",
        load.program, options.boards, options.threads, factor_alone, factor_together, gain);
  } else {
    fmt::print("{:<28} {:9.1f} {:13.1f} {:10.2f}\n", load.what, factor_alone, factor_together,
               gain);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Measures boards that share one virtual time: board seconds a second with one thread "
      "and with several (medians), and checks that both end in the same state.",
      "sim_world_speed"};
  app.add_option("--boards", options.boards, "boards")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "threads to compare with one")
      ->check(CLI::Range(1u, 256u))
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "rounds to take medians of")
      ->check(CLI::Range(1u, 100u))
      ->capture_default_str();
  app.add_flag("--json", options.json, "one JSON object a line");
  CLI11_PARSE(app, argc, argv);

  using std::chrono::milliseconds;
  const std::vector<Load> loads{
      {"benchmark", "computing", milliseconds(500)},
      {"arithmetic", "interrupted every 30 us", milliseconds(500)},
      {"traffic", "radio, interrupt a byte", milliseconds(200)},
      {"idle", "sleeping", milliseconds(60'000)},
  };
  if (!options.json) {
    fmt::print("{} boards, board seconds a second:\n{:<28} {:>9} {:>11} {:>2} {:>10}\n",
               options.boards, "", "1 thread", "threads", options.threads, "gain");
  }
  for (const auto& load : loads) {
    if (!measure(load, options)) return 1;
  }
  return 0;
}

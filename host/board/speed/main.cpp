// SPDX-License-Identifier: MIT
// Measures the virtual board: millions of instructions a second of this machine, and how much
// faster than the real board it is, for the loads that firmware makes: code that computes, writes
// memory, is interrupted, polls its radio or is interrupted for every byte, switches tasks,
// programs flash, and sleeps; one board and ten of them on one thread.
//
// Each load is run several times and the median of the processor time counts: the machine may have
// other things to do.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/board/board.hpp"

namespace {

using namespace goldcrest;

struct Load {
  std::string program;
  std::string what;
  std::chrono::milliseconds time;  ///< virtual, at most; a program that says "done" ends earlier
  unsigned boards = 1;
  double wanted = 0;  ///< times real time; 0: no demand
};

const std::vector<Load>& loads() {
  using std::chrono::milliseconds;
  static const std::vector<Load> all{
      {"benchmark", "computing", milliseconds(2000), 1, 1},
      {"speed_memory", "writing memory", milliseconds(1000), 1, 1},
      {"arithmetic", "soft float, interrupt each 30 us", milliseconds(1000), 1, 1},
      {"speed_polling", "radio polled, 32 kHz interrupt", milliseconds(500), 1, 1},
      {"traffic", "radio, interrupt a byte", milliseconds(500), 1, 1},
      {"speed_tasks", "two tasks, PendSV each 70 cycles", milliseconds(300), 1, 0},
      {"flash_code", "programming flash", milliseconds(1000), 1, 1},
      {"idle", "sleeping", milliseconds(60'000), 1, 50},
      {"speed_tick", "sleeping, 1 kHz tick", milliseconds(10'000), 1, 50},
      {"speed_polling", "ten boards, radio polled", milliseconds(50), 10, 0},
      {"speed_tick", "ten boards, sleeping, 1 kHz tick", milliseconds(1000), 10, 0},
  };
  return all;
}

struct Result {
  double instructions_per_second = 0;
  double times_real_time = 0;  ///< of each board
};

/// Processor time of this thread.
double seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::vector<std::uint8_t> program_file(const std::string& name) {
  std::ifstream file(std::string(GOLDCREST_BOARD_PROGRAMS) + "/" + name + ".bin", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Nothing if the program is not there.
std::optional<Result> run(const Load& load) {
  const auto image = program_file(load.program);
  std::vector<std::unique_ptr<board::Board>> boards;
  for (unsigned index = 0; index < load.boards; ++index) {
    auto& board = *boards.emplace_back(
        std::make_unique<board::Board>(board::BoardOptions{.seed = index + 1}));
    board.power(true);
    if (!board.program(0x08000000, image)) return std::nullopt;
    board.reset();
  }
  const double begin = seconds();
  const base::Instant start = boards.front()->now();
  const base::Instant end = start + load.time;
  const base::Duration slice =
      std::max<base::Duration>(load.time / 100, std::chrono::milliseconds(1));
  std::string console;
  base::Instant now = start;
  while (now < end && console.find("done\n") == std::string::npos) {
    now += slice;
    for (const auto& board : boards) board->run_until(now);
    console += boards.front()->take_serial();
  }
  const double real = seconds() - begin;
  double instructions = 0;
  for (const auto& board : boards) instructions += static_cast<double>(board->instructions());
  return Result{.instructions_per_second = instructions / real,
                .times_real_time = std::chrono::duration<double>(now - start).count() / real};
}

std::optional<Result> median(const Load& load, unsigned rounds) {
  std::vector<Result> results;
  for (unsigned round = 0; round < rounds; ++round) {
    const auto result = run(load);
    if (!result) return std::nullopt;
    results.push_back(*result);
  }
  std::ranges::sort(results, {}, &Result::times_real_time);
  return results[results.size() / 2];
}

void print(const Load& load, const Result& result, bool json, bool last) {
  if (json) {
    fmt::print(
        "  {{\"load\": \"{}\", \"program\": \"{}\", \"boards\": {}, "
        "\"instructions_per_second\": {:.0f}, \"times_real_time\": {:.2f}, \"wanted\": {}}}{}\n",
        load.what, load.program, load.boards, result.instructions_per_second,
        result.times_real_time, load.wanted, last ? "" : ",");
    return;
  }
  fmt::print("{:<34} {:8.1f} M instructions/s  {:9.2f} x real time{}\n", load.what,
             result.instructions_per_second / 1e6, result.times_real_time,
             result.times_real_time < load.wanted ? "  TOO SLOW" : "");
}

/// What saving and restoring a board's whole state takes.
void measure_state() {
  board::Board board({});
  board.power(true);
  constexpr int rounds = 50;
  double begin = seconds();
  std::vector<std::uint8_t> state;
  for (int round = 0; round < rounds; ++round) state = board.save();
  const double saving = seconds() - begin;
  begin = seconds();
  for (int round = 0; round < rounds; ++round) {
    if (!board.restore(state)) return;
  }
  fmt::print("{:<34} {:8.2f} ms save, {:.2f} ms restore, {} bytes\n", "state",
             saving / rounds * 1e3, (seconds() - begin) / rounds * 1e3, state.size());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures how fast the virtual board runs typical firmware on this machine.");
  unsigned rounds = 5;
  bool json = false;
  bool check = false;
  std::string only;
  app.add_option("--rounds", rounds, "Runs of each load; the median is printed")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--only", only, "Loads whose name or program contains this");
  app.add_flag("--json", json, "One JSON array on stdout");
  app.add_flag("--check", check, "Fail if a load is slower than what is wanted of it");
  CLI11_PARSE(app, argc, argv);

  std::vector<Load> chosen;
  for (const Load& load : loads()) {
    if (load.what.find(only) != std::string::npos || load.program.find(only) != std::string::npos) {
      chosen.push_back(load);
    }
  }
  if (chosen.empty()) {
    fmt::print(stderr, "host_board_speed: no load is called '{}'\n", only);
    return 2;
  }
  bool slow = false;
  if (json) fmt::print("[\n");
  for (const Load& load : chosen) {
    const auto result = median(load, rounds);
    if (!result) {
      fmt::print(stderr, "host_board_speed: the program {} is missing; build host_board_programs\n",
                 load.program);
      return 1;
    }
    slow = slow || result->times_real_time < load.wanted;
    print(load, *result, json, &load == &chosen.back());
  }
  if (json) fmt::print("]\n");
  if (!json && only.empty()) measure_state();
  return check && slow ? 1 : 0;
}

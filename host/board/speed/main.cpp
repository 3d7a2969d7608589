// SPDX-License-Identifier: MIT
// Measures the virtual board: millions of instructions a second of this machine, and how much
// faster than the real board it is, for code that computes, that is interrupted all the time, that
// talks to the radio byte by byte, that programs flash, and that sleeps.
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "host/board/board.hpp"

namespace {

using namespace goldcrest;
using Clock = std::chrono::steady_clock;

std::vector<std::uint8_t> program_file(const std::string& name) {
  std::ifstream file(std::string(GOLDCREST_BOARD_PROGRAMS) + "/" + name + ".bin", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

bool measure(const std::string& program, const std::string& what) {
  board::Board board({});
  board.power(true);
  if (!board.program(0x08000000, program_file(program))) {
    fmt::print(stderr, "host_board_speed: no program {}\n", program);
    return false;
  }
  board.reset();
  const auto begin = Clock::now();
  std::string console;
  const base::Instant end = board.now() + std::chrono::seconds(program == "idle" ? 600 : 10);
  while (board.now() < end && console.find("done\n") == std::string::npos) {
    board.run_until(board.now() + std::chrono::milliseconds(10));
    console += board.take_serial();
  }
  const double real = seconds_since(begin);
  const double simulated = std::chrono::duration<double>(board.now().time_since_epoch()).count();
  fmt::print("{:<28} {:8.1f} M instructions/s  {:9.1f} x real time\n", what,
             static_cast<double>(board.instructions()) / 1e6 / real, simulated / real);
  return true;
}

void measure_state() {
  board::Board board({});
  board.power(true);
  constexpr int rounds = 50;
  auto begin = Clock::now();
  std::vector<std::uint8_t> state;
  for (int round = 0; round < rounds; ++round) state = board.save();
  const double saving = seconds_since(begin);
  begin = Clock::now();
  for (int round = 0; round < rounds; ++round) {
    if (!board.restore(state)) return;
  }
  fmt::print("{:<28} {:8.2f} ms save, {:.2f} ms restore, {} bytes\n", "state",
             saving / rounds * 1e3, seconds_since(begin) / rounds * 1e3, state.size());
}

}  // namespace

int main() {
  const bool done = measure("benchmark", "computing") &&
                    measure("arithmetic", "interrupted every 30 us") &&
                    measure("traffic", "radio, interrupt a byte") &&
                    measure("flash_code", "programming flash") && measure("idle", "sleeping");
  if (done) measure_state();
  return done ? 0 : 1;
}

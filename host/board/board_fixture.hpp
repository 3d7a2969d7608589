// SPDX-License-Identifier: MIT
// For tests: a board with one of the programs of host/board/programs on it, and its console.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "host/board/board.hpp"

namespace goldcrest::board {

inline std::vector<std::uint8_t> program_file(const std::string& name) {
  const std::string path = std::string(GOLDCREST_BOARD_PROGRAMS) + "/" + name + ".bin";
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A board that is switched on with `program` in flash.
class ProgrammedBoard {
 public:
  explicit ProgrammedBoard(const std::string& program, BoardOptions options = {}) : board(options) {
    board.power(true);
    const auto programmed = board.program(0x08000000, program_file(program));
    EXPECT_TRUE(programmed.has_value()) << programmed.error();
    board.reset();
  }

  /// Runs on by `time`, collecting the console.
  void run(base::Duration time) {
    board.run_until(board.now() + time);
    console += board.take_serial();
  }

  /// Runs until the console holds `text`, at most `limit` longer.
  bool run_to(const std::string& text, base::Duration limit = std::chrono::seconds(2)) {
    const base::Instant end = board.now() + limit;
    while (board.now() < end) {
      run(std::chrono::microseconds(500));
      if (console.find(text) != std::string::npos) return true;
    }
    return false;
  }

  /// Runs to the program's last line and returns the console without it.
  std::string finish(base::Duration limit = std::chrono::seconds(2)) {
    EXPECT_TRUE(run_to("done\n", limit)) << "console: " << console << "\n" << board.describe_cpu();
    return console.substr(0, console.find("done\n"));
  }

  /// The "name=0x…" lines of the console.
  std::map<std::string, std::uint32_t> values() const {
    std::map<std::string, std::uint32_t> result;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = console.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const std::string line = console.substr(begin, end - begin);
      const std::size_t equals = line.find("=0x");
      if (equals != std::string::npos) {
        result[line.substr(0, equals)] =
            static_cast<std::uint32_t>(std::stoul(line.substr(equals + 3), nullptr, 16));
      }
    }
    return result;
  }

  Board board;
  std::string console;
};

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// The way that BOOT takes from reset to its end, with nothing skipped, and the points on it at
// which instructions are skipped.
//
// A point is an instruction and which of its executions: 0x08000a10.3 is the fourth time that the
// instruction there is reached. An instruction that is reached often, as in the loops of SHA-256,
// is skipped at some of its executions: the first, the last, and some between that the seed
// chooses.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "host/board/board.hpp"
#include "sim/skip/situation.hpp"

namespace goldcrest::sim {

struct Point {
  std::uint32_t address = 0;
  std::uint32_t occurrence = 0;  ///< from 0
  std::uint32_t block = 0;       ///< executed blocks before the one that it is in
  std::uint32_t index = 0;       ///< instructions before it in that block

  friend bool operator==(const Point&, const Point&) = default;
};

struct Path {
  std::vector<Point> points;             ///< chosen, in the order of execution
  std::uint32_t instructions = 0;        ///< different ones that were reached
  std::uint64_t executed = 0;            ///< how often altogether
  std::uint32_t sampled = 0;             ///< of the instructions, those reached too often for all
  std::uint64_t board_instructions = 0;  ///< to the end, as the board estimates them
  std::string end;                       ///< where it led, for messages
};

struct PathOptions {
  std::uint64_t seed = 1;
  /// So many executions of an instruction, or all if there are no more.
  std::uint32_t occurrences = 12;
  bool all = false;
};

/// A board with this content of its flash, powered, before its first instruction.
void prepare(board::Board& board, const Situation& situation);

/// BOOT, alone, without the factory block: what else is executed is no code of BOOT.
bool in_boot(std::uint32_t address);

/// Fails when BOOT does not come to an end.
[[nodiscard]] std::expected<Path, std::string> walk(const Situation& situation,
                                                    const PathOptions& options);

/// The one point ADDRESS.OCCURRENCE; fails when it is not reached.
[[nodiscard]] std::expected<Path, std::string> walk_to(const Situation& situation,
                                                       std::uint32_t address,
                                                       std::uint32_t occurrence);

}  // namespace goldcrest::sim

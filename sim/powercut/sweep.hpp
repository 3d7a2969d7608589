// SPDX-License-Identifier: MIT
// The sweep: a cut in every form at every flash operation of the plays, every flash state that is
// reached booted once, and cuts during its recovery.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "sim/powercut/course.hpp"
#include "sim/powercut/cut.hpp"
#include "sim/powercut/journal.hpp"

namespace goldcrest::sim {

struct SweepOptions {
  std::uint64_t seed = 1;
  FormCounts forms{};
  /// Cuts in a row: 1, or more for cuts during the recovery.
  unsigned depth = 1;
  FormCounts further_forms{.torn = 2, .words = 2, .unstable = 1};
  /// Of the states that are reached, one in so many is recovered with further cuts.
  unsigned further_every = 1;
  unsigned shard = 0;  ///< operations number shard, shard + shards, …
  unsigned shards = 1;
  std::vector<std::string> phases;  ///< empty: all
  unsigned limit = 0;               ///< so many operations, evenly spread; 0: all
  unsigned threads = 1;
};

/// One operation that was or could be cut, for reports: in the order of the plays.
struct Swept {
  std::string phase;
  std::uint32_t operations = 0;  ///< of the whole phase
  std::uint32_t chosen = 0;      ///< of these, by shard, phases and limit
  std::vector<std::uint32_t> by_kind;  ///< operations by FlashOperationKind
};

struct Progress {
  std::uint64_t operations_done = 0;
  std::uint64_t operations = 0;
  std::uint64_t cuts = 0;
  std::uint64_t states = 0;
  std::uint64_t lost = 0;
};

/// Called now and then, in any thread, one at a time.
using ProgressSink = std::function<void(const Progress&)>;

/// Sweeps; what is in the journal already is not done again. Fails when a play cannot be played or
/// the journal not be written; what the cuts did is in the journal.
[[nodiscard]] std::expected<std::vector<Swept>, std::string> sweep(const Inputs& inputs,
                                                                   const SweepOptions& options,
                                                                   Journal& journal,
                                                                   const ProgressSink& progress);

/// One cut, or several in a row, played and watched.
struct Replayed {
  Outcome outcome = Outcome::silent;
  std::string console;
};
[[nodiscard]] std::expected<Replayed, std::string> replay_cut(const Inputs& inputs,
                                                              std::uint64_t seed,
                                                              const CutPath& path);

/// What the board keeps without power, and what it has to do: two boards with equal keys recover
/// alike. The board is without power.
StateKey key_of(board::Board& board, const Obligation& obligation);

}  // namespace goldcrest::sim

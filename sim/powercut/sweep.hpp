// SPDX-License-Identifier: MIT
// The sweep: a cut in every form at every flash operation of the plays, cuts at random instants of
// them, every flash state that is reached booted once, and cuts during its recovery.
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
  /// The plays are played once for each. Phases of those after the first bear theirs in their
  /// names.
  std::vector<std::uint64_t> air_seeds{1};
  FormCounts forms{};
  /// Cuts in a row: 1, or more for cuts during the recovery.
  unsigned depth = 1;
  FormCounts further_forms{.torn = 2, .words = 2, .unstable = 1};
  /// Of the states that are reached, one in so many is recovered with further cuts.
  unsigned further_every = 1;
  unsigned instants = 0;  ///< random ones, in each phase; see instants.hpp
  unsigned shard = 0;     ///< operations and instants number shard, shard + shards, …
  unsigned shards = 1;
  std::vector<std::string> phases;  ///< empty: all
  unsigned limit = 0;               ///< so many operations, evenly spread; 0: all
  unsigned threads = 1;
  std::string program;  ///< which one sweeps, for the journal
  /// True: end in order, soon. Called in any thread.
  std::function<bool()> stop;

  bool stopped() const { return stop && stop(); }
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

/// Sweeps; what is in the journal already is not done again. Fails when a play cannot be played,
/// the journal not be written, or the sweep was stopped; what the cuts did until then, and which
/// phases there are, is in the journal.
[[nodiscard]] std::expected<void, std::string> sweep(const Inputs& inputs,
                                                     const SweepOptions& options, Journal& journal,
                                                     const ProgressSink& progress);

/// The course of a play; its phases bear the air seed in their names when it is not the usual one.
[[nodiscard]] std::expected<Course, std::string> record_named(const Play& play,
                                                              const Inputs& inputs,
                                                              const Seeds& seeds, bool usual);

/// What the board keeps without power, and what it has to do: two boards with equal keys recover
/// alike. The board is without power.
StateKey key_of(board::Board& board, const Obligation& obligation);

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
// Cuts at one operation, in all forms, or at one instant, in several rows; and what follows from
// each: the work of one thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/powercut/sweep.hpp"

namespace goldcrest::sim {

/// The states that have been reached, by all threads, and how they ended: each is booted once.
class KnownStates {
 public:
  explicit KnownStates(Journal& journal) : journal_(journal) {}

  /// How it ended, waiting for it if another thread is about to find out; nothing when it is new:
  /// then the caller must find out, and say so to settle().
  std::optional<Outcome> claim(const StateKey& key);
  void settle(const StateKey& key, Outcome outcome);
  /// All that an operation led to is written at its end: a sweep that is interrupted before that
  /// does the whole operation again, further cuts and all. False when it cannot be written.
  bool add(OperationResult result, const std::vector<std::pair<StateKey, Outcome>>& found);
  Progress progress() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable settled_;
  Journal& journal_;
  std::map<StateKey, bool> in_progress_;
};

class Cutter {
 public:
  Cutter(const SweepOptions& options, KnownStates& known) : options_(options), known_(known) {}

  /// Nothing when the sweep was stopped on the way.
  std::optional<OperationResult> cut(const Target& target, const Course& course,
                                     const State& before);
  /// The states that the last cut() was the first to reach.
  const std::vector<std::pair<StateKey, Outcome>>& found() const { return found_; }

 private:
  struct Context {
    const Obligation& obligation;
    CutPath path;
    OperationResult& result;
    bool state_page_torn = false;
  };

  void cut_operation(const Operation& operation, const State& before, Context& context);
  void cut_instant(const Target& target, const std::vector<Cut>& row, const State& before,
                   Context& context);
  board::Board& board(std::size_t number);
  bool fires(board::Board& board, const std::vector<std::uint8_t>& before, const Cut& cut,
             std::uint64_t number);
  Outcome end(board::Board& board, Context& context);
  void recover_with_cuts(const std::vector<std::uint8_t>& off, const Verdict& verdict,
                         Context& context);
  void count(Context& context, bool fired, std::optional<Outcome> outcome);

  const SweepOptions& options_;
  KnownStates& known_;
  std::vector<std::unique_ptr<board::Board>> boards_;
  std::vector<std::pair<StateKey, Outcome>> found_;
};

/// Lets the board run, armed, until its power has gone; false when it does not.
bool loses_power(board::Board& board);

/// What a cut at an instant met.
struct Met {
  std::optional<board::FlashOperation> under_way;
  std::optional<board::FlashOperation> last;  ///< to begin, that one or one that was complete
};

/// Switches the board off at this instant; `last` is the last operation that it began before now.
Met cut_at(board::Board& board, base::Instant instant, const Cut& cut, std::uint64_t seed,
           std::optional<board::FlashOperation> last);

/// The power comes back, the node recovers, and at the cut's instant the power goes again.
Met cut_recovery(board::Board& board, const Obligation& obligation, const Cut& cut,
                 std::uint64_t seed);

/// The cut came while a slot was being emptied, see empties_slot() of an operation.
bool empties_slot(const Met& met, const Form& form);

}  // namespace goldcrest::sim

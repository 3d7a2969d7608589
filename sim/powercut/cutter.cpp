// SPDX-License-Identifier: MIT
#include "sim/powercut/cutter.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "core/base/ensure.hpp"

namespace goldcrest::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;

bool loses_power(board::Board& board) {
  // From the begin of the step in which the operation begins to its end: a step and 7 ms at most.
  for (const auto end = board.now() + milliseconds(100); board.now() < end;) {
    board.run_until(board.now() + microseconds(500));
    if (board.take_cut_fired()) return true;
  }
  return false;
}

// --- KnownStates ---------------------------------------------------------------------------------

std::optional<Outcome> KnownStates::claim(const StateKey& key) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto found = journal_.states().find(key);
    if (found != journal_.states().end()) return found->second;
    if (in_progress_.emplace(key, true).second) return std::nullopt;
    settled_.wait(lock);
  }
}

void KnownStates::settle(const StateKey& key, Outcome outcome) {
  {
    const std::lock_guard lock(mutex_);
    in_progress_.erase(key);
    journal_.know(key, outcome);
  }
  settled_.notify_all();
}

void KnownStates::add(OperationResult result,
                      const std::vector<std::pair<StateKey, Outcome>>& found) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, outcome] : found) journal_.add(key, outcome);
  journal_.add(std::move(result));
}

Progress KnownStates::progress() const {
  const std::lock_guard lock(mutex_);
  Progress progress{.operations_done = journal_.results().size(),
                    .states = journal_.states().size()};
  for (const auto& result : journal_.results()) {
    progress.cuts += result.first.cuts + result.further.cuts;
    progress.lost += result.lost.size();
  }
  return progress;
}

// --- Cutter --------------------------------------------------------------------------------------

OperationResult Cutter::cut(const Operation& operation, const Obligation& obligation,
                            const State& before) {
  OperationResult result{.phase = obligation.phase,
                         .index = operation.index,
                         .kind = std::string(to_text(operation.kind)),
                         .address = operation.address};
  found_.clear();
  Context context{.obligation = obligation, .path = {obligation.phase, {}}, .result = result};
  for (const Form& form : forms_for(operation.kind, options_.forms)) {
    const Cut cut{operation.index, form};
    context.path.cuts = {cut};
    context.state_page_torn = empties_slot(operation.kind, operation.address, form);
    const bool fired = fires(board(0), *before, cut, operation.number);
    count(context, fired, fired ? std::optional(end(board(0), context)) : std::nullopt);
  }
  return result;
}

board::Board& Cutter::board(std::size_t number) {
  while (boards_.size() <= number) {
    boards_.push_back(std::make_unique<board::Board>(board::BoardOptions{}));
  }
  return *boards_.at(number);
}

bool Cutter::fires(board::Board& board, const std::vector<std::uint8_t>& before, const Cut& cut,
                   std::uint64_t number) {
  base::ensure(board.restore(before).has_value());
  board.arm(armed(cut, number, options_.seed));
  return loses_power(board);
}

void Cutter::count(Context& context, bool fired, std::optional<Outcome> outcome) {
  auto& tally =
      context.path.cuts.size() == 1 ? context.result.first : context.result.further;
  ++tally.cuts;
  if (fired) {
    ++tally.fired;
  } else {
    context.result.not_fired.push_back(to_text(context.path));
  }
  if (!outcome) return;
  tally.add(*outcome);
  if (is_lost(*outcome)) {
    context.result.lost.push_back(fmt::format("{} {}", to_text(context.path), to_text(*outcome)));
  }
}

/// The board has just lost its power: how does it end?
Outcome Cutter::end(board::Board& board, Context& context) {
  const auto key = key_of(board, context.obligation);
  if (const auto known = known_.claim(key)) return *known;
  const bool further = context.path.cuts.size() < options_.depth &&
                       key.high % options_.further_every == 0;
  const auto off = further ? board.save() : std::vector<std::uint8_t>{};
  ++context.result.boots;
  const auto verdict = judge(board, context.obligation, context.state_page_torn);
  known_.settle(key, verdict.outcome);
  found_.emplace_back(key, verdict.outcome);
  if (further) recover_with_cuts(off, verdict, context);
  return verdict.outcome;
}

void Cutter::recover_with_cuts(const std::vector<std::uint8_t>& off, const Verdict& verdict,
                               Context& context) {
  const auto depth = context.path.cuts.size();
  auto& recovering = board(2 * depth);
  auto& victim = board(2 * depth + 1);
  base::ensure(recovering.restore(off).has_value());
  recovering.power(true);
  ++context.result.boots;
  for (std::uint32_t index = 0; index < verdict.operations.size(); ++index) {
    const auto& operation = verdict.operations[index];
    recovering.run_until(operation.before);
    const auto before = recovering.save();
    for (const Form& form : forms_for(operation.kind, options_.further_forms)) {
      const Cut cut{index, form};
      context.path.cuts.push_back(cut);
      const bool fired = fires(victim, before, cut, operation.number);
      const auto outcome = fired ? std::optional(end(victim, context)) : std::nullopt;
      count(context, fired, outcome);
      context.path.cuts.pop_back();
    }
  }
}

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
#include "sim/powercut/cutter.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "core/base/ensure.hpp"
#include "sim/powercut/instants.hpp"

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

Met cut_at(board::Board& board, base::Instant instant, const Cut& cut, std::uint64_t seed,
           std::optional<board::FlashOperation> last) {
  board.watch_flash([&](const board::FlashOperation& operation) { last = operation; });
  board.run_until(instant);
  board.watch_flash({});
  return {board.cut_power(how(cut, seed)), last};
}

Met cut_recovery(board::Board& board, const Obligation& obligation, const Cut& cut,
                 std::uint64_t seed) {
  const auto instant = board.now() + cut.instant.value();
  const auto before_step = [&] { return instant - board.now() > recovery_step; };
  const auto verdict = judge(board, obligation, true, before_step);
  const auto& operations = verdict.operations;
  return cut_at(board, instant, cut, seed,
                operations.empty() ? std::nullopt : std::optional(operations.back().operation));
}

bool empties_slot(const Met& met, const Form& form) {
  if (met.under_way) return empties_slot(met.under_way->kind, met.under_way->address, form);
  return met.last && empties_slot(met.last->kind, met.last->address, {FormKind::after, 0});
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

bool KnownStates::add(OperationResult result,
                      const std::vector<std::pair<StateKey, Outcome>>& found) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, outcome] : found) journal_.add(key, outcome);
  journal_.add(std::move(result));
  return journal_.error().empty();
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

std::optional<OperationResult> Cutter::cut(const Target& target, const Course& course,
                                           const State& before) {
  const auto& obligation = course.phases.at(target.phase);
  const auto begin = course.spans.at(target.phase).begin;
  OperationResult result{.phase = obligation.phase};
  found_.clear();
  Context context{.obligation = obligation, .path = {obligation.phase, {}}, .result = result};
  if (target.operation) {
    const auto& operation = *target.operation;
    result.index = operation.index;
    result.kind = to_text(operation.kind);
    result.address = operation.address;
    result.at = operation.step - begin;
    cut_operation(operation, before, context);
  } else {
    result.index = target.number;
    result.kind = instant_kind;
    result.at = target.instant - begin;
    for (const auto& row :
         rows_at(result.at, options_.seed, obligation.phase, target.number, options_.depth)) {
      if (!options_.stopped()) cut_instant(target, row, before, context);
    }
  }
  return options_.stopped() ? std::nullopt : std::optional(std::move(result));
}

void Cutter::cut_operation(const Operation& operation, const State& before, Context& context) {
  for (const Form& form : forms_for(operation.kind, options_.forms)) {
    if (options_.stopped()) return;
    const Cut cut{operation.index, form};
    context.path.cuts = {cut};
    context.state_page_torn = empties_slot(operation.kind, operation.address, form);
    const bool fired = fires(board(0), *before, cut, operation.number);
    count(context, fired, fired ? std::optional(end(board(0), context)) : std::nullopt);
  }
}

/// The first cut of the row comes from the state, the others during the recoveries.
void Cutter::cut_instant(const Target& target, const std::vector<Cut>& row, const State& before,
                         Context& context) {
  auto& victim = board(0);
  base::ensure(victim.restore(*before).has_value());
  context.path.cuts.clear();
  context.state_page_torn = false;
  for (const Cut& cut : row) {
    const bool first = context.path.cuts.empty();
    const auto met = first ? cut_at(victim, target.instant, cut, options_.seed, target.last)
                           : cut_recovery(victim, context.obligation, cut, options_.seed);
    context.path.cuts.push_back(cut);
    context.state_page_torn = context.state_page_torn || empties_slot(met, cut.form);
    auto& tally = first && row.size() == 1 ? context.result.first : context.result.further;
    if (met.under_way) ++tally.under_way;
    const bool last = context.path.cuts.size() == row.size();
    if (!last) {
      ++tally.cuts;
      if (!victim.powered()) ++tally.fired;
    }
  }
  const bool fired = !victim.powered();
  count(context, fired, fired ? std::optional(end(victim, context)) : std::nullopt);
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
  auto& tally = context.path.cuts.size() == 1 ? context.result.first : context.result.further;
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
  const bool further =
      context.path.cuts.size() < options_.depth && key.high % options_.further_every == 0;
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
  ++context.result.boots;
  const bool torn_before = context.state_page_torn;
  std::uint32_t index = 0;
  const auto cuts_here = [&] {
    const auto& all = verdict.operations;
    if (index == all.size() || options_.stopped()) return false;
    if (recovering.now() < all[index].step) return true;
    const auto before = recovering.save();
    for (; index < all.size() && all[index].step == recovering.now(); ++index) {
      const auto& operation = all[index].operation;
      for (const Form& form : forms_for(operation.kind, options_.further_forms)) {
        if (options_.stopped()) return false;
        const Cut cut{index, form};
        context.path.cuts.push_back(cut);
        context.state_page_torn =
            torn_before || empties_slot(operation.kind, operation.address, form);
        const bool fired = fires(victim, before, cut, operation.number);
        count(context, fired, fired ? std::optional(end(victim, context)) : std::nullopt);
        context.path.cuts.pop_back();
      }
    }
    return true;
  };
  (void)judge(recovering, context.obligation, true, cuts_here);
  context.state_page_torn = torn_before;
  // What the second recovery did not do as the first one, could not be cut.
  for (; index < verdict.operations.size() && !options_.stopped(); ++index) {
    context.path.cuts.push_back({index, {}});
    count(context, false, std::nullopt);
    context.path.cuts.pop_back();
  }
}

}  // namespace goldcrest::sim

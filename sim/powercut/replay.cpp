// SPDX-License-Identifier: MIT
#include "sim/powercut/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/ensure.hpp"
#include "sim/powercut/cutter.hpp"

namespace goldcrest::sim {
namespace {

std::optional<Target> find_target(const Course& course, std::size_t phase, const Cut& cut) {
  if (cut.instant) return target_of(course, phase, *cut.instant);
  const auto found = std::ranges::find_if(course.operations, [&](const Operation& operation) {
    return operation.phase == phase && operation.index == cut.operation;
  });
  if (found == course.operations.end()) return std::nullopt;
  return target_of(*found);
}

/// The board, and the cuts that it suffers one after the other.
class Sufferer {
 public:
  Sufferer(const Obligation& obligation, std::uint64_t seed, const State& state)
      : obligation_(obligation), seed_(seed), board_({}) {
    base::ensure(board_.restore(*state).has_value());
  }

  /// False when it did not fire.
  bool suffers_first(const Target& target, const Cut& cut) {
    if (cut.instant) return tell(cut_at(board_, target.instant, cut, seed_, target.last), cut);
    const auto& operation = *target.operation;
    board_.arm(armed(cut, operation.number, seed_));
    return loses_power(board_) &&
           tell({.under_way = {{operation.number, operation.kind, operation.address}}}, cut);
  }

  bool suffers_again(const Cut& cut) {
    if (cut.instant) return tell(cut_recovery(board_, obligation_, cut, seed_), cut);
    board_.arm(armed(cut, board_.flash_operations() + cut.operation, seed_));
    const auto verdict = judge(board_, obligation_, true, [&] { return board_.powered(); });
    return board_.take_cut_fired() &&
           tell({.under_way = verdict.operations.at(cut.operation).operation}, cut);
  }

  Replayed ends() {
    const auto verdict = judge(board_, obligation_, state_page_torn_);
    return {verdict.outcome, cuts_, verdict.console};
  }

 private:
  bool tell(const Met& met, const Cut& cut) {
    const double seconds = static_cast<double>(board_.now().time_since_epoch().count()) / 1e6;
    cuts_.push_back(met.under_way
                        ? fmt::format("{:.6f} s: {}, {} at {:#010x}", seconds, to_text(cut.form),
                                      to_text(met.under_way->kind), met.under_way->address)
                        : fmt::format("{:.6f} s: no operation under way", seconds));
    state_page_torn_ = state_page_torn_ || empties_slot(met, cut.form);
    return !board_.powered();
  }

  const Obligation& obligation_;
  std::uint64_t seed_;
  board::Board board_;
  bool state_page_torn_ = false;
  std::vector<std::string> cuts_;
};

std::expected<Replayed, std::string> replay_in(const Course& course, std::size_t phase,
                                               const Inputs& inputs, std::uint64_t seed,
                                               const CutPath& path) {
  const auto target = find_target(course, phase, path.cuts.front());
  if (!target) {
    return std::unexpected(fmt::format("{}: phase {} has no such operation or is not that long",
                                       to_text(path), path.phase));
  }
  State state;
  const auto played = replay(course, inputs, {*target}, [&](const Target&, const State& before) {
    state = before;
    return false;
  });
  if (!played) return std::unexpected(played.error());
  base::ensure(state != nullptr);
  Sufferer sufferer(course.phases.at(phase), seed, state);
  for (std::size_t cut = 0; cut < path.cuts.size(); ++cut) {
    const bool fired = cut == 0 ? sufferer.suffers_first(*target, path.cuts[0])
                                : sufferer.suffers_again(path.cuts[cut]);
    if (!fired) return std::unexpected(fmt::format("cut {} did not fire", cut + 1));
  }
  return sufferer.ends();
}

}  // namespace

std::expected<Replayed, std::string> replay_cut(const Inputs& inputs, std::uint64_t seed,
                                                std::uint64_t air_seed, const CutPath& path) {
  const auto name = parse_course_name(path.phase);
  for (const auto& play : plays_with(inputs)) {
    const Seeds seeds{seed, name.air_seed.value_or(air_seed)};
    const auto course = record_named(play, inputs, seeds, !name.air_seed);
    if (!course) return std::unexpected(course.error());
    const auto phase = std::ranges::find(course->phases, path.phase, &Obligation::phase);
    if (phase == course->phases.end()) continue;
    const auto at = static_cast<std::size_t>(phase - course->phases.begin());
    return replay_in(*course, at, inputs, seed, path);
  }
  return std::unexpected(fmt::format("no play has a phase {}", path.phase));
}

}  // namespace goldcrest::sim

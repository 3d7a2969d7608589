// SPDX-License-Identifier: MIT
// The course of a play: every flash operation of its phases, and the board's state just before it,
// or before any instant.
//
// A play is played twice, the same to the microsecond. The first time shows which operations there
// are and in which step of time each begins; the second time the state at the begin of a step is
// taken. A board restored from it does the same by itself, for within a step nothing reaches it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/powercut/plays.hpp"

namespace goldcrest::sim {

struct Operation {
  std::size_t phase = 0;     ///< index into Course::phases
  std::uint32_t index = 0;   ///< in its phase
  std::uint64_t number = 0;  ///< on the board
  board::FlashOperationKind kind = board::FlashOperationKind::program_word;
  std::uint32_t address = 0;
  base::Instant step;  ///< when the step begins in which it does
};

/// From the first step of a phase to the end of its last.
struct Span {
  base::Instant begin;
  base::Instant end;
};

/// What every random thing of a play comes from. The air seed is that of the border router and of
/// the air: it orders the radio frames.
struct Seeds {
  std::uint64_t seed = 1;
  std::uint64_t air = 1;
};

struct Course {
  Play play;
  Seeds seeds;
  std::vector<Obligation> phases;
  std::vector<Span> spans;  ///< of the phases
  std::vector<Operation> operations;
  std::vector<base::Instant> steps;  ///< when each began, in order
};

/// Plays the play; fails with what did not come true.
[[nodiscard]] std::expected<Course, std::string> record(const Play& play, const Inputs& inputs,
                                                        const Seeds& seeds);

using State = std::shared_ptr<const std::vector<std::uint8_t>>;

/// Where a play is to be cut: at an operation, or at an instant.
struct Target {
  std::size_t phase = 0;  ///< index into Course::phases
  base::Instant step;     ///< when the step begins in which it lies
  std::optional<Operation> operation;
  base::Instant instant;                      ///< without an operation
  std::optional<board::FlashOperation> last;  ///< without one: the last that began before the step
  std::uint32_t number = 0;                   ///< of the instants in its phase
};
Target target_of(const Operation& operation);
/// Nothing when the phase is not that long.
std::optional<Target> target_of(const Course& course, std::size_t phase, base::Duration after);

/// Plays it again and hands out the state at the step of each target, in the order of their steps;
/// ends after the last. `take` returns false to end it sooner. Fails when the play does not go the
/// same way.
[[nodiscard]] std::expected<void, std::string> replay(
    const Course& course, const Inputs& inputs, std::vector<Target> targets,
    const std::function<bool(const Target&, const State&)>& take);

}  // namespace goldcrest::sim

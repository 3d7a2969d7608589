// SPDX-License-Identifier: MIT
// The course of a play: every flash operation of its phases, and the board's state just before it.
//
// A play is played twice, the same to the microsecond. The first time shows which operations there
// are and in which step of time each begins; the second time the state at the begin of that step is
// taken. A board restored from it does the same by itself, for within a step nothing reaches it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
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

struct Course {
  Play play;
  std::vector<Obligation> phases;
  std::vector<Operation> operations;
};

/// Plays the play; fails with what did not come true.
[[nodiscard]] std::expected<Course, std::string> record(const Play& play, const Inputs& inputs,
                                                        std::uint64_t seed);

using State = std::shared_ptr<const std::vector<std::uint8_t>>;

/// Plays it again and hands out the state before each operation of the course for which `wanted`
/// holds, in order; ends after the last. `take` returns false to end it sooner. Fails when the play
/// does not go the same way.
[[nodiscard]] std::expected<void, std::string> replay(
    const Course& course, const Inputs& inputs, std::uint64_t seed,
    const std::function<bool(const Operation&)>& wanted,
    const std::function<bool(const Operation&, const State&)>& take);

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
#include "sim/powercut/course.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace goldcrest::sim {

std::expected<Course, std::string> record(const Play& play, const Inputs& inputs,
                                          const Seeds& seeds) {
  Course course{.play = play, .seeds = seeds};
  Stage stage(seeds.seed, seeds.air);
  std::uint32_t index = 0;
  stage.before_step([&] {
    if (stage.phase().empty()) return;
    if (course.steps.empty() || course.steps.back() != stage.now()) {
      course.steps.push_back(stage.now());
    }
    course.spans.back().end = stage.now();
  });
  stage.board().watch_flash([&](const board::FlashOperation& operation) {
    if (stage.phase().empty()) return;
    course.operations.push_back({.phase = course.phases.size() - 1,
                                 .index = index++,
                                 .number = operation.number,
                                 .kind = operation.kind,
                                 .address = operation.address,
                                 .step = course.steps.back()});
  });
  const ObligationSink begins = [&](const Obligation& obligation) {
    course.phases.push_back(obligation);
    course.spans.push_back({stage.now(), stage.now()});
    index = 0;
  };
  play.perform(stage, inputs, begins);
  if (stage.ended()) return std::unexpected(stage.error());
  return course;
}

Target target_of(const Operation& operation) {
  return {.phase = operation.phase, .step = operation.step, .operation = operation};
}

std::optional<Target> target_of(const Course& course, std::size_t phase, base::Duration after) {
  const Span& span = course.spans.at(phase);
  const base::Instant instant = span.begin + after;
  if (instant >= span.end) return std::nullopt;
  const auto next = std::ranges::upper_bound(course.steps, instant);
  if (next == course.steps.begin()) return std::nullopt;
  Target target{.phase = phase, .step = *std::prev(next), .instant = instant};
  const auto later = std::ranges::lower_bound(course.operations, target.step, {}, &Operation::step);
  if (later != course.operations.begin()) {
    const Operation& last = *std::prev(later);
    target.last = {last.number, last.kind, last.address};
  }
  return target;
}

std::expected<void, std::string> replay(
    const Course& course, const Inputs& inputs, std::vector<Target> targets,
    const std::function<bool(const Target&, const State&)>& take) {
  if (targets.empty()) return {};
  std::ranges::sort(targets, {}, [](const Target& target) {
    return std::tuple(target.step, target.operation ? target.operation->number : 0, target.number);
  });
  auto next = targets.begin();
  Stage stage(course.seeds.seed, course.seeds.air);
  State state;
  base::Instant taken_at{};
  bool ended = false;
  std::string differs;
  const auto hand_out = [&] {
    for (; !ended && next != targets.end() && next->step == taken_at; ++next) {
      ended = !take(*next, state);
    }
    if (next == targets.end()) ended = true;
    state.reset();
  };
  // A step may be looked at more than once before it is made, after each thing that is done: the
  // last look is the one that counts.
  stage.before_step([&] {
    if (state && stage.now() > taken_at) hand_out();
    if (!ended && next->step < stage.now()) {
      differs = "it goes in other steps than the first time";
      ended = true;
    }
    if (ended) {
      stage.stop();
    } else if (next->step == stage.now()) {
      state = std::make_shared<const std::vector<std::uint8_t>>(stage.board().save());
      taken_at = stage.now();
    }
  });
  auto expected = course.operations.begin();
  stage.board().watch_flash([&](const board::FlashOperation& operation) {
    if (ended || stage.phase().empty()) return;
    if (expected == course.operations.end() || operation.number != expected->number ||
        operation.address != expected->address) {
      differs =
          fmt::format("flash operation {} is another one than the first time", operation.number);
      ended = true;
      return;
    }
    ++expected;
  });
  course.play.perform(stage, inputs, [](const Obligation&) {});
  if (differs.empty() && state) hand_out();
  if (!differs.empty()) return std::unexpected(differs);
  if (!ended) return std::unexpected("played again it ends early: " + stage.error());
  return {};
}

}  // namespace goldcrest::sim

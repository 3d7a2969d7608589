// SPDX-License-Identifier: MIT
#include "sim/powercut/course.hpp"

#include <fmt/format.h>

#include <optional>

namespace goldcrest::sim {

std::expected<Course, std::string> record(const Play& play, const Inputs& inputs,
                                          std::uint64_t seed) {
  Course course{.play = play, .phases = {}, .operations = {}};
  Stage stage(seed);
  base::Instant step{};
  std::uint32_t index = 0;
  stage.before_step([&] { step = stage.now(); });
  stage.board().watch_flash([&](const board::FlashOperation& operation) {
    if (stage.phase().empty()) return;
    course.operations.push_back({.phase = course.phases.size() - 1,
                                 .index = index++,
                                 .number = operation.number,
                                 .kind = operation.kind,
                                 .address = operation.address,
                                 .step = step});
  });
  const ObligationSink begins = [&](const Obligation& obligation) {
    course.phases.push_back(obligation);
    index = 0;
  };
  play.perform(stage, inputs, begins);
  if (stage.ended()) return std::unexpected(stage.error());
  return course;
}

std::expected<void, std::string> replay(
    const Course& course, const Inputs& inputs, std::uint64_t seed,
    const std::function<bool(const Operation&)>& wanted,
    const std::function<bool(const Operation&, const State&)>& take) {
  std::vector<Operation> awaited;
  for (const Operation& operation : course.operations) {
    if (wanted(operation)) awaited.push_back(operation);
  }
  auto next = awaited.begin();
  if (next == awaited.end()) return {};

  Stage stage(seed);
  State state;
  bool all_taken = false;
  // A step may be looked at more than once before it is made, after each thing that is done.
  stage.before_step([&] {
    if (all_taken) {
      stage.stop();
    } else if (next->step == stage.now()) {
      state = std::make_shared<const std::vector<std::uint8_t>>(stage.board().save());
    }
  });
  std::optional<std::uint64_t> differs;
  stage.board().watch_flash([&](const board::FlashOperation& operation) {
    if (all_taken || operation.number < next->number) return;
    if (operation.number != next->number || operation.address != next->address || !state) {
      differs = operation.number;
      all_taken = true;
      return;
    }
    all_taken = !take(*next, state);
    ++next;
    if (next == awaited.end()) {
      all_taken = true;
    } else if (next->step != std::prev(next)->step) {
      state.reset();
    }
  });
  course.play.perform(stage, inputs, [](const Obligation&) {});
  if (differs) {
    return std::unexpected(
        fmt::format("flash operation {} is another one than the first time", *differs));
  }
  if (!all_taken) return std::unexpected("played again it ends early: " + stage.error());
  return {};
}

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
#include "tests/scenarios/scenario.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "tests/scenarios/places.hpp"

namespace goldcrest::scenario {

namespace {

sim::AirOptions seeded(sim::AirOptions air) {
  air.seed = seed();
  return air;
}

}  // namespace

std::string replay_command() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return fmt::format("GOLDCREST_SEED={} {} --gtest_filter={}.{}", seed(),
                     std::filesystem::read_symlink("/proc/self/exe").string(),
                     test->test_suite_name(), test->name());
}

Scenario::Scenario(const Setup& setup)
    : world_(seeded(setup.air)),
      server_(world_, setup.server_checks_signatures),
      dodag_log_([this](std::string_view line) { router_lines_.emplace_back(line); }) {
  if (setup.pcap) {
    auto writer = sim::PcapWriter::create(*setup.pcap);
    if (!writer) throw std::runtime_error(writer.error());
    pcap_ = std::move(*writer);
    world_.air().observe([this](base::Instant time, sim::StationId, base::Bytes frame) {
      (void)pcap_->frame(time, frame);
    });
  }
  router_ = &world_.add_router({.eui64 = places::router_eui64}, places::router(), seed_ + 1,
                               dodag_log_);
  if (setup.with_router) router_->start(world_.now());
  for (unsigned number = 0; number < setup.nodes; ++number) {
    auto& station = world_.add_board({.seed = seed_ * 16 + number,
                                      .unique_id = {0x0A0B0C0D, 0x31373538, 1 + number}});
    nodes_.push_back(std::make_unique<Node>(*this, station, fmt::format("node {}", number)));
    if (std::getenv("GOLDCREST_CONSOLE") != nullptr) show_console(station, number);
    nodes_.back()->is_manufactured();
  }
}

// To follow a scenario while it plays: each line with its time and its node's number.
void Scenario::show_console(sim::BoardStation& station, unsigned number) {
  station.watch([this, number, line = std::string()](std::string_view text) mutable {
    for (const char character : text) {
      line += character;
      if (character != '\n') continue;
      const auto seconds = static_cast<double>(now().time_since_epoch().count()) / 1e6;
      fmt::print(stderr, "{:>9.3f}  {}  {}", seconds, number, line);
      line.clear();
    }
  });
}

void Scenario::router_restarts(base::Duration pause) {
  router_->stop();
  waits(pause);
  router_->start(now());
}

void Scenario::cannot_hear(sim::StationId one, sim::StationId other) {
  world_.air().set_link(one, other, {.connected = false});
  world_.air().set_link(other, one, {.connected = false});
}

void Scenario::expect(bool holds, std::string_view what, Where where) {
  if (holds) return;
  const auto line = static_cast<int>(where.line());
  ADD_FAILURE_AT(where.file_name(), line) << "did not come true: " << what << "\n"
                                                  << circumstances();
  throw ::testing::AssertionException(::testing::TestPartResult(
      ::testing::TestPartResult::kFatalFailure, where.file_name(), line, ""));
}

void Scenario::until(const std::function<bool()>& done, base::Duration limit,
                     std::string_view what, Where where) {
  expect(world_.run_until(done, limit), what, where);
}

std::string Scenario::circumstances() const {
  const auto seconds = static_cast<double>(now().time_since_epoch().count()) / 1e6;
  auto text = fmt::format("at {:.3f} s; again: {}\n", seconds, replay_command());
  for (const auto& node : nodes_) {
    text += fmt::format("-- {} ({})\n{}\n", node->name(), node->address(), node->last_lines(20));
  }
  text += "-- border router\n";
  const std::size_t shown = std::min<std::size_t>(router_lines_.size(), 8);
  for (auto line = router_lines_.end() - static_cast<std::ptrdiff_t>(shown);
       line != router_lines_.end(); ++line) {
    text += *line + "\n";
  }
  return text + "-- server\n" + server_.last_lines(8);
}

}  // namespace goldcrest::scenario

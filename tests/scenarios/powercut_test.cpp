// SPDX-License-Identifier: MIT
// A small part of what goldcrest-powercut sweeps, and its verdicts on boards that are broken on
// purpose: a sweep that cannot find a lost node proves nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/image/flash_map.hpp"
#include "core/image/slot.hpp"
#include "sim/powercut/cutter.hpp"
#include "sim/powercut/judge.hpp"
#include "sim/powercut/report.hpp"
#include "sim/powercut/sweep.hpp"
#include "tests/scenarios/inputs.hpp"

namespace goldcrest::scenario {
namespace {

using namespace std::chrono_literals;
using sim::Outcome;
using ::testing::Each;
using ::testing::EndsWith;
using ::testing::SizeIs;

sim::UpdateFile update(const std::filesystem::path& path, std::string version) {
  return {.name = path.filename().string(), .version = std::move(version), .bytes = read_all(path)};
}

sim::Inputs inputs() {
  return {.man = read_all(man_image()),
          .updates = {update(release("1.1.31"), "1.1.31"), update(release("1.2.31"), "1.2.31"),
                      update(release("1.3.31"), "1.3.31")},
          .hanging = {update(hanging_release(), "1.1.31")}};
}

sim::Obligation obligation(bool jumper = false) {
  return {.phase = "test",
          .versions = {"1.0.31"},
          .server = "192.168.1.64",
          .jumper = jumper,
          .settings = {"not set"}};
}

TEST(PowerCuts, all_phases_are_cut_every_cut_fires_and_none_loses_the_node) {
  const sim::SweepOptions options{.seed = seed(),
                                  .forms = {.torn = 2, .words = 2, .unstable = 1},
                                  .depth = 2,
                                  .further_forms = {.torn = 1, .words = 1, .unstable = 1},
                                  .further_every = 16,
                                  .limit = repetitions("GOLDCREST_CUT_OPERATIONS", 64)};
  sim::Journal journal;
  const auto phases = sim::sweep(inputs(), options, journal, [](const sim::Progress&) {});
  ASSERT_TRUE(phases.has_value()) << phases.error();
  const sim::Report report{
      .what = "bounded", .phases = *phases, .results = journal.results(),
      .states = journal.states().size()};
  EXPECT_TRUE(report.passed()) << sim::as_text(report, "goldcrest-powercut … --replay");
  EXPECT_EQ(report.results.size(), options.limit);
  EXPECT_EQ(report.first().cuts, report.first().fired);
  EXPECT_GT(report.first().cuts, 5 * options.limit);
  EXPECT_GT(report.further().fired, 0u);
  EXPECT_GT(report.states, 2 * options.limit);
  std::uint32_t operations = 0;
  for (const auto& phase : *phases) operations += phase.operations;
  EXPECT_GT(operations, 2000u);
}

TEST(PowerCuts, what_was_found_is_not_swept_again_and_comes_out_the_same) {
  const sim::SweepOptions options{.seed = seed(),
                                  .forms = {.torn = 1, .words = 0, .unstable = 1},
                                  .phases = {"confirm"}};
  const auto files = inputs();
  sim::Journal journal;
  unsigned told = 0;
  const auto count = [&](const sim::Progress&) { ++told; };
  ASSERT_TRUE(sim::sweep(files, options, journal, count).has_value());
  const auto states = journal.states();
  EXPECT_EQ(told, journal.results().size());
  ASSERT_TRUE(sim::sweep(files, options, journal, count).has_value());
  EXPECT_EQ(told, journal.results().size());
  EXPECT_EQ(journal.states(), states);
  sim::Journal again;
  ASSERT_TRUE(sim::sweep(files, options, again, count).has_value());
  EXPECT_EQ(again.states(), states);

  const auto replayed = sim::replay_cut(files, seed(), *sim::parse_cut_path("confirm:1:torn0"));
  ASSERT_TRUE(replayed.has_value()) << replayed.error();
  EXPECT_EQ(replayed->outcome, Outcome::new_version);
  EXPECT_FALSE(sim::replay_cut(files, seed(), {"confirm", {{9999, {}}}}).has_value());
  EXPECT_FALSE(sim::replay_cut(files, seed(), {"nowhere", {{0, {}}}}).has_value());
}

TEST(PowerCuts, a_node_that_does_not_end_as_it_must_is_lost_in_every_form) {
  const auto files = inputs();
  const auto course = sim::record(sim::plays_with(files).front(), files, seed());
  ASSERT_TRUE(course.has_value()) << course.error();
  sim::OperationResult result;
  const sim::SweepOptions options{.seed = seed(), .forms = {.torn = 2, .words = 1, .unstable = 1}};
  const auto first = [](const sim::Operation& operation) { return operation.index == 0; };
  const auto cut = [&](const sim::Operation& operation, const sim::State& before) {
    sim::Journal journal;
    sim::KnownStates known(journal);
    auto wanted = course->phases.at(operation.phase);
    wanted.versions = {"9.9.9"};
    result = sim::Cutter(options, known).cut(operation, wanted, before);
    return false;
  };
  ASSERT_TRUE(sim::replay(*course, files, seed(), first, cut).has_value());
  EXPECT_GE(result.first.cuts, 5u);
  EXPECT_EQ(result.first.lost(), result.first.cuts);
  EXPECT_THAT(result.lost, SizeIs(result.first.cuts));
  EXPECT_THAT(result.lost, Each(EndsWith("other version")));
}

/// A manufactured board without power, whose flash can be changed.
class Victim {
 public:
  Victim() : board_({}) {
    board_.power(true);
    EXPECT_TRUE(board_.program(image::flash_section.base, read_all(man_image())).has_value());
  }

  /// Sets the page that holds `address` to zero but for its first `kept` bytes.
  void erases(image::Address address, std::size_t kept = 0) {
    const auto page = address & ~(image::page_size - 1);
    auto bytes = board_.read_flash(page, image::page_size).value();
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(kept), bytes.end(), std::uint8_t{0});
    EXPECT_TRUE(board_.program(page, bytes).has_value());
  }

  void writes(image::Address address, std::uint32_t value) {
    const auto page = address & ~(image::page_size - 1);
    auto bytes = board_.read_flash(page, image::page_size).value();
    base::store_le32(bytes.data() + (address - page), value);
    EXPECT_TRUE(board_.program(page, bytes).has_value());
  }

  Outcome ends(const sim::Obligation& obligation) {
    board_.set_jumper(obligation.jumper);
    board_.power(false);
    return sim::judge(board_, obligation).outcome;
  }

 private:
  board::Board board_;
};

TEST(PowerCutVerdict, an_untouched_board_runs_its_version_and_its_mta) {
  EXPECT_EQ(Victim().ends(obligation()), Outcome::old_version);
  EXPECT_EQ(Victim().ends(obligation(true)), Outcome::old_version);
  auto newer = obligation();
  newer.versions = {"0.9.0", "1.0.31"};
  EXPECT_EQ(Victim().ends(newer), Outcome::new_version);
}

TEST(PowerCutVerdict, a_slot_without_its_commit_word_is_lost) {
  Victim victim;
  victim.erases(image::app1_section.base + image::state_offset);
  EXPECT_EQ(victim.ends(obligation()), Outcome::boot_error);
}

TEST(PowerCutVerdict, a_commit_word_that_was_written_too_early_is_found) {
  Victim victim;
  victim.writes(image::app2_section.base + image::state_offset, image::installed_value);
  EXPECT_EQ(victim.ends(obligation()), Outcome::unearned);
}

TEST(PowerCutVerdict, a_state_that_outlives_its_image_is_found) {
  Victim victim;
  victim.writes(image::app2_section.base + image::state_offset +
                    static_cast<std::uint32_t>(image::StateGroup::confirmed),
                image::confirmed_value);
  EXPECT_EQ(victim.ends(obligation()), Outcome::unearned);
}

TEST(PowerCutVerdict, a_setting_that_is_neither_old_nor_new_is_found) {
  auto other = obligation(true);
  other.settings = {"ceiling 12", "ceiling 13"};
  EXPECT_EQ(Victim().ends(other), Outcome::wrong_setting);
}

TEST(PowerCutVerdict, a_torn_image_and_a_torn_manifest_are_lost) {
  Victim image;
  image.erases(image::app1_section.base + 0x8000, 128);
  EXPECT_EQ(image.ends(obligation()), Outcome::boot_error);
  Victim manifest;
  manifest.erases(image::app1_section.base + image::manifest_offset, 64);
  EXPECT_EQ(manifest.ends(obligation()), Outcome::boot_error);
}

TEST(PowerCutVerdict, a_node_that_forgets_its_server_is_lost) {
  Victim victim;
  for (std::uint32_t page = 0; page < image::data_section.size; page += image::page_size) {
    victim.erases(image::data_section.base + page);
  }
  EXPECT_EQ(victim.ends(obligation()), Outcome::no_server);
}

TEST(PowerCutVerdict, a_damaged_mta_is_lost_where_the_jumper_is_fitted) {
  Victim victim;
  victim.erases(image::mta_section.base + 0x1000);
  EXPECT_EQ(victim.ends(obligation(true)), Outcome::no_mta);
}

TEST(PowerCutVerdict, a_board_without_boot_is_silent) {
  Victim victim;
  victim.erases(image::boot_section.base);
  EXPECT_EQ(victim.ends(obligation()), Outcome::silent);
}

}  // namespace
}  // namespace goldcrest::scenario

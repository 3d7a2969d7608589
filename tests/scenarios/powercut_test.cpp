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
#include "sim/powercut/replay.hpp"
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

/// A life with one update is enough where no phase of the others is looked at.
sim::Inputs short_inputs() {
  auto files = inputs();
  files.updates.resize(1);
  files.hanging.clear();
  return files;
}

sim::Obligation obligation(bool jumper = false) {
  return {.phase = "test",
          .versions = {"1.0.31"},
          .server = "192.168.1.64",
          .jumper = jumper,
          .settings = {"not set"}};
}

sim::Report report_on(const sim::Journal& journal) {
  sim::Report report{
      .phases = journal.phases(), .results = journal.results(), .states = journal.states().size()};
  return report;
}

TEST(PowerCuts, all_phases_are_cut_every_cut_fires_and_none_loses_the_node) {
  const sim::SweepOptions options{.seed = seed(),
                                  .forms = {.torn = 2, .words = 2, .unstable = 1},
                                  .depth = 3,
                                  .further_forms = {.torn = 1, .words = 1, .unstable = 0},
                                  .further_every = 32,  // of some 300 states, other ones each time
                                  .instants = 1,
                                  .limit = repetitions("GOLDCREST_CUT_OPERATIONS", 40)};
  sim::Journal journal;
  const auto swept = sim::sweep(inputs(), options, journal, [](const sim::Progress&) {});
  ASSERT_TRUE(swept.has_value()) << swept.error();
  EXPECT_TRUE(journal.complete());
  const auto report = report_on(journal);
  EXPECT_TRUE(report.passed()) << sim::as_text(report, "goldcrest-powercut … --replay");
  EXPECT_EQ(report.operations(), options.limit);
  EXPECT_GT(report.first().cuts, 5 * options.limit);
  EXPECT_GT(report.further().fired, 0u);
  EXPECT_GT(report.states, 2 * options.limit);
  std::uint32_t operations = 0;
  for (const auto& phase : report.phases) operations += phase.operations;
  EXPECT_GT(operations, 2000u);
  EXPECT_EQ(report.instants().cuts, report.phases.size());
  // A row of two or three cuts and one of at least thirteen at each instant.
  EXPECT_GE(report.rows().cuts, report.phases.size() * (2 + 13));
}

TEST(PowerCuts, what_was_found_is_not_swept_again_and_comes_out_the_same) {
  const sim::SweepOptions options{.seed = seed(),
                                  .forms = {.torn = 1, .words = 0, .unstable = 1},
                                  .instants = 1,
                                  .phases = {"confirm"}};
  const auto files = short_inputs();
  sim::Journal journal;
  unsigned told = 0;
  const auto count = [&](const sim::Progress&) { ++told; };
  ASSERT_TRUE(sim::sweep(files, options, journal, count).has_value());
  const auto states = journal.states();
  EXPECT_EQ(told, journal.results().size());
  ASSERT_TRUE(sim::sweep(files, options, journal, count).has_value());
  EXPECT_EQ(told, journal.results().size());
  EXPECT_EQ(journal.states(), states);

  const auto replayed = [&](std::string_view path) {
    return sim::replay_cut(files, seed(), 1, *sim::parse_cut_path(path));
  };
  const auto operation = replayed("confirm:1:torn0");
  ASSERT_TRUE(operation.has_value()) << operation.error();
  EXPECT_EQ(operation->outcome, Outcome::new_version);
  // In the middle of BOOT, and again before it has come that far.
  const auto row = replayed("confirm:@0.1s:torn3:@150ms:torn0:@20ms:torn1:@3ms:before");
  ASSERT_TRUE(row.has_value()) << row.error();
  EXPECT_EQ(row->outcome, Outcome::new_version);
  EXPECT_THAT(row->cuts, SizeIs(4));
  EXPECT_FALSE(replayed("confirm:9999:after").has_value());
  EXPECT_FALSE(replayed("confirm:@9999s:after").has_value());
  EXPECT_FALSE(replayed("nowhere:0:after").has_value());
}

TEST(PowerCuts, a_sweep_that_is_stopped_ends_in_order) {
  sim::SweepOptions options{.seed = seed(), .phases = {"confirm"}};
  bool stop = false;
  options.stop = [&] { return stop; };
  sim::Journal journal;
  const auto swept =
      sim::sweep(short_inputs(), options, journal, [&](const sim::Progress&) { stop = true; });
  ASSERT_FALSE(swept.has_value());
  EXPECT_EQ(swept.error(), "interrupted");
  EXPECT_FALSE(journal.complete());
  EXPECT_THAT(journal.results(), SizeIs(1));
}

/// Cuts where the target says, as if another version had to run.
sim::OperationResult cut_of_a_hopeless_node(const sim::Course& course, const sim::Inputs& files,
                                            const sim::Target& target,
                                            const sim::SweepOptions& options) {
  auto hopeless = course;
  for (auto& phase : hopeless.phases) phase.versions = {"9.9.9"};
  sim::Journal journal;
  sim::KnownStates known(journal);
  sim::OperationResult result;
  const auto played =
      sim::replay(course, files, {target}, [&](const sim::Target& at, const sim::State& before) {
        result = sim::Cutter(options, known).cut(at, hopeless, before).value();
        return false;
      });
  EXPECT_TRUE(played.has_value()) << played.error();
  return result;
}

TEST(PowerCuts, a_node_that_does_not_end_as_it_must_is_lost_in_every_form) {
  const auto files = short_inputs();
  const auto course = sim::record(sim::plays_with(files).front(), files, {seed(), 1});
  ASSERT_TRUE(course.has_value()) << course.error();
  const sim::SweepOptions options{.seed = seed(), .forms = {.torn = 2, .words = 1, .unstable = 1}};
  const auto first = sim::target_of(course->operations.front());
  const auto result = cut_of_a_hopeless_node(*course, files, first, options);
  EXPECT_GE(result.first.cuts, 5u);
  EXPECT_EQ(result.first.lost(), result.first.cuts);
  EXPECT_THAT(result.lost, SizeIs(result.first.cuts));
  EXPECT_THAT(result.lost, Each(EndsWith("other version")));

  // In the middle of that operation: once, and as a contact that bounces.
  auto instant = sim::target_of(
      *course, 0,
      course->operations.front().step - course->spans[0].begin + std::chrono::milliseconds(2));
  ASSERT_TRUE(instant.has_value());
  const auto torn = cut_of_a_hopeless_node(*course, files, *instant, options);
  EXPECT_EQ(torn.first.lost(), 1u);
  EXPECT_EQ(torn.first.under_way, 1u);
  EXPECT_EQ(torn.further.lost(), 1u);
  EXPECT_GT(torn.further.fired, 12u);
  EXPECT_THAT(torn.lost, SizeIs(2));
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

TEST(PowerCutVerdict, what_was_cut_must_be_possible_again) {
  auto save = obligation(true);
  save.settings = {"not set", "another"};
  save.again = {.exchanges = {{"7\r", "device field 1, - for not set> ", {}},
                              {"another\r", "option> ", {}},
                              {"4\r", "\nsaved\r", {}}},
                .setting = "another"};
  EXPECT_EQ(Victim().ends(save), Outcome::old_version);
  save.again->exchanges.back().sees = "saved on tape";
  EXPECT_EQ(Victim().ends(save), Outcome::stuck);
  save.again->exchanges.back().or_else = "saved\r";
  EXPECT_EQ(Victim().ends(save), Outcome::old_version);
  save.again->setting = "something else";
  EXPECT_EQ(Victim().ends(save), Outcome::wrong_setting);
  save.again->setting.clear();
  save.again->version = "9.9.9";
  EXPECT_EQ(Victim().ends(save), Outcome::other_version);
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

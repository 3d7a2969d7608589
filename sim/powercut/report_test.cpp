// SPDX-License-Identifier: MIT
#include "sim/powercut/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace goldcrest::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Report sample(Outcome outcome, bool fired = true) {
  OperationResult result{.phase = "download", .index = 5, .kind = "word", .address = 0};
  result.first.cuts = 1;
  if (fired) {
    result.first.fired = 1;
    result.first.add(outcome);
    if (is_lost(outcome)) {
      result.lost = {"download:5:after " + std::string(to_text(outcome))};
    }
  } else {
    result.not_fired = {"download:5:after"};
  }
  Report report{.states = 1};
  report.what.files = {{.role = "MAN", .name = "a<&>.bin", .sha256 = "c0ffee", .size_bytes = 1234}};
  report.phases = {{.phase = "download", .operations = 9, .chosen = 1, .by_kind = {0, 9, 0, 0, 0}}};
  report.results = {result};
  return report;
}

TEST(PowerCutReport, passes_when_all_fired_and_none_was_lost) {
  const auto report = sample(Outcome::old_version);
  EXPECT_TRUE(report.passed());
  EXPECT_THAT(as_text(report, "again"), HasSubstr("no node was lost"));
  EXPECT_THAT(as_text(report, "again"), Not(HasSubstr("FAILED")));
}

TEST(PowerCutReport, every_kind_of_loss_fails_it_and_names_its_replay) {
  for (std::size_t kind = 2; kind < outcome_kinds; ++kind) {
    const auto report = sample(static_cast<Outcome>(kind));
    EXPECT_FALSE(report.passed());
    EXPECT_THAT(as_text(report, "again"), HasSubstr("again: again download:5:after\n"));
    EXPECT_THAT(as_html(report, "again"), HasSubstr("<code>again download:5:after</code>"));
    const auto json = nlohmann::json::parse(as_json(report, "again"));
    EXPECT_EQ(json.at("failures").size(), 1u);
    EXPECT_EQ(json.at("first").at("lost"), 1);
  }
}

TEST(PowerCutReport, a_cut_that_did_not_fire_and_a_sweep_of_nothing_fail) {
  EXPECT_FALSE(sample(Outcome::old_version, false).passed());
  EXPECT_FALSE(Report{}.passed());
}

TEST(PowerCutReport, the_page_stands_alone_and_has_a_plot) {
  const auto page = as_html(sample(Outcome::new_version), "again");
  EXPECT_THAT(page, HasSubstr("<svg"));
  EXPECT_THAT(page, HasSubstr("#3f9b5f"));
  EXPECT_THAT(page, HasSubstr("a&lt;&amp;&gt;.bin"));
  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, HasSubstr("c0ffee"));
  EXPECT_THAT(page, HasSubstr("1,234"));
}

TEST(PowerCutReport, groups_digits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(PowerCutReport, tells_instants_apart_from_operations) {
  auto report = sample(Outcome::new_version);
  OperationResult instant{.phase = "download", .index = 5, .kind = std::string(instant_kind)};
  instant.first.cuts = instant.first.fired = 1;
  instant.first.add(Outcome::old_version);
  instant.further.cuts = instant.further.fired = 30;
  instant.further.add(Outcome::old_version);
  report.results.push_back(instant);
  EXPECT_TRUE(report.passed());
  EXPECT_EQ(report.operations(), 1u);
  EXPECT_EQ(report.first().cuts, 1u);
  EXPECT_EQ(report.instants().cuts, 1u);
  EXPECT_EQ(report.rows().cuts, 30u);
  EXPECT_EQ(report.all().cuts, 32u);
  --report.results.back().further.fired;
  EXPECT_FALSE(report.passed());
}

// --- parts of a sweep ----------------------------------------------------------------------------

Journal part(unsigned shard, unsigned shards, std::uint64_t seed = 1, bool complete = true) {
  SweepDescription what;
  what.options.seed = seed;
  Journal journal(SweepIdentity{describe(what), shard, shards});
  EXPECT_TRUE(journal.set_phases(
      {{.phase = "data", .operations = 4, .chosen = 1, .by_kind = {0, 4, 0, 0, 0}}}));
  OperationResult result{.phase = "data", .index = shard, .kind = "word"};
  result.first.cuts = result.first.fired = 10;
  for (int i = 0; i < 10; ++i) result.first.add(Outcome::old_version);
  if (complete) journal.add(result);
  journal.add(StateKey{1, 1}, Outcome::old_version);
  journal.add(StateKey{2, shard}, Outcome::old_version);
  journal.took(10, "one");
  return journal;
}

template <typename... Parts>
std::vector<Journal> journals(Parts... parts) {
  std::vector<Journal> all;
  (all.push_back(std::move(parts)), ...);
  return all;
}

TEST(PowerCutMerge, makes_one_report_of_all_parts) {
  const auto report = merge(journals(part(1, 3), part(0, 3), part(2, 3)), false);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_TRUE(report->complete);
  EXPECT_TRUE(report->passed());
  EXPECT_EQ(report->operations(), 3u);
  EXPECT_EQ(report->all().cuts, 30u);
  EXPECT_EQ(report->states, 4u);
  EXPECT_EQ(report->seconds, 30);
  EXPECT_EQ(report->phases.front().chosen, 3u);
  EXPECT_EQ(report->parts, 3u);
}

TEST(PowerCutMerge, refuses_parts_that_do_not_fit_or_are_missing) {
  const auto why = [](const std::vector<Journal>& parts, bool partial) {
    const auto report = merge(parts, partial);
    return report ? std::string() : report.error();
  };
  EXPECT_THAT(why({}, true), HasSubstr("no journal"));
  EXPECT_THAT(why(journals(part(0, 2), part(1, 2, 7)), true), HasSubstr("another sweep"));
  EXPECT_THAT(why(journals(part(0, 2), part(1, 3)), true), HasSubstr("another sweep"));
  EXPECT_THAT(why(journals(part(0, 2), part(0, 2)), true), HasSubstr("twice"));
  EXPECT_THAT(why(journals(part(0, 2)), false), HasSubstr("part 2/2 is missing"));
  EXPECT_THAT(why(journals(part(0, 2), part(1, 2, 1, false)), false), HasSubstr("not complete"));
  const auto some = merge(journals(part(0, 3), part(1, 3, 1, false)), true);
  ASSERT_TRUE(some.has_value()) << some.error();
  EXPECT_FALSE(some->complete);
  EXPECT_EQ(some->parts_here, 2u);
  EXPECT_THAT(as_html(*some, "again"), HasSubstr("not complete"));
}

TEST(SweepDescriptions, read_what_they_write) {
  SweepDescription what;
  what.files = {{.role = "MAN", .name = "a.bin", .sha256 = "12", .size_bytes = 3}};
  what.options = {.seed = 7, .air_seeds = {3, 4}, .depth = 2, .instants = 6, .limit = 5};
  const auto text = describe(what);
  const auto read = parse_description(text);
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(describe(*read), text);
  EXPECT_FALSE(parse_description("{}").has_value());
  EXPECT_FALSE(parse_description("nonsense").has_value());
}

}  // namespace
}  // namespace goldcrest::sim

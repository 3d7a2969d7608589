// SPDX-License-Identifier: MIT
#include "sim/powercut/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace goldcrest::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Report report_of(Outcome outcome, bool fired = true) {
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
  Report report{.what = "seed 1 <&>", .states = 1};
  report.phases = {{.phase = "download", .operations = 9, .chosen = 1, .by_kind = {0, 9, 0, 0, 0}}};
  report.results = {result};
  return report;
}

TEST(PowerCutReport, passes_when_all_fired_and_none_was_lost) {
  const auto report = report_of(Outcome::old_version);
  EXPECT_TRUE(report.passed());
  EXPECT_THAT(as_text(report, "again"), HasSubstr("no node was lost"));
  EXPECT_THAT(as_text(report, "again"), Not(HasSubstr("FAILED")));
}

TEST(PowerCutReport, every_kind_of_loss_fails_it_and_names_its_replay) {
  for (std::size_t kind = 2; kind < outcome_kinds; ++kind) {
    const auto report = report_of(static_cast<Outcome>(kind));
    EXPECT_FALSE(report.passed());
    EXPECT_THAT(as_text(report, "again"), HasSubstr("again: again download:5:after\n"));
    EXPECT_THAT(as_html(report, "again"), HasSubstr("<code>again download:5:after</code>"));
    const auto json = nlohmann::json::parse(as_json(report, "again"));
    EXPECT_EQ(json.at("failures").size(), 1u);
    EXPECT_EQ(json.at("first").at("lost"), 1);
  }
}

TEST(PowerCutReport, a_cut_that_did_not_fire_and_a_sweep_of_nothing_fail) {
  EXPECT_FALSE(report_of(Outcome::old_version, false).passed());
  EXPECT_FALSE(Report{}.passed());
}

TEST(PowerCutReport, the_page_stands_alone_and_has_a_plot) {
  const auto page = as_html(report_of(Outcome::new_version), "again");
  EXPECT_THAT(page, HasSubstr("<svg"));
  EXPECT_THAT(page, HasSubstr("#5aa469"));
  EXPECT_THAT(page, HasSubstr("seed 1 &lt;&amp;&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("http")));
}

}  // namespace
}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
// A small part of what goldcrest-skip does to the real BOOT, in every situation.
#include <gtest/gtest.h>

#include "sim/skip/report.hpp"
#include "sim/skip/situation.hpp"
#include "tests/scenarios/inputs.hpp"

namespace goldcrest::scenario {
namespace {

using sim::SkipOutcome;

TEST(Skips, no_skipped_instruction_makes_boot_start_what_it_must_not) {
  auto situations =
      sim::make_situations(read_all(man_image()), read_all(release("1.1.31")), seed());
  ASSERT_TRUE(situations.has_value()) << situations.error();
  const auto floor = sim::make_floor_situations(read_all(man_image()), read_all(revoking_release()),
                                                read_all(revoked_release()), seed());
  ASSERT_TRUE(floor.has_value()) << floor.error();
  situations->insert(situations->end(), floor->begin(), floor->end());
  // Of each situation one point in so many, another part with every seed.
  const unsigned shards = repetitions("GOLDCREST_SKIP_SHARDS", 400);
  const sim::SkipOptions options{.path = {.seed = seed(), .occurrences = 2},
                                 .shard = static_cast<unsigned>(seed() % shards),
                                 .shards = shards,
                                 .workers = 2};
  sim::SkipReport report{.what = "a part of all skips"};
  for (const auto& situation : *situations) {
    auto tried = sim::try_skips(situation, options, [](std::uint64_t, std::uint64_t) {});
    ASSERT_TRUE(tried.has_value()) << tried.error();
    // Without a skip BOOT does what it must.
    const bool beside = situation.name.ends_with("-beside");
    EXPECT_EQ(tried->path.end.starts_with("starts 0x08"), beside) << situation.name;
    EXPECT_EQ(tried->path.end == "stops", !beside) << situation.name;
    EXPECT_GT(tried->path.instructions, 1000u);
    EXPECT_FALSE(tried->trials.empty());
    report.situations.push_back(std::move(*tried));
  }
  EXPECT_TRUE(report.passed()) << sim::as_text(report, "goldcrest-skip … --replay");
  const auto outcomes = report.outcomes();
  EXPECT_GT(outcomes.at(static_cast<std::size_t>(SkipOutcome::refused)), report.trials() / 3);
  EXPECT_GT(outcomes.at(static_cast<std::size_t>(SkipOutcome::authentic)), report.trials() / 10);
}

}  // namespace
}  // namespace goldcrest::scenario

// SPDX-License-Identifier: MIT
// A bootloader of one comparison, which a single skipped instruction turns round: what skips lead
// to is found, and told apart by what lies in the slot.
#include "sim/skip/skipper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/image/test_image.hpp"
#include "sim/flash/flash.hpp"
#include "sim/skip/report.hpp"

namespace goldcrest::sim {
namespace {

using image::Slot;
using image::SlotState;
using ::testing::HasSubstr;

constexpr std::uint32_t code = 0x08000140;
constexpr std::uint32_t branch = 0x08000158;  // beq stop
constexpr std::uint32_t end = 0x08000162;     // b .

// Switches on port A and makes PA5 an output. Then:
//         ldr  r3, =0x08041000
//         movs r4, #0
//         cmp  r4, #0
//         beq  stop
//         ldr  r5, [r3, #4]
//         bx   r5
//   stop: movs r1, #32
//         str  r1, [r0, #0x14]    ; LD2
//         b    .
constexpr std::array<std::uint16_t, 28> weak_boot{
    0x480A, 0x2101, 0x6001, 0x480A, 0x6801, 0x2201, 0x0292, 0x4311, 0x6001, 0x4B08,
    0x2400, 0x2C00, 0xD001, 0x685D, 0x4728, 0x2120, 0x6141, 0xE7FE, 0xDE00, 0xDE00,
    0xDE00, 0xBF00, 0x381C, 0x4002, 0x0000, 0x4002, 0x1000, 0x0804};

SimulatedFlash weak_board() {
  SimulatedFlash flash;
  image::testing::lay_out_factory(flash);
  std::array<std::uint8_t, 8> vectors{};
  base::store_le32(vectors.data(), image::ram_section.base + 0x1000);
  base::store_le32(vectors.data() + 4, code + 1);
  flash.load(image::boot_section.base, vectors);
  std::vector<std::uint8_t> bytes;
  for (const auto half_word : weak_boot) {
    bytes.push_back(static_cast<std::uint8_t>(half_word));
    bytes.push_back(static_cast<std::uint8_t>(half_word >> 8));
  }
  flash.load(code, bytes);
  return flash;
}

Situation situation(const SimulatedFlash& flash) {
  const auto bytes = flash.memory(image::flash_section);
  return {.name = "weak", .what = "a <weak> BOOT", .flash = {bytes.begin(), bytes.end()}};
}

Situation with_image(SlotState state) {
  auto flash = weak_board();
  image::testing::lay_out(flash, Slot::app2, image::testing::make_image(), state);
  return situation(flash);
}

Situation forged() {
  auto image = image::testing::make_image();
  image.canonical.at(0x300) ^= 1;
  auto flash = weak_board();
  image::testing::lay_out(flash, Slot::app2, image, SlotState::confirmed);
  return situation(flash);
}

Tried tried(const Situation& situation, const SkipOptions& options = {}) {
  auto result = try_skips(situation, options, [](std::uint64_t, std::uint64_t) {});
  EXPECT_TRUE(result.has_value()) << result.error();
  return std::move(*result);
}

std::vector<Trial> with(const Tried& tried, SkipOutcome outcome) {
  std::vector<Trial> found;
  std::ranges::copy_if(tried.trials, std::back_inserter(found),
                       [&](const Trial& trial) { return trial.outcome == outcome; });
  return found;
}

TEST(Skips, the_one_branch_that_decides_is_found) {
  const auto result = tried(forged(), {.workers = 2});
  EXPECT_EQ(result.path.end, "stops");
  EXPECT_EQ(result.path.sampled, 1u);  // b .
  EXPECT_TRUE(with(result, SkipOutcome::untried).empty());
  const auto bad = with(result, SkipOutcome::forged);
  ASSERT_FALSE(bad.empty());
  for (const auto& trial : bad) {
    const auto& point = trial.point;
    EXPECT_LE(point.address, branch);
    EXPECT_EQ(point.occurrence, 0u);
    EXPECT_EQ(trial.end, image::app2_section.base + 0x200);
  }
  EXPECT_EQ(std::ranges::count_if(bad, [](const Trial& t) { return t.point.address == branch; }),
            1);  // two half-words more, and there is no jump
  EXPECT_GT(with(result, SkipOutcome::refused).size(), 20u);
}

TEST(Skips, outcomes_tell_what_has_been_started) {
  const SkipName name{"weak", branch, 0, 1};
  EXPECT_EQ(replay_skip(forged(), name)->outcome, SkipOutcome::forged);
  EXPECT_EQ(replay_skip(with_image(SlotState::confirmed), name)->outcome, SkipOutcome::authentic);
  EXPECT_EQ(replay_skip(with_image(SlotState::rejected), name)->outcome, SkipOutcome::rejected);
  auto policy = with_image(SlotState::confirmed);
  policy.forbidden = Slot::app2;
  EXPECT_EQ(replay_skip(policy, name)->outcome, SkipOutcome::forbidden);
  policy.forbidden = Slot::app1;
  EXPECT_EQ(replay_skip(policy, name)->outcome, SkipOutcome::authentic);
  EXPECT_EQ(replay_skip(forged(), {"weak", code, 0, 1})->outcome, SkipOutcome::stuck);
  EXPECT_FALSE(replay_skip(forged(), {"weak", branch, 1, 1}).has_value());
  EXPECT_FALSE(replay_skip(forged(), {"weak", branch + 4, 0, 1}).has_value());
}

TEST(Skips, shards_workers_and_seeds_divide_the_same_points) {
  const auto all = tried(forged(), {.path = {.occurrences = 4}});
  std::vector<Trial> pieces;
  for (unsigned shard = 0; shard < 3; ++shard) {
    const auto part =
        tried(forged(), {.path = {.occurrences = 4}, .shard = shard, .shards = 3, .workers = 3});
    pieces.insert(pieces.end(), part.trials.begin(), part.trials.end());
  }
  const auto key = [](const Trial& trial) {
    return std::tuple(trial.point.block, trial.point.index, trial.half_words, trial.outcome);
  };
  std::ranges::sort(pieces, {}, key);
  ASSERT_EQ(pieces.size(), all.trials.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) EXPECT_EQ(key(pieces[i]), key(all.trials[i]));
}

TEST(Skips, an_instruction_that_is_executed_often_is_skipped_at_some_times_or_all) {
  const auto count = [](const PathOptions& options) {
    const auto path = walk(forged(), options);
    EXPECT_TRUE(path.has_value());
    return std::ranges::count(path->points, end, &Point::address);
  };
  EXPECT_EQ(count({.occurrences = 1}), 1);
  EXPECT_EQ(count({.occurrences = 12}), 12);
  EXPECT_GT(count({.all = true}), 50);
}

TEST(Skips, names_are_read_as_they_are_written) {
  for (const SkipName& name :
       {SkipName{"image-bit", 0x08000A10, 3, 2}, SkipName{"a", 0, 4'000'000'000, 4}}) {
    const auto read = parse_skip_name(to_text(name));
    ASSERT_TRUE(read.has_value()) << read.error();
    EXPECT_EQ(read->situation, name.situation);
    EXPECT_EQ(read->address, name.address);
    EXPECT_EQ(read->occurrence, name.occurrence);
    EXPECT_EQ(read->half_words, name.half_words);
  }
  for (const auto* text :
       {"", "a", "a:b", "a:0x1:1", "a:1.1:1", "a:0x1.1:0", "a:0x1.1:5", "a:0x1.1:x", "a:0x1.1:1x",
        "a:0x1.-1:1", "a:0x100000000.1:1", "a:0x1.1:256", "0x1.1:1"}) {
    EXPECT_FALSE(parse_skip_name(text).has_value()) << text;
  }
}

TEST(Skips, reports_name_failures_and_how_to_see_them_again) {
  SkipReport report{.what = "BOOT", .situations = {tried(forged())}, .seconds = 1};
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(as_text(report, "again --replay"), HasSubstr("again --replay weak:0x08000158.0:1"));
  const auto json = nlohmann::json::parse(as_json(report, "again --replay"));
  EXPECT_FALSE(json.at("passed"));
  EXPECT_EQ(json.at("failures").size(), json.at("outcomes").at("UNSIGNED BOOTED"));
  EXPECT_EQ(json.at("skips"), report.trials());
  EXPECT_THAT(as_html(report, "again"), HasSubstr("a &lt;weak&gt; BOOT"));

  report.situations = {tried(with_image(SlotState::confirmed))};
  EXPECT_TRUE(report.passed());
  EXPECT_THAT(as_text(report, "again"),
              HasSubstr("nothing that is not authentic, or forbidden, was executed"));
  EXPECT_FALSE(SkipReport{}.passed());
}

}  // namespace
}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
// Resets and power cuts at any instant of an update: the board always comes up with the old or the
// new application.
//
// The update is played twice. The first time shows how long it takes and when each flash operation
// begins; the second time, which is the same to the microsecond, the board's state is taken at
// chosen instants, and a twin made of it meets its fate.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/scenarios/scenario.hpp"
#include "tests/scenarios/twin.hpp"

namespace goldcrest::scenario {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;

/// From the button to the confirmation of the new version, the end of its trial.
template <typename EachStep>
void play_update(Scenario& scenario, EachStep each_step) {
  auto& node = scenario.node();
  node.joins();
  scenario.server().publishes("1.1.31");
  node.presses_button();
  scenario.world().after_step(each_step);
  node.finds("1.1.31");
  node.completes_update_to("1.1.31");
  node.confirms("1.1.31");
}

/// When the update began and ended, and when each of its flash operations began.
struct Course {
  base::Instant begin = base::never;
  base::Instant end{};
  std::map<std::uint64_t, base::Instant> operations;
};

Course course_of_update() {
  Course course;
  Scenario scenario;
  play_update(scenario, [&](base::Instant now) {
    if (course.begin == base::never) course.begin = now;
    course.end = now;
    const auto begun = scenario.node().board().flash_operations();
    if (begun > 0) course.operations.try_emplace(begun - 1, now);
  });
  course.operations.erase(course.operations.begin());  // begun before the update
  return course;
}

void expect_application(const std::string& version, const std::string& what) {
  EXPECT_THAT(version, AnyOf(Eq("1.0.31"), Eq("1.1.31"))) << what << "; " << replay_command();
}

TEST(Interruption, a_reset_at_any_instant_leaves_the_old_or_the_new_application) {
  const auto count = repetitions("GOLDCREST_RESETS", 200);
  const auto course = course_of_update();
  std::mt19937_64 random(seed());
  std::vector<base::Instant> instants;
  std::uniform_int_distribution<std::int64_t> any(0, (course.end - course.begin).count());
  for (unsigned i = 0; i < count; ++i) {
    instants.push_back(course.begin + base::Duration(any(random)));
  }
  std::ranges::sort(instants);

  std::map<std::string, unsigned> versions;
  Scenario scenario;
  auto next = instants.begin();
  play_update(scenario, [&](base::Instant now) {
    for (; next != instants.end() && *next <= now; ++next) {
      Twin twin(scenario.node().board().save());
      if (random() % 2 == 0) {
        twin.board().reset();
      } else {
        twin.board().power(false);
        twin.runs_for(100ms);
        twin.is_switched_on();
      }
      const auto version = twin.shows_version();
      expect_application(version, fmt::format("reset at {} us", now.time_since_epoch().count()));
      ++versions[version];
    }
  });
  EXPECT_EQ(next, instants.end()) << "the update took as long as the first time";
  EXPECT_GT(versions["1.0.31"], 0u);
}

TEST(Interruption, a_power_cut_inside_any_flash_operation_leaves_an_application) {
  const auto count = repetitions("GOLDCREST_CUTS", 60);
  const auto course = course_of_update();
  ASSERT_GT(course.operations.size(), 500u);
  std::mt19937_64 random(seed());
  // The first and the last always; of the others any.
  std::map<std::uint64_t, base::Instant> chosen{*course.operations.begin(),
                                                *course.operations.rbegin()};
  while (chosen.size() < std::min<std::size_t>(count, course.operations.size())) {
    auto any = course.operations.begin();
    std::advance(any, random() % course.operations.size());
    chosen.insert(*any);
  }

  // An operation takes 3.2 ms, so a state from this long before its begin does all that led to it
  // by itself, and nothing but it.
  constexpr auto ahead = 2ms;
  unsigned fired = 0;
  Scenario scenario;
  auto next = chosen.begin();
  play_update(scenario, [&](base::Instant now) {
    for (; next != chosen.end() && next->second - ahead <= now; ++next) {
      const auto what = fmt::format("power cut in flash operation {} of {} to {}", next->first,
                                    course.operations.begin()->first,
                                    course.operations.rbegin()->first);
      Twin twin(scenario.node().board().save());
      twin.board().arm({.flash_operation = next->first,
                        .phase = board::CutPhase::inside,
                        .torn_seed = random()});
      if (!twin.loses_power(100ms)) {
        ADD_FAILURE() << what << " did not happen";
        continue;
      }
      ++fired;
      twin.runs_for(100ms);
      // Half of them lose power once more, while they recover from the first time.
      const bool again = random() % 2 == 0;
      if (again) {
        twin.board().arm({.flash_operation = twin.board().flash_operations() + random() % 3,
                          .phase = board::CutPhase::inside,
                          .torn_seed = random()});
      }
      twin.is_switched_on();
      auto version = twin.shows_version();
      if (again && !twin.board().powered()) {
        twin.is_switched_on();
        version = twin.shows_version();
      }
      expect_application(version, what + (again ? ", and again" : ""));
    }
  });
  EXPECT_EQ(fired, chosen.size());
}

TEST(Interruption, after_resets_and_power_cuts_on_the_way_the_update_still_completes) {
  Scenario scenario;
  auto& node = scenario.node();
  std::mt19937_64 random(seed());
  node.joins();
  scenario.server().publishes("1.1.31");
  for (int round = 0; round < 3; ++round) {
    node.presses_button();
    node.finds("1.1.31");
    node.reaches_percent(static_cast<unsigned>(random() % 25 + 1));
    if (round == 1) {
      node.board().arm({.flash_operation = node.board().flash_operations() + random() % 10,
                        .phase = board::CutPhase::inside,
                        .torn_seed = random()});
      scenario.until([&] { return node.board().take_cut_fired(); }, 30s, "the power goes");
      scenario.waits(1s);
    }
    node.resets();
    node.runs("1.0.31");
    // Pressed before the node asks by itself, five seconds after it has joined.
    node.says("[RPL: joined DODAG", 2min);
  }
  node.presses_button();
  node.finds("1.1.31");
  node.completes_update_to("1.1.31");
  node.confirms("1.1.31");
}

}  // namespace
}  // namespace goldcrest::scenario

// SPDX-License-Identifier: MIT
#include "firmware/app/trial.hpp"

#include <gtest/gtest.h>

namespace goldcrest::app {
namespace {

const base::Instant start{std::chrono::seconds(1)};
constexpr base::Duration moment{1};

TEST(Trial, AConfirmedImageIsLeftAlone) {
  Trial trial(false, start);
  EXPECT_EQ(trial.next_deadline(), base::never);
  EXPECT_EQ(trial.advance(start + 100 * Trial::patience, false, false), Trial::Action::none);
  EXPECT_EQ(trial.advance(start, true, true), Trial::Action::none);
}

TEST(Trial, ConfirmsOnlyOnceJoinedAndAnswered) {
  Trial trial(true, start);
  EXPECT_EQ(trial.advance(start, true, false), Trial::Action::none);
  EXPECT_EQ(trial.advance(start, false, true), Trial::Action::none);
  EXPECT_EQ(trial.advance(start, true, true), Trial::Action::confirm);
  // Until the flash has it.
  EXPECT_EQ(trial.advance(start, true, true), Trial::Action::confirm);
  trial.confirmed();
  EXPECT_FALSE(trial.pending());
  EXPECT_EQ(trial.advance(start + 2 * Trial::patience, false, false), Trial::Action::none);
  EXPECT_EQ(trial.next_deadline(), base::never);
}

TEST(Trial, ResetsWhenTimeIsOver) {
  Trial trial(true, start);
  EXPECT_EQ(trial.next_deadline(), start + Trial::patience);
  EXPECT_EQ(trial.advance(start + Trial::patience - moment, true, false), Trial::Action::none);
  EXPECT_EQ(trial.advance(start + Trial::patience, true, false), Trial::Action::reset);
  // Asked to confirm for so long: the word does not take.
  EXPECT_EQ(trial.advance(start + Trial::patience - moment, true, true), Trial::Action::confirm);
  EXPECT_EQ(trial.advance(start + Trial::patience, true, true), Trial::Action::reset);
}

}  // namespace
}  // namespace goldcrest::app

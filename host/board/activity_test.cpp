// SPDX-License-Identifier: MIT
#include "host/board/activity.hpp"

#include <gmock/gmock.h>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr Picoseconds millisecond = 1'000'000'000;

Picoseconds time_in(const Activity& activity, ChipMode mode) {
  Picoseconds sum = 0;
  for (const auto& [state, time] : activity.chip) {
    if (state.mode == mode) sum += time;
  }
  return sum;
}

Picoseconds all_time(const Activity& activity) {
  Picoseconds sum = 0;
  for (const auto& [state, time] : activity.chip) sum += time;
  return sum;
}

TEST(ActivityMeter, KeepsTheTimeOfEachState) {
  const ChipState run{ChipMode::run, 1, 32'000'000};
  const ChipState sleep{ChipMode::sleep, 1, 32'000'000};
  ActivityMeter meter;
  meter.enter(run, 100);
  meter.enter(sleep, 250);
  meter.enter(sleep, 300);
  meter.enter(run, 1'000);
  const auto times = meter.times(1'100);
  EXPECT_EQ(times.at({}), 100);
  EXPECT_EQ(times.at(run), 250);
  EXPECT_EQ(times.at(sleep), 750);
}

TEST(ActivityMeter, CurrentsGrowWithTheClockAndFallWithSleep) {
  const auto current = [](ChipMode mode, std::uint8_t range, std::uint32_t hz) {
    return chip_current_microampere({mode, range, hz});
  };
  EXPECT_NEAR(current(ChipMode::run, 1, 32'000'000), 9'600, 1);
  EXPECT_NEAR(current(ChipMode::run, 2, 16'000'000), 3'900, 20);
  EXPECT_NEAR(current(ChipMode::run, 3, 4'000'000), 890, 5);
  EXPECT_LT(current(ChipMode::sleep, 1, 32'000'000), current(ChipMode::run, 1, 32'000'000) / 3);
  EXPECT_LT(current(ChipMode::stop, 0, 0), 2);
  EXPECT_EQ(current(ChipMode::off, 0, 0), 0);
  EXPECT_NEAR(charge_microampere_hours(9'600, 3'600'000 * millisecond), 9'600, 1e-6);
}

TEST(Activity, ABusyBoardRunsAndASleepingOneSleeps) {
  ProgrammedBoard busy("spin");
  busy.run(milliseconds(100));
  const Activity running = busy.board.activity();
  EXPECT_EQ(all_time(running) / 1'000, busy.board.time_ns());
  EXPECT_GT(time_in(running, ChipMode::run), 99 * millisecond);

  ProgrammedBoard idle("idle");
  idle.run(milliseconds(100));
  const Activity sleeping = idle.board.activity();
  EXPECT_EQ(all_time(sleeping) / 1'000, idle.board.time_ns());
  EXPECT_GT(time_in(sleeping, ChipMode::sleep) + time_in(sleeping, ChipMode::stop),
            90 * millisecond);
  EXPECT_LT(sleeping.chip_microampere_hours(), running.chip_microampere_hours());
  EXPECT_THAT(describe(sleeping), HasSubstr("radio shutdown"));
}

TEST(Activity, AnUnpoweredBoardTakesNothing) {
  Board board({});
  board.run_until(board.now() + milliseconds(20));
  const Activity activity = board.activity();
  EXPECT_EQ(time_in(activity, ChipMode::off), 20 * millisecond);
  EXPECT_EQ(activity.chip_microampere_hours(), 0);
}

TEST(Activity, DoesNotDependOnHowTimeIsSlicedAndSurvivesSaving) {
  ProgrammedBoard whole("sleeping");
  whole.run(milliseconds(40));
  ProgrammedBoard sliced("sleeping");
  for (int slice = 0; slice < 200; ++slice) sliced.run(std::chrono::microseconds(200));
  EXPECT_EQ(whole.board.activity().chip, sliced.board.activity().chip);

  Board restored({});
  ASSERT_TRUE(restored.restore(whole.board.save()));
  EXPECT_EQ(whole.board.activity().chip, restored.activity().chip);
  EXPECT_EQ(whole.board.activity().radio.in, restored.activity().radio.in);
}

}  // namespace
}  // namespace goldcrest::board

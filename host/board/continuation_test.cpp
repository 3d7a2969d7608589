// SPDX-License-Identifier: MIT
// A board's saved state is the whole of it: whatever runs is stopped at some moment, saved,
// restored into another board, and both go on, in other slices of time. They must not differ in
// anything. GOLDCREST_CONTINUATIONS in the environment tries more moments than the few of a test
// run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "core/base/random.hpp"
#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

unsigned moments() {
  const char* wanted = std::getenv("GOLDCREST_CONTINUATIONS");
  return wanted == nullptr ? 2 : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

std::vector<std::string> all_programs() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(GOLDCREST_BOARD_PROGRAMS)) {
    if (entry.path().extension() == ".bin") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string run_sliced(Board& board, base::Instant end, base::SeededRandom& random) {
  while (board.now() < end) {
    const base::Duration slice(1 + random.next() % (random.next() % 2 == 0 ? 40 : 4'000));
    board.run_until(std::min(board.now() + slice, end));
  }
  return board.take_serial();
}

class Continuation : public testing::TestWithParam<std::string> {};

TEST_P(Continuation, of_a_restored_board_is_the_same) {
  for (unsigned moment = 0; moment < moments(); ++moment) {
    SCOPED_TRACE(moment);
    base::SeededRandom random(moment);
    ProgrammedBoard first(GetParam());
    const base::Duration until_saved(random.next() % (moment % 2 == 0 ? 2'000 : 30'000));
    const base::Instant end = first.board.now() + until_saved + std::chrono::milliseconds(10);
    (void)run_sliced(first.board, first.board.now() + until_saved, random);
    const auto saved = first.board.save();
    const std::string console = run_sliced(first.board, end, random);
    const auto expected = first.board.save();

    Board second{BoardOptions{}};
    const auto restored = second.restore(saved);
    ASSERT_TRUE(restored.has_value()) << restored.error();
    EXPECT_TRUE(second.save() == saved);
    second.run_until(end);
    EXPECT_EQ(second.take_serial(), console);
    const auto reached = second.save();
    EXPECT_TRUE(reached == expected)
        << "first difference at byte "
        << std::ranges::mismatch(reached, expected).in1 - reached.begin();

    ProgrammedBoard whole(GetParam());
    whole.board.run_until(end);
    (void)whole.board.take_serial();
    EXPECT_TRUE(whole.board.save() == expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Continuation, testing::ValuesIn(all_programs()),
                         [](const auto& program) { return program.param; });

}  // namespace
}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// What the engine has translated must not outlive the code it was made of, whoever rewrites that.
#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

TEST(RewrittenCode, is_executed_as_it_is_now) {
  ProgrammedBoard board("rewritten_code");
  EXPECT_EQ(board.finish(),
            "bit-band alias=0x00000000\n"
            "alias at 0=0x00000000\n"
            "DMA=0x00000000\n"
            "DMA before the first call=0x00000000\n"
            "met=0x00000001\n");
}

/// The board's state 10 ms after `state`.
std::vector<std::uint8_t> continued(Board& board, const std::vector<std::uint8_t>& state) {
  EXPECT_TRUE(board.restore(state).has_value());
  board.run_until(board.now() + std::chrono::milliseconds(10));
  return board.save();
}

/// Programs in flash and in RAM, at other places or the same ones, in the midst of their work.
TEST(RewrittenCode, of_a_restored_state_is_executed) {
  std::vector<std::vector<std::uint8_t>> states;
  for (const char* program :
       {"rewritten_code", "flash_code", "rewriting", "tasks", "boot_memory"}) {
    ProgrammedBoard board(program);
    for (const int milliseconds : {0, 3, 4}) {
      board.run(std::chrono::milliseconds(milliseconds));
      states.push_back(board.board.save());
    }
  }
  Board used{BoardOptions{}};
  base::SeededRandom random(1);
  for (int restores = 0; restores < 40; ++restores) {
    const auto& state = states[random.next() % states.size()];
    Board fresh{BoardOptions{}};
    ASSERT_TRUE(continued(used, state) == continued(fresh, state)) << restores;
  }
}

}  // namespace
}  // namespace goldcrest::board

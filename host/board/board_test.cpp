// SPDX-License-Identifier: MIT
#include "host/board/board.hpp"

#include <gtest/gtest.h>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

using std::chrono::milliseconds;

TEST(Board, says_hello_and_ticks) {
  ProgrammedBoard hello("hello");
  EXPECT_EQ(hello.finish(), "hello\nticks=0x0000000a\n");
  EXPECT_GE(hello.board.now().time_since_epoch(), milliseconds(10));
  EXPECT_LE(hello.board.now().time_since_epoch(), milliseconds(14));
}

}  // namespace
}  // namespace goldcrest::board

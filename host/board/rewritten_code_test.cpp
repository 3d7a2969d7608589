// SPDX-License-Identifier: MIT
// What the engine has translated must not outlive the code it was made of, whoever rewrites that.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace goldcrest::board

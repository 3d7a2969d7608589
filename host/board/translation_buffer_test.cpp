// SPDX-License-Identifier: MIT
// Firmware that makes the engine translate more than its buffer holds: each call of the program's
// rewritten code takes some 35 KB of it.
#include "host/board/translation_buffer.hpp"

#include <gtest/gtest.h>

#include <array>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

TEST(TranslationBuffer, has_no_room_when_its_allocator_begins_anew) {
  TranslationBuffer buffer;
  const std::array<std::uint8_t, 3> blocks{};
  EXPECT_TRUE(buffer.has_room(&blocks[1]));
  EXPECT_TRUE(buffer.has_room(&blocks[1])) << "the block was taken back";
  EXPECT_TRUE(buffer.has_room(&blocks[2]));
  EXPECT_FALSE(buffer.has_room(&blocks[0]));
  EXPECT_TRUE(buffer.has_room(&blocks[0])) << "after everything has been dropped";
  EXPECT_FALSE(buffer.has_room(nullptr));
  EXPECT_TRUE(buffer.has_room(&blocks[0]));
}

TEST(TranslationBuffer, that_is_full_several_times_is_not_noticed) {
  ProgrammedBoard full("rewriting");
  ProgrammedBoard source("rewriting");
  ASSERT_TRUE(full.run_to("done\n", std::chrono::seconds(10))) << full.board.describe_cpu();
  EXPECT_EQ(full.console, "wrong=0x00000000\nfailed=0x00000000\ndone\n");
  // The same in boards that are replaced before theirs is full.
  auto state = source.board.save();
  std::string console;
  while (source.board.now() < full.board.now()) {
    Board part{BoardOptions{}};
    ASSERT_TRUE(part.restore(state).has_value());
    part.run_until(std::min(full.board.now(), part.now() + std::chrono::milliseconds(200)));
    console += part.take_serial();
    state = part.save();
    ASSERT_TRUE(source.board.restore(state).has_value());
  }
  EXPECT_EQ(console, full.console);
  EXPECT_TRUE(state == full.board.save());
}

}  // namespace
}  // namespace goldcrest::board

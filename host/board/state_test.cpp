// SPDX-License-Identifier: MIT
#include "host/board/state.hpp"

#include <gtest/gtest.h>

namespace goldcrest::board {
namespace {

enum class Colour : std::uint8_t { red, green };

struct Part {
  std::uint32_t word = 0;
  std::int64_t time = 0;
  bool flag = false;
  Colour colour = Colour::red;
  std::array<std::uint16_t, 3> registers{};
  std::vector<std::uint8_t> bytes;
  std::deque<std::pair<std::uint8_t, std::int32_t>> queue;
  std::optional<std::uint32_t> maybe;
  std::optional<std::uint32_t> nothing;
  std::string name;
  double ratio = 0;

  void serialize(Saver& saver) {
    saver.section("PART");
    saver(word, time, flag, colour, registers, bytes, queue, maybe, nothing, name, ratio);
  }
  friend bool operator==(const Part&, const Part&) = default;
};

Part example() {
  return {.word = 0xDEADBEEF,
          .time = -5,
          .flag = true,
          .colour = Colour::green,
          .registers = {1, 2, 0xFFFF},
          .bytes = {9, 8, 7},
          .queue = {{1, -1}, {2, INT32_MIN}},
          .maybe = 7,
          .nothing = std::nullopt,
          .name = "crest",
          .ratio = 0.25};
}

TEST(Saver, loads_what_it_saved) {
  Part saved = example();
  Saver out;
  out(saved);
  Part loaded;
  loaded.nothing = 3;
  Saver in(out.bytes());
  in(loaded);
  EXPECT_EQ(in.error(), "");
  EXPECT_EQ(in.remaining(), 0U);
  EXPECT_EQ(loaded, saved);
}

TEST(Saver, every_truncation_is_an_error) {
  Part saved = example();
  Saver out;
  out(saved);
  for (std::size_t size = 0; size < out.bytes().size(); ++size) {
    Saver in(std::span(out.bytes()).first(size));
    Part loaded;
    in(loaded);
    EXPECT_NE(in.error(), "") << size;
  }
}

TEST(Saver, refuses_another_section_and_a_huge_length) {
  Saver out;
  out.section("A");
  Saver in(out.bytes());
  in.section("B");
  EXPECT_EQ(in.error(), "expected the section B, found A");

  const std::vector<std::uint8_t> huge{0xFF, 0xFF, 0xFF, 0xFF, 1};
  Saver hostile(huge);
  std::vector<std::uint32_t> values;
  hostile(values);
  EXPECT_EQ(hostile.error(), "a length is longer than the file");
  EXPECT_TRUE(values.empty());
}

}  // namespace
}  // namespace goldcrest::board

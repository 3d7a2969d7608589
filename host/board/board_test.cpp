// SPDX-License-Identifier: MIT
#include "host/board/board.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "core/base/random.hpp"
#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

base::Instant at(base::Duration time) {
  return base::Instant(time);
}

TEST(Board, says_hello_and_ticks) {
  ProgrammedBoard hello("hello");
  EXPECT_EQ(hello.finish(), "hello\nticks=0x0000000a\n");
  EXPECT_GE(hello.board.now().time_since_epoch(), milliseconds(10));
  EXPECT_LE(hello.board.now().time_since_epoch(), milliseconds(14));
}

TEST(Board, does_nothing_without_power) {
  Board board({});
  EXPECT_FALSE(board.powered());
  EXPECT_EQ(board.next_event(), base::never);
  board.run_until(at(seconds(1000)));
  EXPECT_EQ(board.now(), at(seconds(1000)));
  EXPECT_EQ(board.instructions(), 0U);
  EXPECT_FALSE(board.led());
}

TEST(Board, an_empty_chip_locks_up_and_time_goes_on) {
  Board board({});
  board.power(true);
  board.run_until(at(seconds(5)));
  EXPECT_EQ(board.now(), at(seconds(5)));
  EXPECT_NE(board.describe_cpu().find("locked up"), std::string::npos);
}

TEST(Board, a_sleeping_board_costs_nothing_and_says_when_it_wakes_up) {
  ProgrammedBoard idle("idle");
  ASSERT_TRUE(idle.run_to("idle\n"));
  idle.run(milliseconds(5));  // the last byte leaves the USART
  const auto instructions = idle.board.instructions();
  for (int round = 0; round < 10; ++round) {
    const base::Instant next = idle.board.next_event();
    EXPECT_GT(next, idle.board.now());  // SysTick, every 10 ms
    EXPECT_LE(next, idle.board.now() + milliseconds(10));
    idle.board.run_until(next + microseconds(10));
  }
  idle.board.run_until(idle.board.now() + seconds(60));
  EXPECT_LT(idle.board.instructions() - instructions, 6100U * 20U);
}

TEST(Board, a_board_that_waits_for_nothing_waits_for_ever) {
  ProgrammedBoard hello("hello");
  hello.finish();
  hello.run(milliseconds(5));
  EXPECT_EQ(hello.board.next_event(), base::never);
  hello.board.run_until(at(std::chrono::hours(24 * 90)));
  EXPECT_EQ(hello.board.now(), at(std::chrono::hours(24 * 90)));
}

TEST(Board, runs_to_the_time_it_is_told_to) {
  ProgrammedBoard spin("spin");
  ASSERT_TRUE(spin.run_to("ready\n"));
  for (int step = 1; step <= 1000; ++step) {
    const base::Instant until = spin.board.now() + microseconds(step % 17 + 1);
    spin.board.run_until(until);
    EXPECT_GE(spin.board.now(), until);
    EXPECT_LE(spin.board.now(), until + microseconds(1));
    EXPECT_EQ(spin.board.next_event(), spin.board.now());
  }
}

TEST(Board, is_deterministic_however_it_is_stepped) {
  ProgrammedBoard coarse("arithmetic");
  ProgrammedBoard fine("arithmetic");
  const base::Instant end = coarse.board.now() + milliseconds(40);
  coarse.board.run_until(end);
  while (fine.board.now() < end) {
    fine.board.run_until(std::min(end, fine.board.now() + microseconds(37)));
  }
  EXPECT_EQ(coarse.board.take_serial(), fine.board.take_serial());
  EXPECT_EQ(coarse.board.instructions(), fine.board.instructions());
  EXPECT_EQ(coarse.board.describe_cpu(), fine.board.describe_cpu());
  EXPECT_EQ(coarse.board.save(), fine.board.save());
}

TEST(Board, the_seed_chooses_the_ram_of_a_cold_start) {
  const auto ram = [](std::uint64_t seed) {
    BoardOptions options;
    options.seed = seed;
    ProgrammedBoard board("power_cut", options);
    board.finish();
    return board.values().at("ram");
  };
  EXPECT_EQ(ram(1), ram(1));
  EXPECT_NE(ram(1), ram(2));
}

TEST(Board, many_boards_live_in_one_process) {
  std::vector<std::unique_ptr<ProgrammedBoard>> boards;
  for (int index = 0; index < 12; ++index) {
    boards.push_back(std::make_unique<ProgrammedBoard>(index % 2 == 0 ? "hello" : "tasks"));
  }
  for (int step = 0; step < 400; ++step) {
    for (auto& board : boards) board->run(microseconds(100));
  }
  for (std::size_t index = 0; index < boards.size(); ++index) {
    EXPECT_TRUE(boards[index]->console.ends_with("done\n")) << index;
    EXPECT_EQ(boards[index]->console, boards[index % 2]->console);
  }
}

TEST(Board, jumper_button_and_led_are_wired) {
  ProgrammedBoard board("pins");
  ASSERT_TRUE(board.run_to("jumper=0x00000000\nbutton=0x00000001\n"));
  EXPECT_FALSE(board.board.led());
  board.board.set_jumper(true);
  ASSERT_TRUE(board.run_to("jumper=0x00000001\nbutton=0x00000001\n"));
  EXPECT_TRUE(board.board.led());  // the program copies the jumper to the LED
  board.board.set_button(true);
  ASSERT_TRUE(board.run_to("jumper=0x00000001\nbutton=0x00000000\n"));
  board.board.set_jumper(false);
  board.board.set_button(false);
  board.console.clear();
  ASSERT_TRUE(board.run_to("jumper=0x00000000\nbutton=0x00000001\n"));
  EXPECT_FALSE(board.board.led());
}

// --- state ---------------------------------------------------------------------------------------

TEST(BoardState, a_restored_board_goes_on_in_the_same_way) {
  for (const char* program : {"arithmetic", "tasks", "sleeping", "flash_rules", "nesting"}) {
    for (int cut = 1; cut <= 8; ++cut) {
      ProgrammedBoard original(program);
      original.run(microseconds(cut * 2311));
      const auto state = original.board.save();
      Board copy({});
      const auto restored = copy.restore(state);
      ASSERT_TRUE(restored.has_value()) << restored.error();
      EXPECT_EQ(copy.save(), state) << program << " " << cut;
      const base::Instant end = original.board.now() + milliseconds(20);
      original.board.run_until(end);
      copy.run_until(end);
      EXPECT_EQ(copy.take_serial(), original.board.take_serial()) << program << " " << cut;
      EXPECT_EQ(copy.describe_cpu(), original.board.describe_cpu()) << program << " " << cut;
      EXPECT_EQ(copy.save(), original.board.save()) << program << " " << cut;
    }
  }
}

TEST(BoardState, damaged_files_are_refused_and_leave_the_board_as_it_was) {
  ProgrammedBoard source("hello");
  source.run(milliseconds(3));
  const auto state = source.board.save();
  ProgrammedBoard target("tasks");
  target.run(milliseconds(2));
  const auto before = target.board.save();

  const auto refuse = [&](std::vector<std::uint8_t> bytes, std::string_view reason) {
    const auto result = target.board.restore(bytes);
    ASSERT_FALSE(result.has_value());
    EXPECT_NE(result.error().find(reason), std::string::npos) << result.error();
    EXPECT_EQ(target.board.save(), before);
  };
  refuse({}, "too short");
  refuse(std::vector<std::uint8_t>(5000, 7), "not a board's state");
  auto bytes = state;
  bytes[8] = 99;
  refuse(bytes, "version 99");
  bytes = state;
  bytes.pop_back();
  refuse(bytes, "announced");
  bytes = state;
  bytes[bytes.size() / 2] ^= 1;
  refuse(bytes, "checksum");
  target.finish();
}

/// The checksum only finds accidents; a forged file must not do harm either.
TEST(BoardState, forged_files_are_refused_or_harmless) {
  ProgrammedBoard source("traffic");
  source.run(milliseconds(15));
  const auto state = source.board.save();
  constexpr std::size_t header = 28;
  const auto place_of = [&](std::string_view section) {
    const auto found = std::ranges::search(state, section);
    return static_cast<std::size_t>(found.begin() - state.begin());
  };
  const std::size_t memories_begin = place_of("MEMORY");
  const std::size_t memories = place_of("NVIC") - memories_begin;
  base::SeededRandom random(5);
  int accepted = 0;
  Board board({});
  for (int round = 0; round < 150; ++round) {
    auto bytes = state;
    const std::size_t changes = 1 + random.below(4);
    for (std::size_t change = 0; change < changes; ++change) {
      // Before and after the memories, where the registers are.
      std::size_t place =
          header + random.below(static_cast<std::uint32_t>(state.size() - header - memories));
      if (place >= memories_begin) place += memories;
      bytes[place] = static_cast<std::uint8_t>(random.next());
    }
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (std::size_t at = header; at < bytes.size(); ++at)
      hash = (hash ^ bytes[at]) * 0x100000001B3u;
    for (std::size_t byte = 0; byte < 8; ++byte) {
      bytes[20 + byte] = static_cast<std::uint8_t>(hash >> (8 * byte));
    }
    if (!board.restore(bytes)) continue;
    ++accepted;
    const base::Instant end = board.now() + milliseconds(1);
    if (board.now() > at(std::chrono::hours(24 * 30)) || board.now() < at({})) continue;
    board.run_until(end);
  }
  EXPECT_GT(accepted, 30);
}

}  // namespace
}  // namespace goldcrest::board

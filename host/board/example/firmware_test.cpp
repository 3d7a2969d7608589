// SPDX-License-Identifier: MIT
// An example to copy: tests of a firmware on the virtual board, with GoogleTest. The firmware,
// boot_counter.c, counts its starts in flash; take your own ELF file instead.
//
// Everything happens in virtual time and repeats exactly: no test waits, and none fails only
// sometimes. Include host/board/board.hpp and link the library host_board.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "host/board/board.hpp"
#include "host/board/firmware_file.hpp"

namespace {

using namespace std::chrono_literals;
using goldcrest::base::Duration;
using goldcrest::board::Board;
using goldcrest::board::CutPhase;

/// A board with the firmware on it, switched on, and what its console has shown.
class Node {
 public:
  Node() {
    const auto firmware = goldcrest::board::read_firmware(FIRMWARE_FILE);
    EXPECT_TRUE(firmware) << (firmware ? "" : firmware.error());
    board.power(true);
    EXPECT_TRUE(board.program(firmware->address, firmware->bytes));
    board.reset();
  }

  void runs(Duration time) {
    board.run_until(board.now() + time);
    console += board.take_serial();
  }

  /// Runs until the console has shown `text`, at most for `limit`, and forgets what was before.
  bool says(const std::string& text, Duration limit = 1s) {
    for (const auto end = board.now() + limit; board.now() < end;) {
      runs(1ms);
      const auto found = console.find(text);
      if (found == std::string::npos) continue;
      console.erase(0, found + text.size());
      return true;
    }
    return false;
  }

  bool has_said(const std::string& text) const { return console.find(text) != std::string::npos; }

  Board board{{.seed = 7}};  // of the RAM's contents and of what a power cut leaves in flash
  std::string console;
};

TEST(BootCounter, counts_every_start) {
  Node node;
  EXPECT_TRUE(node.says("starts=0x00000001\n"));
  node.board.reset();
  EXPECT_TRUE(node.says("starts=0x00000002\n"));
  node.board.power(false);
  node.board.power(true);
  EXPECT_TRUE(node.says("starts=0x00000003\n"));
}

TEST(BootCounter, does_not_count_with_the_jumper_fitted) {
  Node node;
  ASSERT_TRUE(node.says("starts=0x00000001\n"));
  const auto operations = node.board.flash_operations();
  node.board.set_jumper(true);
  node.board.reset();
  EXPECT_TRUE(node.says("service mode, starts=0x00000001\n"));
  EXPECT_EQ(node.board.flash_operations(), operations) << "nothing was written";
}

TEST(BootCounter, lights_the_led_while_the_button_is_pressed) {
  Node node;
  ASSERT_TRUE(node.says("starts="));
  node.runs(20ms);  // the rest of the line
  EXPECT_FALSE(node.board.led());
  node.board.set_button(true);
  node.runs(1ms);
  EXPECT_TRUE(node.board.led());
}

// The test that hardware cannot do: the power fails at every flash operation of a start, before it,
// inside it (which leaves any mixture of old and new bits, chosen by a seed) and after it.
TEST(BootCounter, loses_no_count_wherever_the_power_fails) {
  Node reference;
  ASSERT_TRUE(reference.says("starts=0x00000001\n"));
  const auto first = reference.board.flash_operations();
  const auto state = reference.board.save();  // to begin each experiment at the same point
  reference.board.reset();
  ASSERT_TRUE(reference.says("starts=0x00000002\n"));
  const auto operations = reference.board.flash_operations() - first;
  EXPECT_EQ(operations, 3u) << "erase, count, check word";

  Node node;
  for (std::uint64_t operation = 0; operation < operations; ++operation) {
    for (const auto phase : {CutPhase::before, CutPhase::inside, CutPhase::after}) {
      for (std::uint64_t seed = 0; seed < (phase == CutPhase::inside ? 20u : 1u); ++seed) {
        SCOPED_TRACE("operation " + std::to_string(operation) + ", phase " +
                     std::to_string(static_cast<int>(phase)) + ", seed " + std::to_string(seed));
        ASSERT_TRUE(node.board.restore(state));
        node.board.reset();
        node.board.arm({.flash_operation = first + operation, .phase = phase, .torn_seed = seed});
        node.runs(100ms);
        ASSERT_TRUE(node.board.take_cut_fired());
        node.console.clear();
        node.board.power(true);
        // The second start was counted, or it was not: the next one is the second or the third.
        node.runs(100ms);
        ASSERT_TRUE(node.has_said("starts=0x00000002\n") || node.has_said("starts=0x00000003\n"))
            << node.console << node.board.describe_cpu();
      }
    }
  }
}

}  // namespace

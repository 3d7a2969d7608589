// SPDX-License-Identifier: MIT
#include "host/board/flash_controller.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <set>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t word_address = 0x08050000;
constexpr std::uint32_t half_page_address = 0x08051000;
constexpr std::uint32_t full_address = 0x08052000;

std::uint32_t word_at(Board& board, std::uint32_t address) {
  const auto bytes = board.read_flash(address, 4);
  EXPECT_TRUE(bytes.has_value());
  return load(*bytes, 0, 4);
}

TEST(Flash, keeps_the_rules_of_the_reference_manual) {
  ProgrammedBoard board("flash_rules");
  EXPECT_EQ(board.finish(),
            "locked=0x00000007\n"
            "program locked=0x00000100\n"
            "still zero=0x00000000\n"
            "unlocked=0x00000004\n"
            "program=0x00000000\n"
            "word time=0x00000001\n"
            "value=0x12345678\n"
            "program again=0x00000200\n"
            "unchanged=0x12345678\n"
            "byte=0x00000400\n"
            "erase=0x00000000\n"
            "erased=0x00000000\n"
            "half page=0x00000000\n"
            "half page time=0x00000001\n"
            "half page wrong=0x00000000\n"
            "half page again=0x00000200\n"
            "half page misaligned=0x00000200\n"
            "half page not in order=0x00000200\n"
            "half page from its own bank=0x00000200\n"
            "half page from ram=0x00000000\n"
            "erase half page=0x00000000\n"
            "other bank goes on=0x00000001\n"
            "own bank stalls=0x00000001\n"
            "end of operation interrupts=0x00000001\n"
            "eeprom=0x00000000\n"
            "eeprom value=0xcafef00d\n"
            "eeprom byte=0x00000000\n"
            "eeprom value=0xcafe550d\n"
            "option bytes=0x00000000\n"
            "locked again=0x00000007\n");
}

TEST(Flash, protects_sectors_and_locks_after_a_wrong_key) {
  ProgrammedBoard board("flash_locked");
  EXPECT_EQ(board.finish(),
            "reset flags=0x0000000c\n"
            "launch\n"
            "reset flags=0x0000000e\n"
            "wrpr3=0x00000001\n"
            "protected=0x00000100\n"
            "unchanged=0x00000000\n"
            "next sector=0x00000000\n"
            "faults=0x00000001\n"
            "still locked=0x00000001\n");
  const std::vector<std::uint8_t> page(256, 0x5A);
  const auto refused = board.board.program(0x08040F00, page);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), "the page at 0x08040f00 is write-protected (WRP)");
  EXPECT_TRUE(board.board.program(0x08041000, page).has_value());
}

TEST(Flash, code_that_was_replaced_is_executed_as_it_is_now) {
  ProgrammedBoard board("flash_code");
  EXPECT_EQ(board.finish(), "wrong=0x00000000\n");
}

TEST(Flash, the_programmer_checks_what_it_is_given) {
  Board board({});
  const std::vector<std::uint8_t> bytes(300, 0xA5);
  EXPECT_FALSE(board.program(0x08000000, bytes).has_value());  // no power
  board.power(true);
  EXPECT_FALSE(board.program(0x08000010, bytes).has_value());
  EXPECT_FALSE(board.program(0x0807FF00, bytes).has_value());
  EXPECT_FALSE(board.program(0x07FFFF00, bytes).has_value());
  EXPECT_FALSE(board.program(0x20000000, bytes).has_value());
  EXPECT_FALSE(board.program(0x08000000, {}).has_value());
  ASSERT_TRUE(board.program(0x08000100, bytes).has_value());
  const auto read = board.read_flash(0x08000000, 1024);
  ASSERT_TRUE(read.has_value());
  for (std::uint32_t offset = 0; offset < 1024; ++offset) {
    EXPECT_EQ((*read)[offset], offset >= 256 && offset < 556 ? 0xA5 : 0) << offset;
  }
  EXPECT_FALSE(board.read_flash(0x0807FFFF, 2).has_value());
  EXPECT_FALSE(board.read_flash(0x20000000, 2).has_value());
}

// --- power cuts ----------------------------------------------------------------------------------

/// A board that is about to do the four operations of power_cut.c.
class CutBoard : public ProgrammedBoard {
 public:
  explicit CutBoard(std::uint64_t seed = 1) : ProgrammedBoard("power_cut", {.seed = seed}) {
    const std::vector<std::uint8_t> ones(256, 0xFF);
    EXPECT_TRUE(board.program(full_address, ones).has_value());
    board.reset();
  }
  void cut(std::uint64_t operation, CutPhase phase, std::uint64_t seed = 0) {
    cut(PowerCut{.flash_operation = operation, .phase = phase, .torn_seed = seed});
  }
  void cut(const PowerCut& cut) {
    board.arm(cut);
    const base::Instant end = board.now() + std::chrono::milliseconds(100);
    while (board.powered() && board.now() < end) run(std::chrono::microseconds(500));
    EXPECT_FALSE(board.powered());
    EXPECT_TRUE(board.take_cut_fired());
    EXPECT_FALSE(board.take_cut_fired());
  }
};

TEST(PowerCut, before_an_operation_nothing_has_happened) {
  for (std::uint64_t operation = 0; operation < 4; ++operation) {
    CutBoard board;
    board.cut(operation, CutPhase::before);
    EXPECT_EQ(board.board.flash_operations(), operation + 1);
    EXPECT_EQ(word_at(board.board, word_address), operation > 0 ? 0xFFFFFFFF : 0);
    EXPECT_EQ(word_at(board.board, half_page_address + 124), operation > 1 ? 0xFFFFFFFF : 0);
    EXPECT_EQ(word_at(board.board, full_address), operation > 2 ? 0 : 0xFFFFFFFF);
  }
}

TEST(PowerCut, after_an_operation_it_is_complete_and_the_next_has_not_begun) {
  for (std::uint64_t operation = 0; operation < 4; ++operation) {
    CutBoard board;
    board.cut(operation, CutPhase::after);
    EXPECT_EQ(board.board.flash_operations(), operation + 1);
    EXPECT_EQ(word_at(board.board, word_address), 0xFFFFFFFF);
    EXPECT_EQ(word_at(board.board, half_page_address + 124), operation > 0 ? 0xFFFFFFFF : 0);
    EXPECT_EQ(word_at(board.board, full_address), operation > 1 ? 0 : 0xFFFFFFFF);
  }
}

TEST(PowerCut, inside_a_word_any_mixture_is_left) {
  std::set<std::uint32_t> results;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CutBoard board;
    board.cut(0, CutPhase::inside, seed);
    const std::uint32_t word = word_at(board.board, word_address);
    results.insert(word);
    CutBoard again;
    again.cut(0, CutPhase::inside, seed);
    EXPECT_EQ(word_at(again.board, word_address), word) << seed;
  }
  EXPECT_TRUE(results.contains(0));
  EXPECT_TRUE(results.contains(0xFFFFFFFF));
  EXPECT_GT(results.size(), 40U);
}

TEST(PowerCut, inside_a_half_page_some_words_are_there_and_one_is_torn) {
  std::set<int> lengths;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CutBoard board;
    board.cut(1, CutPhase::inside, seed);
    int complete = 0;
    while (complete < 32 &&
           word_at(board.board, half_page_address + 4 * static_cast<std::uint32_t>(complete)) ==
               0xFFFFFFFF) {
      ++complete;
    }
    lengths.insert(complete);
    for (int word = complete + 1; word < 32; ++word) {
      EXPECT_EQ(word_at(board.board, half_page_address + 4 * static_cast<std::uint32_t>(word)), 0U);
    }
  }
  EXPECT_GT(lengths.size(), 10U);
}

TEST(PowerCut, inside_an_erase_a_mixture_is_left_in_that_page_alone) {
  int torn = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CutBoard board;
    const std::vector<std::uint8_t> ones(256, 0xFF);
    ASSERT_TRUE(board.board.program(full_address + 256, ones).has_value());
    board.cut(2, CutPhase::inside, seed);
    int bits = 0;
    for (std::uint32_t offset = 0; offset < 256; offset += 4) {
      bits += std::popcount(word_at(board.board, full_address + offset));
      EXPECT_EQ(word_at(board.board, full_address + 256 + offset), 0xFFFFFFFF);
    }
    if (bits > 0 && bits < 2048) ++torn;
  }
  EXPECT_GT(torn, 10);
}

TEST(PowerCut, inside_a_half_page_the_torn_word_can_be_named) {
  for (std::uint8_t torn = 0; torn < 32; ++torn) {
    CutBoard board;
    board.cut({.flash_operation = 1, .phase = CutPhase::inside, .torn_seed = 5, .torn_word = torn});
    for (std::uint8_t word = 0; word < 32; ++word) {
      if (word == torn) continue;
      EXPECT_EQ(word_at(board.board, half_page_address + 4u * word), word < torn ? 0xFFFFFFFF : 0);
    }
  }
}

/// The values that a word has within 200 us.
std::set<std::uint32_t> values_of(CutBoard& board, std::uint32_t address) {
  std::set<std::uint32_t> values;
  for (int moment = 0; moment < 50; ++moment) {
    board.run(std::chrono::microseconds(4));
    values.insert(word_at(board.board, address));
  }
  return values;
}

TEST(PowerCut, unstable_bits_change_until_their_page_is_erased) {
  CutBoard board;
  board.cut({.flash_operation = 2, .phase = CutPhase::inside, .torn_seed = 4, .unstable = true});
  board.board.power(true);
  EXPECT_GT(values_of(board, full_address).size(), 3U);
  CutBoard other;
  const auto state = board.board.save();
  ASSERT_TRUE(other.board.restore(state).has_value());
  EXPECT_EQ(values_of(other, full_address + 4), values_of(board, full_address + 4));
  const std::vector<std::uint8_t> ones(256, 0xFF);
  ASSERT_TRUE(board.board.program(full_address, ones).has_value());
  EXPECT_EQ(values_of(board, full_address), std::set<std::uint32_t>{0xFFFFFFFF});
  CutBoard stable;
  stable.cut({.flash_operation = 2, .phase = CutPhase::inside, .torn_seed = 4});
  stable.board.power(true);
  EXPECT_EQ(values_of(stable, full_address).size(), 1U);
}

/// A board in the middle of one of the four operations.
struct MidwayBoard : CutBoard {
  explicit MidwayBoard(std::uint64_t operation, std::uint64_t seed = 1) : CutBoard(seed) {
    while (board.flash_operations() <= operation) run(std::chrono::microseconds(100));
    run(std::chrono::microseconds(500));
  }
  std::uint32_t word(std::uint32_t address) { return word_at(board, address); }
  /// What is in the cells of the four operations.
  std::vector<std::uint32_t> cells() {
    std::vector<std::uint32_t> words{word(word_address), word(0x08080000)};
    for (std::uint32_t at = 0; at < 128; at += 4) words.push_back(word(half_page_address + at));
    for (std::uint32_t at = 0; at < 256; at += 4) words.push_back(word(full_address + at));
    return words;
  }
};

TEST(PowerCut, at_an_instant_tears_the_operation_that_is_under_way) {
  constexpr std::array<std::uint32_t, 4> addresses{word_address, half_page_address, full_address,
                                                   0x08080000};
  for (std::uint32_t operation = 0; operation < 4; ++operation) {
    const std::uint32_t address = addresses.at(operation);
    const std::uint32_t old = operation == 2 ? 0xFFFFFFFF : 0;
    std::set<std::vector<std::uint32_t>> torn;
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
      MidwayBoard board(operation);
      EXPECT_EQ(board.word(address), ~old);
      const auto cut = board.board.cut_power({.phase = CutPhase::inside, .torn_seed = seed});
      ASSERT_TRUE(cut.has_value());
      EXPECT_EQ(cut->number, operation);
      EXPECT_EQ(cut->address, address);
      EXPECT_FALSE(board.board.powered());
      torn.insert(board.cells());
      // Restored in the middle, it is torn in the same way.
      MidwayBoard first(operation);
      CutBoard second;
      ASSERT_TRUE(second.board.restore(first.board.save()).has_value());
      (void)second.board.cut_power({.phase = CutPhase::inside, .torn_seed = seed});
      EXPECT_EQ(word_at(second.board, address), board.word(address));
    }
    EXPECT_GT(torn.size(), 10U);
    MidwayBoard before(operation);
    EXPECT_TRUE(before.board.cut_power({.phase = CutPhase::before}).has_value());
    EXPECT_EQ(before.word(address), old);
    MidwayBoard after(operation);
    EXPECT_TRUE(after.board.cut_power({.phase = CutPhase::after}).has_value());
    EXPECT_EQ(after.word(address), ~old);
  }
}

TEST(PowerCut, at_an_instant_between_operations_changes_nothing) {
  CutBoard board;
  board.finish();
  EXPECT_FALSE(board.board.cut_power({.phase = CutPhase::inside, .torn_seed = 3}).has_value());
  EXPECT_FALSE(board.board.cut_power({}).has_value());  // it has no power
  EXPECT_EQ(word_at(board.board, word_address), 0xFFFFFFFF);
  EXPECT_EQ(word_at(board.board, half_page_address + 124), 0xFFFFFFFF);
  EXPECT_EQ(word_at(board.board, full_address), 0U);
}

TEST(PowerCut, a_power_switch_and_a_reset_tear_as_well) {
  for (const bool reset : {false, true}) {
    std::set<std::vector<std::uint32_t>> torn;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      MidwayBoard board(2, seed);
      if (reset) {
        board.board.reset();
        board.run(std::chrono::microseconds(10));
      } else {
        board.board.power(false);
      }
      torn.insert(board.cells());
    }
    EXPECT_GT(torn.size(), 5U) << reset;
  }
}

TEST(PowerCut, unstable_bits_are_left_at_an_instant_too) {
  MidwayBoard board(2);
  (void)board.board.cut_power({.phase = CutPhase::inside, .torn_seed = 4, .unstable = true});
  EXPECT_GT(board.board.unstable_words(), 0U);
}

TEST(Flash, every_operation_is_told_as_it_begins) {
  std::vector<FlashOperation> told;
  CutBoard board;
  board.board.watch_flash([&](const FlashOperation& operation) { told.push_back(operation); });
  board.cut(2, CutPhase::after);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].kind, FlashOperationKind::program_word);
  EXPECT_EQ(told[0].address, word_address);
  EXPECT_EQ(told[1].kind, FlashOperationKind::program_half_page);
  EXPECT_EQ(told[2].kind, FlashOperationKind::erase_page);
  EXPECT_EQ(told[2].address, full_address);
  EXPECT_EQ(told[2].number, 2U);
}

TEST(PowerCut, loses_ram_and_keeps_flash) {
  CutBoard board;
  ASSERT_TRUE(board.run_to("power on="));
  const std::uint32_t first = board.values().at("ram");
  board.cut(3, CutPhase::after);
  EXPECT_EQ(board.board.next_event(), base::never);
  board.console.clear();
  board.board.power(true);
  board.finish();
  EXPECT_NE(board.values().at("ram"), first);
  EXPECT_EQ(board.values().at("power on"), 1U);
  EXPECT_EQ(word_at(board.board, word_address), 0xFFFFFFFF);
}

}  // namespace
}  // namespace goldcrest::board

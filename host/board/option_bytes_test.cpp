// SPDX-License-Identifier: MIT
// A board that is locked by its option bytes, RM0038 3.6: what code on it, a debugger and a
// programmer can still do.
#include <gtest/gtest.h>

#include <algorithm>

#include "host/board/board_fixture.hpp"
#include "host/board/debugger.hpp"
#include "host/board/memory.hpp"

namespace goldcrest::board {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t option_words = 0x1FF80000;

void write_word(ProgrammedBoard& run, std::uint32_t address, std::uint32_t value) {
  std::vector<std::uint8_t> bytes(4);
  store(bytes, 0, value, 4);
  const auto written = run.board.debugger().write(address, bytes);
  ASSERT_TRUE(written.has_value()) << written.error();
}

/// As a probe does it: sectors 0 to 3 write-protected, then the level; with OBL_LAUNCH in force.
void lock(ProgrammedBoard& run, std::uint32_t rdp_word) {
  ASSERT_TRUE(run.run_to("open\n"));
  ASSERT_TRUE(run.board.program(0x0803FF00, std::vector<std::uint8_t>(256, 0x77)).has_value());
  for (const auto& [address, value] : {std::pair{0x40023C0Cu, 0x89ABCDEFu},
                                       {0x40023C0C, 0x02030405},
                                       {0x40023C14, 0xFBEAD9C8},
                                       {0x40023C14, 0x24252627}}) {
    write_word(run, address, value);
  }
  write_word(run, option_words + 8, 0xFFF0000F);
  run.run(milliseconds(20));
  write_word(run, option_words, rdp_word);
  run.run(milliseconds(20));
  EXPECT_TRUE(run.board.read_flash(0x08000000, 4).has_value()) << "not in force yet";
  run.console.clear();
  write_word(run, 0x40023C04, 1u << 18);
}

TEST(OptionBytes, at_level_2_no_code_changes_boot_or_the_option_bytes) {
  ProgrammedBoard run("write_protected");
  lock(run, 0xFF3300CC);
  EXPECT_EQ(run.finish(),
            "rdp=0x000000cc\n"
            "wrpr1=0x0000000f\n"
            "word=0x00000100\n"
            "value=0x00000000\n"
            "erase=0x00000100\n"
            "erase of the next sector=0x00000000\n"
            "word in the next sector=0x00000000\n"
            "next value=0x12345678\n"
            "wrp1=0x00000100\n"
            "wrp1 value=0xfff0000f\n"
            "rdp word=0x00000100\n");
  // Nor does anybody from outside.
  const std::vector<std::uint8_t> page(256, 0x5A);
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(run.board.read_flash(0x08000000, 4).has_value());
    EXPECT_FALSE(run.board.read_flash(0x08080000, 4).has_value());
    EXPECT_FALSE(run.board.program(0x08010000, page).has_value());
    EXPECT_TRUE(run.board.debugger().locked());
    EXPECT_FALSE(run.board.debugger().read(0x20000000, 4).has_value());
    EXPECT_FALSE(run.board.debugger().read(option_words, 4).has_value());
    EXPECT_FALSE(
        run.board.debugger().write(option_words, std::vector<std::uint8_t>(4)).has_value());
    EXPECT_FALSE(run.board.debugger().program(0x08010000, page).has_value());
    run.board.power(false);
    run.board.power(true);
  }
}

TEST(OptionBytes, level_1_is_left_by_erasing_everything) {
  ProgrammedBoard run("write_protected");
  lock(run, 0xFF4400BB);
  // The last thing that the program does is to write level 0: it erases itself.
  ASSERT_TRUE(run.run_to("wrp1 value="));
  EXPECT_NE(run.console.find("rdp=0x000000bb\n"), std::string::npos);
  EXPECT_NE(run.console.find("erase=0x00000100\n"), std::string::npos) << run.console;
  EXPECT_NE(run.console.find("wrp1=0x00000000\n"), std::string::npos)
      << "code can take the write protection away below level 2";
  EXPECT_FALSE(run.board.read_flash(0x08000000, 4).has_value());
  run.run(milliseconds(50));
  EXPECT_EQ(run.console.find("rdp word"), std::string::npos);
  run.board.power(false);
  run.board.power(true);
  const auto flash = run.board.read_flash(0x08000000, flash_size);
  ASSERT_TRUE(flash.has_value()) << flash.error();
  EXPECT_TRUE(std::ranges::all_of(*flash, [](std::uint8_t byte) { return byte == 0; }));
}

TEST(OptionBytes, a_debugger_leaves_level_1_by_erasing_everything) {
  ProgrammedBoard run("spin");
  run.run(milliseconds(5));
  ASSERT_TRUE(run.board.debugger().write(0x08080000, std::vector<std::uint8_t>(4, 9)).has_value());
  for (const auto& [address, value] : {std::pair{0x40023C0Cu, 0x89ABCDEFu},
                                       {0x40023C0C, 0x02030405},
                                       {0x40023C14, 0xFBEAD9C8},
                                       {0x40023C14, 0x24252627},
                                       {option_words, 0xFF4400BB}}) {
    write_word(run, address, value);
  }
  run.run(milliseconds(20));
  write_word(run, 0x40023C04, 1u << 18);
  run.run(milliseconds(5));
  EXPECT_FALSE(run.board.debugger().read(0x08000000, 4).has_value());
  const auto word = run.board.debugger().read(option_words, 4);
  ASSERT_TRUE(word.has_value()) << word.error();
  EXPECT_EQ(load(*word, 0, 4), 0xFF4400BBu);
  for (const auto& [address, value] : {std::pair{0x40023C0Cu, 0x89ABCDEFu},
                                       {0x40023C0C, 0x02030405},
                                       {0x40023C14, 0xFBEAD9C8},
                                       {0x40023C14, 0x24252627},
                                       {option_words, 0xFF5500AA}}) {
    write_word(run, address, value);
  }
  run.board.power(false);  // in the midst of the word, too: the flash has gone first
  run.board.power(true);
  const auto left = run.board.read_flash(0x08000000, flash_size);
  if (left) {
    EXPECT_TRUE(std::ranges::all_of(*left, [](std::uint8_t byte) { return byte == 0; }));
  }
  EXPECT_TRUE(run.board.program(0x08000000, std::vector<std::uint8_t>(256)).has_value());
  const auto eeprom = run.board.read_flash(0x08080000, 4);
  ASSERT_TRUE(eeprom.has_value()) << eeprom.error();
  EXPECT_EQ(*eeprom, std::vector<std::uint8_t>(4));
}

}  // namespace
}  // namespace goldcrest::board

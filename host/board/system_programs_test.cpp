// SPDX-License-Identifier: MIT
// Programs that use clocks, power modes, boot memory, flash banks, pin interrupts and watchdogs as
// driver libraries do, on the whole board.
#include <gtest/gtest.h>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SystemPrograms, the_clock_tree_is_switched_as_a_driver_library_does) {
  ProgrammedBoard board("clock_tree");
  EXPECT_EQ(board.finish(seconds(10)),
            "after reset=0x00000300\n"
            "range 1=0x00000000\n"
            "hsi=0x00000000\n"
            "to hsi=0x00000000\n"
            "latency without acc64=0x00000000\n"
            "acr=0x00000007\n"
            "pll=0x00000000\n"
            "to pll=0x00000000\n"
            "held=0x0088000f\n"
            "hsi held=0x00000003\n"
            "hse without bypass=0x00000001\n"
            "hse off=0x00000000\n"
            "hse=0x00000000\n"
            "rtcpre=0x00000000\n"
            "back to hsi=0x00000000\n"
            "pll off=0x00000000\n"
            "pll on hse=0x00000000\n"
            "to pll on hse=0x00000000\n"
            "lse=0x00000000\n"
            "lse start-up=0x00000001\n"
            "lse again, with the rtc on it=0x00000000\n"
            "rtc on lse=0x00000041\n"
            "lsi=0x00000000\n"
            "to msi=0x00000000\n"
            "only msi=0x00000300\n"
            "ready interrupt=0x00000000\n"
            "cir=0x00000400\n");
}

TEST(SystemPrograms, a_clock_too_fast_for_voltage_and_flash_is_told) {
  BoardOptions options;
  std::vector<std::string> told;
  options.trace = {"power"};
  options.trace_sink = [&](std::string_view line) {
    if (line.find("too fast") != std::string_view::npos) told.emplace_back(line);
  };
  ProgrammedBoard hello("hello", options);  // leaves the core voltage at range 2
  hello.finish();
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(told.back().ends_with(
      "power: HCLK of 32000000 Hz is too fast for voltage range 2 with a wait state"))
      << told.back();
  told.clear();
  ProgrammedBoard careful("clock_tree", options);
  careful.finish(seconds(10));
  EXPECT_TRUE(told.empty()) << told.front();
}

/// What the board is doing in each sleep is in low_power.c.
TEST(SystemPrograms, every_way_out_of_standby_and_stop) {
  ProgrammedBoard board("low_power");
  const auto sleeps = [&](const std::string& text) {
    ASSERT_TRUE(board.run_to(text, seconds(1))) << board.console;
    board.run(milliseconds(20));
    EXPECT_TRUE(board.console.ends_with(text)) << board.console;
  };
  sleeps("standby until the jumper\n");
  EXPECT_EQ(board.board.next_event(), base::never);
  board.board.set_button(true);  // WKUP2 is not enabled
  board.board.set_button(false);
  board.run(seconds(5));
  EXPECT_TRUE(board.console.ends_with("standby until the jumper\n")) << board.console;
  board.board.set_jumper(true);
  sleeps("standby for 100 ms\n");
  const base::Instant asleep = board.board.now();
  ASSERT_TRUE(board.run_to("boot=0x00000003\n", milliseconds(200)));
  EXPECT_GT(board.board.now(), asleep + milliseconds(70));
  sleeps("standby until reset\n");
  board.board.set_jumper(false);
  board.board.set_jumper(true);
  board.run(seconds(5));
  EXPECT_TRUE(board.console.ends_with("standby until reset\n")) << board.console;
  board.board.reset();
  sleeps("stop\n");
  board.board.set_button(true);
  EXPECT_EQ(board.finish(),
            "boot=0x00000001\n"
            "wuf and sbf=0x00000000\n"
            "wake-up pins=0x00000000\n"
            "ram kept=0x00000000\n"
            "standby until the jumper\n"
            "boot=0x00000002\n"
            "wuf and sbf=0x00000003\n"
            "wake-up pins=0x00000001\n"
            "ram kept=0x00000000\n"
            "standby for 100 ms\n"
            "boot=0x00000003\n"
            "wuf and sbf=0x00000003\n"
            "wake-up pins=0x00000001\n"
            "ram kept=0x00000000\n"
            "standby with the flag set\n"
            "boot=0x00000004\n"
            "wuf and sbf=0x00000003\n"
            "wake-up pins=0x00000001\n"
            "ram kept=0x00000000\n"
            "standby until reset\n"
            "boot=0x00000005\n"
            "wuf and sbf=0x00000002\n"
            "wake-up pins=0x00000000\n"
            "ram kept=0x00000000\n"
            "stop\n"
            "clock after stop=0x00000000\n"
            "oscillators after stop=0x00000300\n"
            "pending=0x00002000\n"
            "ram kept=0x00000001\n");
}

TEST(SystemPrograms, both_watchdogs_reset_with_their_flags) {
  ProgrammedBoard board("watchdogs");
  EXPECT_EQ(board.finish(),
            "alive after 150 ms\n"
            "flags=0x00000024\n"
            "removed=0x00000000\n"
            "flags=0x00000044\n"
            "removed=0x00000000\n"
            "early wake-ups=0x00000005\n"
            "flags=0x00000044\n"
            "removed=0x00000000\n"
            "flags=0x00000014\n"
            "removed=0x00000000\n");
}

TEST(SystemPrograms, pin_interrupts_share_vectors) {
  ProgrammedBoard board("exti_lines");
  board.run(milliseconds(100));
  board.board.set_button(true);
  EXPECT_EQ(board.finish(),
            "line 6=0x00000001\n"
            "line 7=0x00000002\n"
            "line 12=0x00000001\n"
            "pending=0x000010c0\n"
            "calls for three lines=0x00000002\n"
            "lines 6, 7, 12=0x00020302\n"
            "swier=0x00000000\n"
            "woken by an event\n"
            "line 6 still=0x00000002\n"
            "button=0x00000001\n");
}

TEST(SystemPrograms, address_0_shows_what_syscfg_says) {
  ProgrammedBoard board("boot_memory");
  EXPECT_EQ(board.finish(),
            "vtor=0x00000000\n"
            "table=0x20000000\n"
            "program memory at 0=0x00000001\n"
            "memrmp=0x00000003\n"
            "ram at 0=0x00000001\n"
            "vector in ram=0x00000001\n"
            "code at its alias=0x00000007\n"
            "reserved=0x00000003\n"
            "system memory=0x00000001\n"
            "program memory again=0x00000001\n"
            "flash size=0x00000200\n"
            "id 0=0x0a0b0c0d\n"
            "id 1=0x31373538\n"
            "id 2=0x00000001\n"
            "device=0x00000437\n"
            "crc of nothing=0xffffffff\n"
            "crc of 1234=0xa695c4aa\n"
            "crc of all=0x0445b31c\n"
            "idr=0x0000005a\n");
}

TEST(SystemPrograms, both_banks_are_programmed_at_once) {
  ProgrammedBoard board("flash_banks");
  EXPECT_EQ(board.finish(),
            "parallel half pages=0x00000000\n"
            "words that are wrong=0x00000000\n"
            "parallel erase=0x00000000\n"
            "operations' time=0x00000001\n"
            "erased=0x00000000\n"
            "parallel time=0x00000001\n"
            "serial time=0x00000002\n"
            "words that are wrong=0x00000000\n"
            "double word=0x00000000\n"
            "double word's time=0x00000001\n"
            "first=0x11111111\n"
            "second=0x22222222\n"
            "double word again=0x00000200\n"
            "double word misaligned=0x00000200\n"
            "fixed time=0x00000002\n"
            "time of an erased byte=0x00000001\n"
            "read of the free half=0x00000000\n"
            "read of the busy half=0x00000701\n");
}

// Bank 2 is empty: with nBFB2 = 0 bank 1 boots all the same.
TEST(SystemPrograms, the_user_option_byte_acts) {
  ProgrammedBoard board("option_user");
  EXPECT_EQ(board.finish(),
            "user=0x000000f8\n"
            "flags=0x0000000c\n"
            "user=0x000000d8\n"
            "flags=0x00000006\n"
            "user=0x000000d8\n"
            "flags=0x00000084\n"
            "user=0x00000068\n"
            "flags=0x00000006\n"
            "user=0x00000068\n"
            "flags=0x00000024\n"
            "locked=0x00000100\n");
}

}  // namespace
}  // namespace goldcrest::board

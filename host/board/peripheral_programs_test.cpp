// SPDX-License-Identifier: MIT
// Timers, RTC, USART, SPI and DMA, used by programs as ST's drivers use them.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TimersProgram, TicksAlarmsCapturesAndOutputs) {
  ProgrammedBoard board("timers");
  board.finish(seconds(5));
  auto values = board.values();
  EXPECT_NEAR(values["ticks"], 3272, 2) << "32 MHz / (489 * 2) in 100 ms";
  EXPECT_NEAR(values["alarms"], 100, 1) << "every 100 us in 10 ms, across the overflow";
  EXPECT_LE(values["worst"], 5u);
  EXPECT_NEAR(values["lse"], 4096, 2) << "half of 32768 Hz in 250 ms";
  EXPECT_NEAR(values["lsi"], 37'000, 10);
  EXPECT_NEAR(values["high"], 250, 15) << "per mille of the time";
}

TEST(RtcProgram, StopStandbyAndBackupRegisters) {
  ProgrammedBoard board("rtc_clock");
  board.finish(seconds(20));
  auto values = board.values();
  EXPECT_EQ(values["year set"], 0u);
  EXPECT_EQ(values["time"], 0x00235958u);
  EXPECT_EQ(values["date"], 0x0015F231u);
  EXPECT_EQ(values["wake-ups"], 1u);
  EXPECT_EQ(values["woken"], 0x00000001u);
  EXPECT_EQ(values["new year"], 0x00162101u) << "a Monday";
  EXPECT_EQ(values["alarms"], 1u);
  EXPECT_EQ(values["alarm"], 0x00000005u);
  EXPECT_EQ(values.count("still there"), 0u) << "Standby ends in a reset";
  EXPECT_EQ(values["standby"], 3u) << "SBF and WUF";
  EXPECT_EQ(values["after"], 0x00000007u);
  EXPECT_EQ(values["still"], 0x00162101u);
  EXPECT_EQ(values["first"], 0xCAFEu);
  EXPECT_EQ(values["last"], 0xBEEFu);
}

TEST(UartDmaProgram, ReceivesToIdleAndSendsBack) {
  ProgrammedBoard board("uart_dma");
  ASSERT_TRUE(board.run_to("ready\n"));
  board.run(milliseconds(5));
  board.board.type("a first message");
  ASSERT_TRUE(board.run_to("a first message")) << board.console;
  board.run(milliseconds(5));
  board.board.type("and one that goes around the ring twice");
  board.finish();
  EXPECT_NE(board.console.find("and one that goes around the ring twice"), std::string::npos)
      << board.console;
  auto values = board.values();
  EXPECT_EQ(values["half"], 3u);
  EXPECT_EQ(values["whole"], 3u);
}

TEST(SpiDmaProgram, RadioHalfWordsAndMemory) {
  ProgrammedBoard board("spi_dma");
  board.finish();
  auto values = board.values();
  EXPECT_EQ(values["identity"], 0x0130u) << "part number and version of a SPIRIT1";
  EXPECT_EQ(values["open line"], 0xFFFF'FFFFu);
  EXPECT_EQ(values["same"], 8u);
  EXPECT_EQ(values["error"], 9u) << "TEIF1 and GIF1";
  EXPECT_EQ(values["enabled"], 0u);
}

}  // namespace
}  // namespace goldcrest::board

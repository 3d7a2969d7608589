// SPDX-License-Identifier: MIT
#include "host/board/pin_recorder.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// The LED follows the jumper, which is fitted after 5 ms and removed after 10.
std::string record(PinRecorder::Format format) {
  ProgrammedBoard node("pins");
  std::ostringstream output;
  PinRecorder recorder(node.board, output, format);
  node.run(std::chrono::milliseconds(5));
  node.board.set_jumper(true);
  node.run(std::chrono::milliseconds(5));
  node.board.set_jumper(false);
  node.run(std::chrono::milliseconds(5));
  recorder.finish();
  return output.str();
}

TEST(PinRecorder, TextHasALineForEachChange) {
  const std::string text = record(PinRecorder::Format::text);
  EXPECT_THAT(text, StartsWith("0.000000000 PA0 0 JUMPER\n"));
  EXPECT_THAT(text, HasSubstr("PC13 1 BUTTON\n"));
  const std::size_t fitted = text.find(" PA0 1 JUMPER\n");
  const std::size_t lit = text.find(" PA5 1 LED\n");
  const std::size_t removed = text.find(" PA0 0 JUMPER\n", fitted);
  const std::size_t dark = text.rfind(" PA5 0 LED\n");
  EXPECT_THAT(text, HasSubstr("\n0.0050"));
  EXPECT_THAT(text, HasSubstr("\n0.0100"));
  ASSERT_NE(fitted, std::string::npos) << text;
  ASSERT_NE(removed, std::string::npos) << text;
  ASSERT_NE(lit, std::string::npos) << text;
  EXPECT_LT(fitted, lit);
  EXPECT_LT(lit, removed);
  EXPECT_LT(removed, dark);
}

TEST(PinRecorder, VcdHasHeaderInitialLevelsAndTimedChanges) {
  const std::string vcd = record(PinRecorder::Format::vcd);
  EXPECT_THAT(vcd, HasSubstr("$timescale 1ns $end\n"));
  EXPECT_THAT(vcd, HasSubstr("$var wire 1 Af PA5_LED $end\n"));
  EXPECT_THAT(vcd, HasSubstr("$enddefinitions $end\n#0\n$dumpvars\n0Aa\n"));
  EXPECT_THAT(vcd, ContainsRegex("\n#5000[0-9][0-9][0-9]\n1Aa\n"));
  EXPECT_THAT(vcd, ContainsRegex("\n#1000[0-9][0-9][0-9][0-9]\n0Aa\n"));
  // Times only go up, and the recording ends where the board stopped.
  std::istringstream lines(vcd);
  std::int64_t last = -1;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) continue;
    const std::int64_t time = std::stoll(line.substr(1));
    EXPECT_GT(time, last);
    last = time;
  }
  EXPECT_GE(last, 15'000'000);
}

TEST(PinRecorder, TheSameRunGivesTheSameRecord) {
  EXPECT_EQ(record(PinRecorder::Format::vcd), record(PinRecorder::Format::vcd));
}

TEST(PinRecorder, EndsWithTheRecorder) {
  ProgrammedBoard node("pins");
  std::ostringstream output;
  { const PinRecorder recorder(node.board, output, PinRecorder::Format::text); }
  const std::string header = output.str();
  node.board.set_jumper(true);
  EXPECT_EQ(output.str(), header);
}

}  // namespace
}  // namespace goldcrest::board

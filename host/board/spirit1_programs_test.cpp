// SPDX-License-Identifier: MIT
// ARM programs that drive the SPIRIT1 as its data sheet says, on one board or between two.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/board/board_air.hpp"

namespace goldcrest::board {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// The same program on two boards; the one with the jumper sends first.
struct Two {
  explicit Two(const std::string& program) : sender(program), receiver(program) {
    air.add(sender);
    air.add(receiver);
    sender.board.set_jumper(true);
  }
  void finish() {
    EXPECT_TRUE(air.finish(3s)) << "sender: " << sender.console << sender.board.describe_cpu()
                                << "\nreceiver: " << receiver.console
                                << receiver.board.describe_cpu();
  }
  ProgrammedBoard sender;
  ProgrammedBoard receiver;
  BoardAir air;
};

/// What `count` bytes from `first` on add up to.
constexpr std::uint32_t sum(std::uint32_t first, std::uint32_t count) {
  return count * first + count * (count - 1) / 2;
}

std::string received(std::uint32_t length, std::uint32_t total) {
  return fmt::format(
      "length=0x{:08x}\nstored=0x{:08x}\nsum=0x{:08x}\nrssi=0x0000008c\nstate=0x00000003\n", length,
      length, total);
}

TEST(Spirit1ProgramsTest, Polling) {
  Two boards("radio_polling");
  boards.finish();
  EXPECT_EQ(boards.receiver.console, received(10, sum(0, 10)) + received(53, sum(1, 53)) +
                                         received(96, sum(2, 96)) + "timeouts=0x00000000\ndone\n");
  const std::string answer = received(20, sum(100, 20));
  EXPECT_EQ(boards.sender.console, answer + answer + answer + "timeouts=0x00000000\ndone\n");
}

TEST(Spirit1ProgramsTest, InterruptsAndThresholdsWithLongFrames) {
  Two boards("radio_interrupts");
  boards.finish();
  EXPECT_THAT(boards.receiver.console,
              HasSubstr("length=0x00000060\nwrong=0x00000000\nlength=0x00000061\nwrong=0x00000000\n"
                        "length=0x000000ff\nwrong=0x00000000\nlength=0x00000258\nwrong=0x00000000\n"
                        "errors=0x00000000\n"));
  EXPECT_THAT(boards.sender.console, HasSubstr("errors=0x00000000\n"));
  EXPECT_GE(boards.receiver.values().at("interrupts"), 14u) << "the FIFO fills up again and again";
  EXPECT_GE(boards.sender.values().at("interrupts"), 14u);
}

TEST(Spirit1ProgramsTest, PacketHandlersFilters) {
  Two boards("radio_filters");
  boards.finish();
  const auto values = boards.receiver.values();
  EXPECT_EQ(values.at("accepted"), 0b1001'1101u);
  EXPECT_EQ(values.at("refused"), 0b0110'0010u);
  EXPECT_EQ(values.at("leftover"), 0u);
  EXPECT_EQ(values.at("wrong"), 0u);
  EXPECT_EQ(values.at("sources"), 4u * 0x11u + 0x1Fu);
}

TEST(Spirit1ProgramsTest, PersistentReception) {
  Two boards("radio_persistent");
  boards.finish();
  EXPECT_EQ(boards.receiver.console,
            "wrong=0x00000000\nin RX=0x0000000a\nrssi=0x0000008c\nsqi=0x00000020\n"
            "aborted=0x00000003\nwrong alone=0x00000000\nleft RX=0x00000003\n"
            "timeout=0x00000001\nafter it=0x00000003\ndone\n");
}

TEST(Spirit1ProgramsTest, CalibrationByLockTxAndLockRx) {
  ProgrammedBoard board("radio_calibration");
  board.finish();
  const auto values = board.values();
  EXPECT_EQ(values.at("states"), 0x0F030F03u);
  const auto low = values.at("868");
  const auto high = values.at("902");
  EXPECT_GT(high >> 8, low >> 8) << "the word grows with the carrier";
  EXPECT_LE(low & 0x7F, low >> 8) << "RX is below TX by the intermediate frequency";
  EXPECT_EQ(values.at("kept"), high);
  EXPECT_EQ(values.at("rx"), 0x33u);
  EXPECT_EQ(values.at("impossible"), 0x13u);
  EXPECT_EQ(values.at("error"), 1u);
  EXPECT_EQ(values.at("again"), 0x03u);
  EXPECT_EQ(values.at("kept by SRES"), 1u);
}

}  // namespace
}  // namespace goldcrest::board

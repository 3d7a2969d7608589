// SPDX-License-Identifier: MIT
#include "host/board/gdb/stub.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board::gdb {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

/// What a GDB would see.
class StubTest : public testing::Test {
 protected:
  StubTest() {
    static const auto values = [] {
      ProgrammedBoard free("debugged");
      free.run_to("begin");
      return free.values();
    }();
    choose = values.at("choose");
    watched = values.at("watched");
    mix = values.at("mix");
  }

  /// The payloads that come back.
  std::vector<std::string> say(std::string_view payload) {
    open = stub.receive(make_packet(payload));
    return heard();
  }
  std::string ask(std::string_view payload) {
    const auto answers = say(payload);
    EXPECT_EQ(answers.size(), 1u) << payload;
    return answers.empty() ? "nothing" : answers.back();
  }
  std::vector<std::string> heard() {
    std::vector<std::string> result;
    reader.push(stub.take_output());
    while (auto event = reader.next()) {
      if (event->kind == PacketReader::Kind::packet) result.push_back(event->payload);
      if (event->kind == PacketReader::Kind::acknowledged) ++acknowledgements;
    }
    return result;
  }
  /// Lets the board run until GDB is told of a halt.
  std::string wait(base::Duration limit = milliseconds(200)) {
    const base::Instant end = programmed.board.now() + limit;
    for (;;) {
      const auto answers = heard();
      if (!answers.empty()) return answers.back();
      if (programmed.board.now() >= end || board_halted()) return "running";
      programmed.run(milliseconds(1));
      stub.advance();
    }
  }
  std::string resume(std::string_view payload) {
    open = stub.receive(make_packet(payload));
    return wait();
  }
  bool board_halted() { return programmed.board.debugger().halt().has_value(); }
  std::string monitor(std::string_view line) {
    std::string text;
    for (const std::string& answer : say("qRcmd," + to_hex(line))) {
      if (!answer.starts_with('O') || answer == "OK") continue;
      const auto bytes = from_hex(answer.substr(1));
      text.append(bytes->begin(), bytes->end());
    }
    return text;
  }
  std::uint32_t pc() {
    const auto bytes = from_hex(ask("pf"));
    return bytes ? load(*bytes, 0, 4) : 0;
  }

  ProgrammedBoard programmed{"debugged"};
  std::uint32_t choose = 0;
  std::uint32_t watched = 0;
  std::uint32_t mix = 0;
  std::string monitored;
  Stub stub{programmed.board, [this](std::string_view line) {
              monitored = line;
              return line == "fail" ? std::expected<std::string, std::string>(
                                          std::unexpected("that went wrong"))
                                    : "done";
            }};
  PacketReader reader;
  int acknowledgements = 0;
  bool open = true;
};

TEST_F(StubTest, acknowledges_until_it_is_told_not_to) {
  EXPECT_EQ(ask("QStartNoAckMode"), "OK");
  EXPECT_EQ(acknowledgements, 1);
  EXPECT_TRUE(stub.receive("+$?#00"));  // damaged, and nobody asks for it again
  EXPECT_EQ(stub.take_output(), "");
  EXPECT_THAT(ask("?"), StartsWith("T05"));
  EXPECT_EQ(acknowledgements, 1);
}

TEST_F(StubTest, repeats_what_got_lost) {
  EXPECT_TRUE(stub.receive("$?#00"));
  EXPECT_EQ(stub.take_output(), "-");
  EXPECT_EQ(ask("qC"), "QC1");
  EXPECT_TRUE(stub.receive("-"));
  EXPECT_EQ(stub.take_output(), make_packet("QC1"));
}

TEST_F(StubTest, describes_itself) {
  EXPECT_THAT(ask("qSupported:multiprocess+;swbreak+"),
              StartsWith("PacketSize=4000;QStartNoAckMode+;vContSupported+"));
  EXPECT_EQ(ask("vMustReplyEmpty"), "");
  EXPECT_EQ(ask("vCont?"), "vCont;c;C;s;S;r");
  EXPECT_EQ(ask("qfThreadInfo"), "m1");
  EXPECT_EQ(ask("qsThreadInfo"), "l");
  std::string features;
  for (std::string part = "m"; part.front() == 'm'; features += part.substr(1)) {
    part = ask(fmt::format("qXfer:features:read:target.xml:{:x},80", features.size()));
    ASSERT_FALSE(part.empty());
  }
  EXPECT_THAT(features, HasSubstr("org.gnu.gdb.arm.m-profile"));
  EXPECT_THAT(features, testing::EndsWith("</target>"));
  EXPECT_THAT(ask("qXfer:memory-map:read::0,1000"),
              HasSubstr("type=\"flash\" start=\"0x8000000\" length=\"0x80000\""));
  EXPECT_EQ(ask("qXfer:features:read:other.xml:0,80"), "E00");
  EXPECT_EQ(ask("qXfer:features:read:target.xml:ffffffff,ffffffff"), "l");
}

TEST_F(StubTest, reads_and_writes_registers) {
  EXPECT_EQ(ask("g").size(), cpu_register_count * 8);
  EXPECT_EQ(ask("P1=78563412"), "OK");
  EXPECT_EQ(ask("p1"), "78563412");
  std::string all = ask("g");
  EXPECT_EQ(all.substr(8, 8), "78563412");
  all.replace(16, 8, "01020304");
  EXPECT_EQ(ask("G" + all), "OK");
  EXPECT_EQ(ask("g"), all);
  EXPECT_EQ(ask("p17"), "E16");
  EXPECT_EQ(ask("P1=7856"), "E16");
  EXPECT_EQ(ask("G00"), "E16");
  EXPECT_EQ(ask("Pz=00000000"), "E16");
}

TEST_F(StubTest, reads_and_writes_memory) {
  EXPECT_EQ(ask("M20000200,3:010203"), "OK");
  EXPECT_EQ(ask("m20000200,3"), "010203");
  EXPECT_EQ(ask("X20000204,0:"), "OK");
  EXPECT_EQ(ask("X20000204,4:}*$#"), "OK");
  EXPECT_EQ(ask("m20000204,4"), "7d2a2423");
  EXPECT_EQ(ask("m20000000,3000").size(), packet_max);  // as much as fits
  EXPECT_EQ(ask("m60000000,4"), "E0e");
  EXPECT_EQ(ask("M08000000,1:00"), "E0e");
  EXPECT_EQ(ask("M20000200,2:00"), "E16");
  EXPECT_EQ(ask("M20000200,1:0g"), "E16");
  EXPECT_EQ(ask("X20000200,2:a"), "E16");
  EXPECT_EQ(ask("m20000200"), "E16");
}

TEST_F(StubTest, breaks_steps_and_goes_on) {
  ask("qSupported:swbreak+;hwbreak+");
  EXPECT_EQ(ask(fmt::format("Z0,{:x},2", choose + 4)), "OK");
  EXPECT_EQ(resume("vCont;c:-1"), "T05swbreak:;thread:1;");
  EXPECT_EQ(pc(), choose + 4);
  EXPECT_EQ(resume("vCont;s:1;c"), "T05thread:1;");
  EXPECT_EQ(pc(), choose + 6);
  EXPECT_EQ(resume("s"), "T05thread:1;");
  EXPECT_EQ(pc(), choose + 8);
  EXPECT_EQ(ask(fmt::format("z0,{:x},2", choose + 4)), "OK");
  EXPECT_EQ(ask(fmt::format("Z1,{:x},2", mix)), "OK");
  EXPECT_EQ(resume("c"), "T05hwbreak:;thread:1;");
  EXPECT_EQ(pc(), mix);
  EXPECT_EQ(resume(fmt::format("vCont;r{:x},{:x}:1", mix, mix + 100)), "T05thread:1;");
  EXPECT_GE(pc(), mix + 100);
  EXPECT_EQ(ask(fmt::format("Z1,{:x},2", choose + 2)), "OK");
  EXPECT_EQ(resume(fmt::format("C05;{:x}", choose)), "T05hwbreak:;thread:1;");
  EXPECT_EQ(pc(), choose + 2);
  for (const char* wrong :
       {"Z0,1", "Z0", "Z0,1,2x", "vCont;x", "vCont;r1", "vCont;r2,1:1", "vCont;s:7", "cz", "Czz"}) {
    EXPECT_EQ(ask(wrong), "E16") << wrong;
  }
  EXPECT_EQ(ask("Z9,1,2"), "");
}

TEST_F(StubTest, a_breakpoint_of_both_kinds_stays_until_both_are_gone) {
  EXPECT_EQ(ask(fmt::format("Z0,{:x},2", choose)), "OK");
  EXPECT_EQ(ask(fmt::format("Z1,{:x},2", choose)), "OK");
  EXPECT_EQ(ask(fmt::format("z1,{:x},2", choose)), "OK");
  EXPECT_EQ(resume("c"), "T05thread:1;");
  EXPECT_EQ(ask(fmt::format("z0,{:x},2", choose)), "OK");
  EXPECT_EQ(resume("c"), "running");
}

TEST_F(StubTest, watches) {
  EXPECT_EQ(ask(fmt::format("Z2,{:x},4", watched)), "OK");
  // start-up clears it first, then the program stores into it
  EXPECT_EQ(resume("c"), fmt::format("T05watch:{:08x};thread:1;", watched));
  EXPECT_EQ(resume("c"), fmt::format("T05watch:{:08x};thread:1;", watched));
  EXPECT_EQ(ask(fmt::format("m{:x},4", watched)), "00000000");
  EXPECT_EQ(resume("s"), "T05thread:1;");
  EXPECT_EQ(ask(fmt::format("m{:x},4", watched)), "0a000000");
  EXPECT_EQ(ask(fmt::format("z2,{:x},4", watched)), "OK");
  EXPECT_EQ(ask("Z4,40004404,1"), "OK");
  EXPECT_EQ(resume("c"), "T05awatch:40004404;thread:1;");
}

TEST_F(StubTest, is_interrupted) {
  EXPECT_TRUE(say("c").empty());
  EXPECT_EQ(ask("g"), "E10");
  EXPECT_TRUE(stub.receive("\x03"));
  EXPECT_EQ(wait(), "T02thread:1;");
  EXPECT_TRUE(stub.receive("\x03"));
  EXPECT_TRUE(heard().empty());
}

TEST_F(StubTest, loads_flash_by_pages) {
  const auto before = *programmed.board.read_flash(0x08001000, 0x300);
  EXPECT_EQ(ask("vFlashErase:08001000,200"), "OK");
  EXPECT_EQ(ask("vFlashWrite:080010fe:abcd"), "OK");
  EXPECT_EQ(ask("vFlashWrite:08001210:xyz"), "OK");  // not erased before
  EXPECT_EQ(*programmed.board.read_flash(0x08001000, 0x300), before);
  EXPECT_EQ(ask("vFlashDone"), "OK");
  auto expected = before;
  std::fill_n(expected.begin(), 0x200, std::uint8_t{0});
  for (const auto& [offset, text] : {std::pair{0xFE, "abcd"}, {0x210, "xyz"}}) {
    std::copy_n(text, std::string_view(text).size(), expected.begin() + offset);
  }
  EXPECT_EQ(*programmed.board.read_flash(0x08001000, 0x300), expected);
  EXPECT_EQ(ask("vFlashErase:08001001,100"), "E0e");
  EXPECT_EQ(ask("vFlashErase:0807ff00,200"), "E0e");
  EXPECT_EQ(ask("vFlashErase:20000000,100"), "E0e");
  EXPECT_EQ(ask("vFlashErase:08001000"), "E16");
  EXPECT_EQ(ask("vFlashWrite:0807ffff:ab"), "E.memtype");
  EXPECT_EQ(ask("vFlashWrite:x"), "E16");
}

TEST_F(StubTest, carries_out_monitor_commands) {
  EXPECT_THAT(monitor("help"), HasSubstr("cut N before|inside|after [SEED]"));
  EXPECT_EQ(monitor("jumper on"), "done\n");
  EXPECT_EQ(monitored, "jumper on");
  EXPECT_EQ(monitor("fail"), "error: that went wrong\n");
  EXPECT_EQ(monitor("maskisr perhaps"), "error: maskisr takes on or off\n");
  EXPECT_EQ(monitor("type a\nquit"), "error: a command is one line of text\n");
  EXPECT_EQ(ask(fmt::format("Z0,{:x},2", choose)), "OK");
  EXPECT_THAT(resume("c"), StartsWith("T05"));
  EXPECT_EQ(monitor("reset halt"), "");
  EXPECT_EQ(pc(), load(*programmed.board.read_flash(0x08000004, 4), 0, 4) & ~1u);
  EXPECT_THAT(resume("c"), StartsWith("T05"));
  EXPECT_EQ(pc(), choose);
  EXPECT_EQ(ask("qRcmd,0"), "E16");
}

TEST_F(StubTest, without_power_there_is_nothing_to_see) {
  programmed.board.power(false);
  EXPECT_EQ(ask("g"), std::string(cpu_register_count * 8, 'x'));
  EXPECT_EQ(ask("p0"), "xxxxxxxx");
  EXPECT_EQ(ask("m20000000,4"), "E0e");
  EXPECT_EQ(monitor("reset"), "error: the board has no power\n");
  EXPECT_TRUE(say("c").empty());
  EXPECT_EQ(wait(), "running");
  EXPECT_TRUE(stub.receive("\x03"));
  EXPECT_EQ(wait(), "T02thread:1;");
}

TEST_F(StubTest, lets_go) {
  EXPECT_EQ(ask(fmt::format("Z0,{:x},2", choose)), "OK");
  EXPECT_EQ(ask("D"), "OK");
  programmed.console.clear();
  programmed.run(milliseconds(200));
  EXPECT_THAT(programmed.console, HasSubstr("done\n"));
  EXPECT_THAT(ask("vRun;"), StartsWith("T05"));  // extended-remote: again from the start
  EXPECT_TRUE(say("k").empty());
  EXPECT_FALSE(open);
}

TEST_F(StubTest, hangs_up_on_what_cannot_be_framed) {
  EXPECT_FALSE(stub.receive("$" + std::string(packet_max + 2, 'm')));
}

/// Nothing that arrives may crash it, make it answer what is no packet, or keep the board from
/// running afterwards.
TEST(stub, survives_any_packets) {
  std::mt19937 random(1);
  const auto pick = [&](std::size_t count) { return random() % count; };
  std::istringstream words(
      "m M X g G p P Z0, Z1, Z2 z2, Z4, c s vCont;s vCont; ? D R qRcmd, qXfer: vFlashErase: "
      "vFlashWrite: vFlashDone vCont;r k !");
  const std::vector<std::string> starts(std::istream_iterator<std::string>(words), {});
  static constexpr std::string_view parts[] = {
      "08000124", "20000100", "0", ",",        ":",  ";",  "4",        "ffffffff",
      "1f",       "e000ed04", "=", "40023c04", "00", "-1", "40004404", "2"};
  ProgrammedBoard programmed("debugged");
  for (int round = 0; round < 40; ++round) {
    Stub stub(programmed.board, [](std::string_view) { return ""; });
    PacketReader reader;
    for (int count = 0; count < 100; ++count) {
      std::string payload = starts[pick(starts.size())];
      for (std::size_t left = pick(7); left-- > 0;) payload += parts[pick(std::size(parts))];
      if (pick(8) == 0) payload += static_cast<char>(random());
      std::string bytes = make_packet(payload);
      if (pick(10) == 0) bytes[pick(bytes.size())] = static_cast<char>(random());
      if (pick(10) == 0) bytes += '\x03';
      if (!stub.receive(bytes)) break;
      programmed.board.run_until(programmed.board.now() + std::chrono::microseconds(50));
      stub.advance();
      reader.push(stub.take_output());
      while (const auto event = reader.next()) {
        ASSERT_NE(event->kind, PacketReader::Kind::damaged);
        ASSERT_NE(event->kind, PacketReader::Kind::too_long);
      }
    }
  }
  const base::Instant before = programmed.board.now();
  programmed.board.run_until(before + milliseconds(1));
  EXPECT_GE(programmed.board.now(), before + milliseconds(1));
}

}  // namespace
}  // namespace goldcrest::board::gdb

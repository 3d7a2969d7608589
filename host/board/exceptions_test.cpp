// SPDX-License-Identifier: MIT
// Exceptions by what programs see of them: priorities and their grouping, masks, chaining, calls,
// and the faults of entry and return. Each program is in host/board/programs.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

/// PM0056 table 48: with PRIGROUP g, bits 7 to g + 1 are the group priority.
unsigned group_of(unsigned priority, unsigned group) {
  return group == 7 ? 0 : priority >> (group + 1);
}

TEST(Exceptions, split_priorities_as_the_group_says) {
  constexpr std::array<unsigned, 8> priorities{0x00, 0x10, 0x40, 0x70, 0x80, 0xB0, 0xE0, 0xF0};
  std::string expected;
  for (unsigned group = 0; group < 8; ++group) {
    std::array<std::uint32_t, 2> pre_empts{};
    std::array<std::uint32_t, 2> overtakes{};
    for (unsigned pair = 0; pair < 64; ++pair) {
      const unsigned first = priorities[pair / 8];
      const unsigned second = priorities[pair % 8];
      const bool nests = group_of(second, group) < group_of(first, group);
      pre_empts[pair / 32] |= std::uint32_t{nests} << pair % 32;
      // What waits is ordered by the whole priority, then by number.
      overtakes[pair / 32] |= std::uint32_t{second < first} << pair % 32;
    }
    const auto line = [&](const char* name, std::uint32_t value) {
      char text[64];
      std::snprintf(text, sizeof text, "%s=0x%08x\n", name, value);
      expected += text;
    };
    line("group", 0xFA050000 | group << 8);
    line("pre-empts", pre_empts[0]);
    line("pre-empts", pre_empts[1]);
    line("overtakes", overtakes[0]);
    line("overtakes", overtakes[1]);
  }
  ProgrammedBoard board("exception_groups");
  EXPECT_EQ(board.finish(), expected);
}

TEST(Exceptions, are_held_back_by_masks) {
  ProgrammedBoard board("exception_masks");
  EXPECT_EQ(board.finish(),
            "primask:N.H.A\n"
            "after a return=0x00000000\n"
            "basepri=0x00000080\n"
            "basepri=0x00000020\n"
            "basepri=0x00000020\n"
            "basepri:.C..B.A\n"
            "basepri bits:.A.\n"
            "faultmask=0x00000001\n"
            "faultmask:N.A\n"
            "pendsv first=0x00000001\n"
            "one frame=0x00000001\n"
            "chained quicker=0x00000001\n"
            "seen unprivileged=0x00000000\n");
}

TEST(Exceptions, take_calls_from_threads_and_handlers) {
  ProgrammedBoard board("supervisor_calls");
  EXPECT_EQ(board.finish(),
            "main stack=0x01000164\n"
            "from a handler=0x0700070a\n"
            "escalated, hfsr=0x40000000\n"
            "cfsr=0x00000000\n"
            "link=0xfffffff1\n"
            "number=0x00000007\n"
            "process stack=0xff00ff68\n"
            "unprivileged=0x10001065\n"
            "link=0xfffffff9\n"
            "link=0xfffffff1\n"
            "link=0xfffffffd\n"
            "link=0xfffffffd\n");
}

TEST(Exceptions, that_are_urgent_overtake_one_that_is_being_entered) {
  ProgrammedBoard board("late_arrival");
  EXPECT_EQ(board.finish(),
            "late=0x0000000c\n"  // the 12 cycles that entering takes
            "nested=0x00000001\n"
            "unlike=0x00000000\n");
}

TEST(Exceptions, reach_single_bits_through_the_alias_regions) {
  ProgrammedBoard board("bit_band");
  EXPECT_EQ(board.finish(),
            "words=0x00000000\n"
            "narrow=0x00000000\n"
            "ends of RAM=0x00000000\n"
            "peripherals=0x00000000\n");
}

std::string derived_report(const char* title, unsigned exception, std::uint32_t link,
                           std::uint32_t cfsr, std::uint32_t hfsr, std::uint32_t active) {
  char text[256];
  std::snprintf(text, sizeof text,
                "%s: exception=0x%08x\n  link=0x%08x\n  cfsr=0x%08x\n  hfsr=0x%08x\n"
                "  active=0x%08x\n",
                title, exception, link, cfsr, hfsr, active);
  return text;
}

TEST(Exceptions, report_faults_of_their_own_entry_and_return) {
  ProgrammedBoard board("derived_faults");
  constexpr std::uint32_t forced = 0x40000000;
  constexpr std::uint32_t thread = 0xFFFFFFF9;
  constexpr std::uint32_t process = 0xFFFFFFFD;
  constexpr std::uint32_t handler = 0xFFFFFFF1;
  constexpr std::uint32_t nowhere = 0xFFFFFFF5;
  constexpr std::uint32_t calls = 1u << 7;
  constexpr std::uint32_t bus = 1u << 1;
  constexpr std::uint32_t usage = 1u << 3;
  const auto both = [&](bool enabled) {
    const auto report = [&](const char* title, unsigned own, std::uint32_t link, std::uint32_t cfsr,
                            std::uint32_t active) {
      return enabled ? derived_report(title, own, link, cfsr, 0, active)
                     : derived_report(title, 3, link, cfsr, forced, active & calls);
    };
    // The SVC whose frame is lost stays pending, so its handler runs once the fault's has returned,
    // and leaves in the way that there is not.
    return report("stacking", 5, process, 1u << 12, bus) +
           report("stacking", 6, nowhere, 1u << 18, usage) +
           report("unstacking", 5, process, 1u << 11, bus) +
           report("no such return", 6, nowhere, 1u << 18, usage) +
           report("frame of the other mode", 6, thread, 1u << 18, usage) +
           derived_report("call inside the call", 3, handler, 0, forced, calls) +
           derived_report("call while masked", 3, thread, 0, forced, 0);
  };
  EXPECT_EQ(board.finish(), both(false) + both(true));
  board.run(std::chrono::milliseconds(5));
  EXPECT_NE(board.board.describe_cpu().find("locked up: no vector of exception 3 at 0x3000000c"),
            std::string::npos);
}

}  // namespace
}  // namespace goldcrest::board

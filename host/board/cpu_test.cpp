// SPDX-License-Identifier: MIT
// The CPU by what programs see of it; each program is in host/board/programs.
#include "host/board/cpu.hpp"

#include <gtest/gtest.h>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

TEST(Cpu, computes_the_same_with_interrupts_at_any_block) {
  ProgrammedBoard board("arithmetic");
  board.finish(std::chrono::seconds(5));
  const auto values = board.values();
  EXPECT_EQ(values.at("across page equal"), 3U);
  EXPECT_EQ(values.at("across page different"), 12U);
  EXPECT_EQ(values.at("hash"), 0x29870BE3U);  // as the same C code computes it on x86-64
  EXPECT_EQ(values.at("different"), 0U);
  EXPECT_GT(values.at("ticks"), 1000U);
}

TEST(Cpu, orders_exceptions_by_priority) {
  ProgrammedBoard board("nesting");
  EXPECT_EQ(board.finish(),
            "nested:ABCc-b-a\n"
            "active=0x00000300\n"
            "equal:A-aB-bCc\n"
            "grouped:A-aB-bCc\n"
            "waiting:CcB-bCcA-aB-bCc\n"
            "same stack=0x00000001\n"
            "pending=0x00000400\n"
            "vectpending=0x0000001a\n"
            "cleared:\n"
            "basepri:.Cc.BCc-b\n"
            "faultmask:.Cc\n"
            "disabled:.Cc\n");
}

TEST(Cpu, sleeps_and_wakes_up) {
  ProgrammedBoard board("sleeping");
  EXPECT_EQ(board.finish(),
            "rounds=0x00000032\n"
            "taken while masked=0x00000000\n"
            "taken after=0x00000001\n"
            "first wfe passed\n"
            "slept over a tick=0x00000001\n"
            "sevonpend passed\n"
            "seen before the last tick=0x00000005\n"
            "cycles run=0x00000001\n");
}

TEST(Cpu, switches_tasks_on_the_process_stack) {
  ProgrammedBoard board("tasks");
  EXPECT_EQ(board.finish(),
            "svc=0x00000099\n"
            "svc number=0x0000002a\n"
            "psp svc=0x0000002d\n"
            "control in handler=0x00000000\n"
            "ipsr in handler=0x0000000b\n"
            "psp in task=0x00000002\n"
            "unprivileged=0x00000003\n"
            "privileged=0x00000002\n"
            "primask=0x00000000\n"
            "switches=0x00000028\n"
            "both ran=0x00000001\n"
            "sum errors=0x00000000\n"
            "misaligned=0x00000000\n");
}

std::string fault_report(const char* title, unsigned exception, std::uint32_t cfsr,
                         std::uint32_t hfsr, std::optional<std::uint32_t> bfar, bool at) {
  const auto hex = [](const char* name, std::uint32_t value) {
    char line[64];
    std::snprintf(line, sizeof line, "%s=0x%08x\n", name, value);
    return std::string(line);
  };
  std::string text = std::string(title) + ": " + hex("exception", exception) + hex("  cfsr", cfsr) +
                     hex("  hfsr", hfsr);
  if (bfar) text += hex("  bfar", *bfar);
  return text + hex("  at the instruction", at ? 1 : 0);
}

TEST(Cpu, reports_faults_where_they_happen) {
  ProgrammedBoard board("faults");
  constexpr std::uint32_t forced = 0x40000000;
  EXPECT_EQ(board.finish(),
            fault_report("read", 3, 0x8200, forced, 0x30000010, true) +
                fault_report("read byte", 3, 0x8200, forced, 0x30000013, true) +
                fault_report("read multiple", 3, 0x8200, forced, 0x30000000, true) +
                fault_report("write", 3, 0x0400, forced, std::nullopt, false) +
                fault_report("undefined", 3, 0x10000, forced, std::nullopt, true) +
                fault_report("undefined wide", 3, 0x10000, forced, std::nullopt, true) +
                fault_report("coprocessor", 3, 0x80000, forced, std::nullopt, true) +
                fault_report("state", 3, 0x20000, forced, std::nullopt, false) +
                fault_report("fetch", 3, 0x100, forced, std::nullopt, false) +
                fault_report("execute never", 3, 0x1, forced, std::nullopt, false) +
                fault_report("breakpoint", 3, 0, 0x80000000, std::nullopt, true) +
                fault_report("read with handler", 5, 0x8200, 0, 0x30000000, true) +
                fault_report("undefined with handler", 6, 0x10000, 0, std::nullopt, true) +
                fault_report("execute never with handler", 4, 0x1, 0, std::nullopt, false) +
                fault_report("supervisor call while masked", 3, 0, forced, std::nullopt, true) +
                fault_report("unaligned", 6, 0x1000000, 0, std::nullopt, true));
}

TEST(Cpu, locks_up_on_a_fault_in_the_hard_fault_handler) {
  ProgrammedBoard board("lockup");
  EXPECT_FALSE(board.run_to("done\n", std::chrono::milliseconds(50)));
  EXPECT_EQ(board.console, "in the handler\n");
  EXPECT_NE(board.board.describe_cpu().find("locked up: a fault inside a fault handler"),
            std::string::npos);
  EXPECT_EQ(board.board.next_event(), base::never);
  board.board.reset();  // the way out
  EXPECT_TRUE(board.run_to("in the handler\nin the handler\n"));
}

TEST(Cpu, sees_the_memory_map_of_the_chip) {
  BoardOptions options;
  options.unique_id = {0x11111111, 0x22222222, 0x33333333};
  ProgrammedBoard board("memory_map", options);
  EXPECT_EQ(board.finish(),
            "reset flags=0x0000000c\n"  // power-on and NRST
            "ram bit set=0x00000020\n"
            "ram bit read=0x00000001\n"
            "ram bit clear=0x00000000\n"
            "odr=0x00000020\n"
            "odr bit=0x00000001\n"
            "odr=0x00000000\n"
            "alias=0x00000001\n"
            "alias runs=0x00000001\n"
            "flash size=0x00000200\n"
            "id0=0x11111111\n"
            "id1=0x22222222\n"
            "id2=0x33333333\n"
            "old id0=0x44444444\n"  // where smaller chips have it: something of this chip's own
            "old id1=0x22222222\n"
            "old id2=0x00000000\n"
            "actlr=0x00000001\n"
            "actlr=0x00000000\n"
            "interrupt lines=0x00000001\n"
            "cpuid=0x411fc231\n"
            "device=0x00000437\n"
            "relocated=0x00000001\n"
            "counters agree=0x00000001\n"
            "cost is plausible=0x00000001\n"
            "resetting\n"
            "reset flags=0x0000001c\n"  // and software
            "marker kept=0x00000001\n");
}

TEST(Cpu, interrupts_break_into_a_tight_loop_at_once) {
  ProgrammedBoard board("spin");
  ASSERT_TRUE(board.run_to("ready\n"));
  board.board.type("x");
  // One character in, at 115200 baud, and 17 out.
  board.run(std::chrono::microseconds(87 * 18 + 100));
  EXPECT_EQ(board.console, "ready\ntyped=0x00780001\n");
}

TEST(Cpu, traps_as_the_control_register_asks_and_is_prompt) {
  ProgrammedBoard board("traps");
  EXPECT_EQ(board.finish(),
            "dfsr=0x00000000\n"
            "afsr=0x00000000\n"
            "ccr=0x00000200\n"
            "shcsr=0x00000000\n"
            "vtor=0x08000000\n"
            "udiv: exception=0x00000003\n"
            "  cfsr=0x02000000\n"
            "  hfsr=0x40000000\n"
            "  at the instruction=0x00000001\n"
            "udiveq: exception=0x00000003\n"
            "  cfsr=0x02000000\n"
            "  hfsr=0x40000000\n"
            "  at the instruction=0x00000001\n"
            "sdiv: exception=0x00000003\n"
            "  cfsr=0x02000000\n"
            "  hfsr=0x40000000\n"
            "  at the instruction=0x00000001\n"
            "ldr: exception=0x00000003\n"
            "  cfsr=0x01000000\n"
            "  hfsr=0x40000000\n"
            "  at the instruction=0x00000001\n"
            "strh: exception=0x00000003\n"
            "  cfsr=0x01000000\n"
            "  hfsr=0x40000000\n"
            "  at the instruction=0x00000001\n"
            "ldrd: exception=0x00000003\n"
            "  cfsr=0x01000000\n"
            "  hfsr=0x40000000\n"
            "  at the instruction=0x00000001\n"
            "guarded=0x00000005\n"
            "quotient=0x00000000\n"
            "faults=0x00000000\n"
            "after pendsv=0x00000001\n"
            "masked=0x00000001\n"
            "opened=0x00000002\n"
            "under basepri=0x00000002\n"
            "basepri opened=0x00000003\n"
            "five=0x00000005\n"
            "ten=0x0000000a\n"
            "sum=0x000000d2\n"
            "changed=0x0000002a\n"
            "exc_return: exception=0x00000006\n"
            "  cfsr=0x00040000\n"
            "  hfsr=0x00000000\n"
            "stacking: exception=0x00000005\n"
            "  cfsr=0x00001000\n"
            "  hfsr=0x00000000\n"
            "then=0x0000088b\n"
            "stack=0x00000001\n"
            "order=0x00000089\n");
}

}  // namespace
}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/debugger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "host/board/board_fixture.hpp"

namespace goldcrest::board {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t xpsr_it = 0x0600FC00;
constexpr std::uint32_t usart2_data = 0x40004404;
constexpr std::uint32_t gpioa_mode = 0x40020000;

/// A board with debugged.c on it, and everything that it does.
struct Debugged {
  std::string trace;
  ProgrammedBoard programmed;
  Board& board = programmed.board;
  Debugger& debugger = board.debugger();

  explicit Debugged(const std::string& program = "debugged", bool traced = false)
      : programmed(program, options(traced)) {}

  BoardOptions options(bool traced) {
    BoardOptions result;
    if (!traced) return result;
    result.trace = {"registers", "interrupts", "serial"};
    result.trace_sink = [this](std::string_view line) {
      trace += line;
      trace += '\n';
    };
    return result;
  }

  /// Runs until it halts; false if it does not within `limit`.
  bool run_to_halt(base::Duration limit = milliseconds(100)) {
    const base::Instant end = board.now() + limit;
    while (!debugger.halt() && board.now() < end) programmed.run(milliseconds(1));
    programmed.console += board.take_serial();
    return debugger.halt().has_value();
  }
  bool resume_to_halt() {
    debugger.resume();
    return run_to_halt();
  }
  std::uint32_t step() {
    debugger.step();
    EXPECT_TRUE(run_to_halt());
    EXPECT_EQ(debugger.halt()->reason, HaltReason::step);
    return pc();
  }
  std::uint32_t get(CpuRegister which) { return debugger.read_register(which); }
  std::uint32_t pc() { return get(CpuRegister::pc); }
  std::uint32_t r0() { return get(CpuRegister::r0); }
  std::uint32_t word(std::uint32_t address) {
    const auto bytes = debugger.read(address, 4);
    EXPECT_TRUE(bytes.has_value()) << bytes.error();
    if (!bytes) return 0;
    return std::uint32_t{(*bytes)[0]} | std::uint32_t{(*bytes)[1]} << 8 |
           std::uint32_t{(*bytes)[2]} << 16 | std::uint32_t{(*bytes)[3]} << 24;
  }
};

/// What the program does when nobody looks, and where its functions are.
struct Reference {
  Debugged run{"debugged", true};
  std::map<std::string, std::uint32_t> values;
  Reference() {
    run.programmed.finish();
    run.programmed.run(milliseconds(1));
    values = run.programmed.values();
  }
};
const Reference& reference() {
  static const Reference once;
  return once;
}
std::uint32_t place(const std::string& name) {
  return reference().values.at(name);
}

/// The rest of a run that has been interfered with is that of one that has not.
void expect_unchanged(Debugged& run) {
  run.debugger.detach();
  const std::string console = run.programmed.finish();
  run.programmed.run(milliseconds(1));
  const auto& expected = reference().run.programmed;
  EXPECT_EQ(console + "done\n", expected.console);
  ASSERT_FALSE(run.trace.empty());
  const std::string& trace = reference().run.trace;
  const std::size_t same =
      static_cast<std::size_t>(std::ranges::mismatch(run.trace, trace).in1 - run.trace.begin());
  EXPECT_EQ(same, trace.size()) << "first difference: …"
                                << run.trace.substr(same - std::min<std::size_t>(same, 300), 600)
                                << "\n… but should be …\n"
                                << trace.substr(same - std::min<std::size_t>(same, 300), 600);
  EXPECT_EQ(run.trace.size(), trace.size());
}

TEST(debugger, halts_before_the_instruction_inside_an_it_sequence) {
  const std::uint32_t choose = place("choose");
  Debugged run;
  ASSERT_TRUE(run.debugger.add_breakpoint(choose + 8));  // addeq
  ASSERT_TRUE(run.run_to_halt());
  EXPECT_EQ(run.debugger.halt()->reason, HaltReason::breakpoint);
  EXPECT_EQ(run.pc(), choose + 8);
  EXPECT_EQ(run.r0(), 2u);  // the first value is 3: movne has been done
  EXPECT_NE(run.get(CpuRegister::xpsr) & xpsr_it, 0u);
  const auto halted_at = run.board.now();
  run.board.run_until(halted_at + milliseconds(5));
  EXPECT_EQ(run.board.now(), halted_at);
  EXPECT_EQ(run.board.next_event(), base::never);
  EXPECT_EQ(run.step(), choose + 10);
  EXPECT_EQ(run.step(), choose + 12);
  EXPECT_EQ(run.r0(), 0x22u);
  EXPECT_EQ(run.get(CpuRegister::xpsr) & xpsr_it, 0u);

  ASSERT_TRUE(run.resume_to_halt());  // 4
  ASSERT_TRUE(run.resume_to_halt());  // 5
  EXPECT_EQ(run.r0(), 1u);
  run.debugger.remove_breakpoint(choose + 8);
  ASSERT_TRUE(run.debugger.add_breakpoint(choose));
  ASSERT_TRUE(run.resume_to_halt());  // 6
  EXPECT_EQ(run.r0(), 6u);
  for (std::uint32_t offset = 2; offset <= 12; offset += 2) {
    EXPECT_EQ(run.step(), choose + offset);
  }
  EXPECT_EQ(run.r0(), 0x22u);
  EXPECT_EQ(run.step(), run.get(CpuRegister::lr) & ~1u);
}

TEST(debugger, breakpoints_change_nothing) {
  Debugged run("debugged", true);
  for (std::uint32_t offset = 0; offset <= 12; offset += 2) {
    ASSERT_TRUE(run.debugger.add_breakpoint(place("choose") + offset));
  }
  ASSERT_TRUE(run.debugger.add_breakpoint(place("tick")));
  ASSERT_TRUE(run.debugger.add_breakpoint(place("add_in_ram")));
  for (std::uint32_t offset = 0; offset < 1600; offset += 100) {
    ASSERT_TRUE(run.debugger.add_breakpoint(place("mix") + offset));
  }
  int halts = 0;
  for (; run.run_to_halt(); ++halts) {
    EXPECT_EQ(run.debugger.halt()->reason, HaltReason::breakpoint);
    run.debugger.resume();
  }
  EXPECT_GT(halts, 4 * 7 + 4 + 10);
  expect_unchanged(run);
}

TEST(debugger, stepping_changes_nothing) {
  Debugged run("debugged", true);
  ASSERT_TRUE(run.debugger.add_breakpoint(place("choose") + 4));
  ASSERT_TRUE(run.run_to_halt());
  bool slept = false;
  bool interrupted = false;
  for (int count = 0; count < 4000; ++count) {
    const std::uint32_t before = run.pc();
    const std::uint32_t after = run.step();
    slept = slept || before == place("doze");
    interrupted = interrupted || after == place("tick");
  }
  EXPECT_TRUE(slept);
  EXPECT_TRUE(interrupted);
  expect_unchanged(run);
}

TEST(debugger, watching_changes_nothing) {
  Debugged run("debugged", true);
  ASSERT_TRUE(run.debugger.add_watchpoint(place("ticks"), 4, WatchKind::access));
  ASSERT_TRUE(run.debugger.add_watchpoint(place("watched"), 4, WatchKind::access));
  ASSERT_TRUE(run.debugger.add_watchpoint(place("table") + 20, 4, WatchKind::write));
  int halts = 0;
  for (; run.run_to_halt(); ++halts) {
    EXPECT_EQ(run.debugger.halt()->reason, HaltReason::watchpoint);
    run.debugger.resume();
  }
  EXPECT_GT(halts, 4 + 2 + 4);
  expect_unchanged(run);
}

TEST(debugger, watching_blocks_changes_nothing) {
  Debugged run("debugged", true);
  const std::uint32_t choose = place("choose");
  std::uint64_t blocks = 0;
  run.debugger.watch_blocks([&](std::uint32_t address, std::uint32_t size) {
    EXPECT_GT(size, 0u);
    ++blocks;
    return address == choose;
  });
  int halts = 0;
  for (; run.run_to_halt(); ++halts) {
    EXPECT_EQ(run.debugger.halt()->reason, HaltReason::breakpoint);
    EXPECT_EQ(run.pc(), choose);
    EXPECT_EQ(run.r0(), 3u + static_cast<std::uint32_t>(halts));
    if (halts == 1) {
      EXPECT_EQ(run.step(), choose + 2);
    }
    run.debugger.resume();
  }
  EXPECT_EQ(halts, 4);
  EXPECT_GT(blocks, 1000u);
  expect_unchanged(run);
}

TEST(debugger, skips_half_words_and_the_it_state_with_them) {
  const std::uint32_t choose = place("choose");
  const auto skipped = [&](std::uint32_t at, unsigned half_words) {
    Debugged run;
    EXPECT_TRUE(run.debugger.add_breakpoint(choose));
    for (int count = 0; count < 2; ++count) {
      EXPECT_TRUE(run.run_to_halt());
      run.debugger.resume();
    }
    EXPECT_TRUE(run.run_to_halt());
    EXPECT_EQ(run.r0(), 5u);  // moveq and addeq will be executed
    while (run.pc() < choose + at) run.step();
    run.debugger.skip(half_words);
    EXPECT_EQ(run.pc(), choose + at + 2 * half_words);
    while (run.pc() != choose + 12) run.step();
    EXPECT_EQ(run.get(CpuRegister::xpsr) & xpsr_it, 0u);
    return run.r0();
  };
  EXPECT_EQ(skipped(4, 1), 5u + 16u);        // moveq
  EXPECT_EQ(skipped(4, 2), 5u + 16u);        // and movne
  EXPECT_EQ(skipped(4, 3), 5u);              // and addeq
  EXPECT_EQ(skipped(8, 1), 1u);              // addeq
  EXPECT_EQ(skipped(2, 1), 2u + 16u + 32u);  // without IT all four are executed
  EXPECT_EQ(skipped(0, 4), 5u + 16u + 32u);
}

TEST(debugger, detaching_in_a_block_changes_nothing) {
  Debugged run("debugged", true);
  ASSERT_TRUE(run.debugger.add_breakpoint(place("mix") + 50));
  ASSERT_TRUE(run.run_to_halt());
  expect_unchanged(run);
}

TEST(debugger, a_board_saved_in_a_block_goes_on_there) {
  Debugged run;
  ASSERT_TRUE(run.debugger.add_breakpoint(place("choose") + 6));
  ASSERT_TRUE(run.run_to_halt());
  const auto state = run.board.save();
  Debugged other("spin");
  ASSERT_TRUE(other.board.restore(state).has_value());
  EXPECT_EQ(other.pc(), place("choose") + 6);
  other.programmed.console = run.programmed.console;
  other.programmed.finish();
  EXPECT_EQ(other.programmed.values(), reference().values);
}

TEST(debugger, a_watchpoint_halts_before_the_store) {
  Debugged run;
  ASSERT_TRUE(run.debugger.add_breakpoint(place("store_if")));
  ASSERT_TRUE(run.run_to_halt());
  run.debugger.remove_breakpoint(place("store_if"));
  ASSERT_TRUE(run.debugger.add_watchpoint(place("watched"), 4, WatchKind::write));
  ASSERT_TRUE(run.resume_to_halt());
  EXPECT_EQ(run.debugger.halt()->reason, HaltReason::watchpoint);
  EXPECT_EQ(run.debugger.halt()->data_address, place("watched"));
  EXPECT_EQ(run.pc(), place("store_if") + 4);
  EXPECT_EQ(run.word(place("watched")), 0u);
  EXPECT_EQ(run.step(), place("store_if") + 6);
  EXPECT_EQ(run.word(place("watched")), 10u);
  // The next call has nothing to store, so the one after it is found.
  ASSERT_TRUE(run.resume_to_halt());
  EXPECT_EQ(run.pc(), place("store_if") + 4);
  EXPECT_EQ(run.get(CpuRegister(1)), 12u);
  run.debugger.remove_watchpoint(place("watched"), 4, WatchKind::write);
  run.debugger.resume();
  EXPECT_FALSE(run.run_to_halt(milliseconds(20)));
}

TEST(debugger, part_of_a_word_and_registers_can_be_watched) {
  Debugged run;
  ASSERT_TRUE(run.debugger.add_watchpoint(usart2_data, 1, WatchKind::write));
  ASSERT_TRUE(run.run_to_halt());
  EXPECT_EQ(run.debugger.halt()->data_address, usart2_data);
  EXPECT_TRUE(run.programmed.console.empty());
  run.debugger.remove_watchpoint(usart2_data, 1, WatchKind::write);
  ASSERT_TRUE(run.debugger.add_watchpoint(gpioa_mode + 2, 2, WatchKind::read));
  run.debugger.reset();
  ASSERT_TRUE(run.resume_to_halt());
  EXPECT_EQ(run.debugger.halt()->data_address, gpioa_mode + 2);
  EXPECT_EQ(run.debugger.halt()->watch_kind, WatchKind::read);
}

TEST(debugger, a_step_of_wfi_sleeps_and_the_next_one_wakes_up) {
  Debugged run;
  ASSERT_TRUE(run.debugger.add_breakpoint(place("doze")));
  ASSERT_TRUE(run.run_to_halt());
  EXPECT_EQ(run.step(), place("doze") + 2);
  EXPECT_NE(run.board.describe_cpu().find("sleeping"), std::string::npos);
  EXPECT_EQ(run.step(), place("tick"));  // exception entry
  EXPECT_EQ(run.get(CpuRegister::xpsr) & 0x1FF, 15u);
  run.debugger.remove_breakpoint(place("doze"));
  ASSERT_TRUE(run.debugger.add_breakpoint(place("doze") + 2));
  ASSERT_TRUE(run.resume_to_halt());
  EXPECT_EQ(run.get(CpuRegister::xpsr) & 0x1FF, 0u);

  ASSERT_TRUE(run.debugger.add_breakpoint(place("doze")));
  ASSERT_TRUE(run.resume_to_halt());
  run.debugger.mask_interrupts_in_steps(true);
  EXPECT_EQ(run.step(), place("doze") + 2);
  EXPECT_EQ(run.step(), place("doze") + 4);  // awake, and the interrupt waits
  run.debugger.mask_interrupts_in_steps(false);
  EXPECT_NE(run.step(), place("tick"));  // that was not the last one of its block
  EXPECT_EQ(run.step(), place("tick"));
}

TEST(debugger, steps_through_a_range) {
  Debugged run;
  ASSERT_TRUE(run.debugger.add_breakpoint(place("mix")));
  ASSERT_TRUE(run.run_to_halt());
  run.debugger.step(place("mix"), place("mix") + 400);
  ASSERT_TRUE(run.run_to_halt());
  EXPECT_EQ(run.debugger.halt()->reason, HaltReason::step);
  EXPECT_GE(run.pc(), place("mix") + 400);
  EXPECT_LE(run.pc(), place("mix") + 402);
}

TEST(debugger, bkpt_halts_and_is_passed) {
  Debugged run;
  ASSERT_TRUE(run.debugger.add_breakpoint(place("choose")));
  ASSERT_TRUE(run.run_to_halt());
  run.debugger.write_register(CpuRegister::pc, place("stop_here") | 1u);
  ASSERT_TRUE(run.resume_to_halt());
  EXPECT_EQ(run.debugger.halt()->reason, HaltReason::instruction);
  EXPECT_EQ(run.pc(), place("stop_here"));
  EXPECT_EQ(run.step(), place("stop_here") + 2);
  EXPECT_EQ(run.step(), place("stop_here") + 4);
  EXPECT_EQ(run.r0(), 7u);
}

TEST(debugger, a_lockup_halts) {
  Debugged run("lockup");
  run.debugger.attach();
  ASSERT_TRUE(run.run_to_halt());
  EXPECT_EQ(run.debugger.halt()->reason, HaltReason::lockup);
}

TEST(debugger, reads_and_writes_registers) {
  Debugged run;
  ASSERT_TRUE(run.debugger.add_breakpoint(place("choose") + 6));
  ASSERT_TRUE(run.run_to_halt());
  for (unsigned number = 0; number <= 14; ++number) {
    if (number == 13) continue;
    run.debugger.write_register(CpuRegister(number), 0x1000 + number);
    EXPECT_EQ(run.get(CpuRegister(number)), 0x1000 + number);
  }
  const std::uint32_t sp = run.get(CpuRegister::sp);
  EXPECT_EQ(run.get(CpuRegister::msp), sp);
  run.debugger.write_register(CpuRegister::psp, 0x20001003);
  EXPECT_EQ(run.get(CpuRegister::psp), 0x20001000u);
  run.debugger.write_register(CpuRegister::control, 0xFF);
  EXPECT_EQ(run.get(CpuRegister::control), 3u);
  EXPECT_EQ(run.get(CpuRegister::sp), 0x20001000u);
  run.debugger.write_register(CpuRegister::control, 0);
  EXPECT_EQ(run.get(CpuRegister::sp), sp);
  run.debugger.write_register(CpuRegister::basepri, 0xFF);
  EXPECT_EQ(run.get(CpuRegister::basepri), 0xF0u);
  run.debugger.write_register(CpuRegister::primask, 0xFF);
  EXPECT_EQ(run.get(CpuRegister::primask), 1u);
  run.debugger.write_register(CpuRegister::xpsr, 0x21000003);
  EXPECT_EQ(run.get(CpuRegister::xpsr), 0x21000000u);  // no exception number
  run.debugger.write_register(CpuRegister::lr, place("doze") | 1u);
  run.debugger.write_register(CpuRegister::pc, place("choose") + 13);
  EXPECT_EQ(run.pc(), place("choose") + 12);
  EXPECT_EQ(run.step(), place("doze"));
}

TEST(debugger, reads_and_writes_memory) {
  Debugged run;
  ASSERT_TRUE(run.debugger.add_breakpoint(place("add_in_ram")));
  ASSERT_TRUE(run.run_to_halt());
  EXPECT_EQ(run.word(0), run.word(0x08000000));
  EXPECT_EQ(run.word(0xE0042000) & 0xFFF, 0x437u);
  const std::vector<std::uint8_t> bytes{1, 2, 3, 4, 5, 6, 7};
  ASSERT_TRUE(run.debugger.write(place("table") + 1, bytes).has_value());
  EXPECT_EQ(*run.debugger.read(place("table") + 1, 7), bytes);
  EXPECT_EQ(run.debugger.read(0x20014000 - 2, 4).error(), "nothing answers at 0x20013ffe, 4 bytes");
  EXPECT_FALSE(run.debugger.read(0xFFFFFFFF, 0xFFFFFFFF).has_value());
  EXPECT_FALSE(run.debugger.read(0x60000000, 1).has_value());
  EXPECT_FALSE(run.debugger.write(0x08000000, bytes).has_value());
  EXPECT_FALSE(run.debugger.write(4, bytes).has_value());
  ASSERT_TRUE(run.debugger.write(0x08080000, bytes).has_value());  // data EEPROM
  EXPECT_EQ(*run.debugger.read(0x08080000, 7), bytes);
  // Code in RAM that is being executed: movs r0, #42; bx lr.
  ASSERT_TRUE(run.debugger.write(place("add_in_ram"), {{0x2A, 0x20, 0x70, 0x47}}).has_value());
  EXPECT_EQ(run.step(), place("add_in_ram") + 2);
  EXPECT_EQ(run.r0(), 42u);
  // Code in flash.
  std::vector<std::uint8_t> page = *run.debugger.read(place("choose") & ~0xFFu, 512);
  page[place("choose") % 256] = 6;  // cmp r0, #6
  ASSERT_TRUE(run.debugger.program(place("choose") & ~0xFFu, page).has_value());
  run.debugger.write_register(CpuRegister::r0, 6);
  run.debugger.write_register(CpuRegister::pc, place("choose"));
  ASSERT_TRUE(run.debugger.add_breakpoint(place("choose") + 12));
  ASSERT_TRUE(run.resume_to_halt());
  EXPECT_EQ(run.r0(), 0x11u);
}

/// As a probe does it: keys, option word, OBL_LAUNCH.
void set_readout_protection(Debugged& run, std::uint8_t level) {
  const auto write = [&](std::uint32_t address, std::uint32_t value) {
    std::vector<std::uint8_t> bytes(4);
    for (unsigned index = 0; index < 4; ++index) {
      bytes[index] = static_cast<std::uint8_t>(value >> 8 * index);
    }
    ASSERT_TRUE(run.debugger.write(address, bytes).has_value());
  };
  constexpr std::uint32_t flash = 0x40023C00;
  write(flash + 0x0C, 0x89ABCDEF);
  write(flash + 0x0C, 0x02030405);
  write(flash + 0x14, 0xFBEAD9C8);
  write(flash + 0x14, 0x24252627);
  write(0x1FF80000, level | (~std::uint32_t{level} & 0xFF) << 16 | 0xFF00'0000);
  run.programmed.run(milliseconds(20));
  write(flash + 0x04, 1u << 18);
  run.programmed.run(milliseconds(20));
}

TEST(debugger, a_locked_board_lets_ram_be_seen_but_not_flash) {
  Debugged run("spin");
  run.programmed.run(milliseconds(5));
  EXPECT_TRUE(run.debugger.read(0x08000000, 4).has_value());
  set_readout_protection(run, 0xBB);
  EXPECT_FALSE(run.debugger.locked());
  EXPECT_TRUE(run.debugger.read(0x20000000, 4).has_value());
  EXPECT_FALSE(run.debugger.read(0x08000000, 4).has_value());
  EXPECT_FALSE(run.debugger.read(0, 4).has_value());
  EXPECT_FALSE(run.debugger.read(0x08080000, 4).has_value());
  EXPECT_FALSE(run.debugger.program(0x08000000, std::vector<std::uint8_t>(256)).has_value());
}

TEST(debugger, a_board_locked_for_ever_lets_nothing_be_seen) {
  Debugged run("spin");
  run.programmed.run(milliseconds(5));
  set_readout_protection(run, 0xCC);
  EXPECT_TRUE(run.debugger.locked());
  EXPECT_FALSE(run.debugger.read(0x20000000, 4).has_value());
  EXPECT_FALSE(run.debugger.write(0x20000000, std::vector<std::uint8_t>(4)).has_value());
}

TEST(debugger, reset_and_power_keep_a_halted_board_halted) {
  Debugged run;
  ASSERT_TRUE(run.debugger.add_breakpoint(place("choose") + 6));
  ASSERT_TRUE(run.run_to_halt());
  run.board.reset();
  EXPECT_EQ(run.pc(), run.word(4) & ~1u);
  EXPECT_EQ(run.get(CpuRegister::sp), run.word(0));
  run.board.power(false);
  EXPECT_EQ(run.debugger.read(0x20000000, 4).error(), "the board has no power");
  const auto now = run.board.now();
  run.board.run_until(now + milliseconds(2));
  EXPECT_EQ(run.board.now(), now + milliseconds(2));
  run.board.power(true);
  EXPECT_TRUE(run.debugger.halt().has_value());
  run.programmed.console.clear();
  ASSERT_TRUE(run.resume_to_halt());
  EXPECT_EQ(run.pc(), place("choose") + 6);
  run.debugger.request_halt();
  EXPECT_EQ(run.debugger.halt()->reason, HaltReason::breakpoint);
}

TEST(debugger, refuses_too_many) {
  Debugged run;
  for (std::uint32_t count = 0; count < Debugger::breakpoints_max; ++count) {
    ASSERT_TRUE(run.debugger.add_breakpoint(0x08000000 + count * 2));
  }
  EXPECT_FALSE(run.debugger.add_breakpoint(0x08040000));
  EXPECT_TRUE(run.debugger.add_breakpoint(0x08000000));
  for (std::uint32_t count = 0; count < Debugger::watchpoints_max; ++count) {
    ASSERT_TRUE(run.debugger.add_watchpoint(0x20000000 + count * 4, 4, WatchKind::write));
  }
  EXPECT_FALSE(run.debugger.add_watchpoint(0x20001000, 4, WatchKind::write));
  EXPECT_FALSE(Debugged().debugger.add_watchpoint(0x20001000, 0, WatchKind::write));
}

}  // namespace
}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// What a debug probe does with the board: halt, breakpoints, single steps, watchpoints, registers
// and memory. The same interface serves tests and the GDB stub.
//
//   board.debugger().add_breakpoint(address);
//   board.run_until(end);                       // comes back early when the CPU halts
//   if (board.debugger().halt()) { … board.debugger().resume(); }
//
// While the CPU is halted, the board's time stands still, and with it every peripheral. Debugging
// leaves no other trace: a run that was halted, stepped and watched goes on exactly as it would
// have without. Only what the firmware can see on the chip, too, tells it of the debugger: what the
// debugger changes, what its reads of peripheral registers do there, and BKPT, which halts instead
// of faulting. The debugger is not part of the board's saved state.
//
// Readout protection (RM0038 3.6): at level 1 program memory and EEPROM are refused, at level 2
// everything. Option bytes are in reach at level 1: writing level 0 there erases everything.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace goldcrest::board {

class CpuDebug;
class Machine;

enum class WatchKind : std::uint8_t { read = 1, write = 2, access = 3 };

enum class HaltReason : std::uint8_t {
  request,      ///< request_halt()
  step,         ///< the step is done
  breakpoint,   ///< before the instruction at the breakpoint
  watchpoint,   ///< before the instruction that makes the access
  instruction,  ///< at a BKPT; resuming goes on behind it
  lockup,       ///< a fault inside a fault handler
};

struct Halt {
  HaltReason reason = HaltReason::request;
  /// Of a watchpoint: its first byte that is about to be accessed, and the watchpoint's kind.
  std::uint32_t data_address = 0;
  WatchKind watch_kind = WatchKind::access;
};

/// As DCRSR numbers the first 16 (ARMv7-M C1.6.3).
enum class CpuRegister : std::uint8_t {
  r0,
  sp = 13,
  lr = 14,
  pc = 15,
  xpsr,
  msp,
  psp,
  primask,
  basepri,
  faultmask,
  control,
};
inline constexpr unsigned cpu_register_count = 23;

class Debugger {
 public:
  static constexpr std::size_t watchpoints_max = 64;
  static constexpr std::size_t breakpoints_max = 4096;

  explicit Debugger(Machine& machine) : machine_(machine) {}

  /// From here on BKPT and a lockup halt the CPU; so do halts and steps that are asked for. All
  /// calls below attach by themselves.
  void attach();
  /// Takes everything away and lets the board run.
  void detach();

  // --- running ---
  /// Why the CPU is halted; nothing while it runs.
  std::optional<Halt> halt() const;
  /// Halts now, between two blocks of instructions.
  void request_halt();
  void resume();
  /// Lets one instruction execute, or one exception be entered, and halts again; with a range, goes
  /// on until the PC is outside [range_begin, range_end). A step at a sleeping CPU ends when
  /// something has woken it.
  void step(std::uint32_t range_begin = 0, std::uint32_t range_end = 0);
  /// Interrupts (PendSV, SysTick and external ones) wait while the CPU is stepped.
  void mask_interrupts_in_steps(bool mask);
  /// NRST: the CPU stays halted if it is, at the first instruction.
  void reset();

  // --- breakpoints and watchpoints; false: there are too many ---
  bool add_breakpoint(std::uint32_t address);
  void remove_breakpoint(std::uint32_t address);
  bool add_watchpoint(std::uint32_t address, std::uint32_t size, WatchKind kind);
  void remove_watchpoint(std::uint32_t address, std::uint32_t size, WatchKind kind);
  /// Called with address and size in bytes of every block of instructions that is about to be
  /// executed, in the thread that runs the board: true halts before it, as at a breakpoint. An
  /// empty function ends it. It must not call the board.
  void watch_blocks(std::function<bool(std::uint32_t, std::uint32_t)> watcher);

  // --- faults ---
  /// What a glitch does: the next `half_words` of code are not executed. The PC moves on behind
  /// them, even into the middle of an instruction, and the IT state by every instruction that
  /// begins among them; an IT instruction among them makes nothing conditional. The CPU must be
  /// halted.
  void skip(unsigned half_words);

  // --- registers and memory; a running CPU is looked at between two blocks ---
  std::uint32_t read_register(CpuRegister which);
  void write_register(CpuRegister which, std::uint32_t value);
  /// Reads through the bus, in words where the range is aligned (as a probe does), half-words or
  /// bytes else. A read of a peripheral's register does what it does on the chip.
  [[nodiscard]] std::expected<std::vector<std::uint8_t>, std::string> read(std::uint32_t address,
                                                                           std::uint32_t size);
  /// Not for program memory, see program().
  [[nodiscard]] std::expected<void, std::string> write(std::uint32_t address,
                                                       std::span<const std::uint8_t> bytes);
  /// Whole pages of program memory, erased and programmed; the option bytes stay as they are.
  [[nodiscard]] std::expected<void, std::string> program(std::uint32_t address,
                                                         std::span<const std::uint8_t> pages);
  /// Readout protection level 2: there is no debug port.
  bool locked() const;

 private:
  /// Where the CPU goes on, unless the PC has been written: breakpoints there are passed.
  std::optional<std::uint32_t> resume_point();
  CpuDebug& unit();
  const CpuDebug& unit() const;
  std::expected<void, std::string> check(std::uint32_t address, std::uint64_t size) const;

  Machine& machine_;
  bool pc_written_ = false;
};

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// The instruction engine: Unicorn 2.0.1 as a bare Thumb-2 executor with the chip's memory map.
//
// What is known about it, and relied upon:
//  * With UC_MODE_MCLASS the CPU is a Cortex-M33 whatever model is set; without it the model
//  counts.
//  * The block hook runs before a block; stopping there leaves the block unexecuted and every
//    register valid, the IT state included. Stopping anywhere else loses state, so nothing does.
//  * SVC, exception return and BKPT arrive at the interrupt hook, which ends the block. WFI ends
//  the
//    run. WFE, YIELD and undefined instructions all end it with the same error.
//  * A refused read leaves the block with the registers as they were at the instruction, but
//  without
//    its address; that is found again from the accessed address (see thumb_access.hpp).
//  * Writes to read-only memory are discarded by the engine after the hook has seen them, if the
//    memory was made read-only by uc_mem_protect.
//  * SEV does nothing in the engine, so every half-word of program memory that looks like one has
//  an
//    instruction hook of its own (SEV in RAM is not seen).
//  * Special registers cannot be reached while the CPU is unprivileged, in either direction.
//  * An exit (uc_ctl_set_exits) ends a block before its address with all state right, inside an IT
//    sequence, too; but every block translated while it is set is cut there. An instruction hook
//    is called before its instruction, if its condition holds, and can stop there; inside an IT
//    sequence the IT state is lost then, and has to be found again from the code.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/board/memory.hpp"
#include "host/board/state.hpp"
#include "host/board/store_shortcut.hpp"
#include "host/board/translation_buffer.hpp"

struct uc_struct;

namespace goldcrest::board {

/// The special registers.
struct CpuContext {
  std::uint32_t xpsr = 0;
  std::uint32_t control = 0;
  std::uint32_t msp = 0;
  std::uint32_t psp = 0;
  std::uint32_t primask = 0;
  std::uint32_t basepri = 0;
  std::uint32_t faultmask = 0;

  void serialize(Saver& saver) { saver(xpsr, control, msp, psp, primask, basepri, faultmask); }
};

/// What the engine reads and writes many of at a time.
enum class Register : std::uint8_t {
  r0,
  r1,
  r2,
  r3,
  r4,
  r5,
  r6,
  r7,
  r8,
  r9,
  r10,
  r11,
  r12,
  sp,
  lr,
  pc,
  xpsr,
  control,
  msp,
  psp,
  primask,
  basepri,
  faultmask,
};

/// What the engine asks while code runs.
class EngineClient {
 public:
  /// A block of `size` bytes is about to execute; false stops before it.
  virtual bool block(std::uint32_t address, std::uint32_t size) = 0;
  virtual std::uint32_t bus_read(std::uint32_t address, unsigned size) = 0;
  virtual void bus_write(std::uint32_t address, std::uint32_t value, unsigned size) = 0;
  /// A write to an address that nothing answers at; execution goes on to the end of the block.
  virtual void write_refused(std::uint32_t address) = 0;
  /// SEV has been executed.
  virtual void send_event() = 0;
  /// Engine::watch_instructions(): the instruction at `address` is about to execute; false stops
  /// before it, unless it is inside an IT sequence.
  virtual bool instruction(std::uint32_t) { return true; }

 protected:
  ~EngineClient() = default;
};

/// Looks at every instruction before it is executed, where faults are wanted that the engine does
/// not know.
class TrapWatcher {
 public:
  /// The CFSR bit of the fault that the instruction at `address` ends in; 0 if it is to be
  /// executed.
  virtual std::uint32_t trap(std::uint32_t address) = 0;

 protected:
  ~TrapWatcher() = default;
};

class Engine {
 public:
  enum class Outcome : std::uint8_t {
    stopped,  ///< by block()
    wait_for_interrupt,
    wait_for_event,
    supervisor_call,
    breakpoint,
    exception_return,  ///< the PC holds the EXC_RETURN value
    no_coprocessor,
    undefined,
    invalid_state,  ///< Thumb bit clear
    unaligned,
    fetch_refused,
    read_refused,  ///< fault_address() has the address
    trapped,       ///< by a TrapWatcher: trapped_by() has the CFSR bit
    exit_reached,  ///< of run_piece()
  };

  Engine(Memory& memory, EngineClient& client);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Executes from `pc`.
  Outcome run(std::uint32_t pc);

  // --- for debugging (engine_debug.cpp) ---
  void set_client(EngineClient& client) { client_ = &client; }
  /// Executes from `pc` within a block that ends at `end`, and stops before every address of
  /// `exits` in (pc, end]. The address behind a WFI must not be one: it could not be told apart.
  Outcome run_piece(std::uint32_t pc, std::uint32_t end, std::span<const std::uint64_t> exits);
  /// Asks the client before every instruction whose condition holds; outside run() only.
  void watch_instructions(bool watch);

  /// Where execution has come to: the next instruction, or the one that failed.
  std::uint32_t pc() const { return pc_; }
  std::uint32_t fault_address() const { return fault_address_; }
  std::uint32_t trapped_by() const { return trapped_by_; }
  /// Sets who looks at every instruction, or nobody; outside run() only. Slow while it is on.
  void watch_traps(TrapWatcher* watcher);

  /// The values of some registers; special ones as the present mode may see them.
  template <std::same_as<Register>... Which>
  std::array<std::uint32_t, sizeof...(Which)> get(Which... which) const {
    const std::array<Register, sizeof...(Which)> registers{which...};
    std::array<std::uint32_t, sizeof...(Which)> values{};
    read(registers, values);
    return values;
  }
  /// Writes registers one after the other, as the present mode may; outside run() only. The last
  /// is to be xPSR if the mode or its flags change.
  void set(std::initializer_list<std::pair<Register, std::uint32_t>> values);

  /// R0–R12 (0–12), SP (13), LR (14).
  std::uint32_t general(unsigned number) const;
  void set_general(unsigned number, std::uint32_t value);
  /// Outside run() only.
  CpuContext context();
  void set_context(const CpuContext& context);
  std::uint32_t xpsr() const;
  bool privileged() const;

  /// Forgets what was translated from [address, address + size) of program memory or RAM; outside
  /// run() only.
  void code_changed(std::uint32_t address, std::uint32_t size);
  /// Program memory answers nobody, or does so again.
  void close_program_memory(bool closed);

 private:
  struct Window {
    Engine* engine;
    std::uint32_t base;
  };
  struct Hooks;
  struct DebugHooks;

  void map_memory(Memory& memory);
  void map_bus(std::uint32_t base, std::uint64_t size);
  void map_hole(std::uint64_t base, std::uint64_t end);
  void add_hooks();
  void watch_send_event(std::uint32_t address, std::uint32_t size);
  void elevate();
  Outcome classify(int error);
  Outcome classify_invalid();
  std::uint32_t code_half_word(std::uint32_t address) const;
  void read(std::span<const Register> registers, std::span<std::uint32_t> values) const;

  Memory& memory_;
  EngineClient* client_;
  uc_struct* engine_ = nullptr;
  std::vector<std::unique_ptr<Window>> windows_;
  std::map<std::uint32_t, std::size_t> send_event_hooks_;  ///< by address of the instruction
  StoreShortcut shortcut_;
  TranslationBuffer buffer_;
  TrapWatcher* trap_watcher_ = nullptr;
  std::array<std::size_t, 2> trap_hooks_{};
  std::uint32_t trapped_by_ = 0;
  std::uint32_t pc_ = 0;
  bool thumb_ = true;
  std::uint32_t block_ = 0;  ///< the last block begun
  std::uint32_t block_size_ = 0;
  std::uint32_t block_it_ = 0;  ///< the IT state it begins in, while traps are watched
  bool program_memory_closed_ = false;
  bool stopped_ = false;
  std::optional<std::uint32_t> stopped_at_;  ///< an instruction that instruction() refused
  std::size_t instruction_hook_ = 0;         ///< 0: none
  bool read_refused_ = false;
  std::uint32_t fault_address_ = 0;
  int interrupt_ = -1;
};

}  // namespace goldcrest::board

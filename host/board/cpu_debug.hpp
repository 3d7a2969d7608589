// SPDX-License-Identifier: MIT
// Stops inside blocks, for the debugger: between the Cpu and its engine while one is attached.
//
// The Cpu counts time and takes interrupts between blocks, and a block is what the engine
// translates in one go. So that a halt changes nothing, a block that must be halted in stays one
// block for the Cpu: it is begun as ever, and then executed in pieces, each ending before an
// instruction of interest. Halts leave its rest to be executed later. Everything outside such
// blocks runs at full speed.
//
// Watchpoints are found by looking at what every instruction is about to access. The hook that this
// takes makes the engine cut long blocks earlier; a second engine that never executes tells how
// long they are without it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/board/debugger.hpp"
#include "host/board/engine.hpp"
#include "host/board/nvic.hpp"

namespace goldcrest::board {

class CpuDebug final : private EngineClient {
 public:
  /// `cpu` is the client of `engine` that everything goes on to.
  CpuDebug(EngineClient& cpu, Engine& engine, Memory& memory);
  ~CpuDebug();

  // --- the debugger's side ---
  bool attached() const { return attached_; }
  void attach();
  void detach();
  const std::optional<Halt>& halt() const { return halt_; }
  void set_halt(const Halt& halt);  ///< ends a step, too
  /// `pc`: where it has halted, so that it does not halt at the same thing again.
  void resume(std::optional<std::uint32_t> pc);
  void step(std::optional<std::uint32_t> pc, std::uint32_t range_begin, std::uint32_t range_end);
  void set_masks_interrupts(bool mask) { masks_interrupts_ = mask; }
  std::set<std::uint32_t>& breakpoints() { return breakpoints_; }
  struct Watchpoint {
    std::uint32_t address;
    std::uint32_t size;
    WatchKind kind;
    bool operator==(const Watchpoint&) const = default;
  };
  const std::vector<Watchpoint>& watchpoints() const { return watchpoints_; }
  void set_watchpoints(std::vector<Watchpoint> watchpoints);
  using BlockWatcher = std::function<bool(std::uint32_t address, std::uint32_t size)>;
  void set_block_watcher(BlockWatcher watcher) { block_watcher_ = std::move(watcher); }

  // --- the Cpu's side ---
  /// Engine::run(), unless a debugger has an interest. `pc` becomes where execution has come to.
  Engine::Outcome run(std::uint32_t& pc) {
    if (!attached_ && !rest_end_) {
      const Engine::Outcome outcome = engine_.run(pc);
      pc = engine_.pc();
      return outcome;
    }
    return run_debugged(pc);
  }
  /// A block has been begun, and its rest waits for the next run().
  bool inside_block() const { return rest_end_.has_value(); }
  /// The exception waits until the step is done.
  bool masks(unsigned number) const {
    return masks_interrupts_ && step_ && number >= exception::pend_sv;
  }
  void exception_entered(std::uint32_t pc) { end_step(pc); }
  void breakpoint_instruction() { set_halt({.reason = HaltReason::instruction}); }
  void locked_up();
  /// The rest of a begun block will not be executed: a reset, or the debugger set the PC.
  void abandon_block();
  void code_changed(std::uint32_t address, std::uint32_t size);
  /// `pc` is where the rest of a block begins.
  void serialize(Saver& saver, std::uint32_t pc);

 private:
  class BlockSizes;
  struct Range {
    std::uint32_t begin;
    std::uint32_t end;
  };

  // EngineClient: of the engine while a debugger is attached.
  bool block(std::uint32_t address, std::uint32_t size) override;
  std::uint32_t bus_read(std::uint32_t address, unsigned size) override {
    return cpu_.bus_read(address, size);
  }
  void bus_write(std::uint32_t address, std::uint32_t value, unsigned size) override {
    cpu_.bus_write(address, value, size);
  }
  void write_refused(std::uint32_t address) override { cpu_.write_refused(address); }
  void send_event() override { cpu_.send_event(); }
  bool instruction(std::uint32_t address) override;

  Engine::Outcome run_debugged(std::uint32_t& pc);
  Engine::Outcome run_pieces(std::uint32_t& pc, std::uint32_t end);
  bool block_in_piece(std::uint32_t address, std::uint32_t size);
  bool must_split(std::uint32_t address, std::uint32_t size) const;
  bool accesses_memory_conditionally(std::uint32_t address, std::uint32_t size) const;
  bool halts_before(std::uint32_t pc);
  bool condition_holds() const;
  std::optional<Halt> find_watchpoint(std::uint32_t pc) const;
  std::vector<std::uint64_t> exits(std::uint32_t pc, std::uint32_t end) const;
  void end_step(std::uint32_t pc);

  EngineClient& cpu_;
  Engine& engine_;
  Memory& memory_;

  bool attached_ = false;
  std::set<std::uint32_t> breakpoints_;
  std::vector<Watchpoint> watchpoints_;
  std::unique_ptr<BlockSizes> sizes_;  ///< while there are watchpoints
  BlockWatcher block_watcher_;
  std::optional<Halt> halt_;
  std::optional<Range> step_;  ///< the PCs to step through; empty: one instruction
  bool masks_interrupts_ = false;
  /// Where the CPU has halted: resuming there does not halt at the same thing again.
  std::optional<std::uint32_t> resumed_at_;
  bool resumed_from_watchpoint_ = false;

  std::optional<std::uint32_t> rest_end_;  ///< of the block that is executed in pieces
  // Inside run():
  bool split_ = false;        ///< stopped before a block that is to be executed in pieces
  bool block_halts_ = false;  ///< before this block, as its watcher wants
  bool in_piece_ = false;
  bool piece_begun_ = false;
  std::uint32_t block_end_ = 0;     ///< as it would be without hooks
  std::uint32_t continuation_ = 0;  ///< what is translated next is still the same block
};

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// The Cortex-M3: the engine executes instructions, this adds exceptions (PM0056 2.3), sleep and the
// count of cycles.
//
// Code runs in basic blocks. Before each block the cost of the one before is added up, and the run
// stops when the budget is used up or something asks for attention: so time is exact to the block,
// and interrupts are taken between blocks. A block boundary inside an IT sequence (at the end of a
// 4 KB page) is one of them: the IT state is in the stacked xPSR then, as on the chip.
//
// Cost of a block: one cycle a half-word, and two for a branch that is taken at its end. That makes
// about 1.2 to 1.5 cycles an instruction, what a Cortex-M3 takes from flash with a wait state and
// prefetch.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/board/bus.hpp"
#include "host/board/core_debug.hpp"
#include "host/board/cpu_debug.hpp"
#include "host/board/engine.hpp"
#include "host/board/memory.hpp"
#include "host/board/mpu.hpp"
#include "host/board/nvic.hpp"
#include "host/board/scb.hpp"

namespace goldcrest::board {

/// What lets time pass for the rest of the chip while the CPU executes.
class CpuPacer {
 public:
  /// The CPU is between two blocks: does what is due by now and returns how many cycles it may go
  /// on for; 0 if it has to stop.
  virtual std::int64_t more_cycles() = 0;

 protected:
  ~CpuPacer() = default;
};

class Cpu final : public CycleCounter, private EngineClient, private TrapWatcher {
 public:
  enum class State : std::uint8_t {
    running,
    sleeping,   ///< WFI: an interrupt ends it
    waiting,    ///< WFE: an event ends it
    locked_up,  ///< only a reset ends it
  };

  Cpu(Chip& chip, CpuPacer& pacer, Memory& memory, Bus& bus, Nvic& nvic, Scb& scb, Mpu& mpu);

  /// System reset: stack pointer and entry point from a vector table, that at address 0.
  void reset(std::uint32_t vector_table = 0);
  /// Nothing is executed any more until a reset.
  void lock_up(std::string reason);

  /// Executes until `budget` cycles are used up (by less than a block more), the state changes or
  /// something asks for attention.
  void run(std::int64_t budget);
  /// Takes the exception that is due, if any, and wakes up for it.
  void take_exceptions();
  /// Cycles used by the two since they were taken last, to the block that executes.
  std::int64_t untaken_cycles() const { return used_ + (accessing_ ? into_block(*accessing_) : 0); }
  std::int64_t take_cycles();

  State state() const { return state_; }
  /// Makes run() return at the next block boundary.
  void request_attention() { attention_ = true; }
  void signal_event() { event_ = true; }
  /// An access that ends in a bus error; the fault is taken at the next block boundary.
  void bus_error(std::uint32_t address);
  /// Fetches from program memory bank `bank` have to wait (nullopt: none): run() stops before them.
  /// To be called after whatever asked for attention, too: it looks whether the MPU is on.
  void set_busy_bank(std::optional<unsigned> bank);
  /// Where code at address 0 really is.
  void set_boot_memory(std::uint32_t base) { boot_memory_ = base; }
  /// Code at [address, address + size) has changed; takes effect when run() is entered next.
  void code_changed(std::uint32_t address, std::uint32_t size);

  std::uint64_t cycles() const override {
    return cycles_ + static_cast<std::uint64_t>(untaken_cycles());
  }
  /// Executed instructions, estimated as 4 in 5 half-words of executed code.
  std::uint64_t instructions() const { return half_words_ * 4 / 5; }
  /// Start of the block that executes.
  std::uint32_t executing_address() const { return block_; }
  std::uint32_t pc() const { return pc_; }

  // --- the debugger's view, between runs ---
  CpuDebug& debug() { return debug_; }
  const CpuDebug& debug() const { return debug_; }
  Engine& engine() { return engine_; }
  /// Where the code at `address` is executed: not at its alias at 0.
  std::uint32_t executed_address(std::uint32_t address) const {
    return address < flash_size ? boot_memory_ + address : address;
  }
  /// Goes on at `pc`, awake.
  void set_pc(std::uint32_t pc);
  /// What bus_error() has been told since the last run.
  std::optional<std::uint32_t> take_bus_error() { return std::exchange(bus_error_, std::nullopt); }
  std::string describe();

  void serialize(Saver& saver);

 private:
  bool block(std::uint32_t address, std::uint32_t size) override;
  std::uint32_t bus_read(std::uint32_t address, unsigned size) override {
    begin_access(address, false);
    const std::uint32_t value = bus_.read(address, size);
    accessing_.reset();
    return value;
  }
  void bus_write(std::uint32_t address, std::uint32_t value, unsigned size) override {
    begin_access(address, true);
    bus_.write(address, value, size);
    accessing_.reset();
  }
  void write_refused(std::uint32_t address) override { bus_error(address); }
  void send_event() override { event_ = true; }

  void trace_registers(std::uint32_t address, std::uint32_t size);
  /// What lies behind the AHB-APB bridges answers later (RM0038 2.1).
  static constexpr std::uint32_t apb_size = 0x20000;
  static constexpr std::int64_t bridge_cycles = 2;

  struct Access {
    std::uint32_t address;
    bool write;
    bool operator==(const Access&) const = default;
    void serialize(Saver& saver) { saver(address, write); }
  };
  void begin_access(std::uint32_t address, bool write) {
    accessing_ = Access{address, write};
    located_ = false;
    if (used_ + block_cost_ >= budget_) catch_up();
    if (address - peripheral_base < apb_size) block_cost_ += bridge_cycles;
  }
  void catch_up();
  std::int64_t into_block(const Access& in_hand) const;
  Masks masks();
  bool window_opens();
  bool goes_on();
  bool stop_needed() const {
    return bus_error_.has_value() || !changed_code_.empty() || traps_wanted() != traps_watched_;
  }
  bool traps_wanted() const {
    return scb_.divide_traps() || scb_.unaligned_traps() || mpu_.watches_instructions();
  }
  std::uint32_t trap(std::uint32_t address) override;
  std::uint32_t data_trap(std::uint32_t address);
  bool mpu_guards(bool privileged);
  bool may_begin(std::uint32_t address, std::uint32_t size);
  bool may_execute(std::uint32_t address, std::uint32_t size);
  void note_code_in_ram(std::uint32_t address, std::uint32_t size);
  struct Range {
    std::uint32_t address;
    std::uint32_t size;
  };
  void drop_changed_code();
  static bool grow(Range& range, const Range& other);
  void abandon_block();
  void finish(Engine::Outcome outcome);
  void fetch_fault();
  void wait_for_event();

  // Exceptions: cpu_exceptions.cpp.
  struct Context;
  Context context();
  void enter(unsigned number);
  void arrive_late(unsigned entered, unsigned number);
  void go_to_handler(unsigned number, std::uint32_t exception_return, const Context& context);
  std::uint32_t frame_fault(std::uint32_t sp, MemoryUse use, bool privileged);
  std::uint32_t push_frame(Context& context);
  void return_from_exception(std::uint32_t exception_return);
  bool return_is_valid(std::uint32_t exception_return, unsigned leaving) const;
  void pop_frame(std::uint32_t exception_return, Context& context);
  std::optional<unsigned> escalate(unsigned number, std::uint32_t cfsr_bits);
  void fault(unsigned number, std::uint32_t cfsr_bits);
  void hard_fault(std::uint32_t hfsr_bits);

  Chip& chip_;
  CpuPacer& pacer_;
  Memory& memory_;
  Bus& bus_;
  Nvic& nvic_;
  Scb& scb_;
  Mpu& mpu_;
  Engine engine_;
  CpuDebug debug_;

  State state_ = State::running;
  bool event_ = false;  ///< the event register of WFE
  std::string lock_up_reason_;
  std::uint32_t pc_ = 0;  ///< of the next instruction, while not inside run()

  // Inside run().
  std::int64_t budget_ = 0;
  std::int64_t block_cost_ = 0;
  std::uint32_t block_half_words_ = 0;
  std::uint32_t block_ = 0;
  /// The bus access that the executing block makes; where in the block is found out when somebody
  /// asks for the time.
  std::optional<Access> accessing_;
  mutable bool located_ = false;
  mutable std::optional<Access> last_located_;  ///< in this block
  mutable std::uint32_t located_at_ = 0;        ///< its instruction, never going back
  std::int64_t taken_of_block_ = 0;             ///< cycles of the block that have been taken
  bool attention_ = false;
  bool traps_watched_ = false;
  bool fetch_refused_ = false;  ///< by the MPU, before the block
  bool tracing_registers_ = false;
  bool watch_window_ = false;  ///< an interrupt waits behind PRIMASK, BASEPRI or FAULTMASK
  std::uint32_t boot_memory_ = flash_base;
  std::optional<unsigned> busy_bank_;
  /// Blocks that begin here are looked at by may_begin(): one comparison for those elsewhere.
  std::uint32_t watched_begin_ = 0;
  std::uint32_t watched_size_ = 0;
  std::optional<std::uint32_t> bus_error_;

  /// RAM in pieces of this size has been executed or not: what is written elsewhere is not code.
  static constexpr std::uint32_t code_granule = 64;
  std::bitset<ram_size / code_granule> ram_code_;
  /// The exception that was entered last, while no instruction of its handler has been executed.
  std::optional<std::uint32_t> entered_;

  /// Blocks that the MPU lets privileged code execute without any instruction being watched: a
  /// small cache of what may_execute() has found out.
  struct Permitted {
    std::uint32_t address = 0;
    std::uint32_t size = 0;
    std::uint64_t settings = 0;  ///< of the MPU
    bool operator==(const Permitted&) const = default;
  };
  std::array<Permitted, 1024> permitted_{};

  std::vector<Range> changed_code_;
  std::int64_t used_ = 0;     ///< cycles not taken yet
  std::uint64_t cycles_ = 0;  ///< and those taken
  std::uint64_t half_words_ = 0;
};

}  // namespace goldcrest::board

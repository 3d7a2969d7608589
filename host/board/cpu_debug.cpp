// SPDX-License-Identifier: MIT
#include "host/board/cpu_debug.hpp"

#include <algorithm>
#include <utility>

#include "host/board/thumb_access.hpp"

namespace goldcrest::board {
namespace {

/// The engine's pages have 1 KB, and no block goes on behind the end of its page but by half an
/// instruction.
constexpr std::uint32_t page_size = 1024;
constexpr std::uint32_t block_max = page_size + 2;

std::uint32_t half_word(const Memory& memory, std::uint32_t address) {
  if (address - flash_base <= flash_size - 2) return load(memory.flash(), address - flash_base, 2);
  if (address - ram_base <= ram_size - 2) return load(memory.ram(), address - ram_base, 2);
  return 0;
}

bool is_wait_for_interrupt(const Memory& memory, std::uint32_t pc) {
  const std::uint32_t first = half_word(memory, pc);
  return first == 0xBF30 || (first == 0xF3AF && half_word(memory, pc + 2) == 0x8003);
}

/// How many instructions after an IT instruction are conditional; 0 if it is none.
unsigned it_length(std::uint32_t op) {
  if ((op & 0xFF00) != 0xBF00 || (op & 0xF) == 0) return 0;
  unsigned length = 4;
  for (std::uint32_t mask = op & 0xF; (mask & 1) == 0; mask >>= 1) --length;
  return length;
}

bool overlap(std::uint32_t a, std::uint32_t a_size, std::uint32_t b, std::uint32_t b_size) {
  return a - b < b_size || b - a < a_size;
}

}  // namespace

/// The length of blocks in an engine without hooks.
class CpuDebug::BlockSizes final : private EngineClient {
 public:
  explicit BlockSizes(Memory& memory) : engine_(memory, *this) {
    // The blocks' places in memory do not depend on the mode.
    engine_.set_context({.xpsr = 1u << 24});
  }
  std::uint32_t size(std::uint32_t address) {
    if (address - ram_base < ram_size) code_changed(address, page_size);  // nobody says if it does
    const auto [place, is_new] = sizes_.try_emplace(address, 0);
    if (is_new) {
      asked_size_ = 0;
      (void)engine_.run(address);
      place->second = asked_size_;
    }
    return place->second;
  }
  void code_changed(std::uint32_t address, std::uint32_t size) {
    engine_.code_changed(address, size);
    sizes_.clear();
  }

 private:
  bool block(std::uint32_t, std::uint32_t size) override {
    asked_size_ = size;
    return false;
  }
  // Nothing is ever executed.
  std::uint32_t bus_read(std::uint32_t, unsigned) override { return 0; }
  void bus_write(std::uint32_t, std::uint32_t, unsigned) override {}
  void write_refused(std::uint32_t) override {}
  void send_event() override {}

  Engine engine_;
  std::unordered_map<std::uint32_t, std::uint32_t> sizes_;
  std::uint32_t asked_size_ = 0;
};

CpuDebug::CpuDebug(EngineClient& cpu, Engine& engine, Memory& memory)
    : cpu_(cpu), engine_(engine), memory_(memory) {}

CpuDebug::~CpuDebug() = default;

// --- the debugger's side -------------------------------------------------------------------------

void CpuDebug::attach() {
  attached_ = true;
  engine_.set_client(*this);
}

void CpuDebug::detach() {
  breakpoints_.clear();
  set_watchpoints({});
  block_watcher_ = nullptr;
  resume(std::nullopt);
  attached_ = false;
  engine_.set_client(cpu_);
}

void CpuDebug::resume(std::optional<std::uint32_t> pc) {
  resumed_at_ = pc;
  resumed_from_watchpoint_ = halt_ && halt_->reason == HaltReason::watchpoint;
  halt_.reset();
  step_.reset();
}

void CpuDebug::step(std::optional<std::uint32_t> pc, std::uint32_t range_begin,
                    std::uint32_t range_end) {
  resume(pc);
  step_ = Range{range_begin, range_end};
}

void CpuDebug::set_watchpoints(std::vector<Watchpoint> watchpoints) {
  watchpoints_ = std::move(watchpoints);
  engine_.watch_instructions(!watchpoints_.empty());
  if (watchpoints_.empty()) {
    sizes_.reset();
  } else if (!sizes_) {
    sizes_ = std::make_unique<BlockSizes>(memory_);
    sizes_->code_changed(flash_base, flash_size);
  }
}

void CpuDebug::set_halt(const Halt& halt) {
  halt_ = halt;
  step_.reset();
}

void CpuDebug::end_step(std::uint32_t pc) {
  if (step_ && (pc < step_->begin || pc >= step_->end)) {
    set_halt({.reason = HaltReason::step});
  }
}

// --- the Cpu's side ------------------------------------------------------------------------------

void CpuDebug::locked_up() {
  if (attached_) set_halt({.reason = HaltReason::lockup});
}

void CpuDebug::abandon_block() {
  rest_end_.reset();
}

void CpuDebug::code_changed(std::uint32_t address, std::uint32_t size) {
  if (sizes_) sizes_->code_changed(address, size);
}

void CpuDebug::serialize(Saver& saver, std::uint32_t pc) {
  saver(rest_end_);
  if (!saver.loading()) return;
  const auto in = [&](std::uint32_t base, std::uint32_t size) {
    return pc - base < size && *rest_end_ - base <= size;
  };
  const bool valid = !rest_end_ || (*rest_end_ - pc <= block_max && *rest_end_ != pc &&
                                    (in(flash_base, flash_size) || in(ram_base, ram_size)));
  if (!valid) saver.fail("the CPU's block is out of range");
}

Engine::Outcome CpuDebug::run_debugged(std::uint32_t& pc) {
  if (rest_end_) return run_pieces(pc, *rest_end_);
  split_ = false;
  continuation_ = 0;
  const Engine::Outcome outcome = engine_.run(pc);
  pc = engine_.pc();
  if (halt_) {  // by instruction()
    rest_end_ = block_end_;
    return outcome;
  }
  if (!split_) return outcome;
  rest_end_ = block_end_;
  return run_pieces(pc, block_end_);
}

bool CpuDebug::block(std::uint32_t address, std::uint32_t size) {
  if (in_piece_) return block_in_piece(address, size);
  if (continuation_ != 0 && address == continuation_) {
    continuation_ = address + size < block_end_ ? address + size : 0;
    return true;
  }
  const std::uint32_t whole = sizes_ ? std::max(sizes_->size(address), size) : size;
  if (!cpu_.block(address, whole)) return false;
  block_end_ = address + whole;
  continuation_ = size < whole ? address + size : 0;
  block_halts_ = block_watcher_ && block_watcher_(address, whole);
  split_ = block_halts_ || must_split(address, whole);
  if (resumed_at_ && *resumed_at_ != address) resumed_at_.reset();
  return !split_;
}

/// A piece may be translated in several parts, but must not leave the block it is of.
bool CpuDebug::block_in_piece(std::uint32_t address, std::uint32_t size) {
  if (piece_begun_ && (address != continuation_ || address >= rest_end_)) return false;
  piece_begun_ = true;
  continuation_ = address + size;
  return true;
}

bool CpuDebug::must_split(std::uint32_t address, std::uint32_t size) const {
  if (step_) return true;
  const auto next = breakpoints_.lower_bound(address);
  if (next != breakpoints_.end() && *next - address < size) return true;
  return !watchpoints_.empty() && accesses_memory_conditionally(address, size);
}

/// Inside an IT sequence instruction() could not stop.
bool CpuDebug::accesses_memory_conditionally(std::uint32_t address, std::uint32_t size) const {
  if (it_state(engine_.xpsr()) != 0) return true;
  unsigned conditional = 0;
  for (std::uint32_t pc = address; pc - address < size; pc += instruction_size(memory_, pc)) {
    if (conditional != 0) {
      --conditional;
      if (accesses_memory(memory_, pc)) return true;
    } else {
      conditional = it_length(half_word(memory_, pc));
    }
  }
  return false;
}

/// The engine's hook, while there are watchpoints.
bool CpuDebug::instruction(std::uint32_t address) {
  if (in_piece_ || !accesses_memory(memory_, address)) return true;
  const bool again = resumed_at_ == address && resumed_from_watchpoint_;
  resumed_at_.reset();
  if (again) return true;
  const auto found = find_watchpoint(address);
  if (!found) return true;
  set_halt(*found);
  return false;
}

std::optional<Halt> CpuDebug::find_watchpoint(std::uint32_t pc) const {
  if (watchpoints_.empty()) return std::nullopt;
  const auto access = memory_access(engine_, memory_, pc);
  if (!access) return std::nullopt;
  const auto wanted = std::to_underlying(access->write ? WatchKind::write : WatchKind::read);
  for (const Watchpoint& watchpoint : watchpoints_) {
    if ((std::to_underlying(watchpoint.kind) & wanted) == 0) continue;
    if (!overlap(access->address, access->size, watchpoint.address, watchpoint.size)) continue;
    const bool before = watchpoint.address - access->address >= access->size;
    return Halt{.reason = HaltReason::watchpoint,
                .data_address = before ? access->address : watchpoint.address,
                .watch_kind = watchpoint.kind};
  }
  return std::nullopt;
}

// --- pieces --------------------------------------------------------------------------------------

/// To `end`, that of the block.
Engine::Outcome CpuDebug::run_pieces(std::uint32_t& pc, std::uint32_t end) {
  for (;;) {
    if (attached_ && halts_before(pc)) return Engine::Outcome::stopped;
    const auto stops = exits(pc, end);
    in_piece_ = true;
    piece_begun_ = false;
    // Without a debugger this is what a halt has left.
    engine_.set_client(*this);
    const Engine::Outcome outcome = engine_.run_piece(pc, end, stops);
    if (!attached_) engine_.set_client(cpu_);
    in_piece_ = false;
    resumed_at_.reset();
    pc = engine_.pc();
    if (outcome == Engine::Outcome::exit_reached && pc != end) {
      end_step(pc);
      if (halt_) return Engine::Outcome::stopped;
      continue;
    }
    rest_end_.reset();
    end_step(pc);
    return outcome == Engine::Outcome::exit_reached ? Engine::Outcome::stopped : outcome;
  }
}

bool CpuDebug::halts_before(std::uint32_t pc) {
  const bool again = resumed_at_ == pc;
  const bool by_watcher = std::exchange(block_halts_, false);
  if (by_watcher || (!again && breakpoints_.contains(pc))) {
    set_halt({.reason = HaltReason::breakpoint});
    return true;
  }
  if (again && resumed_from_watchpoint_) return false;
  const auto found = find_watchpoint(pc);
  if (!found || !condition_holds()) return false;
  set_halt(*found);
  return true;
}

/// Whether the next instruction is executed, by the IT state and the flags (ARMv7-M A7.3).
bool CpuDebug::condition_holds() const {
  const std::uint32_t xpsr = engine_.xpsr();
  const std::uint32_t state = it_state(xpsr);
  if ((state & 0xF) == 0) return true;
  const bool n = (xpsr & 1u << 31) != 0;
  const bool z = (xpsr & 1u << 30) != 0;
  const bool c = (xpsr & 1u << 29) != 0;
  const bool v = (xpsr & 1u << 28) != 0;
  const auto base = [&] {
    switch (state >> 5) {
      case 0:
        return z;
      case 1:
        return c;
      case 2:
        return n;
      case 3:
        return v;
      case 4:
        return c && !z;
      case 5:
        return n == v;
      case 6:
        return n == v && !z;
      default:
        return true;
    }
  };
  const bool inverted = (state >> 4 & 1) != 0 && state >> 4 != 15;
  return base() != inverted;
}

/// Where the piece that begins at `pc` may have to end, in a block that ends at `end`.
std::vector<std::uint64_t> CpuDebug::exits(std::uint32_t pc, std::uint32_t end) const {
  std::vector<std::uint64_t> result;
  bool behind_wait = false;
  for (std::uint32_t at = pc; at < end;) {
    behind_wait = is_wait_for_interrupt(memory_, at);  // that ends the block itself
    at += instruction_size(memory_, at);
    const bool watched = !watchpoints_.empty() && accesses_memory(memory_, at);
    const bool wanted = step_ || breakpoints_.contains(at) || watched || at >= end;
    if (!wanted || behind_wait) continue;
    result.push_back(std::min(at, end));
    if (step_) break;
  }
  return result;
}

}  // namespace goldcrest::board

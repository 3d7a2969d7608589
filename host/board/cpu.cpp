// SPDX-License-Identifier: MIT
#include "host/board/cpu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/ensure.hpp"
#include "host/board/thumb_access.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t xpsr_thumb = 1u << 24;
constexpr std::int64_t branch_cycles = 2;

}  // namespace

Cpu::Cpu(Chip& chip, CpuPacer& pacer, Memory& memory, Bus& bus, Nvic& nvic, Scb& scb, Mpu& mpu)
    : chip_(chip),
      pacer_(pacer),
      memory_(memory),
      bus_(bus),
      nvic_(nvic),
      scb_(scb),
      mpu_(mpu),
      engine_(memory, *this),
      debug_(*this, engine_, memory) {}

void Cpu::reset(std::uint32_t vector_table) {
  drop_changed_code();
  abandon_block();
  for (unsigned number = 0; number <= 12; ++number) engine_.set_general(number, 0);
  const std::uint32_t entry = bus_.read(vector_table + 4, 4);
  CpuContext context;
  context.xpsr = (entry & 1u) != 0 ? xpsr_thumb : 0;
  context.msp = bus_.read(vector_table, 4) & ~3u;
  engine_.set_context(context);
  engine_.set_general(14, 0xFFFFFFFF);
  pc_ = entry & ~1u;
  state_ = State::running;
  event_ = false;
  lock_up_reason_.clear();
  bus_error_.reset();
  entered_.reset();
  scb_.set_active_exception(0);
}

// --- running -------------------------------------------------------------------------------------

bool Cpu::window_opens() {
  if (!engine_.privileged()) return false;  // unprivileged code cannot open it
  const auto number = nvic_.to_take(masks());
  return number && !debug_.masks(*number);
}

/// The block hook: false stops before the block.
bool Cpu::block(std::uint32_t address, std::uint32_t size) {
  used_ += block_cost_;
  half_words_ += block_half_words_;
  if (block_half_words_ != 0 && address != block_ + block_half_words_ * 2) used_ += branch_cycles;
  block_cost_ = 0;
  block_half_words_ = 0;
  block_ = address;
  // It is translated already, even if it does not run now.
  if (address - ram_base < ram_size) note_code_in_ram(address, size);
  if (used_ >= budget_ || attention_ || watch_window_) {
    if (!goes_on()) return false;
  }
  if (address - watched_begin_ < watched_size_ && !may_begin(address, size)) return false;
  entered_.reset();
  block_half_words_ = size / 2;
  block_cost_ = static_cast<std::int64_t>(block_half_words_);
  located_at_ = address;
  last_located_.reset();
  taken_of_block_ = 0;
  if (tracing_registers_) trace_registers(address, size);
  return true;
}

/// The state in which the block is entered. The cross-check of the CPU (tests/interop/cpu) compares
/// these lines with another implementation's.
void Cpu::trace_registers(std::uint32_t address, std::uint32_t size) {
  std::string line = fmt::format("PC={:08x} size={}", address, size);
  for (unsigned number = 0; number <= 12; ++number) {
    fmt::format_to(std::back_inserter(line), " R{}={:08x}", number, engine_.general(number));
  }
  fmt::format_to(std::back_inserter(line), " SP={:08x} LR={:08x} xPSR={:08x}", engine_.general(13),
                 engine_.general(14), engine_.xpsr());
  chip_.trace("registers", line);
}

/// Lets time go on to here without leaving the engine, which is what costs: false if an exception
/// is to be taken, or something else needs the engine stopped.
bool Cpu::goes_on() {
  if (used_ >= budget_ || attention_) {
    if (stop_needed()) return false;
    pc_ = block_;
    attention_ = false;
    const std::int64_t more = pacer_.more_cycles();
    if (more <= 0 || stop_needed()) return false;
    attention_ = false;
    budget_ = used_ + more;
    watch_window_ = nvic_.waiting();
  }
  return !watch_window_ || !window_opens();
}

/// The block's bytes are in the translator's cache from now on.
void Cpu::note_code_in_ram(std::uint32_t address, std::uint32_t size) {
  const std::uint32_t last = std::min(address - ram_base + size, ram_size) - 1;
  for (std::uint32_t granule = (address - ram_base) / code_granule; granule <= last / code_granule;
       ++granule) {
    ram_code_.set(granule);
  }
}

void Cpu::run(std::int64_t budget) {
  drop_changed_code();
  traps_watched_ = traps_wanted();
  engine_.watch_traps(traps_watched_ ? this : nullptr);
  budget_ = used_ + budget;
  attention_ = false;
  fetch_refused_ = false;
  watch_window_ = nvic_.waiting();
  tracing_registers_ = chip_.tracing("registers");
  if (!debug_.inside_block()) block_ = pc_;
  const Engine::Outcome outcome = debug_.run(pc_);
  if (debug_.inside_block()) return;  // halted there; its cost counts when it is done
  used_ += std::exchange(block_cost_, 0);
  // After a block that was executed in pieces nobody has looked where it went yet.
  const bool went_on = outcome == Engine::Outcome::stopped && block_half_words_ != 0;
  if (went_on && pc_ != block_ + block_half_words_ * 2) used_ += branch_cycles;
  half_words_ += std::exchange(block_half_words_, 0u);
  finish(outcome);
}

/// The cycles from the block's beginning, or what has been taken of it, to the access in hand. The
/// engine does not tell the instruction: the first that makes such an access, from the last one
/// found on, is the one.
std::int64_t Cpu::into_block(const Access& in_hand) const {
  if (!located_) {
    located_ = true;
    std::uint32_t pc = located_at_;
    if (last_located_ == in_hand) pc += instruction_size(memory_, pc);
    for (; pc - block_ < block_half_words_ * 2; pc += instruction_size(memory_, pc)) {
      const auto access = memory_access(engine_, memory_, pc);
      if (!access || access->write != in_hand.write) continue;
      if (in_hand.address - access->address >= access->size) continue;
      located_at_ = pc;
      last_located_ = in_hand;
      break;
    }
  }
  return static_cast<std::int64_t>((located_at_ - block_) / 2) - taken_of_block_;
}

/// What is due before the access in hand happens before it: flags are read as they are by then.
void Cpu::catch_up() {
  if (untaken_cycles() < budget_) return;
  pc_ = block_;
  const std::int64_t more = pacer_.more_cycles();
  budget_ = used_ + more;
  attention_ = true;  // the block's end looks again
}

std::int64_t Cpu::take_cycles() {
  if (accessing_) {
    const std::int64_t cycles = into_block(*accessing_);
    used_ += cycles;
    block_cost_ -= cycles;
    taken_of_block_ += cycles;
  }
  cycles_ += static_cast<std::uint64_t>(used_);
  return std::exchange(used_, 0);
}

void Cpu::finish(Engine::Outcome outcome) {
  switch (outcome) {
    case Engine::Outcome::stopped:
      if (fetch_refused_) fault(exception::mem_manage, fault_status::instruction_access);
      break;
    case Engine::Outcome::exit_reached:
      break;
    case Engine::Outcome::wait_for_interrupt:
      state_ = State::sleeping;
      break;
    case Engine::Outcome::wait_for_event:
      wait_for_event();
      break;
    case Engine::Outcome::supervisor_call:
      if (nvic_.group_priority(exception::sv_call) < nvic_.execution_priority(masks())) {
        enter(exception::sv_call);
      } else {
        hard_fault(hard_fault_status::forced);
      }
      break;
    case Engine::Outcome::breakpoint:
      if (debug_.attached()) {
        debug_.breakpoint_instruction();
        break;
      }
      hard_fault(hard_fault_status::debug_event);
      break;
    case Engine::Outcome::exception_return:
      return_from_exception(pc_);
      break;
    case Engine::Outcome::no_coprocessor:
      fault(exception::usage_fault, fault_status::no_coprocessor);
      break;
    case Engine::Outcome::undefined:
      fault(exception::usage_fault, fault_status::undefined);
      break;
    case Engine::Outcome::invalid_state:
      fault(exception::usage_fault, fault_status::invalid_state);
      break;
    case Engine::Outcome::trapped:
      fault(fault_status::exception_of(engine_.trapped_by()), engine_.trapped_by());
      break;
    case Engine::Outcome::unaligned:
      fault(exception::usage_fault, fault_status::unaligned);
      break;
    case Engine::Outcome::fetch_refused:
      fetch_fault();
      break;
    case Engine::Outcome::read_refused:
      scb_.add_bus_fault(0, engine_.fault_address());
      fault(exception::bus_fault, fault_status::precise);
      break;
  }
  if (bus_error_ && state_ != State::locked_up) {
    bus_error_.reset();
    fault(exception::bus_fault, fault_status::imprecise);
  }
}

/// FAULTMASK counts in privileged code only: other code has no means to set it.
bool Cpu::mpu_guards(bool privileged) {
  if (!mpu_.enabled()) return false;
  if (mpu_.guards_faults()) return true;
  return nvic_.execution_priority(privileged ? masks() : Masks{}) >= 0;
}

bool Cpu::may_begin(std::uint32_t address, std::uint32_t size) {
  if (busy_bank_ && (address - flash_base) / flash_bank_size == *busy_bank_) return false;
  return !mpu_.enabled() || may_execute(address, size);
}

/// Whether the MPU lets a block begin. What it may refuse inside of one is seen by trap().
bool Cpu::may_execute(std::uint32_t address, std::uint32_t size) {
  const bool privileged = engine_.privileged();
  const Permitted block{address, size, mpu_.settings()};
  // The MPU is silent at negative priorities, so this holds there, too.
  Permitted& known = permitted_[address / 2 % permitted_.size()];
  if (privileged && known == block) return true;
  if (!mpu_guards(privileged)) return true;
  const auto refused = mpu_.first_refused(address, size, MemoryUse::execute, privileged);
  fetch_refused_ = refused == address;
  if (fetch_refused_) return false;
  if (traps_watched_) return true;
  if (refused || !privileged || accesses_as_unprivileged(memory_, address, size)) {
    mpu_.watch_instructions();
  }
  if (mpu_.watches_instructions()) return false;
  known = block;
  return true;
}

/// What the instruction at `address` would end in: the MPU's refusal to fetch it, CCR.DIV_0_TRP and
/// UNALIGN_TRP (PM0056 4.4.7), the MPU's refusal of its data.
std::uint32_t Cpu::trap(std::uint32_t address) {
  if (mpu_.enabled()) {
    const bool privileged = engine_.privileged();
    const std::uint32_t size = instruction_size(memory_, address);
    if (mpu_guards(privileged) &&
        mpu_.first_refused(address, size, MemoryUse::execute, privileged)) {
      return fault_status::instruction_access;
    }
  }
  if (const auto divisor = divisor_register(memory_, address)) {
    const bool zero = scb_.divide_traps() && engine_.general(*divisor) == 0;
    return zero ? fault_status::divided_by_zero : 0;
  }
  return data_trap(address);
}

std::uint32_t Cpu::data_trap(std::uint32_t address) {
  const auto access = memory_access(engine_, memory_, address);
  if (!access) return 0;
  const std::uint32_t unit = std::min(access->size, 4u);
  const bool aligned = access->address % unit == 0;
  const bool multiple = access->size > 4;  // these fault whatever CCR says
  if (!aligned && (multiple || scb_.unaligned_traps())) return fault_status::unaligned;
  if (!mpu_.enabled()) return 0;
  const bool privileged = engine_.privileged();
  if (!mpu_guards(privileged)) return 0;
  const auto refused = mpu_.first_refused(access->address, access->size,
                                          access->write ? MemoryUse::write : MemoryUse::read,
                                          privileged && !access->unprivileged);
  if (!refused) return 0;
  scb_.add_memory_fault(0, *refused);
  return fault_status::data_access;
}

void Cpu::fetch_fault() {
  const bool privileged = engine_.privileged();
  if (mpu_guards(privileged) && mpu_.first_refused(pc_, 2, MemoryUse::execute, privileged)) {
    fault(exception::mem_manage, fault_status::instruction_access);
    return;
  }
  if (pc_ < flash_size) {
    // Code at the alias of address 0 is executed where it really is.
    pc_ += boot_memory_;
    return;
  }
  // Peripheral and system regions are execute-never for everyone (PM0056 2.2.1).
  const bool execute_never = (pc_ >= 0x40000000 && pc_ < 0x60000000) || pc_ >= 0xA0000000;
  if (execute_never) {
    fault(exception::mem_manage, fault_status::instruction_access);
  } else {
    fault(exception::bus_fault, fault_status::instruction_bus);
  }
}

void Cpu::wait_for_event() {
  if (std::exchange(event_, false)) return;
  state_ = State::waiting;
}

void Cpu::bus_error(std::uint32_t address) {
  bus_error_ = address;
  attention_ = true;
}

void Cpu::set_busy_bank(std::optional<unsigned> bank) {
  busy_bank_ = bank;
  watched_begin_ = bank ? flash_base + *bank * flash_bank_size : 0;
  watched_size_ = bank ? flash_bank_size : 0;
  if (mpu_.enabled()) {
    watched_begin_ = 0;
    watched_size_ = UINT32_MAX;
  }
}

void Cpu::code_changed(std::uint32_t address, std::uint32_t size) {
  if (address - ram_base < ram_size && size <= code_granule) {
    const std::uint32_t offset = address - ram_base;
    const std::uint32_t last = std::min(offset + size, ram_size) - 1;
    if (!ram_code_[offset / code_granule] && !ram_code_[last / code_granule]) return;
  }
  attention_ = true;
  if (!changed_code_.empty() && grow(changed_code_.back(), {address, size})) return;
  // While the CPU sleeps, DMA may write as long as it likes.
  constexpr std::size_t ranges_max = 64;
  if (changed_code_.size() >= ranges_max) {
    changed_code_ = {{flash_base, flash_size}, {ram_base, ram_size}};
  } else {
    changed_code_.push_back({address, size});
  }
}

/// Takes `other` into `range` when hardly anything lies between them, as with the words of a page:
/// each range that is dropped costs far more than what is translated again in vain.
bool Cpu::grow(Range& range, const Range& other) {
  constexpr std::uint32_t gap_max = 256;
  const std::uint32_t begin = std::min(range.address, other.address);
  const std::uint32_t end = std::max(range.address + range.size, other.address + other.size);
  if (end - begin > range.size + other.size + gap_max) return false;
  range = {begin, end - begin};
  return true;
}

void Cpu::drop_changed_code() {
  if (!changed_code_.empty()) permitted_.fill({});
  for (const Range& range : changed_code_) {
    engine_.code_changed(range.address, range.size);
    debug_.code_changed(range.address, range.size);
  }
  changed_code_.clear();
}

void Cpu::set_pc(std::uint32_t pc) {
  abandon_block();
  pc_ = pc;
  state_ = State::running;
  lock_up_reason_.clear();
}

/// What the debugger has halted in is counted, but not finished.
void Cpu::abandon_block() {
  if (!debug_.inside_block()) return;
  debug_.abandon_block();
  used_ += std::exchange(block_cost_, 0);
  half_words_ += std::exchange(block_half_words_, 0u);
}

// --- views ---------------------------------------------------------------------------------------

std::string Cpu::describe() {
  const CpuContext context = engine_.context();
  std::string text = fmt::format(
      "PC {:#010x} LR {:#010x} SP {:#010x} xPSR {:#010x} CONTROL {} "
      "MSP {:#010x} PSP {:#010x} PRIMASK {} BASEPRI {:#x} FAULTMASK {}",
      pc_, engine_.general(14), engine_.general(13), context.xpsr, context.control, context.msp,
      context.psp, context.primask, context.basepri, context.faultmask);
  for (unsigned number = 0; number <= 12; ++number) {
    text += fmt::format(" R{} {:#x}", number, engine_.general(number));
  }
  static constexpr const char* states[] = {"running", "sleeping (WFI)", "waiting (WFE)",
                                           "locked up"};
  text += fmt::format(", {}", states[std::to_underlying(state_)]);
  if (!lock_up_reason_.empty()) text += ": " + lock_up_reason_;
  return text;
}

void Cpu::serialize(Saver& saver) {
  saver.section("CPU");
  std::array<std::uint32_t, 15> general{};
  CpuContext context = engine_.context();
  for (unsigned number = 0; number < general.size(); ++number) {
    general[number] = engine_.general(number);
  }
  saver(general, context, state_, event_, lock_up_reason_, pc_, cycles_, half_words_, entered_);
  saver(block_, block_cost_, block_half_words_, located_at_, last_located_, taken_of_block_);
  saver(bus_error_);
  debug_.serialize(saver, pc_);
  if (!saver.loading()) return;
  if (block_cost_ < 0 || block_cost_ > 0xFFFF || block_half_words_ > 0xFFFF) {
    saver.fail("the cost of the CPU's block is out of range");
  }
  if (debug_.inside_block() && (located_at_ - block_ > 0xFFFF || taken_of_block_ < 0 ||
                                taken_of_block_ > (located_at_ - block_) / 2)) {
    saver.fail("the place in the CPU's block is out of range");
  }
  if (state_ > State::locked_up) saver.fail("the CPU's state is out of range");
  engine_.set_context(context);
  for (unsigned number = 0; number < general.size(); ++number) {
    if (number != 13) engine_.set_general(number, general[number]);
  }
  drop_changed_code();  // of the memory that has been loaded
}

}  // namespace goldcrest::board

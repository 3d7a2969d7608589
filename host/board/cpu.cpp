// SPDX-License-Identifier: MIT
#include "host/board/cpu.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "core/base/ensure.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t xpsr_thumb = 1u << 24;
constexpr std::uint32_t xpsr_exception = 0x1FF;
constexpr std::uint32_t xpsr_realigned = 1u << 9;  // in a stacked xPSR
constexpr std::uint32_t xpsr_it = 0x0600FC00;
constexpr std::uint32_t xpsr_flags = 0xF8000000;
constexpr std::uint32_t control_psp = 2;

constexpr std::uint32_t return_to_handler = 0xFFFFFFF1;
constexpr std::uint32_t return_to_thread_msp = 0xFFFFFFF9;
constexpr std::uint32_t return_to_thread_psp = 0xFFFFFFFD;

/// PM0056 2.3.7.
constexpr std::int64_t entry_cycles = 12;
constexpr std::int64_t tail_chain_cycles = 6;
constexpr std::int64_t branch_cycles = 2;

/// A stack frame, PM0056 figure 12.
enum Frame : std::uint32_t { frame_r0, frame_r12 = 4, frame_lr, frame_pc, frame_xpsr, frame_words };

}  // namespace

Cpu::Cpu(Chip& chip, Memory& memory, Bus& bus, Nvic& nvic, Scb& scb)
    : chip_(chip), memory_(memory), bus_(bus), nvic_(nvic), scb_(scb), engine_(memory, *this) {}

void Cpu::reset() {
  drop_changed_code();
  for (unsigned number = 0; number <= 12; ++number) engine_.set_general(number, 0);
  const std::uint32_t entry = bus_.read(4, 4);
  CpuContext context;
  context.xpsr = (entry & 1u) != 0 ? xpsr_thumb : 0;
  context.msp = bus_.read(0, 4) & ~3u;
  engine_.set_context(context);
  engine_.set_general(14, 0xFFFFFFFF);
  pc_ = entry & ~1u;
  state_ = State::running;
  event_ = false;
  lock_up_reason_.clear();
  bus_error_.reset();
  scb_.set_active_exception(0);
}

// --- running -------------------------------------------------------------------------------------

bool Cpu::window_opens() {
  if (!engine_.privileged()) return false;  // unprivileged code cannot open it
  return nvic_.to_take(masks()).has_value();
}

/// The block hook: false stops before the block.
bool Cpu::block(std::uint32_t address, std::uint32_t size) {
  used_ += block_cost_;
  half_words_ += block_half_words_;
  block_cost_ = 0;
  block_half_words_ = 0;
  block_ = address;
  if (used_ >= budget_ || attention_) return false;
  if (address - busy_begin_ < busy_size_) return false;
  if (watch_window_ && window_opens()) return false;
  block_half_words_ = size / 2;
  block_cost_ = static_cast<std::int64_t>(block_half_words_) + branch_cycles;
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

void Cpu::run(std::int64_t budget) {
  drop_changed_code();
  budget_ = used_ + budget;
  attention_ = false;
  watch_window_ = nvic_.waiting();
  tracing_registers_ = chip_.tracing("registers");
  block_ = pc_;
  const Engine::Outcome outcome = engine_.run(pc_);
  used_ += std::exchange(block_cost_, 0);
  half_words_ += std::exchange(block_half_words_, 0u);
  pc_ = engine_.pc();
  finish(outcome);
}

std::int64_t Cpu::take_cycles() {
  cycles_ += static_cast<std::uint64_t>(used_);
  return std::exchange(used_, 0);
}

void Cpu::finish(Engine::Outcome outcome) {
  switch (outcome) {
    case Engine::Outcome::stopped:
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

void Cpu::fetch_fault() {
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
  busy_begin_ = bank ? flash_base + *bank * flash_bank_size : 0;
  busy_size_ = bank ? flash_bank_size : 0;
}

void Cpu::code_changed(std::uint32_t address, std::uint32_t size) {
  changed_code_.push_back({address, size});
  attention_ = true;
}

void Cpu::drop_changed_code() {
  for (const Range& range : changed_code_) engine_.code_changed(range.address, range.size);
  changed_code_.clear();
}

// --- exceptions ----------------------------------------------------------------------------------

Masks Cpu::masks() {
  if (engine_.privileged()) {
    return {engine_.primask() != 0, engine_.faultmask() != 0,
            static_cast<std::uint8_t>(engine_.basepri())};
  }
  const CpuContext context = engine_.context();
  return {context.primask != 0, context.faultmask != 0, static_cast<std::uint8_t>(context.basepri)};
}

void Cpu::take_exceptions() {
  if (state_ == State::locked_up) return;
  if (state_ == State::waiting && event_) {
    event_ = false;
    state_ = State::running;
  }
  if (!nvic_.waiting()) return;
  if (state_ == State::sleeping) {
    // WFI wakes up for what PRIMASK holds back, too; BASEPRI and FAULTMASK keep it asleep.
    Masks without_primask = masks();
    without_primask.primask = false;
    if (nvic_.to_take(without_primask)) state_ = State::running;
  }
  const auto number = nvic_.to_take(masks());
  if (!number) return;
  state_ = State::running;
  enter(*number);
}

bool Cpu::push_frame(std::uint32_t& sp, std::uint32_t xpsr) {
  if (scb_.stack_align() && (sp & 4u) != 0) {
    sp -= 4;
    xpsr |= xpsr_realigned;
  }
  sp -= frame_words * 4;
  if (sp - ram_base > ram_size - frame_words * 4) return false;
  const auto put = [&](std::uint32_t index, std::uint32_t value) {
    store(memory_.ram(), sp - ram_base + index * 4, value, 4);
  };
  for (unsigned number = 0; number <= 3; ++number) put(frame_r0 + number, engine_.general(number));
  put(frame_r12, engine_.general(12));
  put(frame_lr, engine_.general(14));
  put(frame_pc, pc_);
  put(frame_xpsr, xpsr);
  return true;
}

void Cpu::enter(unsigned number) {
  CpuContext context = engine_.context();
  const bool from_handler = (context.xpsr & xpsr_exception) != 0;
  const bool on_psp = !from_handler && (context.control & control_psp) != 0;
  std::uint32_t& sp = on_psp ? context.psp : context.msp;
  const bool stacked = push_frame(sp, context.xpsr);
  std::uint32_t exception_return = on_psp ? return_to_thread_psp : return_to_thread_msp;
  if (from_handler) exception_return = return_to_handler;
  used_ += entry_cycles;
  if (!stacked && number != exception::hard_fault) {
    // The frame is lost; the stack error is taken first (PM0056 2.3.7, derived exceptions).
    scb_.add_fault(fault_status::stacking);
    const bool bus_fault =
        nvic_.enabled(exception::bus_fault) &&
        nvic_.group_priority(exception::bus_fault) < nvic_.execution_priority(masks());
    if (!bus_fault) scb_.add_hard_fault(hard_fault_status::forced);
    if (number >= 16) nvic_.set_pending(number);
    number = bus_fault ? exception::bus_fault : exception::hard_fault;
  }
  go_to_handler(number, exception_return, context);
}

void Cpu::go_to_handler(unsigned number, std::uint32_t exception_return, CpuContext& context) {
  nvic_.enter(number);
  scb_.set_active_exception(number);
  const std::uint32_t vector = bus_.read(scb_.vector_table() + number * 4, 4);
  context.xpsr = (context.xpsr & xpsr_flags) | number;
  if ((vector & 1u) != 0) context.xpsr |= xpsr_thumb;
  context.control &= ~control_psp;
  engine_.set_context(context);
  engine_.set_general(14, exception_return);
  pc_ = vector & ~1u;
  event_ = true;
  if (chip_.tracing("interrupts")) {
    chip_.trace("interrupts", fmt::format("enter exception {} at {:#010x}", number, pc_));
  }
}

bool Cpu::return_is_valid(std::uint32_t exception_return, unsigned leaving) const {
  if (!nvic_.active(leaving)) return false;
  const bool nested = nvic_.active_count() > 1;
  switch (exception_return) {
    case return_to_handler:
      return nested;
    case return_to_thread_msp:
    case return_to_thread_psp:
      return !nested || scb_.non_base_thread_enable();
    default:
      return false;
  }
}

void Cpu::return_from_exception(std::uint32_t exception_return) {
  CpuContext context = engine_.context();
  const unsigned leaving = context.xpsr & xpsr_exception;
  const bool valid = return_is_valid(exception_return, leaving);
  nvic_.leave(leaving);
  if (leaving != exception::nmi) context.faultmask = 0;
  if (chip_.tracing("interrupts")) {
    chip_.trace("interrupts", fmt::format("leave exception {}", leaving));
  }
  if (!valid) {
    engine_.set_context(context);
    engine_.set_general(14, exception_return);
    fault(exception::usage_fault, fault_status::invalid_pc);
    return;
  }
  const Masks masks{context.primask != 0, context.faultmask != 0,
                    static_cast<std::uint8_t>(context.basepri)};
  if (const auto next = nvic_.to_take(masks)) {
    used_ += tail_chain_cycles;  // the frame stays where it is
    go_to_handler(*next, exception_return, context);
    return;
  }
  used_ += entry_cycles;
  pop_frame(exception_return, context);
}

void Cpu::pop_frame(std::uint32_t exception_return, CpuContext& context) {
  const bool from_psp = exception_return == return_to_thread_psp;
  std::uint32_t& sp = from_psp ? context.psp : context.msp;
  if (sp - ram_base > ram_size - frame_words * 4) {
    engine_.set_context(context);
    fault(exception::bus_fault, fault_status::unstacking);
    return;
  }
  const auto get = [&](std::uint32_t index) {
    return load(memory_.ram(), sp - ram_base + index * 4, 4);
  };
  for (unsigned number = 0; number <= 3; ++number)
    engine_.set_general(number, get(frame_r0 + number));
  engine_.set_general(12, get(frame_r12));
  const std::uint32_t link = get(frame_lr);
  const std::uint32_t xpsr = get(frame_xpsr);
  pc_ = get(frame_pc) & ~1u;
  sp += frame_words * 4;
  if (scb_.stack_align() && (xpsr & xpsr_realigned) != 0) sp |= 4;
  context.xpsr = xpsr & (xpsr_flags | xpsr_it | xpsr_thumb | xpsr_exception);
  const bool to_thread = exception_return != return_to_handler;
  if (to_thread) {
    context.xpsr &= ~xpsr_exception;
    context.control = (context.control & ~control_psp) | (from_psp ? control_psp : 0);
  }
  engine_.set_context(context);
  engine_.set_general(14, link);
  scb_.set_active_exception(context.xpsr & xpsr_exception);
  event_ = true;
  if (to_thread && scb_.sleep_on_exit()) state_ = State::sleeping;
}

// --- faults --------------------------------------------------------------------------------------

void Cpu::fault(unsigned number, std::uint32_t cfsr_bits) {
  scb_.add_fault(cfsr_bits);
  if (chip_.tracing("interrupts")) {
    chip_.trace("interrupts", fmt::format("fault {}, CFSR {:#010x}, at {:#010x}", number,
                                          scb_.fault_status(), pc_));
  }
  const bool taken =
      nvic_.enabled(number) && nvic_.group_priority(number) < nvic_.execution_priority(masks());
  if (taken) {
    enter(number);
  } else {
    hard_fault(hard_fault_status::forced);
  }
}

void Cpu::hard_fault(std::uint32_t hfsr_bits) {
  scb_.add_hard_fault(hfsr_bits);
  if (nvic_.execution_priority(masks()) <= -1) {
    lock_up(fmt::format("a fault inside a fault handler: PC {:#010x}, HFSR {:#010x}, CFSR {:#010x}",
                        pc_, scb_.hard_fault_status(), scb_.fault_status()));
    return;
  }
  enter(exception::hard_fault);
}

void Cpu::lock_up(std::string reason) {
  state_ = State::locked_up;
  lock_up_reason_ = std::move(reason);
  chip_.trace("interrupts", "lockup: " + lock_up_reason_);
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
  saver(general, context, state_, event_, lock_up_reason_, pc_, cycles_, half_words_);
  if (!saver.loading()) return;
  if (state_ > State::locked_up) saver.fail("the CPU's state is out of range");
  engine_.set_context(context);
  for (unsigned number = 0; number < general.size(); ++number) {
    if (number != 13) engine_.set_general(number, general[number]);
  }
  changed_code_.clear();
  engine_.code_changed(flash_base, flash_size);
  engine_.code_changed(ram_base, ram_size);
  bus_error_.reset();
}

}  // namespace goldcrest::board

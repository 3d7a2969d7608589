// SPDX-License-Identifier: MIT
// Exception entry and return of the Cortex-M3 (PM0056 2.3.7; ARMv7-M Architecture Reference Manual
// B1.5): stacking, vectors, tail-chaining, late arrival, the faults that these cause themselves,
// and escalation to HardFault and lockup.
//
// Registers go in and out of the engine many at a time, and only those that an entry or a return
// really changes: interrupts are what costs most in firmware that drives its radio byte by byte.
#include <fmt/format.h>

#include <utility>

#include "core/base/ensure.hpp"
#include "host/board/cpu.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t xpsr_thumb = 1u << 24;
constexpr std::uint32_t xpsr_exception = 0x1FF;
constexpr std::uint32_t xpsr_realigned = 1u << 9;  // in a stacked xPSR
constexpr std::uint32_t xpsr_it = 0x0600FC00;
constexpr std::uint32_t xpsr_flags = 0xF8000000;
constexpr std::uint32_t control_unprivileged = 1;
constexpr std::uint32_t control_psp = 2;

constexpr std::uint32_t return_to_handler = 0xFFFFFFF1;
constexpr std::uint32_t return_to_thread_msp = 0xFFFFFFF9;
constexpr std::uint32_t return_to_thread_psp = 0xFFFFFFFD;

/// PM0056 2.3.7.
constexpr std::int64_t entry_cycles = 12;
constexpr std::int64_t tail_chain_cycles = 6;

constexpr std::uint32_t frame_size = 32;  // PM0056 figure 12

constexpr bool frame_in_ram(std::uint32_t sp) {
  return sp - ram_base <= ram_size - frame_size;
}

}  // namespace

/// What an exception saves and changes.
struct Cpu::Context {
  std::array<std::uint32_t, 4> r0_to_r3{};
  std::uint32_t r12 = 0;
  std::uint32_t lr = 0;
  std::uint32_t sp = 0;  ///< the one in use
  std::uint32_t xpsr = 0;
  std::uint32_t control = 0;

  bool in_handler() const { return (xpsr & xpsr_exception) != 0; }
  bool on_psp() const { return !in_handler() && (control & control_psp) != 0; }
};

Cpu::Context Cpu::context() {
  const auto [r0, r1, r2, r3, r12, lr, sp, xpsr, control] =
      engine_.get(Register::r0, Register::r1, Register::r2, Register::r3, Register::r12,
                  Register::lr, Register::sp, Register::xpsr, Register::control);
  return {{r0, r1, r2, r3}, r12, lr, sp, xpsr, control};
}

Masks Cpu::masks() {
  const auto [xpsr, control, primask, faultmask, basepri] = engine_.get(
      Register::xpsr, Register::control, Register::primask, Register::faultmask, Register::basepri);
  if ((xpsr & xpsr_exception) != 0 || (control & control_unprivileged) == 0) {
    return {primask != 0, faultmask != 0, static_cast<std::uint8_t>(basepri)};
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
  const Masks now = masks();
  if (state_ == State::sleeping) {
    // WFI wakes up for what PRIMASK holds back, too; BASEPRI and FAULTMASK keep it asleep.
    Masks without_primask = now;
    without_primask.primask = false;
    if (nvic_.to_take(without_primask)) state_ = State::running;
  }
  const auto number = nvic_.to_take(now);
  if (!number || debug_.masks(*number)) return;
  state_ = State::running;
  if (entered_) {
    arrive_late(*entered_, *number);
  } else {
    enter(*number);
  }
}

/// One that is more urgent than what has just been entered takes its place and its stack frame.
void Cpu::arrive_late(unsigned entered, unsigned number) {
  nvic_.give_back(entered);
  used_ += tail_chain_cycles;
  const Context context = this->context();
  go_to_handler(number, context.lr, context);
}

// --- entry ---------------------------------------------------------------------------------------

/// The CFSR bit of what goes wrong with a frame at `sp`; 0 if nothing does.
std::uint32_t Cpu::frame_fault(std::uint32_t sp, MemoryUse use, bool privileged) {
  const bool pushed = use == MemoryUse::write;
  // Unlike trap(), outside of run(): FAULTMASK can be read whatever the mode.
  const bool guarded =
      mpu_.enabled() && (mpu_.guards_faults() || nvic_.execution_priority(masks()) >= 0);
  if (guarded && mpu_.first_refused(sp, frame_size, use, privileged)) {
    return pushed ? fault_status::memory_stacking : fault_status::memory_unstacking;
  }
  if (frame_in_ram(sp)) return 0;
  return pushed ? fault_status::stacking : fault_status::unstacking;
}

/// The CFSR bit if the frame cannot be written; the stack pointer is where it would be.
std::uint32_t Cpu::push_frame(Context& context) {
  std::uint32_t xpsr = context.xpsr;
  if (scb_.stack_align() && (context.sp & 4u) != 0) {
    context.sp -= 4;
    xpsr |= xpsr_realigned;
  }
  context.sp -= frame_size;
  const bool privileged = context.in_handler() || (context.control & control_unprivileged) == 0;
  if (const auto fault = frame_fault(context.sp, MemoryUse::write, privileged)) return fault;
  std::uint32_t offset = context.sp - ram_base;
  const auto push = [&](std::uint32_t value) {
    store(memory_.ram(), offset, value, 4);
    offset += 4;
  };
  for (const std::uint32_t value : context.r0_to_r3) push(value);
  push(context.r12);
  push(context.lr);
  push(pc_);
  push(xpsr);
  code_changed(context.sp, frame_size);
  return 0;
}

void Cpu::enter(unsigned number) {
  Context context = this->context();
  std::uint32_t exception_return = return_to_thread_msp;
  if (context.in_handler()) {
    exception_return = return_to_handler;
  } else if (context.on_psp()) {
    exception_return = return_to_thread_psp;
  }
  const std::uint32_t stacking_fault = push_frame(context);
  used_ += entry_cycles;
  if (stacking_fault != 0 && number != exception::hard_fault) {
    // The frame is lost; the stack error is taken first (PM0056 2.3.7, derived exceptions).
    if (number >= exception::sv_call) nvic_.set_pending(number);
    const auto derived = escalate(fault_status::exception_of(stacking_fault), stacking_fault);
    if (!derived) return;
    number = *derived;
  }
  go_to_handler(number, exception_return, context);
}

void Cpu::go_to_handler(unsigned number, std::uint32_t exception_return, const Context& context) {
  const std::uint32_t entry = scb_.vector_table() + number * 4;
  if (!bus_.is_memory(entry)) {
    if (number == exception::hard_fault || nvic_.execution_priority(masks()) <= -1) {
      lock_up(fmt::format("no vector of exception {} at {:#010x}", number, entry));
      return;
    }
    scb_.add_hard_fault(hard_fault_status::vector_table);
    go_to_handler(exception::hard_fault, exception_return, context);
    return;
  }
  const std::uint32_t vector = bus_.read(entry, 4);
  nvic_.enter(number);
  scb_.set_active_exception(number);
  std::uint32_t xpsr = (context.xpsr & xpsr_flags) | number;
  if ((vector & 1u) != 0) xpsr |= xpsr_thumb;
  if (!context.in_handler() && (context.control & control_unprivileged) != 0) {
    CpuContext all = engine_.context();
    (context.on_psp() ? all.psp : all.msp) = context.sp;
    all.control &= ~control_psp;
    all.xpsr = xpsr;
    engine_.set_context(all);
    engine_.set({{Register::lr, exception_return}});
  } else if (context.on_psp()) {
    engine_.set({{Register::sp, context.sp},
                 {Register::control, context.control & ~control_psp},  // the other stack now
                 {Register::lr, exception_return},
                 {Register::xpsr, xpsr}});
  } else {
    engine_.set(
        {{Register::sp, context.sp}, {Register::lr, exception_return}, {Register::xpsr, xpsr}});
  }
  pc_ = vector & ~1u;
  event_ = true;
  entered_ = number;
  debug_.exception_entered(pc_);
  if (chip_.tracing("interrupts")) {
    chip_.trace("interrupts", fmt::format("enter exception {} at {:#010x}", number, pc_));
  }
}

// --- return --------------------------------------------------------------------------------------

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
  Context context = this->context();
  const unsigned leaving = context.xpsr & xpsr_exception;
  const bool valid = return_is_valid(exception_return, leaving);
  Masks masks = this->masks();
  nvic_.leave(leaving);
  if (masks.faultmask && leaving != exception::nmi) {
    masks.faultmask = false;
    engine_.set({{Register::faultmask, 0}});
  }
  if (chip_.tracing("interrupts")) {
    chip_.trace("interrupts", fmt::format("leave exception {}", leaving));
  }
  if (!valid) {
    // The frame stays on the stack for the UsageFault handler.
    const auto number = escalate(exception::usage_fault, fault_status::invalid_pc);
    if (number) go_to_handler(*number, 0xF0000000u | exception_return, context);
    return;
  }
  if (const auto next = nvic_.to_take(masks)) {
    used_ += tail_chain_cycles;  // the frame stays where it is
    go_to_handler(*next, exception_return, context);
    return;
  }
  used_ += entry_cycles;
  pop_frame(exception_return, context);
}

void Cpu::pop_frame(std::uint32_t exception_return, Context& context) {
  const bool from_psp = exception_return == return_to_thread_psp;
  const bool to_thread = exception_return != return_to_handler;
  std::uint32_t sp = from_psp ? engine_.get(Register::psp)[0] : context.sp;
  const bool privileged = !to_thread || (context.control & control_unprivileged) == 0;
  if (const auto fault = frame_fault(sp, MemoryUse::read, privileged)) {
    const auto number = escalate(fault_status::exception_of(fault), fault);
    if (number) go_to_handler(*number, exception_return, context);
    return;
  }
  std::uint32_t offset = sp - ram_base;
  const auto pop = [&] { return load(memory_.ram(), std::exchange(offset, offset + 4), 4); };
  std::array<std::uint32_t, frame_size / 4> frame{};
  for (std::uint32_t& word : frame) word = pop();
  const auto [r0, r1, r2, r3, r12, lr, pc, stacked_xpsr] = frame;
  const std::uint32_t number = stacked_xpsr & xpsr_exception;
  if (to_thread != (number == 0)) {
    // The fault pushes what has been popped, so that the frame stays as it is.
    engine_.set({{Register::r0, r0},
                 {Register::r1, r1},
                 {Register::r2, r2},
                 {Register::r3, r3},
                 {Register::r12, r12}});
    context.xpsr = (context.xpsr & ~xpsr_flags) | (stacked_xpsr & xpsr_flags);
    const auto taken = escalate(exception::usage_fault, fault_status::invalid_pc);
    if (taken) go_to_handler(*taken, 0xF0000000u | exception_return, context);
    return;
  }
  sp += frame_size;
  if (scb_.stack_align() && (stacked_xpsr & xpsr_realigned) != 0) sp |= 4;
  pc_ = pc & ~1u;
  std::uint32_t xpsr = stacked_xpsr & (xpsr_flags | xpsr_it | xpsr_thumb);
  if (!to_thread) xpsr |= number;
  engine_.set({{Register::r0, r0},
               {Register::r1, r1},
               {Register::r2, r2},
               {Register::r3, r3},
               {Register::r12, r12},
               {Register::lr, lr}});
  const std::uint32_t control = (context.control & ~control_psp) | (from_psp ? control_psp : 0);
  if (to_thread && (control & control_unprivileged) != 0) {
    CpuContext all = engine_.context();
    (from_psp ? all.psp : all.msp) = sp;
    all.control = control;
    all.xpsr = xpsr;
    engine_.set_context(all);
  } else if (from_psp) {
    engine_.set({{Register::psp, sp},
                 {Register::xpsr, xpsr},
                 {Register::control, control},
                 {Register::xpsr, xpsr}});
  } else {
    engine_.set({{Register::sp, sp}, {Register::xpsr, xpsr}});
  }
  scb_.set_active_exception(xpsr & xpsr_exception);
  event_ = true;
  if (to_thread && scb_.sleep_on_exit()) state_ = State::sleeping;
}

// --- faults --------------------------------------------------------------------------------------

/// Notes a fault and says which exception it ends in; none if the CPU locks up.
std::optional<unsigned> Cpu::escalate(unsigned number, std::uint32_t cfsr_bits) {
  scb_.add_fault(cfsr_bits);
  if (chip_.tracing("interrupts")) {
    chip_.trace("interrupts", fmt::format("fault {}, CFSR {:#010x}, at {:#010x}", number,
                                          scb_.fault_status(), pc_));
  }
  const Priority priority = nvic_.execution_priority(masks());
  if (nvic_.enabled(number) && nvic_.group_priority(number) < priority) return number;
  scb_.add_hard_fault(hard_fault_status::forced);
  if (priority > -1) return exception::hard_fault;
  lock_up(fmt::format("a fault inside a fault handler: PC {:#010x}, HFSR {:#010x}, CFSR {:#010x}",
                      pc_, scb_.hard_fault_status(), scb_.fault_status()));
  return std::nullopt;
}

void Cpu::fault(unsigned number, std::uint32_t cfsr_bits) {
  if (const auto taken = escalate(number, cfsr_bits)) enter(*taken);
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
  debug_.locked_up();
  chip_.trace("interrupts", "lockup: " + lock_up_reason_);
}

}  // namespace goldcrest::board

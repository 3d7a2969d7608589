// SPDX-License-Identifier: MIT
#include "host/board/debugger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/ensure.hpp"
#include "host/board/machine.hpp"
#include "host/board/thumb_access.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t xpsr_exception = 0x1FF;
constexpr std::uint32_t xpsr_writable = 0xFF00FC00;  // flags, IT and Thumb state
constexpr std::uint32_t basepri_writable = 0xF0;     // four bits of priority

struct Region {
  std::uint32_t base;
  std::uint64_t size;
  bool protected_by_level_1;
};

/// What answers on the bus (RM0038 2.3; PM0056 2.2).
constexpr std::array<Region, 10> regions{{
    {0x00000000, flash_size, true},
    {flash_base, flash_size, true},
    {eeprom_base, eeprom_size, true},
    {system_memory_base, system_memory_size, false},
    {option_bytes_base, 0x1000, false},
    {ram_base, ram_size, false},
    {ram_bit_band_base, ram_size * 32ull, false},
    {peripheral_base, peripheral_size, false},
    {peripheral_bit_band_base, 0x02000000, false},
    {0xE0000000, 0x00100000, false},
}};

bool inside(std::uint32_t address, std::uint64_t size, std::uint32_t base, std::uint64_t length) {
  return address >= base && address - base + size <= length;
}

/// The widest access that a probe would make next.
unsigned access_size(std::uint32_t address, std::size_t left) {
  if (address % 4 == 0 && left >= 4) return 4;
  return address % 2 == 0 && left >= 2 ? 2 : 1;
}

}  // namespace

CpuDebug& Debugger::unit() {
  return machine_.cpu().debug();
}
const CpuDebug& Debugger::unit() const {
  return std::as_const(machine_).cpu().debug();
}

void Debugger::attach() {
  unit().attach();
}

void Debugger::detach() {
  // A BKPT that it halts at would fault now; the debugger steps over it.
  if (halt()) resume();
  unit().detach();
}

bool Debugger::locked() const {
  return machine_.flash().readout_protection() == FlashController::ReadoutProtection::level_2;
}

// --- running -------------------------------------------------------------------------------------

std::optional<Halt> Debugger::halt() const {
  return unit().halt();
}

void Debugger::request_halt() {
  attach();
  if (!halt()) unit().set_halt({.reason = HaltReason::request});
}

std::optional<std::uint32_t> Debugger::resume_point() {
  const bool moved = std::exchange(pc_written_, false);
  if (moved) return std::nullopt;
  if (const auto halted = halt(); halted && halted->reason == HaltReason::instruction) {
    machine_.cpu().set_pc(machine_.cpu().pc() + 2);
  }
  return machine_.cpu().pc();
}

void Debugger::resume() {
  unit().resume(resume_point());
}

void Debugger::step(std::uint32_t range_begin, std::uint32_t range_end) {
  attach();
  const std::uint32_t before = machine_.cpu().pc();
  const auto point = resume_point();
  if (point && *point != before) {  // over a BKPT, which does nothing
    unit().set_halt({.reason = HaltReason::step});
  } else {
    unit().step(point, range_begin, range_end);
  }
}

void Debugger::mask_interrupts_in_steps(bool mask) {
  unit().set_masks_interrupts(mask);
}

void Debugger::reset() {
  machine_.reset_button();
}

// --- breakpoints and watchpoints -----------------------------------------------------------------

bool Debugger::add_breakpoint(std::uint32_t address) {
  attach();
  auto& breakpoints = unit().breakpoints();
  if (breakpoints.size() >= breakpoints_max && !breakpoints.contains(address)) return false;
  breakpoints.insert(machine_.cpu().executed_address(address & ~1u));
  return true;
}

void Debugger::remove_breakpoint(std::uint32_t address) {
  unit().breakpoints().erase(machine_.cpu().executed_address(address & ~1u));
}

bool Debugger::add_watchpoint(std::uint32_t address, std::uint32_t size, WatchKind kind) {
  attach();
  auto watchpoints = unit().watchpoints();
  const CpuDebug::Watchpoint added{address, size, kind};
  if (std::ranges::find(watchpoints, added) != watchpoints.end()) return true;
  if (watchpoints.size() >= watchpoints_max || size == 0) return false;
  watchpoints.push_back(added);
  unit().set_watchpoints(std::move(watchpoints));
  return true;
}

void Debugger::remove_watchpoint(std::uint32_t address, std::uint32_t size, WatchKind kind) {
  auto watchpoints = unit().watchpoints();
  std::erase(watchpoints, CpuDebug::Watchpoint{address, size, kind});
  unit().set_watchpoints(std::move(watchpoints));
}

void Debugger::watch_blocks(std::function<bool(std::uint32_t, std::uint32_t)> watcher) {
  attach();
  unit().set_block_watcher(std::move(watcher));
}

// --- faults --------------------------------------------------------------------------------------

void Debugger::skip(unsigned half_words) {
  base::ensure(halt().has_value());
  Cpu& cpu = machine_.cpu();
  const std::uint32_t begin = cpu.pc();
  const std::uint32_t size = 2 * half_words;
  CpuContext context = cpu.engine().context();
  for (std::uint32_t at = begin; at - begin < size; at += instruction_size(machine_.memory(), at)) {
    context.xpsr = with_it_state(context.xpsr, next_it_state(it_state(context.xpsr)));
  }
  cpu.engine().set_context(context);
  write_register(CpuRegister::pc, begin + size);
}

// --- registers -----------------------------------------------------------------------------------

std::uint32_t Debugger::read_register(CpuRegister which) {
  Engine& engine = machine_.cpu().engine();
  const auto number = std::to_underlying(which);
  if (which == CpuRegister::pc) return machine_.cpu().pc();
  if (number <= std::to_underlying(CpuRegister::lr)) return engine.general(number);
  const CpuContext context = engine.context();
  switch (which) {
    case CpuRegister::xpsr:
      return context.xpsr;
    case CpuRegister::msp:
      return context.msp;
    case CpuRegister::psp:
      return context.psp;
    case CpuRegister::primask:
      return context.primask;
    case CpuRegister::basepri:
      return context.basepri;
    case CpuRegister::faultmask:
      return context.faultmask;
    default:
      return context.control;
  }
}

void Debugger::write_register(CpuRegister which, std::uint32_t value) {
  Engine& engine = machine_.cpu().engine();
  const auto number = std::to_underlying(which);
  if (which == CpuRegister::pc) {
    if ((value & ~1u) == machine_.cpu().pc()) return;
    machine_.cpu().set_pc(value & ~1u);
    pc_written_ = true;
    return;
  }
  if (number <= std::to_underlying(CpuRegister::lr)) {
    engine.set_general(number, which == CpuRegister::sp ? value & ~3u : value);
    return;
  }
  CpuContext context = engine.context();
  switch (which) {
    case CpuRegister::xpsr:
      context.xpsr = (context.xpsr & xpsr_exception) | (value & xpsr_writable);
      break;
    case CpuRegister::msp:
      context.msp = value & ~3u;
      break;
    case CpuRegister::psp:
      context.psp = value & ~3u;
      break;
    case CpuRegister::primask:
      context.primask = value & 1u;
      break;
    case CpuRegister::basepri:
      context.basepri = value & basepri_writable;
      break;
    case CpuRegister::faultmask:
      context.faultmask = value & 1u;
      break;
    default:
      // The stack of a handler is always the main one.
      context.control = value & ((context.xpsr & xpsr_exception) != 0 ? 1u : 3u);
  }
  engine.set_context(context);
}

// --- memory --------------------------------------------------------------------------------------

std::expected<void, std::string> Debugger::check(std::uint32_t address, std::uint64_t size) const {
  if (!machine_.powered()) return std::unexpected("the board has no power");
  const auto region = std::ranges::find_if(
      regions, [&](const Region& each) { return inside(address, size, each.base, each.size); });
  if (region == regions.end()) {
    return std::unexpected(fmt::format("nothing answers at {:#010x}, {} bytes", address, size));
  }
  const auto level = machine_.flash().readout_protection();
  if (locked() ||
      (region->protected_by_level_1 && level != FlashController::ReadoutProtection::level_0)) {
    return std::unexpected("the board does not let its memory be read (readout protection)");
  }
  return {};
}

std::expected<std::vector<std::uint8_t>, std::string> Debugger::read(std::uint32_t address,
                                                                     std::uint32_t size) {
  if (auto allowed = check(address, size); !allowed) return std::unexpected(allowed.error());
  std::vector<std::uint8_t> result(size);
  const auto before = machine_.cpu().take_bus_error();
  for (std::uint32_t at = 0; at < size;) {
    const unsigned width = access_size(address + at, size - at);
    store(result, at, machine_.bus_read(address + at, width), width);
    at += width;
  }
  const auto error = machine_.cpu().take_bus_error();
  if (before) machine_.cpu().bus_error(*before);
  if (error) return std::unexpected(fmt::format("bus error at {:#010x}", *error));
  return result;
}

std::expected<void, std::string> Debugger::write(std::uint32_t address,
                                                 std::span<const std::uint8_t> bytes) {
  if (auto allowed = check(address, bytes.size()); !allowed) return allowed;
  if (address < flash_size || inside(address, bytes.size(), flash_base, flash_size)) {
    return std::unexpected("flash is programmed by pages, not written");
  }
  if (inside(address, bytes.size(), eeprom_base, eeprom_size)) {
    std::ranges::copy(bytes, machine_.eeprom().begin() + (address - eeprom_base));
    return {};
  }
  const auto before = machine_.cpu().take_bus_error();
  for (std::uint32_t at = 0; at < bytes.size();) {
    const unsigned width = access_size(address + at, bytes.size() - at);
    machine_.bus_write(address + at, load(bytes, at, width), width);
    at += width;
  }
  const auto error = machine_.cpu().take_bus_error();
  if (before) machine_.cpu().bus_error(*before);
  if (error) return std::unexpected(fmt::format("bus error at {:#010x}", *error));
  return {};
}

std::expected<void, std::string> Debugger::program(std::uint32_t address,
                                                   std::span<const std::uint8_t> pages) {
  if (auto allowed = check(address, pages.size()); !allowed) return allowed;
  return machine_.flash().debug_program(address, pages);
}

}  // namespace goldcrest::board

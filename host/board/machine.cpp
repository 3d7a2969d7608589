// SPDX-License-Identifier: MIT
#include "host/board/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/ensure.hpp"
#include "host/board/clock_time.hpp"
#include "host/board/operating_limits.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t power_reset_flag = 1u << 27;  // RCC_CSR.PORRSTF
constexpr std::uint32_t pin_reset_flag = 1u << 26;    // RCC_CSR.PINRSTF
constexpr std::uint32_t low_power_flag = 1u << 31;    // RCC_CSR.LPWRRSTF

}  // namespace

Machine::Machine(const BoardOptions& options)
    : options_(options),
      nvic_(*this),
      scb_(*this, nvic_),
      mpu_(*this),
      auxiliary_control_(*this),
      systick_(*this, nvic_),
      bus_(*this, memory_, *this),
      cpu_(*this, *this, memory_, bus_, nvic_, scb_, mpu_),
      flash_(*this, memory_, *this),
      program_memory_(flash_),
      eeprom_(memory_, flash_),
      factory_(flash_, options.unique_id),
      boot_alias_(bus_),
      software_trigger_(*this, nvic_),
      dwt_(*this, cpu_),
      core_debug_(*this, dwt_),
      debug_mcu_(*this),
      peripherals_(*this),
      debugger_(*this) {
  attach_core();
  for (const auto& window : peripherals_.windows()) {
    bus_.attach(window.base, window.size, *window.peripheral);
  }
  events_.add(systick_);
  events_.add(flash_);
  for (EventSource* source : peripherals_.event_sources()) events_.add(*source);
  peripherals_.rcc.add_listener(*this);
  peripherals_.syscfg.set_mapper(*this);
  peripherals_.reset(true);
}

void Machine::attach_core() {
  bus_.attach(0x00000000, flash_size, boot_alias_);
  bus_.attach(flash_base, flash_size, program_memory_);
  bus_.attach(eeprom_base, eeprom_size, eeprom_);
  bus_.attach(option_bytes_base, 0x1000, factory_);
  bus_.attach(0x40023C00, 0x400, flash_);
  bus_.attach(0xE0001000, 0x1000, dwt_);
  bus_.attach(0xE000E010, 0x10, systick_);
  bus_.attach(0xE000E100, 0x400, nvic_);
  bus_.attach(AuxiliaryControl::base, 0x10, auxiliary_control_);
  bus_.attach(0xE000ED00, 0x8C, scb_);
  bus_.attach(Mpu::base, Mpu::window_size, mpu_);
  bus_.attach(0xE000EDF0, 0x10, core_debug_);
  bus_.attach(0xE000EF00, 0x4, software_trigger_);
  bus_.attach(0xE0042000, 0x400, debug_mcu_);
}

// --- time ----------------------------------------------------------------------------------------

Picoseconds Machine::now() const {
  const std::int64_t untaken = cpu_.untaken_cycles();
  return untaken == 0 ? time_ : time_after(epoch_cycles_ + static_cast<std::uint64_t>(untaken));
}

Picoseconds Machine::time_after(std::uint64_t cycles) const {
  if (cycle_time_ == 0) return epoch_ + cycles_to_time(cycles, cycle_hz_);
  return epoch_ + static_cast<Picoseconds>(cycles) * cycle_time_;
}

/// Turns the CPU's cycles into time.
void Machine::take_time() {
  const std::int64_t cycles = cpu_.take_cycles();
  if (cycles == 0) return;
  epoch_cycles_ += static_cast<std::uint64_t>(cycles);
  time_ = time_after(epoch_cycles_);
}

void Machine::set_time(Picoseconds time) {
  time_ = epoch_ = time;
  epoch_cycles_ = 0;
}

void Machine::clocks_changed() {
  take_time();
  set_time(time_);
  set_cycle(hclk_hz());
  systick_.clock_changed(cycle_hz_);
  note_activity();
  reschedule();
  const unsigned range = peripherals_.pwr.voltage_range();
  if (range != 0 && cycle_hz_ > hclk_limit_hz(range, flash_.wait_state())) {
    trace("power", fmt::format("HCLK of {} Hz is too fast for voltage range {} with {} wait state",
                               cycle_hz_, range, flash_.wait_state() ? "a" : "no"));
  }
}

void Machine::set_cycle(std::uint32_t hz) {
  cycle_hz_ = hz;
  const bool whole = hz != 0 && picoseconds_per_second % hz == 0;
  cycle_time_ = whole ? static_cast<Picoseconds>(picoseconds_per_second / hz) : 0;
}

/// What the chip does from now on, in terms of what it costs.
void Machine::note_activity() {
  ChipState state;
  if (!powered_) {
    state.mode = ChipMode::off;
  } else if (stopped_) {
    state.mode = standby_ ? ChipMode::standby : ChipMode::stop;
  } else {
    state = {.mode = asleep_ ? ChipMode::sleep : ChipMode::run,
             .voltage_range = static_cast<std::uint8_t>(peripherals_.pwr.voltage_range()),
             .hclk_hz = cycle_hz_};
  }
  activity_.enter(state, time_);
}

Activity Machine::activity() const {
  return {.instructions = cpu_.instructions(),
          .flash_operations = flash_.operations(),
          .chip = activity_.times(time_),
          .radio = peripherals_.radio.times()};
}

Picoseconds Machine::next_event() const {
  if (!powered_ || cpu_.debug().halt()) return no_event;
  const Picoseconds next = std::min(events_.ask_all(), cut_at_);
  const bool woken = standby_ ? peripherals_.pwr.woken() : nvic_.waiting();
  const bool running = cpu_.state() == Cpu::State::running || woken || reset_request_;
  if (!running) return next;
  return stalled_until_ > now() ? std::min(next, stalled_until_) : now();
}

void Machine::run_until(Picoseconds until) {
  events_.all_changed();  // by whatever the world has done meanwhile
  until_ = until;
  while (time_ < until) {
    if (powered_ && cpu_.debug().halt()) return;
    if (!powered_) {
      set_time(until);
      return;
    }
    step(until);
  }
}

/// Does all that is due and returns when the next is.
Picoseconds Machine::advance_peripherals() {
  // What one does may be due for another at the same moment; a model that never settles is a bug.
  for (int round = 0; round < 10'000; ++round) {
    const Picoseconds next = events_.next();
    if (next > time_) return next;
    events_.advance(time_);
  }
  base::ensure(false);
  return no_event;
}

/// The CPU is between two blocks; what is due is done without stopping it.
std::int64_t Machine::more_cycles() {
  take_time();
  const Picoseconds until = std::min({until_, advance_peripherals(), cut_at_});
  if (until <= time_ || reset_request_ || stalled()) return 0;
  return cycles_until(until);
}

/// At least one cycle, at most a second's worth: whoever asked comes back for the rest.
std::int64_t Machine::cycles_until(Picoseconds until) {
  cpu_.set_busy_bank(flash_.busy_bank());
  const Picoseconds span = std::min<Picoseconds>(until - time_, 1'000'000'000'000);
  const std::uint64_t cycles = cycle_time_ != 0 ? static_cast<std::uint64_t>(span / cycle_time_)
                                                : time_to_cycles(span, cycle_hz_);
  return static_cast<std::int64_t>(std::max<std::uint64_t>(cycles, 1));
}

/// Lets time pass without the CPU.
void Machine::jump(Picoseconds until) {
  if (until > time_) set_time(until);
}

void Machine::step(Picoseconds until) {
  if (cpu_.debug().inside_block()) {  // nothing happens before it is done
    cpu_.run(0);
    take_time();
    return;
  }
  until = std::min({until, advance_peripherals(), cut_at_});
  if (time_ >= cut_at_) {
    cut_fired_ = true;
    trace("power", "the armed power cut fires");
    power(false);
    return;
  }
  if (reset_request_) {
    const std::uint32_t cause = *reset_request_;
    do_reset(false, cause);
    return;
  }
  if (standby_) {
    if (peripherals_.pwr.woken()) {
      leave_standby();
    } else {
      jump(until);
    }
    return;
  }
  if (stalled()) {
    jump(std::min(until, stalled_until_));
    return;
  }
  // The clocks come back before the exception is entered: that takes cycles.
  if (stopped_ && (nvic_.waiting() || cpu_.state() == Cpu::State::running)) {
    (void)wake_up();
    return;
  }
  cpu_.take_exceptions();
  take_time();
  if (cpu_.debug().halt()) return;  // a step into a handler
  if (cpu_.state() != Cpu::State::running) {
    if (asleep_) {
      jump(until);
    } else {
      fall_asleep();  // which may change what is next
    }
    return;
  }
  if (asleep_ && wake_up()) return;
  execute(until);
}

/// The CPU waits for the flash, for a fetch or for a write to end.
bool Machine::stalled() {
  if (cpu_.state() != Cpu::State::running) return false;
  if (cut_at_ != no_event) stalled_until_ = cut_at_;  // nothing is executed any more
  stalled_until_ = std::max(stalled_until_, flash_.busy_until(cpu_.pc()));
  return stalled_until_ > time_;
}

void Machine::execute(Picoseconds until) {
  if (until <= time_) return;
  cpu_.run(cycles_until(until));
  take_time();
}

// --- sleep ---------------------------------------------------------------------------------------

void Machine::fall_asleep() {
  asleep_ = true;
  note_activity();
  if (!scb_.sleep_deep() || cpu_.state() == Cpu::State::locked_up) return;
  const bool standby = peripherals_.pwr.standby_selected();
  if (flash_.resets_on_deep_sleep(standby)) {
    request_reset(low_power_flag);
    return;
  }
  stopped_ = true;
  if (standby) enter_standby();
  peripherals_.rcc.enter_stop();
  note_activity();
}

/// True if clocks have changed on the way: what comes next has to be looked at again.
bool Machine::wake_up() {
  asleep_ = false;
  const bool stopped = std::exchange(stopped_, false);
  note_activity();
  if (!stopped) return false;
  peripherals_.rcc.leave_stop();
  return true;
}

// The core domain is off (RM0038 5.3.9): RAM and registers are lost, only PWR's wake-up events,
// IWDG and NRST end it, each with a reset.
void Machine::enter_standby() {
  standby_ = true;
  trace("power", "Standby");
  memory_.randomize_ram(options_.seed + power_ups_);
  code_changed(ram_base, ram_size);
  peripherals_.enter_standby();
}

void Machine::leave_standby() {
  peripherals_.pwr.leave_standby();
  do_reset(false, 0);
}

// --- power and reset -----------------------------------------------------------------------------

void Machine::power(bool on) {
  if (on == powered_) return;
  take_time();
  powered_ = on;
  trace("power", on ? "on" : "off");
  if (on) {
    ++power_ups_;
    memory_.randomize_ram(options_.seed * 0x9E3779B97F4A7C15u + power_ups_);
    code_changed(ram_base, ram_size);
  } else {
    flash_.power_lost();
  }
  cut_at_ = no_event;
  do_reset(true, power_reset_flag);
}

std::optional<FlashOperation> Machine::cut_power(const PowerCut& how) {
  if (!powered_) return std::nullopt;
  take_time();
  const auto torn = flash_.interrupt(how);
  power(false);
  return torn;
}

void Machine::do_reset(bool power_on, std::uint32_t cause) {
  trace("power", fmt::format("reset, RCC_CSR flag {:#010x}", cause));
  (void)flash_.interrupt({.phase = CutPhase::inside,
                          .torn_seed = options_.seed * 0x2545F4914F6CDD1Du + flash_.operations()});
  asleep_ = stopped_ = standby_ = false;
  told_unmodelled_.clear();
  stalled_until_ = 0;
  reset_request_.reset();
  nvic_.reset(power_on);
  scb_.reset(power_on);
  mpu_.reset(power_on);
  auxiliary_control_.reset(power_on);
  flash_.reset(power_on);
  dwt_.reset(power_on);
  core_debug_.reset(power_on);
  debug_mcu_.reset(power_on);
  peripherals_.reset(power_on);
  systick_.reset(power_on);
  clocks_changed();
  peripherals_.rcc.note_reset(cause);
  if (flash_.hardware_watchdog()) peripherals_.iwdg.start();
  reset_request_.reset();
  start();
}

/// Where the CPU begins (RM0038 2.8 and 3.6): what the boot pins choose, unless readout protection
/// is at level 2. At level 1 nothing but program memory has access to program memory. With nBFB2 =
/// 0 ST's boot loader comes before program memory, and picks a bank (AN2606, dual bank boot).
void Machine::start() {
  using enum Syscfg::BootMemory;
  using Protection = FlashController::ReadoutProtection;
  const auto protection = flash_.readout_protection();
  const auto chosen = protection == Protection::level_2 ? program : boot_pins_;
  close_program_memory(chosen != program && protection == Protection::level_1);
  const bool picks_bank = chosen == program && flash_.boots_from_bank_2();
  peripherals_.syscfg.start(chosen, picks_bank ? system : chosen);
  const auto bank = picks_bank ? bank_to_start() : std::nullopt;
  cpu_.reset(bank.value_or(0));
  if (chosen == system || (picks_bank && !bank)) {
    cpu_.lock_up("ST's boot loader would run, which is not modelled");
  }
}

/// The first of bank 2 and bank 1 that begins with a stack pointer.
std::optional<std::uint32_t> Machine::bank_to_start() const {
  for (const std::uint32_t offset : {flash_bank_size, 0u}) {
    const auto stack_pointer = load(memory_.flash(), offset, 4);
    if (stack_pointer > ram_base && stack_pointer <= ram_base + ram_size) {
      return flash_base + offset;
    }
  }
  return std::nullopt;
}

void Machine::close_program_memory(bool closed) {
  flash_.close(closed);
  bus_.close_program_memory(closed);
  cpu_.engine().close_program_memory(closed);
}

void Machine::reset_button() {
  if (!powered_) return;
  if (cpu_.debug().halt()) {
    do_reset(false, pin_reset_flag);
  } else {
    request_reset(pin_reset_flag);
  }
}

void Machine::request_reset(std::uint32_t rcc_csr_flag) {
  reset_request_ = reset_request_.value_or(0) | rcc_csr_flag;
  cpu_.request_attention();
}

void Machine::power_fails(Picoseconds at) {
  cut_at_ = at;
  flash_.power_lost();
  cpu_.request_attention();
}

bool Machine::take_cut_fired() {
  return std::exchange(cut_fired_, false);
}

void Machine::map_boot_memory(Syscfg::BootMemory memory) {
  const std::uint32_t base = memory == Syscfg::BootMemory::ram      ? ram_base
                             : memory == Syscfg::BootMemory::system ? system_memory_base
                                                                    : flash_base;
  boot_alias_.select(base);
  cpu_.set_boot_memory(base);
}

// --- Chip and FlashEnvironment -------------------------------------------------------------------

bool Machine::pin(unsigned port, unsigned number) const {
  return peripherals_.pins.level(Pin{port, number});
}

void Machine::drive_pin(unsigned port, unsigned number, bool level) {
  peripherals_.pins.drive(Pin{port, number}, level);
}

std::uint32_t Machine::bus_read(std::uint32_t address, unsigned size) {
  return bus_.read(address, size);
}

void Machine::bus_write(std::uint32_t address, std::uint32_t value, unsigned size) {
  bus_.write(address, value, size);
}

void Machine::signal_event() {
  cpu_.signal_event();
  cpu_.request_attention();
}

void Machine::code_changed(std::uint32_t address, std::uint32_t size) {
  cpu_.code_changed(address, size);
}

void Machine::stall_cpu(Picoseconds until) {
  stalled_until_ = std::max(stalled_until_, until);
  cpu_.request_attention();
}

bool Machine::tracing(std::string_view category) const {
  return options_.trace_sink && std::ranges::find(options_.trace, category) != options_.trace.end();
}

/// True the first time since the last reset; beyond a bound, nothing is remembered and all is told.
bool Machine::is_news(std::string_view text) {
  constexpr std::size_t remembered_max = 4096;
  if (told_unmodelled_.size() >= remembered_max) return !told_unmodelled_.contains(text);
  return told_unmodelled_.emplace(text).second;
}

void Machine::trace(std::string_view category, std::string_view text) {
  if (!tracing(category)) return;
  // Firmware that polls what is not modelled would bury everything else.
  if (category == "unmodelled" && !is_news(text)) return;
  const double seconds = static_cast<double>(now()) / 1e12;
  options_.trace_sink(fmt::format("{:.9f} {}: {}", seconds, category, text));
}

}  // namespace goldcrest::board

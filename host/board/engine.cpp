// SPDX-License-Identifier: MIT
#include "host/board/engine.hpp"

#include <unicorn/unicorn.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/base/ensure.hpp"
#include "host/board/bus.hpp"
#include "host/board/thumb_access.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t thumb_bit = 1u << 24;
constexpr std::uint32_t exception_mask = 0x1FF;
constexpr std::uint32_t unprivileged = 1;
constexpr std::uint32_t page = 4096;

/// Numbers that Unicorn's interrupt hook gets.
constexpr int interrupt_svc = 2;
constexpr int interrupt_prefetch_abort = 3;  // execute-never by the default memory map
constexpr int interrupt_data_abort = 4;      // what must be aligned and is not
constexpr int interrupt_breakpoint = 7;
constexpr int interrupt_exception_return = 8;
constexpr int interrupt_no_coprocessor = 17;

constexpr std::uint32_t half_word_wfe = 0xBF20;
constexpr std::uint32_t half_word_yield = 0xBF10;
constexpr std::uint32_t half_word_sev = 0xBF40;
constexpr std::uint32_t half_word_hint = 0xF3AF;  // first half of the 32-bit hints
constexpr std::uint32_t half_word_wfe_wide = 0x8002;
constexpr std::uint32_t half_word_yield_wide = 0x8001;

/// In the order of Register.
constexpr std::array<int, 23> register_ids{
    UC_ARM_REG_R0,      UC_ARM_REG_R1,      UC_ARM_REG_R2,       UC_ARM_REG_R3,  UC_ARM_REG_R4,
    UC_ARM_REG_R5,      UC_ARM_REG_R6,      UC_ARM_REG_R7,       UC_ARM_REG_R8,  UC_ARM_REG_R9,
    UC_ARM_REG_R10,     UC_ARM_REG_R11,     UC_ARM_REG_R12,      UC_ARM_REG_R13, UC_ARM_REG_R14,
    UC_ARM_REG_R15,     UC_ARM_REG_XPSR,    UC_ARM_REG_CONTROL,  UC_ARM_REG_MSP, UC_ARM_REG_PSP,
    UC_ARM_REG_PRIMASK, UC_ARM_REG_BASEPRI, UC_ARM_REG_FAULTMASK};

/// Where the first SEV stands in `code`, which begins at an even address; its size if there is
/// none. Most of the flash is erased: the second byte is looked for.
std::size_t find_send_event(std::span<const std::uint8_t> code) {
  for (std::size_t from = 1; from < code.size();) {
    const void* const found = std::memchr(&code[from], half_word_sev >> 8, code.size() - from);
    if (found == nullptr) break;
    const auto second =
        static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - code.data());
    if (second % 2 == 1 && code[second - 1] == (half_word_sev & 0xFF)) return second - 1;
    from = second + 1;
  }
  return code.size();
}

void check(uc_err error) {
  base::ensure(error == UC_ERR_OK);
}

}  // namespace

/// Unicorn's callbacks. No exception may cross its frames.
struct Engine::Hooks {
  static std::uint64_t read(uc_engine*, std::uint64_t offset, unsigned size, void* user) {
    const auto& window = *static_cast<Window*>(user);
    return window.engine->client_->bus_read(window.base + static_cast<std::uint32_t>(offset), size);
  }
  static void write(uc_engine*, std::uint64_t offset, unsigned size, std::uint64_t value,
                    void* user) {
    const auto& window = *static_cast<Window*>(user);
    window.engine->client_->bus_write(window.base + static_cast<std::uint32_t>(offset),
                                      static_cast<std::uint32_t>(value), size);
  }
  static void write_hole(uc_engine*, std::uint64_t offset, unsigned, std::uint64_t, void* user) {
    const auto& window = *static_cast<Window*>(user);
    window.engine->client_->write_refused(window.base + static_cast<std::uint32_t>(offset));
  }
  static void block(uc_engine* unicorn, std::uint64_t address, std::uint32_t size, void* user) {
    auto& engine = *static_cast<Engine*>(user);
    engine.block_ = static_cast<std::uint32_t>(address);
    engine.block_size_ = size;
    if (engine.block_ - ram_base < ram_size) engine.shortcut_.note_code(engine.block_, size);
    if (!engine.client_->block(engine.block_, size)) {
      engine.stopped_ = true;
      uc_emu_stop(unicorn);
    }
  }
  static void interrupt(uc_engine* unicorn, std::uint32_t number, void* user) {
    static_cast<Engine*>(user)->interrupt_ = static_cast<int>(number);
    uc_emu_stop(unicorn);
  }
  static bool write_flash(uc_engine*, uc_mem_type, std::uint64_t address, int size,
                          std::int64_t value, void* user) {
    static_cast<Engine*>(user)->client_->bus_write(static_cast<std::uint32_t>(address),
                                                   static_cast<std::uint32_t>(value),
                                                   static_cast<unsigned>(size));
    return true;
  }
  static bool read_hole(uc_engine*, uc_mem_type, std::uint64_t address, int, std::int64_t,
                        void* user) {
    auto& engine = *static_cast<Engine*>(user);
    engine.read_refused_ = true;
    engine.fault_address_ = static_cast<std::uint32_t>(address);
    return false;
  }
  static bool fetch_hole(uc_engine*, uc_mem_type, std::uint64_t, int, std::int64_t, void*) {
    return false;
  }

  /// While traps are watched, and only then: every block pays for what is done here.
  static void trap_block(uc_engine*, std::uint64_t, std::uint32_t, void* user) {
    auto& engine = *static_cast<Engine*>(user);
    engine.block_it_ = it_state(engine.xpsr());
  }
  static void trap(uc_engine* unicorn, std::uint64_t address, std::uint32_t, void* user) {
    auto& engine = *static_cast<Engine*>(user);
    if (engine.trapped_by_ != 0) return;
    const auto at = static_cast<std::uint32_t>(address);
    engine.trapped_by_ = engine.trap_watcher_->trap(at);
    if (engine.trapped_by_ == 0) return;
    engine.pc_ = at;
    uc_emu_stop(unicorn);
  }

  static void send_event(uc_engine*, std::uint64_t, std::uint32_t, void* user) {
    static_cast<Engine*>(user)->client_->send_event();
  }

  template <typename Function>
  static std::size_t add(Engine& engine, int type, Function* function) {
    uc_hook handle = 0;
    check(uc_hook_add(engine.engine_, &handle, type, reinterpret_cast<void*>(function), &engine, 1,
                      0));
    return handle;
  }
};

Engine::Engine(Memory& memory, EngineClient& client) : memory_(memory), client_(&client) {
  // Not UC_MODE_MCLASS: that makes it a Cortex-M33 whatever model is asked for.
  check(uc_open(UC_ARCH_ARM, UC_MODE_THUMB, &engine_));
  check(uc_ctl_set_cpu_model(engine_, UC_CPU_ARM_CORTEX_M3));
  check(uc_ctl_exits_enable(engine_));  // and none is set: only hooks end a run
  map_memory(memory);
  shortcut_.learn(engine_, memory);
  add_hooks();
}

Engine::~Engine() {
  uc_close(engine_);
}

void Engine::map_bus(std::uint32_t base, std::uint64_t size) {
  windows_.push_back(std::make_unique<Window>(Window{this, base}));
  check(uc_mmio_map(engine_, base, size, Hooks::read, windows_.back().get(), Hooks::write,
                    windows_.back().get()));
}

/// Nothing answers in [base, end): without a read callback reads are refused at once, and writes,
/// which the chip's write buffer makes imprecise, go to a callback that pends the fault.
void Engine::map_hole(std::uint64_t base, std::uint64_t end) {
  windows_.push_back(std::make_unique<Window>(Window{this, static_cast<std::uint32_t>(base)}));
  check(uc_mmio_map(engine_, base, end - base, nullptr, nullptr, Hooks::write_hole,
                    windows_.back().get()));
}

void Engine::map_memory(Memory& memory) {
  struct Region {
    std::uint32_t base;
    std::uint64_t size;
    std::uint8_t* host;  ///< null: on the bus
    std::uint32_t permissions;
  };
  const std::array<Region, 10> regions{{
      {0x00000000, flash_size, nullptr, 0},
      {flash_base, flash_size, memory.flash().data(), UC_PROT_READ | UC_PROT_EXEC},
      {eeprom_base, eeprom_size, nullptr, 0},
      {system_memory_base, system_memory_size, nullptr, 0},
      {option_bytes_base, page, nullptr, 0},
      {ram_base, ram_size, memory.ram().data(), UC_PROT_ALL},
      {ram_bit_band_base, ram_size * 32ull, nullptr, 0},
      {peripheral_base, peripheral_size, nullptr, 0},
      {peripheral_bit_band_base, 0x02000000, nullptr, 0},
      {0xE0000000, 0x00100000, nullptr, 0},
  }};
  std::uint64_t covered = 0;
  for (const Region& region : regions) {
    if (region.base > covered) map_hole(covered, region.base);
    if (region.host == nullptr) {
      map_bus(region.base, region.size);
    } else {
      check(uc_mem_map_ptr(engine_, region.base, region.size, UC_PROT_ALL, region.host));
      // Only a later change of protection makes the engine discard writes by itself.
      if (region.permissions != UC_PROT_ALL) {
        check(uc_mem_protect(engine_, region.base, region.size, region.permissions));
      }
    }
    covered = region.base + region.size;
  }
  map_hole(covered, 0x100000000ull);
}

void Engine::add_hooks() {
  Hooks::add(*this, UC_HOOK_BLOCK, &Hooks::block);
  Hooks::add(*this, UC_HOOK_INTR, &Hooks::interrupt);
  Hooks::add(*this, UC_HOOK_MEM_WRITE_PROT, &Hooks::write_flash);
  Hooks::add(*this, UC_HOOK_MEM_READ_PROT, &Hooks::read_hole);
  Hooks::add(*this, UC_HOOK_MEM_FETCH_PROT, &Hooks::fetch_hole);
}

// --- running -------------------------------------------------------------------------------------

Engine::Outcome Engine::run(std::uint32_t pc) {
  stopped_ = false;
  stopped_at_.reset();
  trapped_by_ = 0;
  read_refused_ = false;
  interrupt_ = -1;
  const StoreShortcut::Running storing(shortcut_);
  const TranslationBuffer::Running translating(buffer_);
  const int error = uc_emu_start(engine_, thumb_ ? pc | 1u : pc, 0, 0, 0);
  const auto [reached, xpsr] = get(Register::pc, Register::xpsr);
  if (trapped_by_ != 0) {
    // Inside a block the engine does not keep the IT state.
    const std::uint32_t it = it_state_at(memory_, block_, block_it_, pc_);
    set({{Register::xpsr, with_it_state(xpsr, it)}});
    return Outcome::trapped;
  }
  pc_ = reached;
  thumb_ = (xpsr & thumb_bit) != 0;
  return classify(error);
}

Engine::Outcome Engine::classify(int error) {
  if (read_refused_) {
    pc_ = find_access(*this, memory_, block_, block_size_, fault_address_).value_or(block_);
    return Outcome::read_refused;
  }
  switch (interrupt_) {
    case -1:
      break;
    case interrupt_svc:
      return Outcome::supervisor_call;
    case interrupt_prefetch_abort:
      return Outcome::fetch_refused;
    case interrupt_data_abort:
      return Outcome::unaligned;
    case interrupt_breakpoint:
      return Outcome::breakpoint;
    case interrupt_exception_return:
      pc_ |= 1u;
      return Outcome::exception_return;
    case interrupt_no_coprocessor:
      return Outcome::no_coprocessor;
    default:
      return Outcome::undefined;
  }
  switch (error) {
    case UC_ERR_OK:
      if (stopped_) pc_ = stopped_at_.value_or(block_);
      return stopped_ ? Outcome::stopped : Outcome::wait_for_interrupt;
    case UC_ERR_FETCH_PROT:
    case UC_ERR_FETCH_UNMAPPED:
      return Outcome::fetch_refused;
    case UC_ERR_INSN_INVALID:
    case UC_ERR_EXCEPTION:
      return classify_invalid();
    default:
      base::ensure(false);  // the whole address space is mapped
      return Outcome::undefined;
  }
}

std::uint32_t Engine::code_half_word(std::uint32_t address) const {
  if (address - flash_base <= flash_size - 2) return load(memory_.flash(), address - flash_base, 2);
  if (address - ram_base <= ram_size - 2) return load(memory_.ram(), address - ram_base, 2);
  return 0;
}

/// WFE and YIELD leave the PC behind themselves, at the end of their block; an undefined
/// instruction leaves it at itself, inside the block.
Engine::Outcome Engine::classify_invalid() {
  if (!thumb_) return Outcome::invalid_state;
  if (pc_ != block_ + block_size_) return Outcome::undefined;
  const std::uint32_t last = code_half_word(pc_ - 2);
  const bool wide = block_size_ >= 4 && code_half_word(pc_ - 4) == half_word_hint;
  if (last == half_word_wfe || (wide && last == half_word_wfe_wide)) return Outcome::wait_for_event;
  if (last == half_word_yield || (wide && last == half_word_yield_wide)) return Outcome::stopped;
  return Outcome::undefined;
}

void Engine::watch_traps(TrapWatcher* watcher) {
  if (watcher == trap_watcher_) return;
  if (trap_watcher_ != nullptr) {
    for (const std::size_t hook : trap_hooks_) check(uc_hook_del(engine_, hook));
  }
  trap_watcher_ = watcher;
  if (watcher != nullptr) {
    trap_hooks_ = {Hooks::add(*this, UC_HOOK_BLOCK, &Hooks::trap_block),
                   Hooks::add(*this, UC_HOOK_CODE, &Hooks::trap)};
  }
  // Hooks are part of the translation.
  code_changed(flash_base, flash_size);
  code_changed(ram_base, ram_size);
}

void Engine::code_changed(std::uint32_t address, std::uint32_t size) {
  check(uc_ctl_remove_cache(engine_, std::uint64_t{address}, std::uint64_t{address} + size));
  if (address - flash_base < flash_size) watch_send_event(address, size);
}

void Engine::close_program_memory(bool closed) {
  if (closed == program_memory_closed_) return;
  program_memory_closed_ = closed;
  constexpr std::uint32_t open = UC_PROT_READ | UC_PROT_EXEC;
  constexpr std::uint32_t none = UC_PROT_NONE;
  // By way of a writable region: only that makes Unicorn forget the pages it has already looked up.
  check(uc_mem_protect(engine_, flash_base, flash_size, UC_PROT_ALL));
  check(uc_mem_protect(engine_, flash_base, flash_size, closed ? none : open));
}

void Engine::watch_send_event(std::uint32_t address, std::uint32_t size) {
  for (auto hook = send_event_hooks_.lower_bound(address);
       hook != send_event_hooks_.end() && hook->first - address < size;) {
    check(uc_hook_del(engine_, hook->second));
    hook = send_event_hooks_.erase(hook);
  }
  const auto begin = (address & ~1u) - flash_base;
  const auto end = std::min((address - flash_base + size + 1) & ~1u, flash_size);
  const auto code = memory_.flash().subspan(begin, end - begin);
  for (std::size_t at = 0; (at += find_send_event(code.subspan(at))) < code.size(); at += 2) {
    const auto place = flash_base + begin + static_cast<std::uint32_t>(at);
    uc_hook handle = 0;
    check(uc_hook_add(engine_, &handle, UC_HOOK_CODE, reinterpret_cast<void*>(&Hooks::send_event),
                      this, place, place));
    send_event_hooks_[place] = handle;
  }
}

// --- registers -----------------------------------------------------------------------------------

void Engine::read(std::span<const Register> registers, std::span<std::uint32_t> values) const {
  std::array<int, register_ids.size()> ids;
  std::array<void*, register_ids.size()> places;
  for (std::size_t index = 0; index < registers.size(); ++index) {
    ids[index] = register_ids[std::to_underlying(registers[index])];
    places[index] = &values[index];
  }
  check(uc_reg_read_batch(engine_, ids.data(), places.data(), static_cast<int>(registers.size())));
}

void Engine::set(std::initializer_list<std::pair<Register, std::uint32_t>> values) {
  std::array<int, register_ids.size() + 1> ids;
  std::array<void*, register_ids.size() + 1> places;
  std::size_t count = 0;
  std::uint32_t xpsr = 0;
  const auto put = [&](int id, const std::uint32_t& value) {
    ids[count] = id;
    places[count] = const_cast<std::uint32_t*>(&value);  // it is only read
    ++count;
  };
  for (const auto& [which, value] : values) {
    put(register_ids[std::to_underlying(which)], value);
    if (which != Register::xpsr) continue;
    xpsr = value;
    thumb_ = (xpsr & thumb_bit) != 0;
    // Of all register writes, only this one makes the engine look at the mode again.
    put(UC_ARM_REG_APSR_NZCV, xpsr);
  }
  check(uc_reg_write_batch(engine_, ids.data(), places.data(), static_cast<int>(count)));
}

std::uint32_t Engine::general(unsigned number) const {
  base::ensure(number <= 14);
  return get(static_cast<Register>(number))[0];
}

void Engine::set_general(unsigned number, std::uint32_t value) {
  base::ensure(number <= 14);
  set({{static_cast<Register>(number), value}});
}

std::uint32_t Engine::xpsr() const {
  return get(Register::xpsr)[0];
}

bool Engine::privileged() const {
  const auto [xpsr, control] = get(Register::xpsr, Register::control);
  return (xpsr & exception_mask) != 0 || (control & unprivileged) == 0;
}

/// Makes the CPU privileged, in Thread mode: through Handler mode, where CONTROL can be written.
void Engine::elevate() {
  const std::uint32_t thread = xpsr() & ~exception_mask;
  set({{Register::xpsr, thread | 3u}, {Register::control, 0}, {Register::xpsr, thread}});
}

CpuContext Engine::context() {
  CpuContext context;
  const auto [xpsr, control] = get(Register::xpsr, Register::control);
  context.xpsr = xpsr;
  context.control = control;
  const bool hidden = (control & unprivileged) != 0 && (xpsr & exception_mask) == 0;
  if (hidden) elevate();
  const auto [msp, psp, primask, basepri, faultmask] =
      get(Register::msp, Register::psp, Register::primask, Register::basepri, Register::faultmask);
  context.msp = msp;
  context.psp = psp;
  context.primask = primask;
  context.basepri = basepri;
  context.faultmask = faultmask;
  if (hidden) set_context(context);
  return context;
}

void Engine::set_context(const CpuContext& context) {
  elevate();
  const bool handler = (context.xpsr & exception_mask) != 0;
  set({{Register::control, context.control & ~unprivileged},
       {Register::msp, context.msp},
       {Register::psp, context.psp},
       {Register::primask, context.primask},
       {Register::basepri, context.basepri},
       {Register::faultmask, context.faultmask}});
  if (handler) {
    set({{Register::xpsr, context.xpsr}, {Register::control, context.control}});
  } else {
    set({{Register::control, context.control}, {Register::xpsr, context.xpsr}});
  }
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/rcc.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t {
  cr = 0x00,
  icscr = 0x04,
  cfgr = 0x08,
  cir = 0x0C,
  ahbrstr = 0x10,
  apb1rstr = 0x18,
  ahbenr = 0x1C,
  apb1enr = 0x24,
  ahblpenr = 0x28,
  apb1lpenr = 0x30,
  csr = 0x34,
};

// CR
constexpr std::uint32_t hse_bypass = 1u << 18;
constexpr std::uint32_t security_on = 1u << 28;
constexpr std::uint32_t rtc_prescaler = 3u << 29;

// CFGR fields that may be written; the PLL's only while it is off.
constexpr std::uint32_t output_select = 7u << 24;  // MCO
constexpr std::uint32_t pll_fields = 0x00FD'0000u;
constexpr std::uint32_t other_fields = 0x7700'3FF3u;

// CSR
constexpr std::uint32_t lse_bypass = 1u << 10;
constexpr std::uint32_t lse_security = 1u << 11;
constexpr std::uint32_t rtc_select = 3u << 16;
constexpr std::uint32_t rtc_enable = 1u << 22;
constexpr std::uint32_t rtc_reset = 1u << 23;
constexpr std::uint32_t remove_flags = 1u << 24;
constexpr std::uint32_t reset_flags = 0xFE00'0000u;
constexpr std::uint32_t pin_reset = 1u << 26;
constexpr std::uint32_t power_reset = 1u << 27;
constexpr std::uint32_t rtc_domain = lse_bypass | lse_security | rtc_select | rtc_enable;

// Gates that exist in an STM32L152RE, in the order AHB, APB2, APB1.
constexpr std::array<std::uint32_t, 3> gates{0x0300'90FFu, 0x0000'521Du, 0xB0FE'CA3Fu};
constexpr std::uint32_t flash_gate = 1u << 15;
constexpr std::uint32_t sram_sleep_gate = 1u << 16;

// Start-up times, STM32L152xE datasheet "internal/external clock source characteristics", typical.
constexpr Picoseconds lsi_start_up = microseconds(200);
constexpr Picoseconds lse_start_up = microseconds(1'000'000);
constexpr Picoseconds hsi_start_up = 3'700'000;
constexpr Picoseconds hse_start_up = microseconds(10);
constexpr Picoseconds pll_lock = microseconds(100);
constexpr Picoseconds msi_start_up = microseconds(6);

// Range 7 is not allowed; it must not stop the clock for ever.
constexpr std::array<std::uint32_t, 8> msi_ranges{65'536,    131'072,   262'144,   524'288,
                                                  1'048'000, 2'097'000, 4'194'000, 4'194'000};
constexpr std::array<std::uint32_t, 9> pll_factors{3, 4, 6, 8, 12, 16, 24, 32, 48};

constexpr std::uint32_t ahb_divider(std::uint32_t code) {
  constexpr std::array<std::uint32_t, 8> dividers{2, 4, 8, 16, 64, 128, 256, 512};
  return code < 8 ? 1 : dividers[code - 8];
}
constexpr std::uint32_t apb_divider(std::uint32_t code) {
  return code < 4 ? 1 : 2u << (code - 4);
}

}  // namespace

void Rcc::Oscillator::serialize(Saver& saver) {
  saver(on, ready, ready_at);
}

Rcc::Rcc(Chip& chip) : RegisterBlock(chip, "RCC", NarrowWrite::merge) {}

void Rcc::reset(bool power_on) {
  const std::array<Source, 5> system_sources{lsi, hsi, hse, pll, msi};
  for (Source source : system_sources) oscillators_[source] = {};
  oscillators_[msi] = {.on = true, .ready = true, .ready_at = no_event};
  control_ = configuration_ = switched_to_ = interrupts_ = 0;
  // Factory calibration of HSI and MSI: values of a typical part; the trims as RM0038 gives them.
  calibration_ = 0x0080'B06Cu;
  resets_.fill(0);
  enables_ = {flash_gate, 0, 0};
  sleep_enables_ = gates;
  sleep_enables_[0] |= sram_sleep_gate;
  lsi_forced_ = stopped_ = false;
  if (power_on) {
    backup_access_ = false;
    status_ = pin_reset | power_reset;
    oscillators_[lse] = {};
  }
  update();
}

void Rcc::note_reset(std::uint32_t flag) {
  status_ |= (flag & reset_flags) | pin_reset;
}

std::uint32_t Rcc::timer_hz(unsigned bus) const {
  const std::uint32_t code = configuration_ >> (bus == 1 ? 11 : 8) & 7u;
  const std::uint32_t pclk = bus == 1 ? pclk2_hz_ : pclk1_hz_;
  return apb_divider(code) == 1 ? pclk : 2 * pclk;
}

std::uint32_t Rcc::rtc_hz() const {
  if ((status_ & rtc_enable) == 0) return 0;
  switch ((status_ & rtc_select) >> 16) {
    case 1:
      return source_hz(lse);
    case 2:
      return source_hz(lsi);
    case 3:
      return hse_rtc_clock_hz();
    default:
      return 0;
  }
}

std::uint32_t Rcc::hse_rtc_clock_hz() const {
  return source_hz(hse) / (2u << ((control_ & rtc_prescaler) >> 29));
}

bool Rcc::enabled(ClockGate gate) const {
  return (enables_[gate.bus] >> gate.bit & 1u) != 0;
}

void Rcc::force_lsi() {
  lsi_forced_ = true;
  switch_on(lsi, true, lsi_start_up);
}

void Rcc::enter_stop() {
  stopped_ = true;
  update();
}

void Rcc::leave_stop() {
  stopped_ = false;
  for (Source source : {hsi, hse, pll}) oscillators_[source] = {};
  oscillators_[msi] = {.on = true, .ready = true, .ready_at = no_event};
  configuration_ &= ~3u;
  switched_to_ = 0;
  update();
}

std::uint32_t Rcc::source_hz(Source source) const {
  if (!oscillators_[source].ready) return 0;
  switch (source) {
    case msi:
      return msi_ranges[calibration_ >> 13 & 7u];
    case hsi:
      return hsi_hz;
    case hse:
      return hse_bypass_hz;
    case pll:
      return pll_hz();
    case lse:
      return lse_hz;
    case lsi:
      return lsi_hz;
    default:
      return 0;
  }
}

std::uint32_t Rcc::pll_hz() const {
  const std::uint32_t input = source_hz((configuration_ >> 16 & 1u) != 0 ? hse : hsi);
  const std::uint32_t factor = configuration_ >> 18 & 15u;
  const std::uint32_t divider = (configuration_ >> 22 & 3u) + 1;
  if (factor >= pll_factors.size() || divider == 1) return 0;  // "not allowed" by RM0038
  return input * pll_factors[factor] / divider;
}

void Rcc::switch_on(Source source, bool on, Picoseconds start_up) {
  Oscillator& oscillator = oscillators_[source];
  if (on == oscillator.on) return;
  if (!on && in_use(source)) return;
  oscillator.on = on;
  oscillator.ready = false;
  oscillator.ready_at = on ? later(chip_.now(), start_up) : no_event;
  chip_.reschedule();
}

bool Rcc::in_use(Source source) const {
  if (source == lsi) return lsi_forced_;
  const bool pll_runs = oscillators_[pll].on;
  const bool pll_from_hse = (configuration_ >> 16 & 1u) != 0;
  switch (source) {
    case msi:
      return switched_to_ == 0;
    case hsi:
      return switched_to_ == 1 || (switched_to_ == 3 && pll_runs && !pll_from_hse);
    case hse:
      return switched_to_ == 2 || (switched_to_ == 3 && pll_runs && pll_from_hse);
    case pll:
      return switched_to_ == 3;
    default:
      return false;
  }
}

void Rcc::write_control(std::uint32_t value) {
  // HSE comes from the ST-Link and never fails: the security system has nothing to find.
  const std::uint32_t fields =
      security_on | (oscillators_[hse].on ? 0u : hse_bypass | rtc_prescaler);
  control_ = (control_ & ~fields) | (value & fields);
  switch_on(msi, (value >> 8 & 1u) != 0, msi_start_up);
  switch_on(hsi, (value & 1u) != 0, hsi_start_up);
  // Without a crystal HSE never gets ready but in bypass mode.
  switch_on(hse, (value >> 16 & 1u) != 0, (control_ & hse_bypass) != 0 ? hse_start_up : no_event);
  const bool pll_on = (value >> 24 & 1u) != 0;
  if (pll_on != oscillators_[pll].on) {
    switch_on(pll, pll_on, no_event);
    if (pll_on) start_pll();
  }
  update();
}

// The PLL locks once its input is there; a source that starts later starts the lock then.
void Rcc::start_pll() {
  Oscillator& oscillator = oscillators_[pll];
  if (!oscillator.on || oscillator.ready || oscillator.ready_at != no_event) return;
  if (pll_hz() == 0) return;
  oscillator.ready_at = later(chip_.now(), pll_lock);
  chip_.reschedule();
}

void Rcc::write_configuration(std::uint32_t value) {
  const std::uint32_t fields = other_fields | (oscillators_[pll].on ? 0u : pll_fields);
  configuration_ = (configuration_ & ~fields) | (value & fields);
  if ((value & output_select) != 0) unmodelled("MCO: there is no clock at PA8");
  update();
}

std::uint32_t Rcc::control() const {
  const auto flags = [this](Source source, unsigned bit) {
    const Oscillator& oscillator = oscillators_[source];
    return (oscillator.on ? 1u << bit : 0u) | (oscillator.ready ? 2u << bit : 0u);
  };
  return control_ | flags(hsi, 0) | flags(msi, 8) | flags(hse, 16) | flags(pll, 24);
}

std::uint32_t Rcc::status() const {
  const auto flags = [this](Source source, unsigned bit) {
    const Oscillator& oscillator = oscillators_[source];
    return (oscillator.on ? 1u << bit : 0u) | (oscillator.ready ? 2u << bit : 0u);
  };
  return status_ | flags(lsi, 0) | flags(lse, 8);
}

void Rcc::write_status(std::uint32_t value) {
  if ((value & remove_flags) != 0) status_ &= ~reset_flags;
  switch_on(lsi, (value & 1u) != 0, lsi_start_up);
  if (backup_access_) write_rtc_domain(value);
  update();
}

void Rcc::write_rtc_domain(std::uint32_t value) {
  if ((value & rtc_reset) != 0) {
    reset_rtc_domain();
    status_ |= rtc_reset;
    return;
  }
  std::uint32_t fields = rtc_enable;
  // The RTC's source can be chosen once; only a domain reset opens it again.
  if ((status_ & rtc_select) == 0) fields |= rtc_select;
  if (!oscillators_[lse].on) fields |= lse_bypass;
  // The security system of LSE starts on a running LSE and stays on; the crystal never fails.
  if (oscillators_[lse].ready && (value & lse_security) != 0) fields |= lse_security;
  status_ = (status_ & ~(fields | rtc_reset)) | (value & fields);
  // There is a crystal at OSC32_IN, no clock: in bypass mode LSE never gets ready.
  switch_on(lse, (value >> 8 & 1u) != 0, (status_ & lse_bypass) != 0 ? no_event : lse_start_up);
}

void Rcc::reset_rtc_domain() {
  status_ &= ~rtc_domain;
  oscillators_[lse] = {};
  if (resetter_ != nullptr) resetter_->reset_peripheral(rtc_domain_bus, 0);
}

void Rcc::write_resets(unsigned bus, std::uint32_t value) {
  const std::uint32_t held = value & gates[bus] & ~resets_[bus];
  resets_[bus] = value & gates[bus];
  for (unsigned bit = 0; bit < 32 && resetter_ != nullptr; ++bit) {
    if ((held >> bit & 1u) != 0) resetter_->reset_peripheral(bus, bit);
  }
}

std::uint32_t Rcc::read_register(std::uint32_t offset) {
  if (offset >= ahbrstr && offset <= apb1rstr) return resets_[(offset - ahbrstr) / 4];
  if (offset >= ahbenr && offset <= apb1enr) return enables_[(offset - ahbenr) / 4];
  if (offset >= ahblpenr && offset <= apb1lpenr) return sleep_enables_[(offset - ahblpenr) / 4];
  switch (offset) {
    case cr:
      return control();
    case icscr:
      return calibration_;
    case cfgr:
      return configuration_ | switched_to_ << 2;
    case cir:
      return interrupts_;
    case csr:
      return status();
    default:
      return unmodelled_read(offset);
  }
}

void Rcc::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset >= ahbrstr && offset <= apb1rstr) {
    write_resets((offset - ahbrstr) / 4, value);
  } else if (offset >= ahbenr && offset <= apb1enr) {
    const unsigned bus = (offset - ahbenr) / 4;
    // FLITFEN can only be cleared while the flash is in power-down.
    enables_[bus] = (value & gates[bus]) | (bus == 0 ? flash_gate : 0u);
    if ((value & ~gates[bus]) != 0) unmodelled("clock of a peripheral that the chip lacks");
    update();  // a timer without its clock stands still
  } else if (offset >= ahblpenr && offset <= apb1lpenr) {
    const unsigned bus = (offset - ahblpenr) / 4;
    const std::uint32_t all = gates[bus] | (bus == 0 ? sram_sleep_gate : 0u);
    sleep_enables_[bus] = value & all;
    if ((~value & all) != 0) unmodelled("clocks that LPENR stops in Sleep mode go on");
  } else if (offset == cr) {
    write_control(value);
  } else if (offset == icscr) {
    calibration_ = (calibration_ & 0x00FF'00FFu) | (value & 0xFF00'FF00u);
    update();
  } else if (offset == cfgr) {
    write_configuration(value);
  } else if (offset == cir) {
    interrupts_ = (interrupts_ & 0xFFu & ~(value >> 16)) | (value & 0x7F00u);
    update();
  } else if (offset == csr) {
    write_status(value);
  } else {
    unmodelled_write(offset, value);
  }
}

Picoseconds Rcc::next_event() const {
  Picoseconds next = no_event;
  for (const Oscillator& oscillator : oscillators_) next = std::min(next, oscillator.ready_at);
  return next;
}

void Rcc::advance(Picoseconds now) {
  bool changed = false;
  for (std::size_t source = 0; source < source_count; ++source) {
    Oscillator& oscillator = oscillators_[source];
    if (oscillator.ready_at > now) continue;
    oscillator.ready_at = no_event;
    oscillator.ready = true;
    interrupts_ |= 1u << source;  // CIR flags are in the order of Source
    changed = true;
  }
  if (changed) update();
}

// Everything that follows from the registers: switch, frequencies, interrupt.
void Rcc::update() {
  constexpr std::array<Source, 4> selectable{msi, hsi, hse, pll};
  start_pll();
  const std::uint32_t wanted = configuration_ & 3u;
  if (source_hz(selectable[wanted]) != 0) switched_to_ = wanted;
  const std::uint32_t sysclk = stopped_ ? 0 : source_hz(selectable[switched_to_]);
  hclk_hz_ = sysclk / ahb_divider(configuration_ >> 4 & 15u);
  pclk1_hz_ = hclk_hz_ / apb_divider(configuration_ >> 8 & 7u);
  pclk2_hz_ = hclk_hz_ / apb_divider(configuration_ >> 11 & 7u);
  chip_.set_irq(irq, (interrupts_ & (interrupts_ >> 8) & 0x7Fu) != 0);
  for (ClockListener* listener : listeners_) listener->clocks_changed();
}

void Rcc::serialize(Saver& saver) {
  saver.section(name());
  saver(backup_access_, stopped_, lsi_forced_, oscillators_, control_, calibration_, configuration_,
        switched_to_, interrupts_, status_, resets_, enables_, sleep_enables_, hclk_hz_, pclk1_hz_,
        pclk2_hz_);
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/pwr.hpp"

#include <array>
#include <utility>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t { cr = 0x00, csr = 0x04 };

constexpr std::uint32_t low_power_deep_sleep = 1u << 0;
constexpr std::uint32_t standby_on_deep_sleep = 1u << 1;
constexpr std::uint32_t clear_wakeup = 1u << 2;
constexpr std::uint32_t clear_standby = 1u << 3;
constexpr std::uint32_t detector_on = 1u << 4;
constexpr std::uint32_t detector_level = 7u << 5;  // 7: an outside voltage at PB7
constexpr std::uint32_t backup_write = 1u << 8;
constexpr std::uint32_t voltage_scale = 3u << 11;
constexpr std::uint32_t low_power_run = 1u << 14;
constexpr std::uint32_t control_fields = 0x0000'5FF3u;
constexpr std::uint32_t control_reset = 0x0000'1000u;  // range 2

constexpr std::uint32_t wakeup_flag = 1u << 0;
constexpr std::uint32_t standby_flag = 1u << 1;
constexpr std::uint32_t reference_ready = 1u << 3;
constexpr std::uint32_t regulator_settling = 1u << 4;
constexpr std::uint32_t regulator_low_power = 1u << 5;
constexpr unsigned wakeup_pins_shift = 8;
constexpr std::uint32_t wakeup_pins = 7u << wakeup_pins_shift;

/// WKUP1 … WKUP3.
constexpr std::array<Pin, 3> wakeup_wires{{{0, 0}, {2, 13}, {4, 6}}};

/// The regulator is in low-power mode while the CPU runs: both bits are set.
constexpr bool regulator_is_low(std::uint32_t control) {
  constexpr std::uint32_t both = low_power_run | low_power_deep_sleep;
  return (control & both) == both;
}

constexpr Picoseconds regulator_settling_time = microseconds(20);

}  // namespace

Pwr::Pwr(Chip& chip, Rcc& rcc, Pins& pins)
    : RegisterBlock(chip, "PWR", NarrowWrite::duplicate), rcc_(rcc), pins_(pins) {
  pins_.add_listener(*this);
}

bool Pwr::backup_access() const {
  return (control_ & backup_write) != 0;
}
bool Pwr::standby_selected() const {
  return (control_ & standby_on_deep_sleep) != 0;
}
bool Pwr::woken() const {
  return (status_ & wakeup_flag) != 0;
}
void Pwr::enter_standby() {
  status_ |= standby_flag;
}
void Pwr::note_wakeup() {
  status_ |= wakeup_flag;
  chip_.reschedule();
}

void Pwr::pin_changed(Pin pin, bool level) {
  if (!level) return;
  for (unsigned index = 0; index < wakeup_wires.size(); ++index) {
    const bool enabled = (status_ >> (wakeup_pins_shift + index) & 1u) != 0;
    if (enabled && pin == wakeup_wires.at(index)) note_wakeup();
  }
}

void Pwr::reset(bool power_on) {
  control_ = control_reset;
  // Wake-up and standby flags survive a system reset; only CWUF, CSBF and power clear them. The
  // wake-up pins stay enabled through Standby.
  std::uint32_t kept = power_on ? 0 : wakeup_flag | standby_flag;
  if (std::exchange(leaving_standby_, false)) kept |= wakeup_pins;
  status_ = reference_ready | (status_ & kept);
  settled_at_ = no_event;
  rcc_.set_backup_access(false);
}

void Pwr::advance(Picoseconds now) {
  if (settled_at_ <= now) {
    settled_at_ = no_event;
    status_ &= ~regulator_settling;
  }
}

std::uint32_t Pwr::read_register(std::uint32_t offset) {
  switch (offset) {
    case cr:
      return control_;
    case csr:
      return status_ | (regulator_is_low(control_) ? regulator_low_power : 0u);
    default:
      return unmodelled_read(offset);
  }
}

void Pwr::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset == csr) {
    write_status(value);
    return;
  }
  if (offset != cr) {
    unmodelled_write(offset, value);
    return;
  }
  if ((value & clear_wakeup) != 0) status_ &= ~wakeup_flag;
  if ((value & clear_standby) != 0) status_ &= ~standby_flag;
  const std::uint32_t before = control_;
  control_ = value & control_fields;
  if ((control_ & voltage_scale) == 0) {
    control_ |= before & voltage_scale;  // VOS = 00 is forbidden: ignored (RM0038 5.4.1)
  }
  if (((control_ ^ before) & voltage_scale) != 0) {
    status_ |= regulator_settling;
    settled_at_ = chip_.now() + regulator_settling_time;
    chip_.reschedule();
  }
  if ((control_ & (detector_on | detector_level)) == (detector_on | detector_level)) {
    unmodelled("PVD on the voltage at PB7");
  }
  rcc_.set_backup_access(backup_access());
}

// Enabling a pin that is high already is an event of its own.
void Pwr::write_status(std::uint32_t value) {
  const std::uint32_t opened = value & ~status_ & wakeup_pins;
  status_ = (status_ & ~wakeup_pins) | (value & wakeup_pins);
  for (unsigned index = 0; index < wakeup_wires.size(); ++index) {
    const bool opens = (opened >> (wakeup_pins_shift + index) & 1u) != 0;
    if (opens && pins_.level(wakeup_wires.at(index))) note_wakeup();
  }
}

void Pwr::serialize(Saver& saver) {
  saver.section(name());
  saver(control_, status_, settled_at_);
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/pwr.hpp"

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t { cr = 0x00, csr = 0x04 };

constexpr std::uint32_t standby_on_deep_sleep = 1u << 1;
constexpr std::uint32_t clear_wakeup = 1u << 2;
constexpr std::uint32_t clear_standby = 1u << 3;
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
constexpr std::uint32_t wakeup_pins = 7u << 8;

constexpr Picoseconds regulator_settling_time = microseconds(20);

}  // namespace

Pwr::Pwr(Chip& chip, Rcc& rcc) : RegisterBlock(chip, "PWR", NarrowWrite::duplicate), rcc_(rcc) {}

bool Pwr::backup_access() const {
  return (control_ & backup_write) != 0;
}
bool Pwr::standby_selected() const {
  return (control_ & standby_on_deep_sleep) != 0;
}
void Pwr::note_standby_wakeup() {
  status_ |= wakeup_flag | standby_flag;
}

void Pwr::reset(bool power_on) {
  control_ = control_reset;
  // Wake-up and standby flags survive a system reset; only CWUF, CSBF and power clear them.
  status_ = reference_ready | (power_on ? 0u : status_ & (wakeup_flag | standby_flag));
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
      return status_ | ((control_ & low_power_run) != 0 ? regulator_low_power : 0u);
    default:
      return unmodelled_read(offset);
  }
}

void Pwr::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset == csr) {
    status_ = (status_ & ~wakeup_pins) | (value & wakeup_pins);
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
  rcc_.set_backup_access(backup_access());
}

void Pwr::serialize(Saver& saver) {
  saver.section(name());
  saver(control_, status_, settled_at_);
}

}  // namespace goldcrest::board

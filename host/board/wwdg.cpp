// SPDX-License-Identifier: MIT
#include "host/board/wwdg.hpp"

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t { cr = 0x00, cfr = 0x04, sr = 0x08 };

constexpr std::uint32_t activation = 1u << 7;
constexpr std::uint32_t early_interrupt = 1u << 9;
constexpr std::uint32_t counter_mask = 0x7F;
constexpr std::uint32_t last_safe_count = 0x40;
constexpr std::uint32_t reset_flag = 1u << 30;  // RCC_CSR.WWDGRSTF

}  // namespace

Wwdg::Wwdg(Chip& chip, Rcc& rcc) : RegisterBlock(chip, "WWDG", NarrowWrite::duplicate), rcc_(rcc) {
  rcc_.add_listener(*this);
}

void Wwdg::reset(bool /*power_on*/) {
  active_ = early_wakeup_ = false;
  counter_ = counter_mask;
  configuration_ = counter_mask;
  clock_hz_ = rcc_.pclk1_hz();
  counted_at_ = chip_.now();
  chip_.set_irq(irq, false);
}

void Wwdg::clocks_changed() {
  if (rcc_.pclk1_hz() == clock_hz_) return;
  synchronise(chip_.now());
  counted_at_ = chip_.now();
  clock_hz_ = rcc_.pclk1_hz();
  chip_.reschedule();
}

std::uint64_t Wwdg::steps_until(Picoseconds now) const {
  return time_to_cycles(now - counted_at_, clock_hz_) / cycles_per_step();
}

// Brings the counter up to `now`: it counts round, active or not; what happens at 0x40 and below
// counts only while it is active.
void Wwdg::synchronise(Picoseconds now) {
  const std::uint64_t steps = steps_until(now);
  if (steps == 0) return;
  counted_at_ += cycles_to_time(steps * cycles_per_step(), clock_hz_);
  const std::uint64_t to_warning = (counter_ - last_safe_count) & counter_mask;
  if (active_ && steps >= to_warning && to_warning > 0) {
    early_wakeup_ = true;
    chip_.set_irq(irq, (configuration_ & early_interrupt) != 0);
  }
  const bool falls = active_ && steps > to_warning;
  counter_ = static_cast<std::uint32_t>(counter_ - steps) & counter_mask;
  if (falls) bite();
}

void Wwdg::bite() {
  active_ = false;
  chip_.request_reset(reset_flag);
}

std::uint32_t Wwdg::read_register(std::uint32_t offset) {
  synchronise(chip_.now());
  switch (offset) {
    case cr:
      return counter_ | (active_ ? activation : 0u);
    case cfr:
      return configuration_;
    case sr:
      return early_wakeup_ ? 1u : 0u;
    default:
      return unmodelled_read(offset);
  }
}

void Wwdg::write_register(std::uint32_t offset, std::uint32_t value) {
  synchronise(chip_.now());
  switch (offset) {
    case cr:
      write_control(value);
      break;
    case cfr:
      // EWI can be set, never cleared, by software.
      configuration_ = (value & 0x3FFu) | (configuration_ & early_interrupt);
      break;
    case sr:
      if ((value & 1u) == 0) early_wakeup_ = false;
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
  chip_.set_irq(irq, early_wakeup_ && (configuration_ & early_interrupt) != 0);
  chip_.reschedule();
}

void Wwdg::write_control(std::uint32_t value) {
  if (active_ && counter_ > (configuration_ & counter_mask)) {
    bite();
    return;
  }
  active_ = active_ || (value & activation) != 0;
  counter_ = value & counter_mask;
  if (active_ && counter_ < last_safe_count) bite();
}

Picoseconds Wwdg::next_event() const {
  if (!active_) return no_event;
  const std::uint64_t to_warning = counter_ - last_safe_count;
  const std::uint64_t steps = to_warning > 0 && !early_wakeup_ ? to_warning : to_warning + 1;
  return later(counted_at_, cycles_to_time(steps * cycles_per_step(), clock_hz_));
}

void Wwdg::advance(Picoseconds now) {
  synchronise(now);
}

void Wwdg::serialize(Saver& saver) {
  saver.section(name());
  saver(active_, counter_, configuration_, early_wakeup_, clock_hz_, counted_at_);
}

}  // namespace goldcrest::board

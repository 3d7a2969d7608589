// SPDX-License-Identifier: MIT
#include "host/board/tim.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t {
  cr1 = 0x00,
  cr2 = 0x04,
  smcr = 0x08,
  dier = 0x0C,
  sr = 0x10,
  egr = 0x14,
  ccmr1 = 0x18,
  ccmr2 = 0x1C,
  ccer = 0x20,
  cnt = 0x24,
  psc = 0x28,
  arr = 0x2C,
  ccr1 = 0x34,
  ccr4 = 0x40,
  dcr = 0x48,
  dmar = 0x4C,
  option_register = 0x50,
};

// CR1
constexpr std::uint32_t counter_enable = 1u << 0;
constexpr std::uint32_t update_disable = 1u << 1;
constexpr std::uint32_t update_by_overflow_only = 1u << 2;
constexpr std::uint32_t one_pulse = 1u << 3;
constexpr std::uint32_t count_down = 1u << 4;
constexpr std::uint32_t centre_aligned = 3u << 5;
constexpr std::uint32_t reload_preload = 1u << 7;

constexpr std::uint32_t update_flag = 1u << 0;

}  // namespace

Timer::Timer(Chip& chip, Rcc& rcc, const TimerConfig& config)
    : RegisterBlock(chip, config.name, NarrowWrite::duplicate), rcc_(rcc), config_(config) {
  rcc_.add_listener(*this);
}

void Timer::reset(bool /*power_on*/) {
  control1_ = control2_ = slave_mode_ = interrupts_ = status_ = capture_enable_ = 0;
  capture_mode_.fill(0);
  counter_ = prescaler_ = active_prescaler_ = option_ = dma_control_ = 0;
  reload_ = active_reload_ = mask();
  compare_.fill(0);
  active_compare_.fill(0);
  clock_hz_ = rcc_.timer_hz(config_.bus);
  counted_at_ = chip_.now();
  update_interrupt();
}

void Timer::clocks_changed() {
  const std::uint32_t hz = rcc_.timer_hz(config_.bus);
  if (hz == clock_hz_) return;
  synchronise(chip_.now());
  counted_at_ = chip_.now();
  clock_hz_ = hz;
  update_interrupt();
  chip_.reschedule();
}

// An auto-reload value of 0 blocks the counter.
bool Timer::counting() const {
  return (control1_ & counter_enable) != 0 && active_reload_ != 0;
}

bool Timer::down() const {
  return (control1_ & count_down) != 0 && (control1_ & centre_aligned) == 0;
}

/// Ticks until the counter starts over. Above the reload value it runs through its whole range.
std::uint64_t Timer::ticks_to_end() const {
  if (down()) return std::uint64_t{counter_} + 1;
  const std::uint64_t last = counter_ > active_reload_ ? mask() : active_reload_;
  return last - counter_ + 1;
}

bool Timer::compares(unsigned channel) const {
  if (channel >= config_.channels) return false;
  return (capture_mode_[channel / 2] >> (8 * (channel % 2)) & 3u) == 0;  // CCxS: output
}

/// Ticks until the counter equals the compare value, within this run or the next.
std::uint64_t Timer::ticks_to_match(unsigned channel) const {
  const std::uint64_t value = active_compare_[channel];
  if (down()) {
    if (value < counter_) return counter_ - value;
    return value <= active_reload_ ? ticks_to_end() + (active_reload_ - value) : UINT64_MAX;
  }
  if (value > counter_ && value <= std::max(counter_, active_reload_)) return value - counter_;
  return value <= active_reload_ ? ticks_to_end() + value : UINT64_MAX;
}

void Timer::synchronise(Picoseconds now) {
  if (!counting() || clock_hz_ == 0) {
    counted_at_ = now;
    return;
  }
  std::uint64_t cycles = time_to_cycles(now - counted_at_, clock_hz_);
  std::uint64_t used = 0;
  while (counting()) {
    const std::uint64_t divider = active_prescaler_ + 1u;
    const std::uint64_t ticks = cycles / divider;
    if (ticks == 0) break;
    const std::uint64_t done = count(ticks) * divider;
    cycles -= done;
    used += done;
  }
  counted_at_ += counting() ? cycles_to_time(used, clock_hz_) : now - counted_at_;
}

/// Counts at most `ticks`, not past the next update event; once nothing changes any more from one
/// run to the next, whole runs are taken at once. Returns the ticks counted.
std::uint64_t Timer::count(std::uint64_t ticks) {
  const std::uint64_t run = std::uint64_t{active_reload_} + 1;
  const bool settled = active_prescaler_ == prescaler_ && active_reload_ == reload_ &&
                       active_compare_ == compare_ && (control1_ & one_pulse) == 0 &&
                       counter_ <= active_reload_;
  if (settled && ticks > 2 * run) {
    const std::uint64_t runs = ticks / run - 1;
    mark_matches(run);
    update_event();
    return runs * run;  // the counter is where it was
  }
  const std::uint64_t step = std::min(ticks, ticks_to_end());
  mark_matches(step);
  if (step < ticks_to_end()) {
    counter_ += static_cast<std::uint32_t>(down() ? 0 - step : step);
    counter_ &= mask();
    return step;
  }
  const bool wraps_outside = !down() && counter_ > active_reload_;
  if (!wraps_outside) update_event();
  counter_ = down() ? active_reload_ : 0;
  return step;
}

void Timer::mark_matches(std::uint64_t ticks) {
  for (unsigned channel = 0; channel < config_.channels; ++channel) {
    if (compares(channel) && ticks_to_match(channel) <= ticks) status_ |= 2u << channel;
  }
}

void Timer::update_event() {
  if ((control1_ & update_disable) != 0) return;
  status_ |= update_flag;
  active_prescaler_ = prescaler_;
  active_reload_ = reload_;
  active_compare_ = compare_;
  if ((control1_ & one_pulse) != 0) control1_ &= ~counter_enable;
}

std::uint32_t Timer::read_register(std::uint32_t offset) {
  synchronise(chip_.now());
  update_interrupt();
  if (offset >= ccr1 && offset <= ccr4 && (offset - ccr1) / 4 < config_.channels) {
    return compare_[(offset - ccr1) / 4];
  }
  switch (offset) {
    case cr1:
      return control1_;
    case cr2:
      return control2_;
    case smcr:
      return slave_mode_;
    case dier:
      return interrupts_;
    case sr:
      return status_;
    case egr:
      return 0;
    case ccmr1:
      return capture_mode_[0];
    case ccmr2:
      return capture_mode_[1];
    case ccer:
      return capture_enable_;
    case cnt:
      return counter_;
    case psc:
      return prescaler_;
    case arr:
      return reload_;
    case dcr:
      return dma_control_;
    case option_register:
      return option_;
    default:
      return unmodelled_read(offset);
  }
}

void Timer::write_register(std::uint32_t offset, std::uint32_t value) {
  synchronise(chip_.now());
  note_unmodelled(offset, value);
  if (offset >= ccr1 && offset <= ccr4 && (offset - ccr1) / 4 < config_.channels) {
    write_compare((offset - ccr1) / 4, value & mask());
  } else {
    switch (offset) {
      case cr1:
        write_control(value & 0x3FFu);
        break;
      case cr2:
        control2_ = value & 0xF8u;
        break;
      case smcr:
        slave_mode_ = value & 0xFFFFu;
        break;
      case dier:
        interrupts_ = value & 0x5F5Fu;
        break;
      case sr:
        status_ &= value;
        break;
      case egr:
        write_event(value);
        break;
      case ccmr1:
        capture_mode_[0] = value & 0xFFFFu;
        break;
      case ccmr2:
        capture_mode_[1] = value & 0xFFFFu;
        break;
      case ccer:
        capture_enable_ = value & 0xBBBBu;
        break;
      case cnt:
        counter_ = value & mask();
        break;
      case psc:
        prescaler_ = value & 0xFFFFu;
        break;
      case arr:
        reload_ = value & mask();
        if ((control1_ & reload_preload) == 0) active_reload_ = reload_;
        break;
      case dcr:
        dma_control_ = value & 0x1F1Fu;
        break;
      case option_register:
        option_ = value & 3u;
        break;
      default:
        unmodelled_write(offset, value);
        break;
    }
  }
  update_interrupt();
  chip_.reschedule();
}

void Timer::write_control(std::uint32_t value) {
  const bool starts = (value & ~control1_ & counter_enable) != 0;
  control1_ = value;
  if (starts) counted_at_ = chip_.now();
}

void Timer::write_event(std::uint32_t value) {
  if ((value & 1u) != 0) {
    const std::uint32_t status = status_;
    const std::uint32_t control = control1_;
    update_event();
    control1_ = control;  // UG does not end a pulse
    if ((control & update_by_overflow_only) != 0) status_ = status;
    if ((control & update_disable) != 0) active_prescaler_ = prescaler_;
    counter_ = down() ? active_reload_ : 0;
    counted_at_ = chip_.now();
  }
  for (unsigned channel = 0; channel < config_.channels; ++channel) {
    if ((value & 2u << channel) != 0) status_ |= 2u << channel;
  }
}

void Timer::write_compare(unsigned channel, std::uint32_t value) {
  compare_[channel] = value;
  const bool preload = (capture_mode_[channel / 2] >> (8 * (channel % 2) + 3) & 1u) != 0;
  if (!preload) active_compare_[channel] = value;
}

void Timer::note_unmodelled(std::uint32_t offset, std::uint32_t value) {
  if (offset == cr1 && (value & centre_aligned) != 0) unmodelled("centre-aligned counting");
  if (offset == smcr && (value & 0x4007u) != 0) unmodelled("slave mode or external clock");
  if (offset == dier && (value & 0x5F00u) != 0) unmodelled("DMA requests");
  if (offset == ccer && (value & 0x1111u) != 0) unmodelled("capture, or output on a pin");
}

Picoseconds Timer::next_event() const {
  if (!counting() || clock_hz_ == 0) return no_event;
  std::uint64_t ticks = UINT64_MAX;
  const std::uint32_t waiting = interrupts_ & ~status_;
  const bool updates = (control1_ & update_disable) == 0;
  // A one-pulse timer stops by itself, which only shows when somebody looks.
  if ((waiting & update_flag) != 0 && updates) ticks = ticks_to_end();
  for (unsigned channel = 0; channel < config_.channels; ++channel) {
    if ((waiting & 2u << channel) != 0 && compares(channel)) {
      ticks = std::min(ticks, ticks_to_match(channel));
    }
  }
  if (ticks == UINT64_MAX) return no_event;
  // Preload registers may change the next run's length: never look past the end of this one.
  ticks = std::min(ticks, ticks_to_end());
  return later(counted_at_, cycles_to_time(ticks * (active_prescaler_ + 1u), clock_hz_));
}

void Timer::advance(Picoseconds now) {
  synchronise(now);
  update_interrupt();
}

void Timer::update_interrupt() {
  chip_.set_irq(config_.irq, (status_ & interrupts_ & 0x5Fu) != 0);
}

void Timer::serialize(Saver& saver) {
  saver.section(name());
  saver(control1_, control2_, slave_mode_, interrupts_, status_, capture_mode_, capture_enable_,
        counter_, prescaler_, active_prescaler_, reload_, active_reload_, compare_, active_compare_,
        option_, dma_control_, clock_hz_, counted_at_);
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/systick.hpp"

#include "host/board/clock_time.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t enable = 1u << 0;
constexpr std::uint32_t tick_interrupt = 1u << 1;
constexpr std::uint32_t clock_source = 1u << 2;
constexpr std::uint32_t count_flag = 1u << 16;
/// RM0038 "SysTick calibration value register": 1 ms at HCLK/8 = 4 MHz.
constexpr std::uint32_t calibration = 4000;

}  // namespace

SysTick::SysTick(Chip& chip, Nvic& nvic)
    : RegisterBlock(chip, "SYSTICK", NarrowWrite::merge), nvic_(nvic) {}

std::uint32_t SysTick::clock_hz() const {
  return (control_ & clock_source) != 0 ? hclk_hz_ : hclk_hz_ / 8;
}

bool SysTick::counting() const {
  return (control_ & enable) != 0 && clock_hz() != 0 && (value_ != 0 || reload_ != 0);
}

std::uint64_t SysTick::ticks_to_zero() const {
  return value_ != 0 ? value_ : std::uint64_t{reload_} + 1;
}

void SysTick::clock_changed(std::uint32_t hclk_hz) {
  if (hclk_hz == hclk_hz_) return;
  catch_up(chip_.now());
  hclk_hz_ = hclk_hz;
  known_at_ = chip_.now();
}

void SysTick::catch_up(Picoseconds now) {
  if (!counting()) {
    known_at_ = now;
    return;
  }
  const std::uint64_t ticks = time_to_cycles(now - known_at_, clock_hz());
  if (ticks == 0) return;
  known_at_ += cycles_to_time(ticks, clock_hz());
  if (known_at_ > now) known_at_ = now;
  if (ticks < ticks_to_zero()) {
    value_ = static_cast<std::uint32_t>(ticks_to_zero() - ticks);
    return;
  }
  const std::uint64_t past_zero = (ticks - ticks_to_zero()) % (std::uint64_t{reload_} + 1);
  value_ = past_zero == 0 ? 0 : static_cast<std::uint32_t>(reload_ + 1 - past_zero);
  count_flag_ = true;
  if ((control_ & tick_interrupt) != 0) nvic_.set_pending(exception::sys_tick);
}

Picoseconds SysTick::next_event() const {
  // Polled ticks need no event: COUNTFLAG is found when it is read.
  if (!counting() || (control_ & tick_interrupt) == 0) return no_event;
  return later(known_at_, cycles_to_time(ticks_to_zero(), clock_hz()));
}

void SysTick::advance(Picoseconds now) {
  catch_up(now);
}

void SysTick::reset(bool) {
  control_ = 0;
  reload_ = 0;
  value_ = 0;
  count_flag_ = false;
  known_at_ = chip_.now();
}

std::uint32_t SysTick::peek_register(std::uint32_t offset) {
  catch_up(chip_.now());
  switch (offset) {
    case 0x0:
      return control_ | (count_flag_ ? count_flag : 0);
    case 0x4:
      return reload_;
    case 0x8:
      return value_;
    default:
      return calibration;
  }
}

std::uint32_t SysTick::read_register(std::uint32_t offset) {
  const std::uint32_t value = peek_register(offset);
  if (offset == 0x0) count_flag_ = false;
  return value;
}

void SysTick::write_register(std::uint32_t offset, std::uint32_t value) {
  catch_up(chip_.now());
  switch (offset) {
    case 0x0:
      control_ = value & (enable | tick_interrupt | clock_source);
      break;
    case 0x4:
      reload_ = value & 0x00FFFFFF;
      break;
    case 0x8:
      value_ = 0;
      count_flag_ = false;
      known_at_ = chip_.now();
      break;
    default:
      unmodelled_write(offset, value);
  }
  chip_.reschedule(*this);
}

void SysTick::serialize(Saver& saver) {
  saver.section("SYSTICK");
  saver(hclk_hz_, control_, reload_, value_, known_at_, count_flag_);
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
// Reading and writing a timer's registers: RM0038 "TIMx registers", "DMA burst mode".
#include <algorithm>

#include "host/board/tim.hpp"
#include "host/board/tim_registers.hpp"

namespace goldcrest::board {

using namespace tim;

std::uint32_t Timer::read_register(std::uint32_t offset) {
  settle();
  std::uint32_t value = 0;
  if (offset == dmar && config_.kind == TimerKind::general) {
    const std::uint32_t reached = burst_register();
    if (reached < dcr) value = read_plain(reached);
    burst_done();
  } else {
    value = read_plain(offset);
  }
  update_interrupt();
  return value;
}

std::uint32_t Timer::read_plain(std::uint32_t offset) {
  if (offset >= ccr1 && offset <= ccr4 && (offset - ccr1) / 4 < config_.channels) {
    return read_compare((offset - ccr1) / 4);
  }
  const bool general = config_.kind == TimerKind::general;
  switch (offset) {
    case cr1:
      return control1_ | (counter_.down() ? count_down : 0u);
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
      return capture_modes(0);
    case ccmr2:
      return general ? capture_modes(2) : 0;
    case ccer:
      return capture_enables();
    case cnt:
      return counter_.value();
    case psc:
      return counter_.prescaler();
    case arr:
      return counter_.reload();
    case dcr:
      return dma_control_;
    case option_register:
      return option_;
    default:
      return unmodelled_read(offset);
  }
}

/// Reading a captured value clears its flag.
std::uint32_t Timer::read_compare(unsigned channel) {
  if (!channels_[channel].is_output()) {
    status_ &= ~(compare_flag << channel);
    plan();
  }
  return channels_[channel].compare();
}

void Timer::write_register(std::uint32_t offset, std::uint32_t value) {
  settle();
  note_unmodelled(offset, value);
  {
    const Work work(busy_);
    if (offset == dmar && config_.kind == TimerKind::general) {
      const std::uint32_t reached = burst_register();
      if (reached < dcr) (void)write_plain(reached, value);
      burst_done();
    } else if (!write_plain(offset, value)) {
      unmodelled_write(offset, value);
    }
  }
  update_interrupt();
  plan();
}

bool Timer::write_plain(std::uint32_t offset, std::uint32_t value) {
  const Masks& writable = masks(config_.kind);
  if (offset >= ccr1 && offset <= ccr4 && (offset - ccr1) / 4 < config_.channels) {
    channels_[(offset - ccr1) / 4].set_compare(value & mask());
    update_outputs();
    return true;
  }
  switch (offset) {
    case cr1:
      write_control(value & writable.control1);
      return true;
    case cr2:
      control2_ = value & writable.control2;
      inputs_changed();
      send_levels();
      return true;
    case smcr:
      slave_mode_ = value & writable.slave_mode;
      inputs_changed();
      return true;
    case dier:
      clear_requests(interrupts_ & ~value);
      interrupts_ = value & writable.interrupts;
      return true;
    case sr:
      status_ &= value;
      return true;
    case egr:
      write_event(value & writable.events);
      return true;
    case ccmr1:
      write_capture_modes(0, value);
      return true;
    case ccmr2:
      write_capture_modes(2, value);
      return true;
    case ccer:
      write_capture_enables(value & writable.channel_enables);
      return true;
    case cnt:
      counter_.set_value(value);
      update_outputs();
      return true;
    case psc:
      counter_.set_prescaler(value);
      return true;
    case arr:
      counter_.set_reload(value);
      return true;
    case dcr:
      dma_control_ = config_.kind == TimerKind::general ? value & 0x1F1Fu : 0u;
      burst_ = 0;
      return true;
    case option_register:
      option_ = value & config_.option_bits;
      inputs_changed();
      return true;
    default:
      return false;
  }
}

void Timer::write_control(std::uint32_t value) {
  const bool starts = (value & ~control1_ & counter_enable) != 0;
  control1_ = value & ~count_down;
  counter_.set_mode((value & count_down) != 0, value >> 5 & 3u, (value & reload_preload) != 0);
  if (starts && clock_is_internal()) rebase(chip_.now());
  update_outputs();
}

void Timer::write_event(std::uint32_t value) {
  if ((value & update_flag) != 0) restart(chip_.now());
  for (unsigned index = 0; index < config_.channels; ++index) {
    if ((value & compare_flag << index) == 0) continue;
    if (channels_[index].is_output()) {
      status_ |= compare_flag << index;
      request(static_cast<Request>(static_cast<unsigned>(Request::channel1) + index));
    } else {
      capture(index);
    }
  }
  if ((value & trigger_flag) != 0) {
    status_ |= trigger_flag;
    request(Request::trigger);
  }
}

std::uint32_t Timer::capture_modes(unsigned first) const {
  return channels_[first].mode() | channels_[first + 1].mode() << 8;
}

void Timer::write_capture_modes(unsigned first, std::uint32_t value) {
  for (unsigned index = first; index < std::min(first + 2, config_.channels); ++index) {
    channels_[index].set_mode(value >> (8 * (index - first)));
  }
  inputs_changed();
  update_outputs();
}

std::uint32_t Timer::capture_enables() const {
  std::uint32_t value = 0;
  for (unsigned index = 0; index < channels_.size(); ++index) {
    value |= channels_[index].enable() << (4 * index);
  }
  return value;
}

void Timer::write_capture_enables(std::uint32_t value) {
  for (unsigned index = 0; index < config_.channels; ++index) {
    channels_[index].set_enable(value >> (4 * index));
  }
  inputs_changed();
  update_outputs();
}

void Timer::note_unmodelled(std::uint32_t offset, std::uint32_t value) {
  if ((offset == ccmr1 || offset == ccmr2) && (value & 0x8080u) != 0) {
    const std::uint32_t low = (value & 0x83u) == 0x80u ? 1u : 0u;
    const std::uint32_t high = (value & 0x8300u) == 0x8000u ? 1u : 0u;
    if ((low | high) != 0) unmodelled("clearing OCxREF from outside");
  }
  if (offset != option_register) return;
  if (config_.kind == TimerKind::one_channel && (value & 8u) != 0) unmodelled("routing interface");
  if (config_.kind == TimerKind::two_channels && (value & 4u) != 0) unmodelled("touch sensing");
  const bool rtc = config_.first_input[value & 3u] == TimerInput::rtc_wake_up;
  if (rtc) unmodelled("the RTC's wake-up as an input");
}

}  // namespace goldcrest::board

// SPDX-License-Identifier: MIT
#include "host/board/tim.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"
#include "host/board/tim_registers.hpp"

namespace goldcrest::board {

using namespace tim;

Timer::Timer(Chip& chip, Rcc& rcc, Pins& pins, const TimerConfig& config)
    : RegisterBlock(chip, config.name, NarrowWrite::duplicate),
      rcc_(rcc),
      pins_(pins),
      config_(config) {
  rcc_.add_listener(*this);
}

void Timer::reset(bool /*power_on*/) {
  control1_ = control2_ = slave_mode_ = interrupts_ = status_ = option_ = dma_control_ = burst_ = 0;
  burst_request_ = Request::update;
  counter_.reset(mask());
  for (TimerChannel& channel : channels_) channel.reset();
  inputs_.fill(false);
  sent_.fill(false);
  trigger_level_ = false;
  trigger_edges_ = 0;
  next_input_edge_ = 0;
  clear_requests(dma_enables);
  update_outputs();
  inputs_changed();
  rebase(chip_.now());
  update_interrupt();
  plan();
}

void Timer::clocks_changed() {
  const Work work(busy_);
  choose_clock();
  update_interrupt();
  plan();
}

// --- counting ------------------------------------------------------------------------------------

bool Timer::running() const {
  if ((control1_ & counter_enable) == 0 || counter_.blocked()) return false;
  return slave_mode() != gated_mode || trigger_level_;
}

/// Nobody notices single events: whole runs can be taken at once.
bool Timer::quiet() const {
  const bool drives = std::ranges::any_of(driven_, [](std::uint8_t state) { return state != 0; });
  return !drives && (interrupts_ & dma_enables) == 0 && !followed(Output::trigger) &&
         !followed(Output::channel);
}

bool Timer::settled() const {
  return counter_.settled() && (control1_ & one_pulse) == 0 &&
         std::ranges::all_of(channels_, &TimerChannel::settled);
}

/// Everything up to now, also of the timers that this one listens to.
void Timer::settle() {
  if (busy_) return;
  const Work work(busy_);
  const Picoseconds now = chip_.now();
  for (const Link& link : masters_) {
    if (follows(link)) link.master->settle();
  }
  synchronise(now);
}

void Timer::synchronise(Picoseconds now) {
  catch_up_captures(now);
  count_to(now);
}

void Timer::count_to(Picoseconds now) {
  event_at_ = now;
  if (clock_hz_ == 0 || now < epoch_) return;
  const std::uint64_t total = time_to_cycles(now - epoch_, clock_hz_);
  if (total <= taken_) return;
  if (!running()) {
    taken_ = total;
    return;
  }
  if (slave_mode() == external_clock_mode) status_ |= trigger_flag;
  run(total - taken_);
}

void Timer::run(std::uint64_t clocks) {
  while (clocks > 0 && running()) {
    const std::uint64_t ticks = counter_.ticks_in(clocks);
    if (ticks == 0) {
      counter_.add_phase(clocks);
      taken_ += clocks;
      return;
    }
    const std::uint64_t period = counter_.period();
    const bool skips = ticks > 2 * period && quiet() && settled();
    const std::uint64_t runs = skips ? ticks / period - 1 : 0;
    const std::uint64_t step = skips ? runs * period : std::min(ticks, ticks_to_stop());
    const std::uint64_t used = counter_.clocks_for(step);
    clocks -= used;
    taken_ += used;
    if (clock_hz_ != 0) event_at_ = later(epoch_, cycles_to_time(taken_, clock_hz_));
    if (skips) {
      skip_runs(runs);
    } else {
      take(step);
    }
  }
  if (!running()) taken_ += clocks;
}

/// Runs that are all the same: every flag that one of them sets, with the counter where it was.
void Timer::skip_runs(std::uint64_t /*runs*/) {
  counter_.step(0);
  for (unsigned index = 0; index < config_.channels; ++index) {
    if (channels_[index].is_output()) status_ |= compare_flag << index;
  }
  update_event(true);
}

/// Ticks up to the next stop: inside a run, or its last one.
void Timer::take(std::uint64_t ticks) {
  const bool to_turn = ticks >= counter_.ticks_to_turn();
  std::array<bool, 4> matches{};
  for (unsigned index = 0; index < config_.channels; ++index) {
    const std::uint64_t distance = counter_.ticks_to(channels_[index].active_compare());
    matches[index] = distance != TimerCounter::never && distance <= ticks;
  }
  if (!to_turn) counter_.step(ticks);
  for (unsigned index = 0; index < config_.channels; ++index) {
    if (matches[index]) matched(index);
  }
  if (to_turn) turn();
  update_outputs();
}

/// The tick at which the counter over- or underflows.
void Timer::turn() {
  const TimerCounter::Turn turn = counter_.turn();
  if (turn != TimerCounter::Turn::none) {
    const bool compares_here =
        turn == TimerCounter::Turn::overflow || counter_.centre_aligned() == 0;
    for (unsigned index = 0; index < config_.channels && compares_here; ++index) {
      // A compare value beyond the end matches at the end.
      const TimerChannel& channel = channels_[index];
      if (channel.is_output() && channel.active_compare() > counter_.active_reload()) {
        status_ |= compare_flag << index;
        request(static_cast<Request>(static_cast<unsigned>(Request::channel1) + index));
      }
    }
    update_event(true);
  }
  counter_.start_run(turn);
  for (unsigned index = 0; index < config_.channels; ++index) {
    if (channels_[index].active_compare() == counter_.value()) matched(index);
  }
}

void Timer::matched(unsigned channel) {
  if (!channels_[channel].is_output()) return;
  const unsigned centre = counter_.centre_aligned();
  // Centre-aligned mode 1 tells of matches on the way down only, mode 2 on the way up.
  const bool tells = centre == 0 || centre == 3 || (centre == 1) == counter_.down();
  channels_[channel].match();
  if (!tells) return;
  status_ |= compare_flag << channel;
  request(static_cast<Request>(static_cast<unsigned>(Request::channel1) + channel));
  if (channel == 0 && master_mode() == master_compare_pulse) send(Output::trigger, false, true);
}

void Timer::update_event(bool by_counter) {
  if ((control1_ & update_disable) != 0) return;
  counter_.load();
  for (TimerChannel& channel : channels_) channel.load();
  if (by_counter || (control1_ & update_by_overflow_only) == 0) {
    status_ |= update_flag;
    request(Request::update);
    if ((control2_ & channel_requests_at_update) != 0) {
      for (unsigned index = 0; index < config_.channels; ++index) {
        if ((interrupts_ & compare_request << index) != 0) {
          line(static_cast<Request>(static_cast<unsigned>(Request::channel1) + index)).pulse();
        }
      }
    }
  }
  if (master_mode() == master_update) send(Output::trigger, false, true);
  if (by_counter && (control1_ & one_pulse) != 0) {
    control1_ &= ~counter_enable;
    send_levels();
  }
}

/// Update event by UG or by the slave controller.
void Timer::restart(Picoseconds at) {
  event_at_ = at;
  update_event(false);
  counter_.restart();
  if (clock_is_internal()) rebase(at);
  for (unsigned index = 0; index < config_.channels; ++index) {
    if (channels_[index].active_compare() == counter_.value()) channels_[index].match();
  }
  if (master_mode() == master_reset) send(Output::trigger, false, true);
  update_outputs();
}

// --- what comes next -----------------------------------------------------------------------------

bool Timer::watches_update() const {
  if ((control1_ & update_disable) != 0) return false;
  const std::uint32_t channel_requests =
      (control2_ & channel_requests_at_update) != 0 ? compare_requests : 0u;
  if ((interrupts_ & ~status_ & update_flag) != 0) return true;
  if ((interrupts_ & (update_request | channel_requests)) != 0) return true;
  const bool stops = (control1_ & one_pulse) != 0;
  const bool tells = master_mode() == master_update || (stops && master_mode() == master_enable);
  return tells && followed(Output::trigger);
}

bool Timer::watches_channel(unsigned channel) const {
  if (!channels_[channel].is_output()) return false;
  const std::uint32_t flag = compare_flag << channel;
  if ((interrupts_ & ~status_ & flag) != 0 || driven_[channel] != 0) return true;
  if ((interrupts_ & flag << 8) != 0 && (control2_ & channel_requests_at_update) == 0) return true;
  if (channel == 0 && followed(Output::channel)) return true;
  const bool tells = master_mode() == master_reference + channel ||
                     (channel == 0 && master_mode() == master_compare_pulse);
  return tells && followed(Output::trigger);
}

/// How far counting may go at once: to the end of the run, or to a match that somebody notices.
std::uint64_t Timer::ticks_to_stop() const {
  std::uint64_t ticks = counter_.ticks_to_turn();
  for (unsigned index = 0; index < config_.channels; ++index) {
    if (watches_channel(index)) {
      ticks = std::min(ticks, counter_.ticks_to(channels_[index].active_compare()));
    }
  }
  return ticks;
}

/// Ticks to the next thing that is noticed, or to the end of the run, where preload registers may
/// change everything; never if nothing is.
std::uint64_t Timer::watched_ticks() const {
  bool watched = watches_update();
  for (unsigned index = 0; index < config_.channels; ++index) {
    watched = watched || watches_channel(index);
  }
  return watched ? ticks_to_stop() : TimerCounter::never;
}

void Timer::plan() {
  const Picoseconds before = due_at_;
  due_at_ = no_event;
  if (clock_hz_ != 0 && running()) {
    std::uint64_t clocks = TimerCounter::never;
    const std::uint64_t ticks = watched_ticks();
    if (ticks != TimerCounter::never) clocks = counter_.clocks_for(ticks);
    const bool tells_trigger =
        slave_mode() == external_clock_mode && (interrupts_ & ~status_ & trigger_flag) != 0;
    if (tells_trigger) clocks = 1;
    if (clocks != TimerCounter::never) {
      due_at_ = later(epoch_, cycles_to_time(taken_ + clocks, clock_hz_));
    }
  }
  plan_input_captures();
  if (due_at_ < before) chip_.reschedule(*this);
}

void Timer::advance(Picoseconds now) {
  {
    const Work work(busy_);
    synchronise(now);
  }
  update_interrupt();
  plan();
}

void Timer::update_outputs() {
  for (unsigned index = 0; index < config_.channels; ++index) {
    TimerChannel& channel = channels_[index];
    if (channel.is_output()) channel.follow(counter_.value(), counter_.down());
    const bool drives = channel.is_output() && channel.enabled();
    const std::uint8_t state = !drives ? 0 : channel.level() ? 2 : 1;
    if (state == driven_[index]) continue;
    driven_[index] = state;
    for (const TimerPin& place : config_.pins) {
      if (place.input != index) continue;
      if (state == 0) {
        pins_.release_alternate(place.pin, config_.alternate_function);
      } else {
        pins_.drive_alternate(place.pin, config_.alternate_function, state == 2);
      }
    }
  }
  send_levels();
}

void Timer::update_interrupt() {
  chip_.set_irq(config_.irq, (status_ & interrupts_ & interrupt_flags) != 0);
}

// --- DMA -----------------------------------------------------------------------------------------

const DmaLine& Timer::line(Request which) const {
  if (which == Request::update) return config_.dma_update;
  if (which == Request::trigger) return config_.dma_trigger;
  return config_
      .dma_channels[static_cast<unsigned>(which) - static_cast<unsigned>(Request::channel1)];
}

/// An event asks for its DMA request. DIER has the enables in the order of Request from bit 8.
void Timer::request(Request which) {
  const unsigned place =
      which == Request::trigger ? trigger_request_bit : 8u + static_cast<unsigned>(which);
  if ((interrupts_ >> place & 1u) == 0) return;
  const bool of_channel = which != Request::update && which != Request::trigger;
  if (of_channel && (control2_ & channel_requests_at_update) != 0) return;
  burst_request_ = which;
  burst_ = 0;
  line(which).pulse();
}

void Timer::clear_requests(std::uint32_t disabled) {
  for (unsigned index = 0; index <= static_cast<unsigned>(Request::trigger); ++index) {
    const auto which = static_cast<Request>(index);
    const unsigned place = which == Request::trigger ? trigger_request_bit : 8u + index;
    if ((disabled >> place & 1u) != 0) line(which).set(false);
  }
}

/// The register that an access through DMAR goes to; one past the last that may be reached.
std::uint32_t Timer::burst_register() {
  const std::uint32_t offset = 4 * ((dma_control_ & 0x1Fu) + burst_);
  return offset < dcr ? offset : dcr;
}

/// An access through DMAR is done: the burst goes on with the next register.
void Timer::burst_done() {
  if (burst_ < (dma_control_ >> 8 & 0x1Fu)) {
    ++burst_;
    line(burst_request_).pulse();
  } else {
    burst_ = 0;
  }
}

void Timer::serialize(Saver& saver) {
  saver.section(name());
  saver(control1_, control2_, slave_mode_, interrupts_, status_, option_, dma_control_, burst_,
        burst_request_, counter_, channels_, inputs_, followed_, sent_, driven_, trigger_level_,
        trigger_edges_, clock_hz_, epoch_, taken_, event_at_, input_hz_, next_input_edge_, due_at_);
  // More runs than ever pass unnoticed would take for ever to work out.
  const std::uint64_t total =
      clock_hz_ == 0 || chip_.now() < epoch_ ? 0 : time_to_cycles(chip_.now() - epoch_, clock_hz_);
  const std::uint64_t behind = total > taken_ ? total - taken_ : 0;
  if (!quiet() && running() && counter_.ticks_in(behind) / counter_.period() > 10'000) {
    saver.fail("a timer is too far behind");
  }
  if (static_cast<unsigned>(burst_request_) > static_cast<unsigned>(Request::trigger)) {
    saver.fail("a timer's DMA request that there is not");
    burst_request_ = Request::update;
  }
}

}  // namespace goldcrest::board

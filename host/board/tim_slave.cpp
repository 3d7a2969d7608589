// SPDX-License-Identifier: MIT
// Clock sources, triggers, inputs and captures of a timer: RM0038 "Clock selection", "Timers and
// external trigger synchronization", "Timer synchronization", "Input capture mode", "Encoder
// interface mode".
#include <algorithm>

#include "host/board/clock_time.hpp"
#include "host/board/tim.hpp"
#include "host/board/tim_registers.hpp"

namespace goldcrest::board {

using namespace tim;

// --- the counter's clock -------------------------------------------------------------------------

bool Timer::clock_is_internal() const {
  const bool encoder = slave_mode() >= first_encoder_mode && slave_mode() <= last_encoder_mode;
  return (slave_mode_ & external_clock_2) == 0 && !encoder && slave_mode() != external_clock_mode;
}

/// Of the oscillator at the external trigger, behind its prescaler; 0: a pin or another timer.
std::uint32_t Timer::external_trigger_hz() const {
  const bool by_lse =
      config_.kind == TimerKind::two_channels ||
      (config_.kind == TimerKind::one_channel && (option_ & external_trigger_remap) == 0);
  return by_lse ? rcc_.lse_clock_hz() >> (slave_mode_ >> 12 & 3u) : 0;
}

/// Of the oscillator at the first input; 0: pins.
std::uint32_t Timer::first_input_hz() const {
  switch (first_input()) {
    case TimerInput::lse:
      return rcc_.lse_clock_hz();
    case TimerInput::lsi:
      return rcc_.lsi_clock_hz();
    case TimerInput::msi:
      return rcc_.msi_clock_hz();
    case TimerInput::hse_rtc:
      return rcc_.hse_rtc_clock_hz();
    default:
      return 0;
  }
}

/// The clock that the prescaler gets, 0: none, or single edges.
std::uint32_t Timer::counter_hz() const {
  const std::uint32_t own = rcc_.enabled(config_.gate) ? rcc_.timer_hz(config_.gate.bus) : 0;
  if (own == 0 || clock_is_internal()) return own;
  if ((slave_mode_ & external_clock_2) != 0) return external_trigger_hz();
  if (slave_mode() != external_clock_mode) return 0;
  switch (trigger_selection()) {
    case first_input_edges:
      return 2 * first_input_hz();
    case first_input_filtered:
      return first_input_hz();
    case external_trigger_input:
      return external_trigger_hz();
    default:
      return 0;
  }
}

/// Of an oscillator whose edges have to be looked at one by one: it is captured, or triggers.
std::uint32_t Timer::captured_hz() const {
  if (!rcc_.enabled(config_.gate) || rcc_.timer_hz(config_.gate.bus) == 0) return 0;
  using Selection = TimerChannel::Selection;
  const auto takes = [this](unsigned index, Selection selection) {
    return index < config_.channels && channels_[index].enabled() &&
           channels_[index].selection() == selection;
  };
  const bool triggers =
      slave_mode() >= reset_mode && slave_mode() <= trigger_mode &&
      (trigger_selection() == first_input_edges || trigger_selection() == first_input_filtered);
  const bool looked_at = takes(0, Selection::own_input) || takes(1, Selection::other_input) ||
                         takes(0, Selection::trigger) || takes(1, Selection::trigger) || triggers;
  return looked_at ? first_input_hz() : 0;
}

void Timer::choose_clock() {
  const Picoseconds now = chip_.now();
  const std::uint32_t hz = counter_hz();
  if (hz != clock_hz_) {
    synchronise(now);
    clock_hz_ = hz;
    rebase(now);
  }
  const std::uint32_t edges = captured_hz();
  if (edges != input_hz_) {
    input_hz_ = edges;
    next_input_edge_ = edges == 0 ? 0 : time_to_cycles(now, 2 * edges) + 1;
  }
}

/// The clock's phase: the internal clock starts with the counter, an oscillator has its own.
void Timer::rebase(Picoseconds at) {
  epoch_ = clock_is_internal() ? at : 0;
  taken_ = clock_is_internal() || clock_hz_ == 0 ? 0 : time_to_cycles(at, clock_hz_);
}

// --- inputs --------------------------------------------------------------------------------------

bool Timer::uses_inputs() const {
  const bool encoder = slave_mode() >= first_encoder_mode && slave_mode() <= last_encoder_mode;
  if (encoder || (slave_mode_ & external_clock_2) != 0) return true;
  if (trigger_selection() >= first_input_edges && slave_mode() != 0) return true;
  return std::ranges::any_of(channels_, [](const TimerChannel& channel) {
    return channel.enabled() && !channel.is_output();
  });
}

bool Timer::input_level(unsigned input) const {
  if (input == 0 && first_input() != TimerInput::pin) return false;
  return std::ranges::any_of(config_.pins, [this, input](const TimerPin& place) {
    return place.input == input && pins_.level(place.pin) &&
           pins_.has_alternate(place.pin, config_.alternate_function);
  });
}

/// Settings have changed that say where clock, triggers and captures come from.
void Timer::inputs_changed() {
  refresh_inputs();
  choose_clock();
  tell_masters();
}

/// Levels as they are now, without an edge.
void Timer::refresh_inputs() {
  for (unsigned input = 0; input < inputs_.size(); ++input) inputs_[input] = input_level(input);
  if ((control2_ & first_input_is_xor) != 0) inputs_[0] ^= inputs_[1] != inputs_[2];
  switch (trigger_selection()) {
    case first_input_edges:
      trigger_level_ = false;
      break;
    case first_input_filtered:
      trigger_level_ = inputs_[0] != channels_[0].inverted();
      break;
    case second_input_filtered:
      trigger_level_ = inputs_[1] != channels_[1].inverted();
      break;
    case external_trigger_input:
      trigger_level_ =
          inputs_[TimerPin::external_trigger] != ((slave_mode_ & external_trigger_inverted) != 0);
      break;
    default:
      trigger_level_ = false;
      for (const Link& link : masters_) {
        if (follows(link)) trigger_level_ = link.master->sent_[static_cast<unsigned>(link.output)];
      }
      break;
  }
}

void Timer::pin_changed() {
  if (!uses_inputs()) return;
  if (busy_) {
    refresh_inputs();
    return;
  }
  {
    const Work work(busy_);
    const Picoseconds now = chip_.now();
    synchronise(now);
    event_at_ = now;
    const bool first_is_xor = (control2_ & first_input_is_xor) != 0;
    for (unsigned input = static_cast<unsigned>(inputs_.size()); input-- > 1;) {
      set_input(input, input_level(input));
    }
    set_input(0, input_level(0) != (first_is_xor && inputs_[1] != inputs_[2]));
    update_outputs();
  }
  update_interrupt();
  plan();
}

void Timer::set_input(unsigned input, bool level) {
  if (inputs_[input] == level) return;
  inputs_[input] = level;
  if (input == TimerPin::external_trigger) {
    external_trigger_edge(level != ((slave_mode_ & external_trigger_inverted) != 0));
  } else {
    input_edge(input, level);
  }
}

void Timer::input_edge(unsigned input, bool rising) {
  channel_edges(TimerChannel::Selection::own_input, input, rising);
  channel_edges(TimerChannel::Selection::other_input, input ^ 1u, rising);
  encoder_edge(input, rising);
  const unsigned selected = trigger_selection();
  if (input == 0 && selected == first_input_edges) {
    channel_edges(TimerChannel::Selection::trigger, 0, true);
    channel_edges(TimerChannel::Selection::trigger, 1, true);
    trigger_edge(true);
    trigger_level_ = false;
  }
  if ((input == 0 && selected == first_input_filtered) ||
      (input == 1 && selected == second_input_filtered)) {
    trigger_edge(rising != channels_[input].inverted());
  }
}

void Timer::external_trigger_edge(bool rising) {
  const bool selected = trigger_selection() == external_trigger_input;
  if (!rising) {
    if (selected) trigger_edge(false);
    return;
  }
  if (++trigger_edges_ < 1u << (slave_mode_ >> 12 & 3u)) return;
  trigger_edges_ = 0;
  if ((slave_mode_ & external_clock_2) != 0) external_clock();
  if (selected) trigger_edge(true);
}

// --- slave controller ----------------------------------------------------------------------------

void Timer::trigger_edge(bool rising) {
  trigger_level_ = rising;
  const unsigned mode = slave_mode();
  if (mode < reset_mode || (!rising && mode != gated_mode)) return;
  status_ |= trigger_flag;
  request(Request::trigger);
  if (mode == reset_mode) restart(event_at_);
  if (mode == gated_mode && rising && clock_is_internal()) rebase(event_at_);
  if (mode == trigger_mode && (control1_ & counter_enable) == 0) {
    control1_ |= counter_enable;
    if (clock_is_internal()) rebase(event_at_);
    send_levels();
  }
  if (mode == external_clock_mode) external_clock();
}

/// One edge of an external clock. One that is an oscillator's is counted by time.
void Timer::external_clock() {
  if (clock_hz_ == 0 && rcc_.enabled(config_.gate)) run(1);
}

void Timer::encoder_edge(unsigned input, bool rising) {
  const unsigned mode = slave_mode();
  if (mode < first_encoder_mode || mode > last_encoder_mode || input > 1) return;
  // Mode 1 counts edges of the second input, mode 2 of the first, mode 3 of both.
  if ((mode == 1 && input == 0) || (mode == 2 && input == 1)) return;
  const bool first = inputs_[0] != channels_[0].inverted();
  const bool second = inputs_[1] != channels_[1].inverted();
  const bool active = rising != channels_[input].inverted();
  counter_.set_down(input == 0 ? active == second : active != first);
  external_clock();
}

// --- captures ------------------------------------------------------------------------------------

void Timer::channel_edges(TimerChannel::Selection selection, unsigned index, bool rising) {
  if (index >= config_.channels || channels_[index].selection() != selection) return;
  if (channels_[index].captures(rising)) capture(index);
}

void Timer::capture(unsigned channel) {
  const std::uint32_t flag = compare_flag << channel;
  if ((status_ & flag) != 0) status_ |= overcapture_flag << channel;
  status_ |= flag;
  channels_[channel].capture(counter_.value());
  request(static_cast<Request>(static_cast<unsigned>(Request::channel1) + channel));
  if (channel == 0 && master_mode() == master_compare_pulse) send(Output::trigger, false, true);
}

/// The edges of an oscillator at the first input, up to now. Even ones rise.
void Timer::catch_up_captures(Picoseconds now) {
  if (input_hz_ == 0) return;
  const std::uint64_t last = time_to_cycles(now, 2 * input_hz_);
  if (next_input_edge_ > last) return;
  // Of many captures that nobody has waited for, the last ones are all that shows.
  const std::uint64_t count = last - next_input_edge_ + 1;
  if (count > 64) next_input_edge_ += (count - 64) & ~std::uint64_t{15};
  while (next_input_edge_ <= last) {
    const std::uint64_t edge = next_input_edge_++;
    count_to(cycles_to_time(edge, 2 * input_hz_));
    input_edge(0, edge % 2 == 0);
  }
}

/// Plans the next edge of an oscillator at the first input that somebody notices.
void Timer::plan_input_captures() {
  if (input_hz_ == 0) return;
  constexpr std::uint64_t none = UINT64_MAX;
  std::uint64_t edge = none;
  for (unsigned index = 0; index < std::min(config_.channels, 2u); ++index) {
    const TimerChannel& channel = channels_[index];
    const std::uint32_t flag = compare_flag << index;
    const bool noticed = (interrupts_ & ~status_ & flag) != 0 || (interrupts_ & flag << 8) != 0 ||
                         (index == 0 && followed(Output::trigger));
    if (!channel.enabled() || channel.is_output() || !noticed) continue;
    // Every second edge counts, unless it takes both.
    const bool all =
        channel.both_edges() || channel.selection() == TimerChannel::Selection::trigger;
    const std::uint64_t parity = channel.inverted() ? 1 : 0;
    const std::uint64_t first =
        all || next_input_edge_ % 2 == parity ? next_input_edge_ : next_input_edge_ + 1;
    const std::uint64_t more = channel.edges_to_capture() - 1;
    edge = std::min(edge, first + more * (all ? 1u : 2u));
  }
  if (slave_mode() >= reset_mode && slave_mode() <= trigger_mode) edge = next_input_edge_;
  if (edge != none) due_at_ = std::min(due_at_, cycles_to_time(edge, 2 * input_hz_));
}

// --- other timers --------------------------------------------------------------------------------

void Timer::connect(unsigned input, Timer& master, Output output, std::uint32_t option_mask,
                    std::uint32_t option_value) {
  masters_.push_back({input, &master, output, option_mask, option_value});
  if (std::ranges::find(master.followers_, this) == master.followers_.end()) {
    master.followers_.push_back(this);
  }
}

/// Whether the settings make this timer listen to `link`.
bool Timer::follows(const Link& link) const {
  if ((option_ & link.option_mask) != link.option_value) return false;
  if (link.input == external_trigger) {
    return (slave_mode_ & external_clock_2) != 0 ||
           (slave_mode() != 0 && trigger_selection() == external_trigger_input);
  }
  if (trigger_selection() != link.input) return false;
  return slave_mode() != 0 || std::ranges::any_of(channels_, [](const TimerChannel& channel) {
           return channel.enabled() && channel.selection() == TimerChannel::Selection::trigger;
         });
}

void Timer::tell_masters() {
  for (const Link& link : masters_) link.master->note_followers();
}

void Timer::note_followers() {
  followed_.fill(false);
  for (const Timer* follower : followers_) {
    for (const Link& link : follower->masters_) {
      if (link.master == this && follower->follows(link)) {
        followed_[static_cast<unsigned>(link.output)] = true;
      }
    }
  }
  plan();
}

void Timer::send(Output output, bool level, bool pulse) {
  if (!followed(output)) return;
  for (Timer* follower : followers_) follower->receive(*this, output, level, pulse, event_at_);
}

/// Tells followers of outputs that are levels when they change.
void Timer::send_levels() {
  std::array<bool, 2> levels{};
  const unsigned mode = master_mode();
  if (mode == master_enable) levels[0] = running();
  if (mode >= master_reference) levels[0] = channels_[mode - master_reference].reference();
  levels[1] = channels_[0].is_output() && channels_[0].enabled() && channels_[0].level();
  for (unsigned index = 0; index < levels.size(); ++index) {
    if (levels[index] == sent_[index]) continue;
    sent_[index] = levels[index];
    send(static_cast<Output>(index), levels[index], false);
  }
}

void Timer::receive(const Timer& master, Output output, bool level, bool pulse, Picoseconds at) {
  if (busy_) return;
  {
    const Work work(busy_);
    for (const Link& link : masters_) {
      if (link.master != &master || link.output != output || !follows(link)) continue;
      synchronise(at);
      event_at_ = at;
      const bool rising = pulse || level;
      if (link.input == external_trigger) {
        external_trigger_edge(rising != ((slave_mode_ & external_trigger_inverted) != 0));
      } else {
        for (unsigned index = 0; index < config_.channels; ++index) {
          channel_edges(TimerChannel::Selection::trigger, index, rising);
        }
        trigger_edge(rising);
      }
      if (pulse) trigger_level_ = false;
    }
    update_outputs();
  }
  update_interrupt();
  plan();
}

}  // namespace goldcrest::board

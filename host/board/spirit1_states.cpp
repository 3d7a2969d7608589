// SPDX-License-Identifier: MIT
// The SPIRIT1's main controller: states, the strobes that lead from one to the next, and the time
// that takes (datasheet "Main controller", tables "Response time" and "Commands list").
#include <fmt/format.h>

#include "host/board/clock_time.hpp"
#include "host/board/spirit1.hpp"
#include "host/board/spirit1_names.hpp"

namespace goldcrest::board {

using namespace spirit1;

namespace {

// SHUTDOWN → READY takes 650 µs, STANDBY or SLEEP → READY 125 µs, READY → LOCK 50 µs (104 µs with
// VCO calibration), LOCK → RX or TX 26 µs.
constexpr Picoseconds power_on_time = microseconds(525);
constexpr Picoseconds power_management_time = microseconds(25);
constexpr Picoseconds crystal_time = microseconds(100);
constexpr Picoseconds synthesizer_time = microseconds(50);
constexpr Picoseconds calibration_time = microseconds(54);
constexpr Picoseconds radio_on_time = microseconds(26);
constexpr Picoseconds to_sleep_time = microseconds(20);

constexpr std::uint8_t automatic_rco_calibration = 0x04;  // PROTOCOL2
constexpr std::uint8_t automatic_vco_calibration = 0x02;  // PROTOCOL2
constexpr std::uint8_t csma_on = 0x04;                    // PROTOCOL1

}  // namespace

void Spirit1::start_up() {
  registers_ = reset_values();
  irq_status_ = 0;
  in_reset_ = true;
  step_to(State::pm_setup, power_on_time + power_management_time);
  goal_ = Goal::ready;
  update_fifo_flags();
  update_pins();
}

// Everything is lost, registers too; the pins float.
void Spirit1::shut_down() {
  leave_radio_state();
  tx_fifo_.clear();
  rx_fifo_.clear();
  registers_ = reset_values();
  enter(State::shutdown);
  goal_ = Goal::none;
  step_at_ = wake_up_at_ = aes_at_ = no_event;
  irq_status_ = 0;
  error_lock_ = wake_up_expired_ = duty_cycle_sends_ = false;
  in_reset_ = true;
  position_ = 0;
  sequence_ = 0;
  heard_.reset();
  passing_.reset();
  update_pins();
}

void Spirit1::step_to(State state, Picoseconds duration) {
  enter(state);
  step_at_ = later(time_, duration);
  chip_.reschedule();
}

void Spirit1::enter(State state) {
  account();
  if (tracing() && state != state_) {
    trace(fmt::format("{} -> {}", state_name(state_), state_name(state)));
  }
  state_ = state;
  update_pins();
}

void Spirit1::account() {
  add_time(times_, time_ - accounted_at_);
  accounted_at_ = time_;
}

void Spirit1::add_time(RadioTimes& times, Picoseconds duration) const {
  const RadioPower power = radio_power(state_);
  times.in[static_cast<std::size_t>(power)] += duration;
  if (power == RadioPower::tx) times.transmitting[power_level(registers_)] += duration;
}

// The RC oscillator is calibrated whenever READY is reached; its word is what RCO_VCO_CALIBR_IN
// has after reset.
void Spirit1::become_ready() {
  goal_ = Goal::none;
  enter(State::ready);
  if (set(protocol2, automatic_rco_calibration)) {
    registers_[calibr_out1] = 0x70;
    registers_[calibr_out0] &= 0x7F;
  }
  raise(Irq::ready);
}

// What follows when the time of the current state is over.
void Spirit1::step() {
  switch (state_) {
    case State::pm_setup:
      step_to(State::xo_settling, crystal_time);
      break;
    case State::xo_settling: {
      const Goal goal = goal_;
      if (in_reset_) raise(Irq::power_on_reset);
      in_reset_ = false;
      become_ready();
      if (goal == Goal::tx && tx_fifo_.empty()) return back_to_sleep();  // LDC: nothing to send
      if (goal == Goal::rx || goal == Goal::tx) start_synthesizer(goal);
      break;
    }
    case State::ready:  // on the way to sleep; registers and FIFOs are kept
      enter(goal_ == Goal::sleep ? State::sleep : State::standby);
      raise(Irq::standby_delayed);
      wake_up_expired_ = false;
      if (goal_ == Goal::sleep) start_wake_up_timer();
      break;
    case State::synth_setup:
      step_from_synthesizer();
      break;
    case State::synth_calibration:
      registers_[calibr_out0] = static_cast<std::uint8_t>(
          (registers_[calibr_out0] & 0x80u) |
          vco_calibration(registers_,
                          goal_ == Goal::lock_rx || goal_ == Goal::rx || goal_ == Goal::await));
      step_from_lock();
      break;
    case State::lock:
      lock_reached();
      break;
    default:
      break;
  }
}

void Spirit1::step_from_synthesizer() {
  if (!carrier_is_possible(registers_)) {
    error_lock_ = true;
    enter(State::lock_failed);
    raise(Irq::synth_lock_timeout);
    trace(fmt::format("no lock at {} Hz", carrier_hz(registers_)));
  } else if (set(protocol2, automatic_vco_calibration)) {
    step_to(State::synth_calibration, calibration_time);
  } else {
    step_from_lock();
  }
}

void Spirit1::step_from_lock() {
  enter(State::lock);
  raise(Irq::lock);
  if (goal_ != Goal::lock_rx && goal_ != Goal::lock_tx) step_to(State::lock, radio_on_time);
}

void Spirit1::lock_reached() {
  switch (goal_) {
    case Goal::tx:
      return begin_transmission();
    case Goal::acknowledge:
      return send_acknowledgement();
    case Goal::listen:
      return begin_listening();
    default:
      return enter_rx();
  }
}

void Spirit1::start_synthesizer(Goal goal) {
  const bool listens_first = goal == Goal::tx && set(protocol1, csma_on);
  goal_ = listens_first ? Goal::listen : goal;
  backoffs_ = 0;
  if (state_ == State::lock) {
    step_to(State::lock, radio_on_time);
  } else {
    step_to(State::synth_setup, synthesizer_time);
  }
}

void Spirit1::strobe(std::uint8_t code) {
  if (tracing()) {
    const std::string_view name = strobe_name(code);
    trace(name.empty() ? fmt::format("strobe {:#04x} is none", code)
                       : fmt::format("strobe {} in {}", name, state_name(state_)));
  }
  const bool idle = state_ == State::ready && step_at_ == no_event;
  switch (static_cast<Strobe>(code)) {
    case Strobe::tx:
      return strobe_radio(Goal::tx);
    case Strobe::rx:
      return strobe_radio(Goal::rx);
    case Strobe::ready:
      return strobe_ready();
    case Strobe::standby:
      return strobe_sleep(Goal::standby);
    case Strobe::sleep:
      return strobe_sleep(Goal::sleep);
    case Strobe::lock_rx:
    case Strobe::lock_tx:
      if (!idle) return trace("LOCK strobe ignored: not in READY");
      return start_synthesizer(code == static_cast<std::uint8_t>(Strobe::lock_rx) ? Goal::lock_rx
                                                                                  : Goal::lock_tx);
    case Strobe::abort:
      return strobe_abort();
    case Strobe::ldc_reload:
      return strobe_reload();
    case Strobe::sequence_update:
      sequence_ = registers_[protocol2] >> 3 & 3u;
      return;
    case Strobe::reset:
      return strobe_reset();
    case Strobe::flush_rx_fifo:
    case Strobe::flush_tx_fifo:
      return flush(code == static_cast<std::uint8_t>(Strobe::flush_rx_fifo) ? rx_fifo_ : tx_fifo_);
    case Strobe::aes_encrypt:
    case Strobe::aes_key:
    case Strobe::aes_decrypt:
    case Strobe::aes_key_decrypt:
      return start_aes(static_cast<Strobe>(code));
  }
  unmodelled(fmt::format("strobe {:#04x}", code));
}

void Spirit1::strobe_ready() {
  if (state_ == State::standby || state_ == State::sleep) {
    goal_ = Goal::ready;
    wake_up_at_ = no_event;
    step_to(State::pm_setup, power_management_time);
  } else if (state_ == State::lock && step_at_ == no_event) {
    become_ready();
  }
}

void Spirit1::strobe_sleep(Goal goal) {
  if (state_ != State::ready || step_at_ != no_event) {
    return trace("STANDBY or SLEEP strobe ignored: not in READY");
  }
  goal_ = goal;
  step_to(State::ready, to_sleep_time);
}

void Spirit1::strobe_reload() {
  if (wake_up_at_ == no_event) return;
  wake_up_at_ = later(time_, wake_up_time(registers_, true));
  chip_.reschedule();
}

void Spirit1::flush(Fifo& fifo) {
  fifo.clear();
  if (reception_ && &fifo == &rx_fifo_) reception_->fifo_before = 0;
  update_fifo_flags();
  if (reception_ || transmission_) chip_.reschedule();
}

// Valid from READY and LOCK only; anywhere else the chip ignores it.
void Spirit1::strobe_radio(Goal goal) {
  const bool settled = step_at_ == no_event;
  if ((state_ == State::ready || state_ == State::lock) && settled) {
    duty_cycle_sends_ = goal == Goal::tx;
    start_synthesizer(goal);
  } else {
    trace("TX or RX strobe ignored: not in READY");
  }
}

// Out of RX, TX and the way there, back to READY.
void Spirit1::strobe_abort() {
  const bool on_the_way = state_ == State::synth_setup || state_ == State::synth_calibration ||
                          (state_ == State::lock && step_at_ != no_event);
  const bool waits = listen_at_ != no_event;
  const bool locking = goal_ == Goal::lock_rx || goal_ == Goal::lock_tx;
  if (state_ != State::rx && state_ != State::tx && !waits && (!on_the_way || locking)) {
    return trace("SABORT ignored: not in RX or TX");
  }
  leave_radio_state();
  step_at_ = no_event;
  wake_up_at_ = no_event;
  become_ready();
}

// The digital part starts again; the registers keep what they hold.
void Spirit1::strobe_reset() {
  const bool crystal = crystal_on();
  leave_radio_state();
  tx_fifo_.clear();
  rx_fifo_.clear();
  irq_status_ = 0;
  error_lock_ = wake_up_expired_ = duty_cycle_sends_ = false;
  wake_up_at_ = aes_at_ = no_event;
  sequence_ = 0;
  heard_.reset();
  goal_ = Goal::ready;
  if (crystal) {
    step_at_ = no_event;
    enter(State::ready);
  } else {
    step_to(State::pm_setup, power_management_time);
  }
  update_fifo_flags();
}

// Whatever was going on in RX or TX ends here, received or sent or not.
void Spirit1::leave_radio_state() {
  if (state_ == State::rx && air_ != nullptr) {
    registers_[rssi_level] = rssi_code(signal_dbm());
  }
  const bool on_air = transmission_ && (transmission_->announced || transmission_->streamed);
  if (air_ != nullptr && (on_air || carrier_until_ != no_event)) {
    trace("the transmission is cut off");
    air_->end_packet(to_instant(time_), false);
  }
  transmission_.reset();
  reception_.reset();
  exchange_.reset();
  reply_.clear();
  packet_rssi_ = false;
  rx_timeout_at_ = listen_at_ = carrier_until_ = no_event;
}

}  // namespace goldcrest::board

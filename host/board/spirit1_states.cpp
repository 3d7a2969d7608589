// SPDX-License-Identifier: MIT
// The SPIRIT1's main controller: states, the strobes that lead from one to the next, and the time
// that takes (datasheet "Main controller", tables "Response time" and "Commands list").
#include <fmt/format.h>

#include "host/board/clock_time.hpp"
#include "host/board/spirit1.hpp"

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

constexpr std::uint8_t automatic_vco_calibration = 0x02;  // PROTOCOL2
constexpr std::uint8_t ldc_mode = 0x01;                   // PROTOCOL2
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
  state_ = State::shutdown;
  goal_ = Goal::none;
  step_at_ = wake_up_at_ = no_event;
  irq_status_ = 0;
  error_lock_ = wake_up_expired_ = false;
  in_reset_ = true;
  position_ = 0;
  update_pins();
}

void Spirit1::step_to(State state, Picoseconds duration) {
  enter(state);
  step_at_ = later(time_, duration);
  chip_.reschedule();
}

void Spirit1::enter(State state) {
  state_ = state;
  update_pins();
}

// What follows when the time of the current state is over.
void Spirit1::step() {
  switch (state_) {
    case State::pm_setup:
      step_to(State::xo_settling, crystal_time);
      break;
    case State::xo_settling:
      if (in_reset_) raise(Irq::power_on_reset);
      in_reset_ = false;
      enter(State::ready);
      raise(Irq::ready);
      if (goal_ == Goal::rx || goal_ == Goal::tx) start_synthesizer(goal_);
      break;
    case State::ready:   // on the way to sleep
      tx_fifo_.clear();  // the FIFOs are not kept without the crystal
      rx_fifo_.clear();
      enter(goal_ == Goal::sleep ? State::sleep : State::standby);
      raise(Irq::standby_delayed);
      if (goal_ == Goal::sleep) start_wake_up_timer();
      update_fifo_flags();
      break;
    case State::synth_setup:
      if (!carrier_is_possible(registers_)) {
        error_lock_ = true;
        enter(State::lock_failed);
        raise(Irq::synth_lock_timeout);
        trace(fmt::format("no lock at {} Hz", carrier_hz(registers_)));
      } else if ((registers_[protocol2] & automatic_vco_calibration) != 0) {
        step_to(State::synth_calibration, calibration_time);
      } else {
        step_from_lock();
      }
      break;
    case State::synth_calibration:
      registers_[calibr_out0] = vco_calibration(registers_);
      step_from_lock();
      break;
    case State::lock:
      if (goal_ == Goal::tx) {
        begin_transmission();
      } else if (goal_ == Goal::listen) {
        begin_listening();
      } else {
        enter_rx();
      }
      break;
    default:
      break;
  }
}

void Spirit1::step_from_lock() {
  enter(State::lock);
  raise(Irq::lock);
  if (goal_ != Goal::lock) step_to(State::lock, radio_on_time);
}

void Spirit1::start_synthesizer(Goal goal) {
  const bool listens_first = goal == Goal::tx && (registers_[protocol1] & csma_on) != 0;
  goal_ = listens_first ? Goal::listen : goal;
  backoffs_ = 0;
  if (state_ == State::lock) {
    step_to(State::lock, radio_on_time);
  } else {
    step_to(State::synth_setup, synthesizer_time);
  }
}

void Spirit1::strobe(std::uint8_t code) {
  if (chip_.tracing("radio")) {
    trace(fmt::format("strobe {:#04x} in state {:#04x}", code, static_cast<unsigned>(state_)));
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
      if (idle) start_synthesizer(Goal::lock);
      return;
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
    default:
      return unmodelled(fmt::format("strobe {:#04x}, AES or none", code));
  }
}

void Spirit1::strobe_ready() {
  if (state_ == State::standby || state_ == State::sleep) {
    goal_ = Goal::ready;
    wake_up_at_ = no_event;
    step_to(State::pm_setup, power_management_time);
  } else if (state_ == State::lock && step_at_ == no_event) {
    enter(State::ready);
    raise(Irq::ready);
  }
}

void Spirit1::strobe_sleep(Goal goal) {
  if (state_ != State::ready || step_at_ != no_event) return;
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
}

// Valid from READY and LOCK only; anywhere else the chip ignores it.
void Spirit1::strobe_radio(Goal goal) {
  const bool settled = step_at_ == no_event;
  if ((state_ == State::ready || state_ == State::lock) && settled) {
    start_synthesizer(goal);
  } else {
    trace("TX or RX strobe ignored: not in READY");
  }
}

// Out of RX, TX and the way there, back to READY.
void Spirit1::strobe_abort() {
  const bool on_the_way = (goal_ == Goal::rx || goal_ == Goal::tx || goal_ == Goal::listen) &&
                          state_ != State::xo_settling && state_ != State::pm_setup;
  const bool waits = listen_at_ != no_event;
  if (state_ != State::rx && state_ != State::tx && !waits &&
      !(on_the_way && step_at_ != no_event)) {
    return;
  }
  leave_radio_state();
  step_at_ = no_event;
  goal_ = Goal::none;
  enter(State::ready);
  raise(Irq::ready);
}

// The digital part starts again; the registers keep what they hold.
void Spirit1::strobe_reset() {
  const bool crystal = crystal_on();
  leave_radio_state();
  tx_fifo_.clear();
  rx_fifo_.clear();
  irq_status_ = 0;
  error_lock_ = wake_up_expired_ = false;
  wake_up_at_ = no_event;
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
  if (transmission_ && transmission_->announced && time_ < transmission_->end) {
    unmodelled("a transmission that is cut off goes on in the air");
  }
  transmission_.reset();
  reception_.reset();
  rx_timeout_at_ = listen_at_ = no_event;
}

void Spirit1::start_wake_up_timer() {
  if ((registers_[protocol2] & ldc_mode) == 0) return;
  wake_up_at_ = later(time_, wake_up_time(registers_, false));
  wake_up_expired_ = false;
  chip_.reschedule();
}

// LDC mode: listen once, then back to sleep (end_reception, rx_timed_out).
void Spirit1::wake_up() {
  wake_up_at_ = no_event;
  wake_up_expired_ = true;
  raise(Irq::wake_up_timeout);
  if (state_ != State::sleep) return;
  goal_ = Goal::rx;
  step_to(State::pm_setup, power_management_time);
}

}  // namespace goldcrest::board

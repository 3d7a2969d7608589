// SPDX-License-Identifier: MIT
// The SPIRIT1's receiver besides packets: signal strength, RX timeout, and CSMA/CA (datasheet
// "RSSI", "Carrier sense", "RX timeout management", "CSMA/CA engine").
#include <fmt/format.h>

#include <algorithm>

#include "host/board/clock_time.hpp"
#include "host/board/spirit1.hpp"

namespace goldcrest::board {

using namespace spirit1;

namespace {

constexpr int quiet_dbm = -120;
constexpr std::uint8_t csma_persistent = 0x02;  // PROTOCOL1
constexpr std::uint8_t ldc_mode = 0x01;         // PROTOCOL2

}  // namespace

void Spirit1::enter_rx() {
  goal_ = Goal::none;
  enter(State::rx);
  raise(Irq::rx_start_up);
  packet_rssi_ = false;
  rx_timeout_at_ = later(time_, rx_timeout(registers_));
  if (low_duty_cycle() && wake_up_at_ == no_event) start_wake_up_timer();
  if (carrier_sensed()) raise(Irq::rssi_above_threshold);
  if (passing_) lock_on(std::move(*passing_));
  passing_.reset();
  chip_.reschedule();
}

int Spirit1::signal_dbm() const {
  const int heard =
      air_ == nullptr ? quiet_dbm : air_->rssi_dbm(to_instant(time_), radio_settings(registers_));
  return reception_ ? std::max<int>(heard, reception_->rssi_dbm) : heard;
}

bool Spirit1::carrier_sensed() const {
  return rssi_code(signal_dbm()) >= registers_[rssi_th];
}

// PROTOCOL2 chooses among carrier sense, sync and preamble quality; PCKT_FLT_OPTIONS whether all or
// any of them stops the timer. With none chosen, "any" stops it always and "all" never.
bool Spirit1::timeout_is_stopped() const {
  const bool any = (registers_[filter_options] & 0x40u) != 0;
  const unsigned chosen = registers_[protocol2] >> 5;
  if (chosen == 0) return any;
  const bool synced = reception_ && reception_->sync_seen;
  const bool preamble = reception_ && reception_->preamble_seen;
  const unsigned holds = (carrier_sensed() ? 4u : 0u) | (synced ? 2u : 0u) | (preamble ? 1u : 0u);
  return any ? (holds & chosen) != 0 : (holds & chosen) == chosen;
}

void Spirit1::rx_timed_out() {
  rx_timeout_at_ = no_event;
  if (timeout_is_stopped()) return;
  trace("RX timeout");
  if (exchange_) {
    reception_.reset();
    return retransmit(*exchange_);
  }
  leave_radio_state();
  raise(Irq::rx_timeout);
  raise(Irq::rx_data_discarded);
  if (low_duty_cycle()) return back_to_sleep();
  become_ready();
}

void Spirit1::begin_listening() {
  enter(State::rx);
  listen_steps_ = 0;
  listen_at_ = later(time_, cca_period(registers_));
  chip_.reschedule();
}

// One CCA period is over, or a back-off.
void Spirit1::listen_step() {
  listen_at_ = no_event;
  if (state_ != State::rx) {  // back-off is over
    start_synthesizer_again();
    return;
  }
  if (carrier_sensed()) {
    if ((registers_[protocol1] & csma_persistent) != 0) {
      begin_listening();
    } else {
      back_off();
    }
    return;
  }
  if (++listen_steps_ < cca_steps(registers_)) {
    listen_at_ = later(time_, cca_period(registers_));
    return;
  }
  begin_transmission();
}

void Spirit1::back_off() {
  const unsigned allowed = registers_[csma_config0] & 7u;
  if (backoffs_ >= allowed) {
    exchange_.reset();
    become_ready();
    raise(Irq::max_backoff);
    return;
  }
  ++backoffs_;
  const std::uint32_t units = next_random() & ((1u << backoffs_) - 1u);
  enter(State::protocol);
  listen_at_ = later(time_, static_cast<Picoseconds>(units + 1) * backoff_unit(registers_));
  chip_.reschedule();
}

void Spirit1::start_synthesizer_again() {
  const std::uint32_t backoffs = backoffs_;
  enter(State::ready);
  start_synthesizer(Goal::tx);
  backoffs_ = backoffs;
}

// A 16-bit Galois register (x^16 + x^14 + x^13 + x^11 + 1); the chip's own polynomial is not
// public.
std::uint32_t Spirit1::next_random() {
  if (random_ == 0) random_ = 1;
  for (int shift = 0; shift < 8; ++shift) {
    const bool carry = (random_ & 1u) != 0;
    random_ = static_cast<std::uint16_t>(random_ >> 1 ^ (carry ? 0xB400u : 0u));
  }
  return random_;
}

bool Spirit1::low_duty_cycle() const {
  return set(protocol2, ldc_mode);
}

void Spirit1::start_wake_up_timer() {
  if (!low_duty_cycle()) return;
  wake_up_at_ = later(time_, wake_up_time(registers_, false));
  chip_.reschedule();
}

// The timer runs on through RX and TX, so that wake-ups keep their period; a sync word or the
// LDC_RELOAD command may set it anew.
void Spirit1::wake_up() {
  wake_up_at_ = no_event;
  wake_up_expired_ = true;
  raise(Irq::wake_up_timeout);
  start_wake_up_timer();
  if (state_ != State::sleep) return;
  goal_ = duty_cycle_sends_ ? Goal::tx : Goal::rx;
  step_to(State::pm_setup, microseconds(25));
}

void Spirit1::back_to_sleep() {
  wake_up_expired_ = false;
  goal_ = Goal::none;
  enter(State::sleep);
  if (wake_up_at_ == no_event) start_wake_up_timer();
}

}  // namespace goldcrest::board

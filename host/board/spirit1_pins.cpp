// SPDX-License-Identifier: MIT
// The SPIRIT1's interrupts and GPIOs (data sheet "Interrupts", "GPIOs", "Data FIFO").
#include <fmt/format.h>

#include "host/board/spirit1.hpp"
#include "host/board/spirit1_names.hpp"

namespace goldcrest::board {

using namespace spirit1;

void Spirit1::raise(Irq irq) {
  const std::uint32_t flag = 1u << static_cast<unsigned>(irq);
  if (tracing() && (irq_status_ & flag) == 0) trace(fmt::format("event {}", irq_name(irq)));
  irq_status_ |= flag;
  update_pins();
}

void Spirit1::update_pins() {
  driving_pins_ = true;
  for (unsigned index = 0; index < gpio_pins.size(); ++index) {
    const Pin pin = gpio_pins[index];
    const std::uint8_t setting = registers_[gpio0_conf - index];
    if (state_ == State::shutdown || (setting & 2u) == 0) {
      pins_.release(pin);
    } else {
      pins_.drive(pin, pin_function(setting >> 3));
    }
  }
  driving_pins_ = false;
}

bool Spirit1::pin_function(unsigned function) const {
  const std::uint32_t mask = std::uint32_t{registers_[irq_mask3]} << 24 |
                             std::uint32_t{registers_[irq_mask3 + 1]} << 16 |
                             std::uint32_t{registers_[irq_mask3 + 2]} << 8 | registers_[irq_mask0];
  switch (function) {
    case 0:
      return (irq_status_ & mask) == 0;  // nIRQ
    case 1:
      return !in_reset_;  // POR inverted
    case 2:
      return wake_up_expired_;
    case 3:
      return false;  // the battery is not low: VBAT is 3.3 V
    case 5:
      return state_ == State::tx;
    case 6:
      return tx_almost_empty_;
    case 7:
      return tx_almost_full_;
    case 10:
      return state_ == State::rx;
    case 11:
      return rx_almost_full_;
    case 12:
      return rx_almost_empty_;
    case 13:
      return false;  // both antennas hear the same, the first one is kept
    case 14:
      return reception_ && reception_->preamble_seen;
    case 15:
      return reception_ && reception_->sync_seen;
    case 16:
      return state_ == State::rx && carrier_sensed();
    case 18:
      return state_ == State::tx || state_ == State::rx;
    case 19:
      return true;  // VDD
    case 21:
      return crystal_on();  // external SMPS enable
    case 22:
      return state_ == State::sleep || state_ == State::standby;
    case 23:
      return state_ == State::ready;
    case 24:
      return state_ == State::lock;
    case 25:  // waits for lock
      return state_ == State::synth_setup;
    case 27:  // waits for the crystal
      return state_ == State::xo_settling;
    case 28:  // waits for the power management
      return state_ == State::pm_setup;
    case 29:  // waits for the VCO calibration
      return state_ == State::synth_calibration;
    case 30:  // the synthesizer is on
      return radio_power(state_) >= RadioPower::lock;
    default:
      return false;  // GND; clocks and raw data; waits that take no time here
  }
}

// Inputs: TX command, RX command, TX data, wake-up.
void Spirit1::pin_rises(unsigned function) {
  if (function == 2 || function > 3) return;
  advance(chip_.now());
  trace(fmt::format("GPIO input: {}", function == 0 ? "TX" : function == 1 ? "RX" : "wake-up"));
  if (function == 0) return strobe_radio(Goal::tx);
  if (function == 1) return strobe_radio(Goal::rx);
  if (state_ == State::standby || state_ == State::sleep) strobe_ready();
}

// The flags are levels; the interrupts come with their rising edges.
void Spirit1::update_fifo_flags() {
  const auto follow = [this](bool& flag, bool level, Irq irq) {
    const bool rises = level && !flag;
    flag = level;
    if (rises) raise(irq);
  };
  follow(tx_almost_full_, tx_fifo_.almost_full(registers_[fifo_config1_tx_almost_full]),
         Irq::tx_fifo_almost_full);
  follow(tx_almost_empty_, tx_fifo_.almost_empty(registers_[fifo_config0_tx_almost_empty]),
         Irq::tx_fifo_almost_empty);
  follow(rx_almost_full_, rx_fifo_.almost_full(registers_[fifo_config3_rx_almost_full]),
         Irq::rx_fifo_almost_full);
  follow(rx_almost_empty_, rx_fifo_.almost_empty(registers_[fifo_config2_rx_almost_empty]),
         Irq::rx_fifo_almost_empty);
}

}  // namespace goldcrest::board

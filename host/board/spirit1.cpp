// SPDX-License-Identifier: MIT
#include "host/board/spirit1.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace goldcrest::board {

using namespace spirit1;

namespace {

constexpr std::uint8_t write_header = 0x00;
constexpr std::uint8_t read_header = 0x01;
constexpr std::uint8_t command_header = 0x80;

constexpr std::uint32_t bit(Irq irq) {
  return 1u << static_cast<unsigned>(irq);
}

}  // namespace

void Spirit1::Transmission::serialize(Saver& saver) {
  saver(begin, end, payload_at, byte_time, payload_bytes, fetched, announced, content);
}

void Spirit1::Reception::serialize(Saver& saver) {
  saver(id, preamble_at, sync_at, payload_at, byte_time, rssi_dbm, preamble_seen, sync_seen,
        overflow, stored, fifo_before, payload);
}

Spirit1::Spirit1(Chip& chip, Pins& pins) : chip_(chip), pins_(pins) {
  pins_.add_listener(*this);
}

void Spirit1::power_on() {
  time_ = chip_.now();
  shut_down();
  selected_ = !pins_.level(chip_select);
  if (!pins_.level(shutdown_pin)) start_up();
}

void Spirit1::pin_changed(Pin pin, bool level) {
  if (pin == chip_select) select(!level);
  if (pin != shutdown_pin) return;
  time_ = chip_.now();
  if (level) {
    shut_down();
  } else if (state_ == State::shutdown) {
    start_up();
  }
}

// --- SPI -----------------------------------------------------------------------------------------

void Spirit1::select(bool selected) {
  selected_ = selected;
  position_ = 0;
}

std::uint8_t Spirit1::transfer(std::uint8_t mosi) {
  if (!selected_ || state_ == State::shutdown) return 0;  // MISO floats
  advance(chip_.now());
  const std::uint32_t position = position_++;
  if (position == 0) {
    header_ = mosi;
    return status_high();
  }
  if (position == 1) {
    address_ = mosi;
    const std::uint8_t status = status_low();
    if (header_ == command_header) strobe(mosi);
    return status;
  }
  std::uint8_t result = 0;
  if (header_ == read_header) {
    result = read(address_);
  } else if (header_ == write_header) {
    write(address_, mosi);
  } else {
    unmodelled(fmt::format("SPI header {:#04x}", header_));
  }
  if (address_ != fifo) ++address_;
  return result;
}

std::uint8_t Spirit1::status_high() const {
  unsigned status = 0x50;
  if (error_lock_) status |= 1u;
  if (rx_fifo_.empty()) status |= 2u;
  if (tx_fifo_.full()) status |= 4u;
  return static_cast<std::uint8_t>(status);
}

std::uint8_t Spirit1::status_low() const {
  return static_cast<std::uint8_t>(static_cast<unsigned>(state_) << 1 | (crystal_on() ? 1u : 0u));
}

bool Spirit1::crystal_on() const {
  return state_ != State::standby && state_ != State::sleep && state_ != State::pm_setup &&
         state_ != State::xo_settling && state_ != State::shutdown;
}

std::uint8_t Spirit1::read(std::uint8_t address) {
  if (address == fifo) {
    if (rx_fifo_.empty()) raise(Irq::rx_fifo_error);
    const std::uint8_t byte = rx_fifo_.pop();
    update_fifo_flags();
    return byte;
  }
  return address >= read_only_begin ? read_only(address) : registers_[address];
}

std::uint8_t Spirit1::read_only(std::uint8_t address) {
  switch (address) {
    case mc_state1:
      return status_high();
    case mc_state0:
      return status_low();
    case linear_fifo_status1:
      return static_cast<std::uint8_t>(tx_fifo_.size());
    case linear_fifo_status0:
      return static_cast<std::uint8_t>(rx_fifo_.size());
    case rssi_level:
      if (state_ == State::rx) registers_[rssi_level] = rssi_code(signal_dbm());
      return registers_[rssi_level];
    case link_qualif1:
      return static_cast<std::uint8_t>((registers_[link_qualif1] & 0x7Fu) |
                                       (state_ == State::rx && carrier_sensed() ? 0x80u : 0u));
    default:
      break;
  }
  if (address < irq_status3 || address > irq_status0) return registers_[address];
  const unsigned shift = 8u * (irq_status0 - address);
  const auto flags = static_cast<std::uint8_t>(irq_status_ >> shift);
  irq_status_ &= ~(0xFFu << shift);  // reading clears
  update_pins();
  return flags;
}

void Spirit1::write(std::uint8_t address, std::uint8_t value) {
  if (address == fifo) {
    if (!tx_fifo_.push(value)) raise(Irq::tx_fifo_error);
    update_fifo_flags();
    return;
  }
  if (address >= read_only_begin) return;
  warn_unmodelled(address, value);
  registers_[address] = value;
  if (address == protocol1 && (value & 8u) != 0) {
    // SEED_RELOAD
    random_ = static_cast<std::uint16_t>(registers_[csma_config3] << 8 | registers_[csma_config2]);
  }
  update_fifo_flags();  // thresholds, and with it pins, masks and GPIO functions
  update_pins();
}

void Spirit1::warn_unmodelled(std::uint8_t address, std::uint8_t value) {
  if (address == ana_func_conf0 && (value & 0x27u) != 0) {
    unmodelled("AES, brown-out and battery detectors, temperature sensor");
  }
  if (address == pcktctrl3 && (value >> 6) == static_cast<unsigned>(Format::mbus)) {
    unmodelled("MBUS packets");
  }
  if (address == pcktctrl3 && (value & 0x30u) != 0) unmodelled("direct reception");
  if (address == pcktctrl1 && (value & 0x0Cu) != 0) unmodelled("direct or PN9 transmission");
  if (address == protocol0 && (value & 0xF5u) != 0) {
    unmodelled("automatic acknowledgement, retransmission, persistent transmission");
  }
  if (address == mod0 && (value & 0x80u) != 0) unmodelled("continuous wave");
  if (address == ant_select_conf && (value & 0x08u) != 0) unmodelled("antenna switching");
  if (address >= gpio3_conf && address <= gpio0_conf && (value & 3u) == 1u) {
    unmodelled("GPIO as input");
  }
}

// --- interrupts and pins -------------------------------------------------------------------------

void Spirit1::raise(Irq irq) {
  irq_status_ |= bit(irq);
  update_pins();
}

void Spirit1::update_pins() {
  for (unsigned index = 0; index < gpio_pins.size(); ++index) {
    const Pin pin = gpio_pins[index];
    const std::uint8_t setting = registers_[gpio0_conf - index];
    if (state_ == State::shutdown || (setting & 2u) == 0) {
      pins_.release(pin);
    } else {
      pins_.drive(pin, pin_function(setting >> 3));
    }
  }
}

bool Spirit1::pin_function(unsigned function) const {
  const std::uint32_t mask = std::uint32_t{registers_[irq_mask3]} << 24 |
                             std::uint32_t{registers_[irq_mask3 + 1]} << 16 |
                             std::uint32_t{registers_[irq_mask3 + 2]} << 8 | registers_[irq_mask0];
  switch (function) {
    case 0:
      return (irq_status_ & mask) == 0;  // nIRQ
    case 1:
      return !in_reset_;
    case 2:
      return wake_up_expired_;
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
    case 14:
      return reception_ && reception_->preamble_seen;
    case 15:
      return reception_ && reception_->sync_seen;
    case 16:
      return state_ == State::rx && carrier_sensed();
    case 18:
      return state_ == State::tx;
    case 19:
      return true;
    case 3:   // battery is full
    case 13:  // one antenna
    case 20:
      return false;
    default:
      return false;  // clocks and raw data
  }
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

void Spirit1::trace(std::string_view text) const {
  if (chip_.tracing("radio")) chip_.trace("radio", fmt::format("SPIRIT1: {}", text));
}

void Spirit1::unmodelled(std::string_view text) const {
  if (chip_.tracing("unmodelled")) chip_.trace("unmodelled", fmt::format("SPIRIT1: {}", text));
}

// --- time ----------------------------------------------------------------------------------------

Picoseconds Spirit1::next_event() const {
  return std::min({step_at_, next_fetch_event(), next_receive_event(), rx_timeout_at_, listen_at_,
                   wake_up_at_, transmission_ ? transmission_->end : no_event});
}

void Spirit1::advance(Picoseconds now) {
  for (Picoseconds at = next_event(); at <= now; at = next_event()) {
    time_ = at;
    if (at == step_at_) {
      step_at_ = no_event;
      step();
    } else if (transmission_ && at == transmission_->end) {
      end_transmission();
    } else if (at == rx_timeout_at_) {
      rx_timed_out();
    } else if (at == listen_at_) {
      listen_step();
    } else if (at == wake_up_at_) {
      wake_up();
    } else {
      fetch_until(at);
      synchronise_until(at);
      store_until(at);
    }
  }
  time_ = now;
  fetch_until(now);
  store_until(now);
}

void Spirit1::serialize(Saver& saver) {
  saver.section("SPIRIT1");
  saver(registers_, tx_fifo_, rx_fifo_, state_, goal_, step_at_, time_, irq_status_, error_lock_,
        in_reset_, selected_, position_, header_, address_, tx_almost_full_, tx_almost_empty_,
        rx_almost_full_, rx_almost_empty_, transmission_, reception_, sequence_, rx_timeout_at_,
        listen_at_, listen_steps_, backoffs_, random_, wake_up_at_, wake_up_expired_);
}

}  // namespace goldcrest::board

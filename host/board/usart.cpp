// SPDX-License-Identifier: MIT
#include "host/board/usart.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t {
  sr = 0x00,
  dr = 0x04,
  brr = 0x08,
  cr1 = 0x0C,
  cr2 = 0x10,
  cr3 = 0x14,
  gtpr = 0x18,
};

// SR
constexpr std::uint32_t parity_error = 1u << 0;
constexpr std::uint32_t framing_error = 1u << 1;
constexpr std::uint32_t noise_error = 1u << 2;
constexpr std::uint32_t overrun_error = 1u << 3;
constexpr std::uint32_t idle_line = 1u << 4;
constexpr std::uint32_t receive_full = 1u << 5;
constexpr std::uint32_t transmission_complete = 1u << 6;
constexpr std::uint32_t transmit_empty = 1u << 7;
constexpr std::uint32_t break_detected = 1u << 8;
constexpr std::uint32_t cts_changed = 1u << 9;
constexpr std::uint32_t status_reset = transmit_empty | transmission_complete;
/// Cleared by reading SR and then DR.
constexpr std::uint32_t cleared_by_data_read = 0x1Fu;
/// Cleared by writing 0.
constexpr std::uint32_t cleared_by_zero = 0x0360u;

// CR1
constexpr std::uint32_t send_break = 1u << 0;
constexpr std::uint32_t mute = 1u << 1;
constexpr std::uint32_t receiver_enable = 1u << 2;
constexpr std::uint32_t transmitter_enable = 1u << 3;
constexpr std::uint32_t parity_interrupt = 1u << 8;
constexpr std::uint32_t parity_odd = 1u << 9;
constexpr std::uint32_t parity_enable = 1u << 10;
constexpr std::uint32_t wake_by_address = 1u << 11;
constexpr std::uint32_t nine_bits = 1u << 12;
constexpr std::uint32_t usart_enable = 1u << 13;
constexpr std::uint32_t over_sampling_8 = 1u << 15;

// CR2
constexpr std::uint32_t break_interrupt = 1u << 6;
constexpr std::uint32_t synchronous_fields = 0x0F00u;
constexpr std::uint32_t clock_enable = 1u << 11;
constexpr std::uint32_t lin_enable = 1u << 14;

// CR3
constexpr std::uint32_t error_interrupt = 1u << 0;
constexpr std::uint32_t half_duplex = 1u << 3;
constexpr std::uint32_t smartcard = 1u << 5;
constexpr std::uint32_t dma_receive = 1u << 6;
constexpr std::uint32_t dma_transmit = 1u << 7;
constexpr std::uint32_t rts_enable = 1u << 8;
constexpr std::uint32_t cts_enable = 1u << 9;
constexpr std::uint32_t cts_interrupt = 1u << 10;
constexpr std::uint32_t usart_only = 0x0730u;  ///< flow control and smartcard

constexpr std::uint32_t unset_baud = 115'200;  ///< of the far end while BRR says nothing

}  // namespace

Usart::Usart(Chip& chip, Pins& pins, const UsartConfig& config)
    : RegisterBlock(chip, config.name, NarrowWrite::duplicate), pins_(pins), config_(config) {
  if (config_.cts) pins_.add_listener(*this);
}

void Usart::reset(bool power_on) {
  status_ = status_reset;
  baud_ = control1_ = control2_ = control3_ = guard_ = 0;
  receive_data_ = transmit_data_ = shifting_ = status_seen_ = 0;
  transmit_end_ = idle_at_ = no_event;
  sending_break_ = false;
  update_rts();
  if (power_on) {
    receive_end_ = no_event;
    arriving_.clear();
  }
  update();
}

void Usart::push(std::string_view bytes) {
  for (char c : bytes) push_frame(static_cast<std::uint8_t>(c), LineFault::none);
}

void Usart::push_frame(std::uint32_t data, LineFault fault) {
  arriving_.emplace_back(static_cast<std::uint16_t>(data & 0x1FFu), fault);
  if (receive_end_ == no_event) start_reception(chip_.now());
  chip_.reschedule(*this);
}

unsigned Usart::take_breaks() {
  return std::exchange(breaks_, 0);
}

std::string Usart::take_transmitted() {
  return std::exchange(transmitted_, {});
}

bool Usart::transmitter_on() const {
  return (control1_ & (usart_enable | transmitter_enable)) == (usart_enable | transmitter_enable);
}

bool Usart::receiver_on() const {
  return (control1_ & (usart_enable | receiver_enable)) == (usart_enable | receiver_enable);
}

std::uint32_t Usart::clock_hz() const {
  return config_.bus == 1 ? chip_.pclk2_hz() : chip_.pclk1_hz();
}

Picoseconds Usart::frame_time() const {
  constexpr std::uint32_t stop_half_bits[4] = {2, 1, 4, 3};
  return bits_time(2u * ((control1_ & nine_bits) != 0 ? 10u : 9u) +
                   stop_half_bits[control2_ >> 12 & 3u]);
}

// BRR counts clock cycles a bit; with 8-fold oversampling its fraction has three bits and weighs
// double (RM0038 "Fractional baud rate generation").
Picoseconds Usart::bits_time(std::uint32_t half_bits) const {
  const std::uint32_t cycles_per_bit =
      (control1_ & over_sampling_8) != 0 ? (baud_ >> 4 << 3 | (baud_ & 7u)) : baud_;
  const std::uint32_t clock = clock_hz();
  if (cycles_per_bit == 0 || clock == 0) return cycles_to_time(half_bits, 2 * unset_baud);
  return cycles_to_time(std::uint64_t{half_bits} * cycles_per_bit, 2 * clock);
}

std::uint32_t Usart::read_register(std::uint32_t offset) {
  switch (offset) {
    case sr:
      status_seen_ = status_;
      return status_;
    case dr:
      return read_data();
    case brr:
      return baud_;
    case cr1:
      return control1_;
    case cr2:
      return control2_;
    case cr3:
      return control3_;
    case gtpr:
      return guard_;
    default:
      return unmodelled_read(offset);
  }
}

void Usart::write_register(std::uint32_t offset, std::uint32_t value) {
  note_unmodelled(offset, value);
  switch (offset) {
    case sr:
      status_ &= value | ~cleared_by_zero;
      break;
    case dr:
      write_data(value);
      break;
    case brr:
      baud_ = value & 0xFFFFu;
      break;
    case cr1:
      write_control(value);
      break;
    case cr2:
      control2_ = value & 0x7F6Fu & ~(config_.synchronous ? 0u : synchronous_fields);
      break;
    case cr3:
      control3_ = value & 0x0FFFu & ~(config_.synchronous ? 0u : usart_only);
      continue_transmission(chip_.now());
      break;
    case gtpr:
      guard_ = value & (config_.synchronous ? 0xFFFFu : 0x00FFu);
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
  update_rts();
  update();
}

void Usart::note_unmodelled(std::uint32_t offset, std::uint32_t value) {
  if (!config_.synchronous) return;
  if (offset == cr2 && (value & clock_enable) != 0) unmodelled("the clock of synchronous mode");
  if (offset == cr3 && (value & smartcard) != 0) unmodelled("smartcard mode");
}

std::uint32_t Usart::read_data() {
  status_ &= ~receive_full;
  status_ &= ~(status_seen_ & cleared_by_data_read);
  status_seen_ = 0;
  if (receive_end_ == no_event && !arriving_.empty()) {
    start_reception(chip_.now());
    chip_.reschedule(*this);
  }
  update_rts();
  update();
  return receive_data_;
}

void Usart::write_data(std::uint32_t value) {
  if ((status_seen_ & transmission_complete) != 0) status_ &= ~transmission_complete;
  if (!transmitter_on()) return;
  transmit_data_ = value & 0x1FFu;
  status_ &= ~transmit_empty;
  continue_transmission(chip_.now());
}

void Usart::write_control(std::uint32_t value) {
  const bool was_on = transmitter_on();
  control1_ = value & 0xBFFFu;
  if (was_on && !transmitter_on()) {
    transmit_end_ = no_event;  // a frame that is cut off never reaches the far end
    sending_break_ = false;
    status_ |= status_reset;
  }
  continue_transmission(chip_.now());
}

/// The far end says by CTS that it takes nothing.
bool Usart::held_back() const {
  return (control3_ & cts_enable) != 0 && config_.cts &&
         pins_.has_alternate(*config_.cts, config_.alternate_function) && pins_.level(*config_.cts);
}

/// RTS is not asserted: the far end waits with the next frame.
bool Usart::holds_far_end() const {
  return (control3_ & rts_enable) != 0 && (status_ & receive_full) != 0 && config_.rts &&
         pins_.has_alternate(*config_.rts, config_.alternate_function);
}

void Usart::update_rts() {
  if (!config_.rts) return;
  if ((control3_ & rts_enable) == 0) {
    pins_.release_alternate(*config_.rts, config_.alternate_function);
    return;
  }
  const bool ready = receiver_on() && (status_ & receive_full) == 0;
  pins_.drive_alternate(*config_.rts, config_.alternate_function, !ready);
}

void Usart::pin_changed(Pin pin, bool /*level*/) {
  if (pin != config_.cts || (control3_ & cts_enable) == 0) return;
  status_ |= cts_changed;
  continue_transmission(chip_.now());
  update();
}

/// Starts what waits for the shift register: a datum, or a break behind it.
void Usart::continue_transmission(Picoseconds at) {
  if (transmit_end_ != no_event || !transmitter_on() || held_back()) return;
  if ((status_ & transmit_empty) == 0) {
    start_transmission(at);
  } else if ((control1_ & send_break) != 0) {
    // Ten or eleven bits low and a stop bit; in LIN mode thirteen.
    const std::uint32_t low_bits = (control2_ & lin_enable) != 0  ? 13
                                   : (control1_ & nine_bits) != 0 ? 11
                                                                  : 10;
    sending_break_ = true;
    status_ &= ~transmission_complete;
    transmit_end_ = later(at, bits_time(2 * (low_bits + 1)));
    chip_.reschedule(*this);
  } else {
    status_ |= transmission_complete;
  }
}

void Usart::start_transmission(Picoseconds at) {
  shifting_ = transmit_data_;
  status_ |= transmit_empty;
  status_ &= ~transmission_complete;
  transmit_end_ = later(at, frame_time());
  chip_.reschedule(*this);
}

void Usart::finish_transmission(Picoseconds at) {
  transmit_end_ = no_event;
  const bool wired = !config_.tx || pins_.has_alternate(*config_.tx, config_.alternate_function);
  const bool broken = std::exchange(sending_break_, false);
  if (broken) control1_ &= ~send_break;
  if (!wired) {
    unmodelled("a byte left towards a pin that is not set to the USART");
  } else if (broken) {
    ++breaks_;
  } else {
    const bool seven_bits = (control1_ & parity_enable) != 0 && (control1_ & nine_bits) == 0;
    transmitted_.push_back(static_cast<char>(shifting_ & (seven_bits ? 0x7Fu : 0xFFu)));
  }
  // On one wire the receiver hears its own transmitter.
  if ((control3_ & half_duplex) != 0 && receiver_on()) {
    receive(broken ? 0u : received_word(shifting_),
            broken ? LineFault::line_break : LineFault::none, at);
  }
  continue_transmission(at);
  if (transmit_end_ == no_event && (status_ & transmit_empty) != 0) {
    status_ |= transmission_complete;
  }
}

void Usart::start_reception(Picoseconds at) {
  if (arriving_.empty() || holds_far_end()) {
    receive_end_ = no_event;
    return;
  }
  const bool is_break = arriving_.front().second == LineFault::line_break;
  receive_end_ = later(at, frame_time() + (is_break ? bits_time(6) : 0));
  if (receive_end_ != no_event) idle_at_ = no_event;
}

void Usart::finish_reception(Picoseconds at) {
  const auto [data, fault] = arriving_.front();
  arriving_.pop_front();
  receive_end_ = no_event;
  // In half duplex mode the wire is at the transmitter's pin.
  const std::optional<Pin>& wire = (control3_ & half_duplex) != 0 ? config_.tx : config_.rx;
  const bool wired = !wire || pins_.has_alternate(*wire, config_.alternate_function);
  const bool hears = receiver_on() && wired && clock_hz() != 0;
  if (hears) {
    receive(fault == LineFault::line_break ? 0u : received_word(data), fault, at);
  } else if (chip_.tracing("serial")) {
    chip_.trace("serial", "a byte came while the receiver was off");
  }
  start_reception(at);
  if (hears && receive_end_ == no_event) idle_at_ = later(at, frame_time());
}

/// Mute mode: whether `word` is for this receiver.
bool Usart::awake_for(std::uint32_t word) {
  if ((control1_ & wake_by_address) != 0) {
    const std::uint32_t mark = (control1_ & nine_bits) != 0 ? 0x100u : 0x80u;
    if ((word & mark) != 0) {
      const bool mine = (word & 15u) == (control2_ & 15u);
      control1_ = mine ? control1_ & ~mute : control1_ | mute;
    }
  }
  return (control1_ & mute) == 0;
}

void Usart::receive(std::uint32_t word, LineFault fault, Picoseconds /*at*/) {
  if (fault == LineFault::line_break && (control2_ & lin_enable) != 0) status_ |= break_detected;
  if (!awake_for(word)) return;
  if ((status_ & receive_full) != 0) {
    status_ |= overrun_error;
    return;
  }
  receive_data_ = word;
  status_ |= receive_full;
  if (fault == LineFault::noise) status_ |= noise_error;
  if (fault == LineFault::framing || fault == LineFault::line_break) status_ |= framing_error;
  if (fault == LineFault::parity && (control1_ & parity_enable) != 0) status_ |= parity_error;
  update_rts();
}

std::uint32_t Usart::received_word(std::uint32_t data) const {
  if ((control1_ & parity_enable) == 0)
    return data & ((control1_ & nine_bits) != 0 ? 0x1FFu : 0xFFu);
  const unsigned data_bits = (control1_ & nine_bits) != 0 ? 8 : 7;
  data &= (1u << data_bits) - 1u;
  const bool odd = (std::popcount(data) & 1) != 0;
  const bool parity = odd != ((control1_ & parity_odd) != 0);
  return data | (parity ? 1u << data_bits : 0u);
}

Picoseconds Usart::next_event() const {
  return std::min({transmit_end_, receive_end_, idle_at_});
}

void Usart::advance(Picoseconds now) {
  while (next_event() <= now) {
    const Picoseconds at = next_event();
    if (transmit_end_ == at) {
      finish_transmission(at);
    } else if (receive_end_ == at) {
      finish_reception(at);
    } else {
      idle_at_ = no_event;
      // The idle line wakes a muted receiver, unless an address has to, and is not told then.
      const bool muted = (control1_ & mute) != 0;
      if (!muted) status_ |= idle_line;
      if ((control1_ & wake_by_address) == 0) control1_ &= ~mute;
    }
  }
  update();
}

void Usart::update() {
  // CR1 bits 4–7 enable SR bits 4–7; an overrun counts with RXNEIE.
  std::uint32_t causes = status_ & control1_ & 0xF0u;
  if ((status_ & overrun_error) != 0) causes |= control1_ & receive_full;
  if ((status_ & parity_error) != 0) causes |= control1_ & parity_interrupt;
  if ((status_ & break_detected) != 0) causes |= control2_ & break_interrupt;
  if ((status_ & cts_changed) != 0) causes |= control3_ & cts_interrupt;
  const bool dma_error = (control3_ & error_interrupt) != 0 && (control3_ & dma_receive) != 0 &&
                         (status_ & (overrun_error | framing_error | noise_error)) != 0;
  chip_.set_irq(config_.irq, causes != 0 || dma_error);
  config_.dma_tx.set((control3_ & dma_transmit) != 0 && transmitter_on() &&
                     (status_ & transmit_empty) != 0);
  config_.dma_rx.set((control3_ & dma_receive) != 0 && (status_ & receive_full) != 0);
}

void Usart::serialize(Saver& saver) {
  saver.section(name());
  saver(status_, baud_, control1_, control2_, control3_, guard_, receive_data_, transmit_data_,
        shifting_, status_seen_, transmit_end_, receive_end_, idle_at_, sending_break_, arriving_,
        transmitted_, breaks_);
  if (receive_end_ != no_event && arriving_.empty()) saver.fail("nothing arrives that could end");
}

}  // namespace goldcrest::board

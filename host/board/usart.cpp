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
constexpr std::uint32_t overrun_error = 1u << 3;
constexpr std::uint32_t idle_line = 1u << 4;
constexpr std::uint32_t receive_full = 1u << 5;
constexpr std::uint32_t transmission_complete = 1u << 6;
constexpr std::uint32_t transmit_empty = 1u << 7;
constexpr std::uint32_t status_reset = transmit_empty | transmission_complete;
/// Cleared by reading SR and then DR.
constexpr std::uint32_t cleared_by_data_read = 0x1Fu;
/// Cleared by writing 0.
constexpr std::uint32_t cleared_by_zero = 0x0360u;

// CR1
constexpr std::uint32_t mute = 1u << 1;
constexpr std::uint32_t receiver_enable = 1u << 2;
constexpr std::uint32_t transmitter_enable = 1u << 3;
constexpr std::uint32_t parity_odd = 1u << 9;
constexpr std::uint32_t parity_enable = 1u << 10;
constexpr std::uint32_t nine_bits = 1u << 12;
constexpr std::uint32_t usart_enable = 1u << 13;
constexpr std::uint32_t over_sampling_8 = 1u << 15;

// CR3
constexpr std::uint32_t error_interrupt = 1u << 0;
constexpr std::uint32_t dma_receive = 1u << 6;
constexpr std::uint32_t dma_transmit = 1u << 7;

constexpr std::uint32_t unset_baud = 115'200;  ///< of the far end while BRR says nothing

}  // namespace

Usart::Usart(Chip& chip, const Pins& pins, const UsartConfig& config)
    : RegisterBlock(chip, config.name, NarrowWrite::duplicate), pins_(pins), config_(config) {}

void Usart::reset(bool power_on) {
  status_ = status_reset;
  baud_ = control1_ = control2_ = control3_ = guard_ = 0;
  receive_data_ = transmit_data_ = shifting_ = status_seen_ = 0;
  transmit_end_ = idle_at_ = no_event;
  if (power_on) {
    receive_end_ = no_event;
    arriving_.clear();
  }
  update();
}

void Usart::push(std::string_view bytes) {
  for (char c : bytes) arriving_.push_back(static_cast<std::uint8_t>(c));
  if (receive_end_ == no_event) start_reception(chip_.now());
  chip_.reschedule();
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

// BRR counts clock cycles a bit; with 8-fold oversampling its fraction has three bits and weighs
// double (RM0038 "Fractional baud rate generation").
Picoseconds Usart::frame_time() const {
  constexpr std::uint32_t stop_half_bits[4] = {2, 1, 4, 3};
  const std::uint32_t half_bits =
      2u * ((control1_ & nine_bits) != 0 ? 10u : 9u) + stop_half_bits[control2_ >> 12 & 3u];
  const std::uint32_t clock = config_.bus == 1 ? chip_.pclk2_hz() : chip_.pclk1_hz();
  const std::uint32_t cycles_per_bit =
      (control1_ & over_sampling_8) != 0 ? (baud_ >> 4 << 3 | (baud_ & 7u)) : baud_;
  if (cycles_per_bit == 0 || clock == 0) return cycles_to_time(10, unset_baud);
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
      if ((value & 0x4F60u) != 0) unmodelled("LIN or synchronous mode");
      control2_ = value & 0x7F6Fu;
      break;
    case cr3:
      if ((value & 0x073Eu) != 0) unmodelled("flow control, IrDA, smartcard or half duplex");
      control3_ = value & 0x0FFFu;
      break;
    case gtpr:
      guard_ = value & 0xFFFFu;
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
  update();
}

std::uint32_t Usart::read_data() {
  status_ &= ~receive_full;
  status_ &= ~(status_seen_ & cleared_by_data_read);
  status_seen_ = 0;
  update();
  return receive_data_;
}

void Usart::write_data(std::uint32_t value) {
  if ((status_seen_ & transmission_complete) != 0) status_ &= ~transmission_complete;
  if (!transmitter_on()) return;
  transmit_data_ = value & 0x1FFu;
  status_ &= ~transmit_empty;
  if (transmit_end_ == no_event) start_transmission(chip_.now());
}

void Usart::write_control(std::uint32_t value) {
  if ((value & mute) != 0) unmodelled("mute mode");
  if ((value & 1u) != 0) unmodelled("break");
  const bool was_on = transmitter_on();
  control1_ = value & 0xBFFEu;
  if (was_on && !transmitter_on()) {
    transmit_end_ = no_event;  // a frame that is cut off never reaches the far end
    status_ |= status_reset;
  }
}

void Usart::start_transmission(Picoseconds at) {
  shifting_ = transmit_data_;
  status_ |= transmit_empty;
  status_ &= ~transmission_complete;
  transmit_end_ = later(at, frame_time());
  chip_.reschedule();
}

void Usart::finish_transmission(Picoseconds at) {
  transmit_end_ = no_event;
  const bool wired = !config_.tx || pins_.has_alternate(*config_.tx, config_.alternate_function);
  const bool seven_bits = (control1_ & parity_enable) != 0 && (control1_ & nine_bits) == 0;
  if (wired) {
    transmitted_.push_back(static_cast<char>(shifting_ & (seven_bits ? 0x7Fu : 0xFFu)));
  } else {
    unmodelled("a byte left towards a pin that is not set to the USART");
  }
  if ((status_ & transmit_empty) == 0) {
    start_transmission(at);
  } else {
    status_ |= transmission_complete;
  }
}

void Usart::start_reception(Picoseconds at) {
  receive_end_ = arriving_.empty() ? no_event : later(at, frame_time());
  if (receive_end_ != no_event) idle_at_ = no_event;
}

void Usart::finish_reception(Picoseconds at) {
  const std::uint8_t byte = arriving_.front();
  arriving_.pop_front();
  start_reception(at);
  const bool wired = !config_.rx || pins_.has_alternate(*config_.rx, config_.alternate_function);
  if (!receiver_on() || !wired) {
    if (chip_.tracing("serial")) chip_.trace("serial", "a byte came while the receiver was off");
    return;
  }
  if (receive_end_ == no_event) idle_at_ = later(at, frame_time());
  if ((status_ & receive_full) != 0) {
    status_ |= overrun_error;
    return;
  }
  receive_data_ = received_word(byte);
  status_ |= receive_full;
}

std::uint32_t Usart::received_word(std::uint8_t byte) const {
  if ((control1_ & parity_enable) == 0) return byte;
  const unsigned data_bits = (control1_ & nine_bits) != 0 ? 8 : 7;
  const std::uint32_t data = byte & ((1u << data_bits) - 1u);
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
      status_ |= idle_line;
    }
  }
  update();
}

void Usart::update() {
  // CR1 bits 4–7 enable SR bits 4–7; an overrun counts with RXNEIE.
  std::uint32_t causes = status_ & control1_ & 0xF0u;
  if ((status_ & overrun_error) != 0) causes |= control1_ & receive_full;
  if ((status_ & parity_error) != 0) causes |= control1_ & 1u << 8;
  const bool dma_error = (control3_ & error_interrupt) != 0 && (control3_ & dma_receive) != 0 &&
                         (status_ & overrun_error) != 0;
  chip_.set_irq(config_.irq, causes != 0 || dma_error);
  config_.dma_tx.set((control3_ & dma_transmit) != 0 && transmitter_on() &&
                     (status_ & transmit_empty) != 0);
  config_.dma_rx.set((control3_ & dma_receive) != 0 && (status_ & receive_full) != 0);
}

void Usart::serialize(Saver& saver) {
  saver.section(name());
  saver(status_, baud_, control1_, control2_, control3_, guard_, receive_data_, transmit_data_,
        shifting_, status_seen_, transmit_end_, receive_end_, idle_at_, arriving_, transmitted_);
}

}  // namespace goldcrest::board

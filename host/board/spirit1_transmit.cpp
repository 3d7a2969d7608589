// SPDX-License-Identifier: MIT
// The SPIRIT1's packet handler, sending: header from the registers, payload from the TX FIFO at air
// rate, and the whole packet to the air with its air time. Direct modes, PN9 and CW put a carrier
// on the air, piece by piece, until SABORT.
#include <fmt/format.h>

#include <algorithm>

#include "host/board/clock_time.hpp"
#include "host/board/spirit1.hpp"

namespace goldcrest::board {

using namespace spirit1;

namespace {

constexpr std::uint8_t direct_or_pn9 = 0x0C;    // PCKTCTRL1.TX_SOURCE
constexpr std::uint8_t continuous_wave = 0x80;  // MOD0
constexpr std::uint8_t persistent_tx = 0x01;    // PROTOCOL0
constexpr Picoseconds carrier_piece = microseconds(1000);

/// Address, control and sequence fields as they are sent.
std::vector<std::uint8_t> header_of(const RegisterFile& file, const PacketFormat& format,
                                    std::uint8_t sequence) {
  std::vector<std::uint8_t> header;
  if (format.address_bytes > 0) header.push_back(file[source_address]);
  if (format.address_bytes > 1) header.push_back(file[own_address]);
  for (unsigned index = 0; index < format.control_bytes; ++index) {
    header.push_back(file[tx_ctrl_field3 + index]);
  }
  if (format.sequence_bytes > 0) {
    const unsigned no_ack = file[protocol0] >> 3 & 1u;
    header.push_back(static_cast<std::uint8_t>((sequence & 3u) << 1 | no_ack));
  }
  return header;
}

}  // namespace

void Spirit1::begin_transmission() {
  if (set(pcktctrl1, direct_or_pn9) || set(mod0, continuous_wave)) {
    goal_ = Goal::none;
    enter(State::tx);
    raise(Irq::tx_start_up);
    return continue_carrier();
  }
  const PacketFormat format = packet_format(registers_);
  Transmission next;
  if (exchange_) {
    next.content = exchange_->content;  // a retransmission: the FIFO has given it away
  } else {
    const unsigned counted = format.address_bytes + format.control_bytes;  // PCKTLEN counts these
    next.content = header_of(registers_, format, sequence_);
    next.payload_bytes = format.length > counted ? format.length - counted : 0;
    if (format.variable && format.length >= 1u << format.length_bits) {
      trace("PCKTLEN does not fit the length field: receivers will not understand the packet");
    }
  }
  transmit(std::move(next), format);
}

// From LOCK with the content or its header.
void Spirit1::transmit(Transmission next, const PacketFormat& format) {
  const auto on_air = [&](std::uint64_t bytes) {
    return air_time(registers_, synchronisation_bits(format) + content_bits(format, bytes));
  };
  const auto content = static_cast<unsigned>(next.content.size()) + next.payload_bytes;
  next.begin = time_;
  next.byte_time = std::max<Picoseconds>(air_time(registers_, byte_bits(format)), 1);
  next.payload_at = time_ + on_air(format.length_bytes + format.header_bytes());
  next.end = time_ + on_air(format.length_bytes + content + format.checksum_bytes(content)) +
             air_time(registers_, format.postamble_bits);
  transmission_ = std::move(next);
  goal_ = Goal::none;
  enter(State::tx);
  raise(Irq::tx_start_up);
  if (tracing()) {
    trace(fmt::format("sends {} bytes at {} Hz, {} bit/s, {} us, {} dBm", content,
                      carrier_hz(registers_), bitrate(registers_),
                      (transmission_->end - time_) / picoseconds_per_microsecond,
                      transmit_power_half_dbm(power_level(registers_)) / 2.0));
  }
  if (tx_fifo_.size() >= transmission_->payload_bytes) {
    announce(*transmission_, time_);
  } else if (air_ != nullptr) {
    transmission_->streamed = air_->begin_packet(to_instant(time_), to_instant(transmission_->end),
                                                 radio_settings(registers_));
    tell_content();
  }
  chip_.reschedule();
}

/// What has been sent and what the FIFO holds, as far as it belongs to the packet.
std::vector<std::uint8_t> Spirit1::known_content(const Transmission& sending) const {
  std::vector<std::uint8_t> known = sending.content;
  const std::size_t missing = sending.payload_bytes - sending.fetched;
  for (std::size_t index = 0; index < std::min(missing, tx_fifo_.size()); ++index) {
    known.push_back(tx_fifo_[index]);
  }
  return known;
}

void Spirit1::tell_content() {
  if (transmission_ && transmission_->streamed) air_->content_grows(known_content(*transmission_));
}

// The air wants the whole packet when its first bit leaves. A packet longer than what the FIFO
// holds by then tells its content as it becomes known (tell_content); on an air that cannot do with
// that it is announced when it is over, late by its own air time.
void Spirit1::announce(Transmission& sending, Picoseconds begin) {
  sending.announced = true;
  if (air_ == nullptr) return;
  const Picoseconds duration = sending.end - sending.begin;
  air_->transmit(to_instant(begin), to_instant(begin + duration), known_content(sending),
                 radio_settings(registers_));
}

// Takes from the FIFO what the modulator has needed until `now`.
void Spirit1::fetch_until(Picoseconds now) {
  while (transmission_ && transmission_->fetched < transmission_->payload_bytes) {
    Transmission& sending = *transmission_;
    const Picoseconds at = sending.payload_at + sending.fetched * sending.byte_time;
    if (at > now) return;
    if (tx_fifo_.empty()) {
      underflow();
      return;
    }
    sending.content.push_back(tx_fifo_.pop());
    ++sending.fetched;
    update_fifo_flags();
  }
}

void Spirit1::underflow() {
  trace("TX FIFO underflow");
  leave_radio_state();
  become_ready();
  raise(Irq::tx_fifo_error);
}

// Only what somebody can notice needs an event: the almost-empty flag and an underflow. Everything
// else is made up for when the FIFO is looked at.
Picoseconds Spirit1::next_fetch_event() const {
  if (!transmission_ || transmission_->fetched >= transmission_->payload_bytes) return no_event;
  const Transmission& sending = *transmission_;
  const auto after = [&sending](std::uint64_t bytes) {
    return sending.payload_at +
           static_cast<Picoseconds>(sending.fetched + bytes) * sending.byte_time;
  };
  const std::uint64_t left = sending.payload_bytes - sending.fetched;
  const std::uint64_t threshold = registers_[fifo_config0_tx_almost_empty] & 0x7Fu;
  Picoseconds next = no_event;
  if (!tx_almost_empty_ && tx_fifo_.size() > threshold) {
    const std::uint64_t bytes = tx_fifo_.size() - threshold;
    if (bytes <= left) next = after(bytes - 1);
  }
  if (tx_fifo_.size() < left) next = std::min(next, after(tx_fifo_.size()));
  return next;
}

void Spirit1::end_transmission() {
  fetch_until(time_);
  if (!transmission_) return;
  if (transmission_->streamed) {
    air_->end_packet(to_instant(time_), true);
  } else if (!transmission_->announced) {
    unmodelled("a packet longer than the FIFO held at its start is on the air late");
    announce(*transmission_, time_);
  }
  const Transmission sent = std::move(*transmission_);
  transmission_.reset();
  if (sent.acknowledges) {
    end_reception();
    return raise(Irq::tx_data_sent);
  }
  if (wants_acknowledgement()) return await_acknowledgement(sent.content);
  packet_sent();
}

void Spirit1::packet_sent() {
  registers_[tx_pckt_info] = static_cast<std::uint8_t>((sequence_ & 3u) << 4);
  sequence_ = static_cast<std::uint8_t>((sequence_ + 1u) & 3u);
  if (low_duty_cycle()) {
    raise(Irq::tx_data_sent);
    return back_to_sleep();
  }
  become_ready();
  raise(Irq::tx_data_sent);
  if (set(protocol0, persistent_tx)) start_synthesizer(Goal::tx);
}

// The air wants to know when a carrier ends: it comes in pieces.
void Spirit1::continue_carrier() {
  carrier_until_ = later(time_, carrier_piece);
  chip_.reschedule();
  if (air_ == nullptr) return;
  RadioSettings settings = radio_settings(registers_);
  settings.sync_word = 0;
  settings.preamble_bytes = settings.sync_bytes = settings.crc_bytes = 0;
  air_->transmit(to_instant(time_), to_instant(carrier_until_), {}, settings);
}

}  // namespace goldcrest::board

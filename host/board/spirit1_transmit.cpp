// SPDX-License-Identifier: MIT
// The SPIRIT1's packet handler, sending: header from the registers, payload from the TX FIFO at air
// rate, and the whole packet to the air with its air time.
#include <algorithm>

#include "host/board/clock_time.hpp"
#include "host/board/spirit1.hpp"

namespace goldcrest::board {

using namespace spirit1;

namespace {

base::Instant to_instant(Picoseconds time) {
  return base::Instant(
      base::Duration((time + picoseconds_per_microsecond / 2) / picoseconds_per_microsecond));
}

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
  const PacketFormat format = packet_format(registers_);
  const unsigned counted = format.address_bytes + format.control_bytes;  // PCKTLEN counts these
  Transmission next;
  next.begin = time_;
  next.content = header_of(registers_, format, sequence_);
  next.payload_bytes = format.length > counted ? format.length - counted : 0;
  next.byte_time = std::max<Picoseconds>(air_time(registers_, content_bits(format, 1)), 1);
  next.payload_at =
      time_ +
      air_time(registers_, synchronisation_bits(format) +
                               content_bits(format, format.length_bytes + format.header_bytes()));
  const std::uint64_t content =
      format.length_bytes + format.header_bytes() + next.payload_bytes + format.crc_bytes;
  next.end =
      time_ + air_time(registers_, synchronisation_bits(format) + content_bits(format, content));
  if (format.variable && format.length >= 1u << format.length_bits) {
    trace("PCKTLEN does not fit the length field: receivers will not understand the packet");
  }
  transmission_ = std::move(next);
  goal_ = Goal::none;
  enter(State::tx);
  raise(Irq::tx_start_up);
  if (tx_fifo_.size() >= transmission_->payload_bytes) announce(time_);
  chip_.reschedule();
}

// The air wants the whole packet when its first bit leaves. A packet longer than what the FIFO
// holds by then is announced once its last byte is known, late by its own air time.
void Spirit1::announce(Picoseconds begin) {
  Transmission& sending = *transmission_;
  std::vector<std::uint8_t> whole = sending.content;
  const std::uint32_t missing = sending.payload_bytes - sending.fetched;
  for (std::uint32_t index = 0; index < missing; ++index) whole.push_back(tx_fifo_[index]);
  sending.announced = true;
  if (air_ == nullptr) return;
  const Picoseconds duration = sending.end - sending.begin;
  air_->transmit(to_instant(begin), to_instant(begin + duration), whole,
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
  transmission_.reset();
  enter(State::ready);
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
  if (!transmission_->announced) {
    unmodelled("a packet longer than the FIFO held at its start is on the air late");
    announce(time_);
  }
  transmission_.reset();
  registers_[tx_pckt_info] = static_cast<std::uint8_t>((sequence_ & 3u) << 4);
  sequence_ = static_cast<std::uint8_t>((sequence_ + 1u) & 3u);
  enter(State::ready);
  raise(Irq::tx_data_sent);
  raise(Irq::ready);
}

}  // namespace goldcrest::board

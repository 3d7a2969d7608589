// SPDX-License-Identifier: MIT
// The SPIRIT1's link layer on STACK packets (data sheet "Automatic acknowledgement", "Automatic
// acknowledgement with piggybacking", "Automatic retransmission"). A packet with NO_ACK clear waits
// in RX for its acknowledgement and goes out again when the RX timeout comes, NMAX_RETX times. A
// receiver with AUTO_ACK answers what passes its filters with a packet that has no payload, or that
// of its TX FIFO with PIGGYBACKING, to the sender and with its sequence number.
#include <fmt/format.h>

#include "host/board/clock_time.hpp"
#include "host/board/spirit1.hpp"

namespace goldcrest::board {

using namespace spirit1;

namespace {

constexpr std::uint8_t no_ack = 0x08;        // PROTOCOL0.NACK_TX
constexpr std::uint8_t auto_ack = 0x04;      // PROTOCOL0
constexpr std::uint8_t piggybacking = 0x40;  // PROTOCOL1

/// Destination, source, control fields, then sequence number and NO_ACK in one byte.
std::uint8_t sequence_field(const PacketFormat& format, std::span<const std::uint8_t> whole) {
  return whole[format.header_bytes() - 1];
}

std::uint8_t sequence_number(std::uint8_t field) {
  return field >> 1 & 3u;
}

}  // namespace

bool Spirit1::wants_acknowledgement() const {
  return packet_format(registers_).format == Format::stack && !set(protocol0, no_ack);
}

void Spirit1::await_acknowledgement(std::vector<std::uint8_t> content) {
  if (!exchange_) exchange_ = Exchange{.content = std::move(content)};
  goal_ = Goal::await;
  step_to(State::lock, microseconds(26));
}

// From the station that the packet went to, to this one, with its number.
bool Spirit1::is_acknowledgement(std::span<const std::uint8_t> whole) const {
  const PacketFormat format = packet_format(registers_);
  if (!exchange_ || format.format != Format::stack) return false;
  if (whole.size() < format.header_bytes() || exchange_->content.size() < format.header_bytes()) {
    return false;
  }
  const std::vector<std::uint8_t>& sent = exchange_->content;
  return whole[0] == sent[1] && whole[1] == sent[0] &&
         sequence_number(sequence_field(format, whole)) ==
             sequence_number(sequence_field(format, sent));
}

void Spirit1::acknowledged() {
  const unsigned retransmissions = exchange_ ? exchange_->retransmissions : 0;
  trace(fmt::format("acknowledged after {} retransmissions", retransmissions));
  exchange_.reset();
  packet_sent();
  registers_[tx_pckt_info] |= static_cast<std::uint8_t>(retransmissions);
}

// The RX timeout came first.
void Spirit1::retransmit(Exchange& exchange) {
  const unsigned allowed = registers_[protocol0] >> 4;
  if (exchange.retransmissions >= allowed) {
    trace("no acknowledgement");
    registers_[tx_pckt_info] =
        static_cast<std::uint8_t>((sequence_ & 3u) << 4 | exchange.retransmissions);
    sequence_ = static_cast<std::uint8_t>((sequence_ + 1u) & 3u);
    exchange_.reset();
    become_ready();
    raise(Irq::max_retransmissions);
    return;
  }
  ++exchange.retransmissions;
  enter(State::ready);
  start_synthesizer(Goal::tx);
}

bool Spirit1::must_acknowledge(std::span<const std::uint8_t> whole) const {
  const PacketFormat format = packet_format(registers_);
  return format.format == Format::stack && set(protocol0, auto_ack) &&
         whole.size() >= format.header_bytes() && (sequence_field(format, whole) & 1u) == 0;
}

// Its acknowledgement got lost: it is answered again, but not given to the FIFO a second time.
bool Spirit1::heard_before(std::span<const std::uint8_t> whole) {
  const PacketFormat format = packet_format(registers_);
  const Heard heard{.source = whole[1],
                    .sequence = sequence_number(sequence_field(format, whole)),
                    .checksum = checksum(format, whole)};
  const bool again = heard_ == heard;
  heard_ = heard;
  return again;
}

void Spirit1::send_acknowledgement() {
  const PacketFormat format = packet_format(registers_);
  Transmission next;
  next.content = std::move(reply_);
  next.acknowledges = true;
  reply_.clear();
  if (set(protocol1, piggybacking)) {
    const unsigned counted = format.address_bytes + format.control_bytes;
    next.payload_bytes = format.length > counted ? format.length - counted : 0;
    if (tx_fifo_.size() < next.payload_bytes) next.payload_bytes = 0;
  }
  transmit(std::move(next), format);
}

}  // namespace goldcrest::board

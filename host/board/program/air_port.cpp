// SPDX-License-Identifier: MIT
#include "host/board/program/air_port.hpp"

#include <algorithm>

#include "host/board/debugger.hpp"
#include "sim/air/air.hpp"

namespace goldcrest::board::program {
namespace {

/// ZEP carries no signal strength worth the name; what a near neighbour has.
constexpr int assumed_rssi_dbm = -60;
constexpr int quiet_dbm = -120;

}  // namespace

AirPort::AirPort(Board& board, air::ZepStation station)
    : board_(board), station_(std::move(station)), settings_(sim::default_radio_settings()) {
  board_.connect(*this);
}

void AirPort::transmit(base::Instant, base::Instant, std::span<const std::uint8_t> payload,
                       const RadioSettings& settings) {
  growing_.clear();
  if (settings.is_carrier()) return;  // ZEP has frames only
  settings_ = settings;
  (void)station_.send(payload);  // a frame the network does not take is lost, as on the air
}

// A datagram is a whole frame: it leaves when the frame does.
bool AirPort::begin_packet(base::Instant, base::Instant, const RadioSettings& settings) {
  settings_ = settings;
  growing_.clear();
  return true;
}

void AirPort::content_grows(std::span<const std::uint8_t> payload) {
  growing_.assign(payload.begin(), payload.end());
}

void AirPort::end_packet(base::Instant, bool complete) {
  if (complete && !growing_.empty()) (void)station_.send(growing_);
  growing_.clear();
}

int AirPort::rssi_dbm(base::Instant now, const RadioSettings& settings) {
  settings_ = settings;
  const bool busy = std::ranges::any_of(arrivals_, [now](const Arrival& arrival) {
    return arrival.begin <= now && now < arrival.end;
  });
  return busy ? assumed_rssi_dbm : quiet_dbm;
}

void AirPort::advance(base::Instant now) {
  station_.advance(now);
  station_.receive([this](base::Bytes frame) {
    if (board_.debugger().halt()) return;  // the air does not wait for it
    const base::Instant free = arrivals_.empty() ? board_.now() : arrivals_.back().end;
    const base::Instant begin = std::max(free, board_.now());
    arrivals_.push_back({.id = next_id_++,
                         .begin = begin,
                         .end = begin + sim::air_time(frame.size(), settings_),
                         .frame = {frame.begin(), frame.end()}});
  });
}

base::Instant AirPort::next_delivery() const {
  if (arrivals_.empty()) return base::never;
  return arrivals_.front().begun ? arrivals_.front().end : arrivals_.front().begin;
}

void AirPort::deliver() {
  while (next_delivery() <= board_.now()) {
    Arrival& arrival = arrivals_.front();
    RadioReceiver& radio = board_.radio();
    if (!arrival.begun) {
      arrival.begun = true;
      radio.packet_begin(arrival.id, arrival.begin, arrival.end, assumed_rssi_dbm, settings_);
      radio.packet_content(arrival.id, arrival.frame);
    } else {
      radio.packet_end(arrival.id, arrival.end, arrival.frame, false);
      arrivals_.pop_front();
    }
  }
}

}  // namespace goldcrest::board::program

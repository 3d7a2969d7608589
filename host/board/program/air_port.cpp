// SPDX-License-Identifier: MIT
#include "host/board/program/air_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "host/air/zep.hpp"
#include "host/board/debugger.hpp"
#include "sim/air/air.hpp"

namespace goldcrest::board::program {
namespace {

/// ZEP carries no signal strength worth the name; what a near neighbour has.
constexpr int assumed_rssi_dbm = -60;
constexpr int quiet_dbm = -120;

/// Between two frames, at least: processes that run in slices let pauses shrink, to nothing even.
constexpr base::Duration pause_min = std::chrono::milliseconds(4);
/// Of a pause between two frames, this much is kept; the rest makes good for their double air time.
constexpr base::Duration pause_kept = std::chrono::milliseconds(10);

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
  send(payload);
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
  if (complete && !growing_.empty()) send(growing_);
  growing_.clear();
}

void AirPort::send(std::span<const std::uint8_t> frame) {
  if (frame.size() > air::zep_frame_bytes_max && !std::exchange(told_too_long_, true)) {
    fmt::print(stderr, "air: a packet of {} bytes is lost: the air between processes carries {}\n",
               frame.size(), air::zep_frame_bytes_max);
  }
  (void)station_.send(frame);  // a frame the network does not take is lost, as on the air
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
    const base::Instant received = board_.now();
    const base::Duration air_time = sim::air_time(frame.size(), settings_);
    const base::Duration pause =
        std::clamp(received - air_time - last_received_, pause_min, pause_kept);
    const base::Instant begin = next_id_ == 1 ? received : std::max(received, last_end_ + pause);
    last_received_ = received;
    last_end_ = begin + air_time;
    arrivals_.push_back({.id = next_id_++,
                         .begin = begin,
                         .end = last_end_,
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

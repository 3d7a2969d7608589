// SPDX-License-Identifier: MIT
#include "sim/air/air.hpp"

#include <algorithm>

namespace goldcrest::sim {

using base::Duration;
using base::Instant;

namespace {
constexpr int quiet_dbm = -120;
/// How long after its end a repeated or held-back packet is heard.
constexpr Duration echo_delay{5'000};
}  // namespace

Air::Air(const AirOptions& options) : options_(options), random_(options.seed) {}

StationId Air::add(RadioReceiver& receiver) {
  stations_.push_back(&receiver);
  return stations_.size() - 1;
}

void Air::set_link(StationId sender, StationId receiver, const Link& link) {
  links_[{sender, receiver}] = link;
}

Link Air::link(StationId sender, StationId receiver) const {
  const auto found = links_.find({sender, receiver});
  return found != links_.end() ? found->second : Link{.loss = options_.loss};
}

bool Air::chance(double probability) {
  // Always draws, so that changing one probability does not shift all later decisions.
  return static_cast<double>(random_.next()) < probability * 4294967296.0;
}

void Air::transmit(StationId sender, Instant begin, Instant end,
                   std::span<const std::uint8_t> payload, const RadioSettings& settings) {
  packets_.push_back({.id = next_id_++,
                      .sender = sender,
                      .begin = begin,
                      .end = end,
                      .payload = {payload.begin(), payload.end()},
                      .settings = settings,
                      .receivers = {},
                      .spoiled = {}});
  ++statistics_.packets;
  statistics_.bytes += payload.size();
  statistics_.busy += end - begin;
  if (observer_ && !payload.empty()) observer_(begin, sender, payload);
}

Air::Packet* Air::latest(StationId sender) {
  const auto found = std::find_if(
      packets_.rbegin(), packets_.rend(),
      [sender](const Packet& packet) { return packet.sender == sender && !packet.repeated; });
  return found == packets_.rend() ? nullptr : &*found;
}

void Air::grow(StationId sender, std::span<const std::uint8_t> payload) {
  Packet* packet = latest(sender);
  if (packet == nullptr) return;
  statistics_.bytes += payload.size() - std::min(payload.size(), packet->payload.size());
  packet->payload.assign(payload.begin(), payload.end());
  packet->growing = true;
  for (const auto station : packet->receivers) {
    stations_[station]->packet_content(packet->id, packet->payload);
  }
}

void Air::finish(StationId sender, Instant end, bool complete) {
  Packet* packet = latest(sender);
  if (packet == nullptr) return;
  packet->end = std::max(packet->begin, end);
  packet->broken = !complete;
  if (observer_ && packet->growing && complete) observer_(packet->begin, sender, packet->payload);
}

int Air::rssi_dbm(StationId station, Instant now, const RadioSettings& settings) const {
  int strongest = quiet_dbm;
  for (const auto& packet : packets_) {
    if (packet.begin > now || packet.end <= now || packet.sender == station) continue;
    if (packet.settings.frequency_hz != settings.frequency_hz) continue;
    const auto path = link(packet.sender, station);
    if (path.connected) strongest = std::max(strongest, path.rssi_dbm);
  }
  return strongest;
}

Instant Air::next_event() const {
  auto next = base::never;
  for (const auto& packet : packets_) {
    next = std::min(next, packet.begun ? packet.end : packet.begin);
  }
  return next;
}

void Air::advance(Instant now) {
  for (auto due = next_event(); due <= now; due = next_event()) {
    const auto next = std::ranges::find_if(packets_, [due](const Packet& packet) {
      return (packet.begun ? packet.end : packet.begin) == due;
    });
    if (!next->begun) {
      begin(*next, now);
      continue;
    }
    const Packet ended = std::move(*next);
    packets_.erase(next);
    end(ended);
  }
}

void Air::begin(Packet& packet, Instant now) {
  packet.begun = true;
  packet.held_back = !packet.repeated && chance(options_.reorder);
  collide(packet);
  if (packet.held_back) return;
  for (StationId station = 0; station < stations_.size(); ++station) {
    if (station == packet.sender) continue;
    const auto path = link(packet.sender, station);
    if (!path.connected) continue;
    if (chance(path.loss)) {
      ++statistics_.lost;
      continue;
    }
    packet.receivers.insert(station);
    stations_[station]->packet_begin(packet.id, std::max(packet.begin, now), packet.end,
                                     path.rssi_dbm, packet.settings);
    stations_[station]->packet_content(packet.id, packet.payload);
  }
}

void Air::collide(Packet& packet) {
  if (!options_.collisions) return;
  for (auto& other : packets_) {
    if (other.id == packet.id || !other.begun || other.end <= packet.begin) continue;
    for (StationId station = 0; station < stations_.size(); ++station) {
      const bool hears_both =
          link(packet.sender, station).connected && link(other.sender, station).connected;
      // A station that sends does not hear what arrives meanwhile; its own packet is not spoiled
      // at the others by that.
      if (!hears_both && station != packet.sender && station != other.sender) continue;
      packet.spoiled.insert(station);
      other.spoiled.insert(station);
    }
  }
}

void Air::end(const Packet& packet) {
  for (const auto station : packet.receivers) {
    const bool corrupt = packet.broken || packet.spoiled.contains(station);
    ++(corrupt ? statistics_.collided : statistics_.delivered);
    stations_[station]->packet_end(packet.id, packet.end, packet.payload, corrupt);
  }
  if (!packet.repeated && (packet.held_back || chance(options_.duplicate))) {
    echo(packet, echo_delay);
  }
}

void Air::echo(const Packet& packet, Duration delay) {
  packets_.push_back({.id = next_id_++,
                      .sender = packet.sender,
                      .begin = packet.end + delay,
                      .end = packet.end + delay + (packet.end - packet.begin),
                      .payload = packet.payload,
                      .settings = packet.settings,
                      .repeated = true,
                      .receivers = {},
                      .spoiled = {}});
}

Duration air_time(std::size_t payload_bytes, const RadioSettings& settings) {
  const auto bytes =
      settings.preamble_bytes + settings.sync_bytes + 1u + payload_bytes + settings.crc_bytes;
  return Duration(static_cast<std::int64_t>(bytes) * 8 * 1'000'000 / settings.bitrate);
}

RadioSettings default_radio_settings() {
  return {.frequency_hz = 915'000'000,
          .bitrate = 38'400,
          .sync_word = 0x1A2635A8,
          .preamble_bytes = 4,
          .sync_bytes = 4,
          .crc_bytes = 1,
          .whitening = true};
}

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
#include "host/air/air_process.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

namespace goldcrest::air {

/// One peer of the air. A slot whose peer fell silent is kept, disconnected, for the next newcomer:
/// station numbers of the air never change.
class AirProcess::Station final : public sim::RadioReceiver {
 public:
  explicit Station(const Send& send) : send_(send) {}

  void packet_begin(std::uint64_t, base::Instant, base::Instant, int,
                    const sim::RadioSettings&) override {}

  void packet_end(std::uint64_t, base::Instant, std::span<const std::uint8_t> payload,
                  bool corrupt) override {
    if (!in_use || corrupt) return;
    std::array<std::uint8_t, zep_datagram_bytes_max> buffer{};
    base::ByteWriter writer(buffer);
    emit_zep({.sequence = sequence_++, .frame = payload}, writer);
    if (writer.ok()) send_(endpoint, writer.written());
  }

  wire::Endpoint endpoint;
  std::optional<std::uint16_t> device_id;  ///< known from its first frame
  sim::StationId id = 0;
  base::Instant first_heard{};
  base::Instant last_heard{};
  bool in_use = false;

  bool settled() const { return last_heard - first_heard >= settled_after; }

 private:
  const Send& send_;
  std::uint32_t sequence_ = 0;
};

AirProcess::AirProcess(const sim::AirOptions& options, Topology topology, Send send)
    : topology_(std::move(topology)), send_(std::move(send)), air_(options) {}

AirProcess::~AirProcess() = default;

AirProcess::Station* AirProcess::find(base::Instant now, const wire::Endpoint& endpoint) {
  const auto known = std::ranges::find_if(stations_, [&endpoint](const auto& station) {
    return station->in_use && station->endpoint == endpoint;
  });
  if (known != stations_.end()) return known->get();
  auto* const place = free_place(now);
  if (place == nullptr) return nullptr;
  place->in_use = true;
  place->endpoint = endpoint;
  place->device_id.reset();
  place->first_heard = now;
  place->last_heard = now;
  return place;
}

AirProcess::Station* AirProcess::free_place(base::Instant now) {
  const auto free =
      std::ranges::find_if(stations_, [](const auto& station) { return !station->in_use; });
  if (free != stations_.end()) return free->get();
  if (stations_.size() < stations_max) {
    auto& added = *stations_.emplace_back(std::make_unique<Station>(send_));
    added.id = air_.add(added);
    return &added;
  }
  const auto& idlest = *std::ranges::min_element(stations_, {}, [](const auto& station) {
    return std::pair(station->settled(), station->last_heard);
  });
  return idlest->settled() && now - idlest->last_heard < yields_after ? nullptr : idlest.get();
}

void AirProcess::set_links(const Station& station) {
  if (topology_.loss.empty() || !station.device_id) return;
  const auto link = [this](const Station& from, const Station& to) {
    const auto found = topology_.loss.find({*from.device_id, *to.device_id});
    air_.set_link(from.id, to.id,
                  {.connected = found != topology_.loss.end(),
                   .loss = found != topology_.loss.end() ? found->second : 0.0});
  };
  for (const auto& other : stations_) {
    if (other.get() == &station || !other->device_id) continue;
    link(station, *other);
    link(*other, station);
  }
}

std::expected<void, std::string> AirProcess::receive(base::Instant now, const wire::Endpoint& from,
                                                     base::Bytes datagram) {
  const auto packet = parse_zep(datagram);
  if (!packet) return std::unexpected(std::string(describe(packet.error())));
  advance(now);
  auto* station = find(now, from);
  if (station == nullptr) return std::unexpected("too many stations");
  station->last_heard = now;
  if (packet->type == ZepType::hello) return {};
  if (station->device_id != packet->device_id) {
    station->device_id = packet->device_id;
    set_links(*station);
  }
  const auto settings = sim::default_radio_settings();
  const auto begin = std::max(now, channel_free_);
  if (begin - now > longest_wait) return std::unexpected("the channel is overloaded");
  channel_free_ = begin + sim::air_time(packet->frame.size(), settings);
  air_.transmit(station->id, begin, channel_free_, packet->frame, settings);
  return {};
}

void AirProcess::advance(base::Instant now) {
  air_.advance(now);
  for (auto& station : stations_) {
    if (now - station->last_heard > station_timeout) station->in_use = false;
  }
}

base::Instant AirProcess::next_deadline() const {
  return air_.next_event();
}

std::size_t AirProcess::stations() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(stations_, [](const auto& station) { return station->in_use; }));
}

std::expected<Topology, std::string> parse_topology(std::string_view text) {
  Topology topology;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::istringstream fields(line);
    unsigned from = 0;
    unsigned to = 0;
    double loss = 0;
    std::string rest;
    if (!(fields >> from >> to >> loss) || (fields >> rest) || from > 0xFFFF || to > 0xFFFF ||
        loss < 0.0 || loss > 1.0) {
      return std::unexpected("line " + std::to_string(number) +
                             ": expected `FROM TO LOSS`, device ids 0 to 65535, loss 0 to 1");
    }
    topology.loss[{static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to)}] = loss;
  }
  return topology;
}

}  // namespace goldcrest::air

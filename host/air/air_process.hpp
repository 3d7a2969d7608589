// SPDX-License-Identifier: MIT
// The air as a process: the virtual air of sim/air in real time, its stations at the other end of
// UDP datagrams that carry ZEP v2.
//
// A station is known from its first datagram (data or hello) and forgotten when nothing came from
// it for a minute. When all places are taken, a newcomer gets that of the idlest station that has
// not settled, by being heard again a second or more after its first datagram; if all have, that of
// the idlest which has missed two hellos; if none has, none. A frame is heard by the others when
// its air time has passed, as on a real channel. ZEP has no carrier sense, so a frame that arrives
// while the channel is busy waits for its end.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/air/zep.hpp"
#include "host/system/udp_socket.hpp"
#include "sim/air/air.hpp"

namespace goldcrest::air {

/// Loss between two stations by ZEP device id, one line `FROM TO LOSS` each ('#' starts a comment);
/// stations of a file with at least one line hear each other only where a line says so.
struct Topology {
  std::map<std::pair<std::uint16_t, std::uint16_t>, double> loss;
};
[[nodiscard]] std::expected<Topology, std::string> parse_topology(std::string_view text);

/// Sans-I/O: datagrams in, datagrams out through `send`.
class AirProcess {
 public:
  static constexpr std::size_t stations_max = 1024;
  static constexpr base::Duration station_timeout = std::chrono::seconds(60);
  static constexpr base::Duration settled_after = std::chrono::seconds(1);
  /// Silence after which a settled station yields to a newcomer.
  static constexpr base::Duration yields_after = std::chrono::seconds(25);
  /// A frame that would have to wait longer for the channel is dropped.
  static constexpr base::Duration longest_wait = std::chrono::milliseconds(500);

  using Send = std::function<void(const wire::Endpoint&, base::Bytes)>;
  AirProcess(const sim::AirOptions& options, Topology topology, Send send);
  ~AirProcess();

  /// A datagram from a station. Anything that is not ZEP, and a station when there is no place for
  /// it, is answered with the reason why it was ignored.
  std::expected<void, std::string> receive(base::Instant now, const wire::Endpoint& from,
                                           base::Bytes datagram);
  void advance(base::Instant now);
  base::Instant next_deadline() const;

  void observe(std::function<void(base::Instant, sim::StationId, base::Bytes)> sink) {
    air_.observe(std::move(sink));
  }
  const sim::AirStatistics& statistics() const { return air_.statistics(); }
  std::size_t stations() const;

 private:
  class Station;
  Station* find(base::Instant now, const wire::Endpoint& endpoint);
  Station* free_place(base::Instant now);
  void set_links(const Station& station);

  Topology topology_;
  Send send_;
  sim::Air air_;
  std::vector<std::unique_ptr<Station>> stations_;
  base::Instant channel_free_{};
};

}  // namespace goldcrest::air

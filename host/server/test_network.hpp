// SPDX-License-Identifier: MIT
// A path between an update client and the server's engine in virtual time, as bad as a test wants:
// frames that are lost, datagrams that are repeated, overtake each other or meet a server that is
// away. Everything follows from the seed.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/net/udp_application.hpp"
#include "core/wire/address.hpp"
#include "host/server/engine.hpp"

namespace goldcrest::server::testing {

using std::chrono::milliseconds;

inline const wire::Endpoint client_endpoint{wire::Ipv6Address::from_ipv4({192, 168, 1, 72}), 5683};
inline const wire::Endpoint server_endpoint{wire::Ipv6Address::from_ipv4({192, 168, 1, 64}), 5683};

struct PathConditions {
  /// Of each 802.15.4 frame; a datagram is lost with any of its frames.
  double frame_loss = 0;
  double duplicates = 0;
  /// Longest extra delay, which lets datagrams overtake each other.
  base::Duration jitter{0};
};

class Path {
 public:
  using Datagram = std::vector<std::uint8_t>;
  /// The other end: an answer or nothing.
  using Server = std::function<std::optional<Datagram>(base::Instant, base::Bytes)>;

  Path(net::UdpApplication& client, Server server, const PathConditions& conditions,
       std::uint64_t seed)
      : client_(client), server_(std::move(server)), conditions_(conditions), random_(seed) {}

  base::Instant now() const { return now_; }
  void set_conditions(const PathConditions& conditions) { conditions_ = conditions; }
  /// While away, nothing reaches the server and nothing leaves it.
  void set_server_away(bool away) { away_ = away; }
  std::size_t datagrams() const { return datagrams_; }
  /// Of all frames on the last hop, both ways, those that get lost included.
  base::Duration air_time() const { return frame_time * frames_; }

  /// Runs until `done` or until the time is up; true when done.
  template <typename Done>
  bool run_until(Done done, base::Duration at_most) {
    const auto end = now_ + at_most;
    while (!done()) {
      step_client();
      if (done()) break;
      const auto event = in_flight_.empty() ? base::never : in_flight_.begin()->first;
      const auto next = std::min(event, client_.next_deadline());
      if (next > end) {
        now_ = end;
        return done();
      }
      now_ = std::max(now_, next);
      while (!in_flight_.empty() && in_flight_.begin()->first <= now_) deliver_first();
    }
    return true;
  }
  void run(base::Duration duration) {
    (void)run_until([] { return false; }, duration);
  }

 private:
  // 96 bytes and what goes before and after them, at 38.4 kbit/s.
  static constexpr base::Duration frame_time = milliseconds(24);

  struct Flight {
    bool to_server = false;
    Datagram datagram;
  };

  void step_client() {
    client_.advance(now_);
    while (const auto transmission = client_.next_transmission(now_)) {
      if (transmission->destination != server_endpoint) continue;
      send(true, transmission->payload);
    }
  }

  void send(bool to_server, base::Bytes datagram) {
    ++datagrams_;
    const auto copies = 1 + (chance(conditions_.duplicates) ? 1 : 0);
    for (int copy = 0; copy < copies; ++copy) {
      // About 75 bytes of a frame are left to a datagram, and its headers take 50.
      const auto frames = static_cast<std::int64_t>((datagram.size() + 50) / 75 + 1);
      frames_ += frames;
      bool lost = false;
      for (std::int64_t frame = 0; frame < frames; ++frame) lost |= chance(conditions_.frame_loss);
      if (lost) continue;
      auto arrival = now_ + frame_time * frames;
      if (conditions_.jitter > base::Duration{0}) {
        arrival +=
            base::Duration(random_.below(static_cast<std::uint32_t>(conditions_.jitter.count())));
      }
      in_flight_.emplace(arrival, Flight{to_server, Datagram(datagram.begin(), datagram.end())});
    }
  }

  void deliver_first() {
    const auto flight = in_flight_.extract(in_flight_.begin()).mapped();
    if (!flight.to_server) {
      client_.receive(now_, server_endpoint, flight.datagram);
      step_client();
    } else if (!away_) {
      if (const auto answer = server_(now_, flight.datagram)) send(false, *answer);
    }
  }

  bool chance(double probability) {
    return random_.next() < static_cast<std::uint32_t>(probability * 4294967295.0);
  }

  net::UdpApplication& client_;
  Server server_;
  PathConditions conditions_;
  base::SeededRandom random_;
  base::Instant now_{};
  std::multimap<base::Instant, Flight> in_flight_;
  std::size_t datagrams_ = 0;
  std::int64_t frames_ = 0;
  bool away_ = false;
};

}  // namespace goldcrest::server::testing

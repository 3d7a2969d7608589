// SPDX-License-Identifier: MIT
// The world outside the mesh in virtual time: UDP between endpoints, with a latency and, on
// request, outages. Deliveries happen in the order of their time, so runs repeat exactly.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::sim {

class Internet {
 public:
  static constexpr base::Duration latency = std::chrono::milliseconds(10);

  /// `payload` is valid during the call; the handler may send.
  using Handler =
      std::function<void(base::Instant now, const wire::Endpoint& from, base::Bytes payload)>;

  /// Opens `endpoint`; replaces what was there.
  void listen(const wire::Endpoint& endpoint, Handler handler) {
    sockets_[endpoint] = std::move(handler);
  }
  void close(const wire::Endpoint& endpoint) { sockets_.erase(endpoint); }
  /// While down, datagrams to and from `endpoint` are lost.
  void set_down(const wire::Endpoint& endpoint, bool down) {
    if (down) {
      down_.insert(endpoint);
    } else {
      down_.erase(endpoint);
    }
  }

  void send(base::Instant now, const wire::Endpoint& from, const wire::Endpoint& to,
            base::Bytes payload) {
    if (down_.contains(from) || down_.contains(to)) return;
    in_flight_.emplace(now + latency, Datagram{from, to, {payload.begin(), payload.end()}});
  }

  base::Instant next_event() const {
    return in_flight_.empty() ? base::never : in_flight_.begin()->first;
  }

  void advance(base::Instant now) {
    while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
      const auto [due, datagram] = std::move(*in_flight_.begin());
      in_flight_.erase(in_flight_.begin());
      const auto socket = sockets_.find(datagram.to);
      if (socket == sockets_.end() || down_.contains(datagram.to)) continue;
      const auto handler = socket->second;  // the handler may open and close sockets
      handler(due, datagram.from, datagram.payload);
    }
  }

 private:
  struct Datagram {
    wire::Endpoint from;
    wire::Endpoint to;
    std::vector<std::uint8_t> payload;
  };
  std::map<wire::Endpoint, Handler> sockets_;
  std::set<wire::Endpoint> down_;
  std::multimap<base::Instant, Datagram> in_flight_;
};

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
// Joins core's BorderRouter and the flow table: what leaves the mesh goes to a flow's socket, what
// comes back goes into the mesh. The sockets are behind the FlowPort: real ones in the program,
// virtual ones in the simulator.
#pragma once

#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/role/border_router.hpp"
#include "host/router/nat.hpp"

namespace goldcrest::router {

class FlowPort {
 public:
  virtual ~FlowPort() = default;
  /// Sends from the flow's socket, which is opened when the flow is new. UDP may lose it.
  virtual void send(FlowId flow, const wire::Endpoint& remote, base::Bytes payload) = 0;
  virtual void close(FlowId flow) = 0;
};

struct GatewayStatistics {
  std::uint64_t to_world = 0;
  std::uint64_t to_mesh = 0;
  std::uint64_t refused = 0;  ///< not UDP, malformed, or no room
};

class Gateway {
 public:
  /// The references must outlive the gateway.
  Gateway(role::BorderRouter& border_router, FlowPort& port)
      : border_router_(border_router), port_(port) {}

  /// Carries what waits at the border router out; closes idle flows. Call after every change.
  void pump(base::Instant now);
  /// A datagram from the flow's remote endpoint.
  void receive(base::Instant now, FlowId flow, base::Bytes payload);

  base::Instant next_deadline() const { return nat_.next_deadline(); }
  const Nat& nat() const { return nat_; }
  const GatewayStatistics& statistics() const { return statistics_; }

 private:
  role::BorderRouter& border_router_;
  FlowPort& port_;
  Nat nat_;
  GatewayStatistics statistics_;
};

}  // namespace goldcrest::router

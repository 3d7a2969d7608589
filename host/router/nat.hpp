// SPDX-License-Identifier: MIT
// Network address translation between the mesh and the world: every UDP flow from a node gets a
// local socket of its own, and what comes back on that socket goes to the node, with the remote
// endpoint as its source. The flow table is sans-I/O; sockets are the business of whoever drives
// it.
//
// Flows are bounded: when the table is full, of the flows of the node that has most the one that
// has been idle longest goes. A flow that carried nothing for its time-out is closed (RFC 4787
// REQ-5 asks for at least two minutes).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::router {

/// Number of a flow; grows with every new flow and is never used again.
using FlowId = std::uint64_t;

struct Flow {
  FlowId id = 0;
  wire::Endpoint node;    ///< in the mesh
  wire::Endpoint remote;  ///< in the world
  base::Instant last_used{};
};

enum class NatError : std::uint8_t {
  not_ipv6,          ///< not a well-formed IPv6 datagram
  not_udp,           ///< only UDP is carried
  bad_udp,           ///< length or checksum wrong
  not_translatable,  ///< multicast, link-local or unspecified addresses stay in the mesh
  unknown_flow,      ///< closed meanwhile
  too_long,          ///< does not fit a datagram of the mesh (1,280 bytes)
};
std::string_view describe(NatError error);

class Nat {
 public:
  static constexpr std::size_t flows_max = 1024;
  static constexpr base::Duration flow_timeout = std::chrono::minutes(5);

  /// What the driver has to send from the flow's socket.
  struct Outgoing {
    FlowId flow;
    wire::Endpoint remote;
    base::Bytes payload;  ///< a view into the datagram
  };
  /// A datagram from the mesh: finds or opens its flow.
  [[nodiscard]] std::expected<Outgoing, NatError> from_mesh(base::Instant now,
                                                            base::Bytes datagram);

  /// A UDP payload that arrived on the flow's socket; the answer is the IPv6 datagram for the mesh,
  /// a view into a buffer that the next call overwrites. The driver accepts datagrams from the
  /// flow's remote endpoint only.
  [[nodiscard]] std::expected<base::Bytes, NatError> to_mesh(base::Instant now, FlowId flow,
                                                             base::Bytes payload);

  /// Flows that were closed since the last call, by time-out or for want of room.
  std::vector<FlowId> take_closed(base::Instant now);
  base::Instant next_deadline() const;
  const std::vector<Flow>& flows() const { return flows_; }

 private:
  std::vector<Flow>::iterator flow_to_close();
  Flow& open(base::Instant now, const wire::Endpoint& node, const wire::Endpoint& remote);

  std::vector<Flow> flows_;
  std::vector<FlowId> closed_;
  FlowId next_flow_ = 1;
  std::array<std::uint8_t, 1280> buffer_{};
};

}  // namespace goldcrest::router

// SPDX-License-Identifier: MIT
#include "host/router/gateway.hpp"

namespace goldcrest::router {

void Gateway::pump(base::Instant now) {
  while (const auto datagram = border_router_.take_from_mesh()) {
    const auto outgoing = nat_.from_mesh(now, *datagram);
    if (!outgoing) {
      ++statistics_.refused;
      continue;
    }
    ++statistics_.to_world;
    port_.send(outgoing->flow, outgoing->remote, outgoing->payload);
  }
  for (const auto flow : nat_.take_closed(now)) port_.close(flow);
}

void Gateway::receive(base::Instant now, FlowId flow, base::Bytes payload) {
  const auto datagram = nat_.to_mesh(now, flow, payload);
  const bool accepted =
      datagram && border_router_.send_to_mesh(now, *datagram) == role::SendToMeshResult::accepted;
  ++(accepted ? statistics_.to_mesh : statistics_.refused);
}

}  // namespace goldcrest::router

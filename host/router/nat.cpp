// SPDX-License-Identifier: MIT
#include "host/router/nat.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "core/wire/ipv6.hpp"
#include "core/wire/udp.hpp"

namespace goldcrest::router {

std::string_view describe(NatError error) {
  switch (error) {
    case NatError::not_ipv6:
      return "not a well-formed IPv6 datagram";
    case NatError::not_udp:
      return "not UDP";
    case NatError::bad_udp:
      return "UDP length or checksum wrong";
    case NatError::not_translatable:
      return "an address that stays in the mesh";
    case NatError::unknown_flow:
      return "the flow is closed";
    case NatError::too_long:
      return "longer than a datagram of the mesh";
  }
  return "unknown error";
}

std::expected<Nat::Outgoing, NatError> Nat::from_mesh(base::Instant now, base::Bytes datagram) {
  const auto header = wire::Ipv6Header::parse(datagram);
  if (!header) return std::unexpected(NatError::not_ipv6);
  const auto upper = wire::upper_layer(datagram);
  if (!upper) return std::unexpected(NatError::not_ipv6);
  if (upper->protocol != wire::next_header::udp) return std::unexpected(NatError::not_udp);
  const auto udp = wire::UdpDatagram::parse(upper->payload, header->source, header->destination);
  if (!udp || udp->destination_port == 0) return std::unexpected(NatError::bad_udp);
  const auto& to = header->destination;
  if (to.multicast() || to.link_local() || to.unspecified() || header->source.unspecified() ||
      header->source.multicast() || header->source.link_local()) {
    return std::unexpected(NatError::not_translatable);
  }
  auto& flow = open(now, {header->source, udp->source_port}, {to, udp->destination_port});
  return Outgoing{flow.id, flow.remote, udp->payload};
}

Flow& Nat::open(base::Instant now, const wire::Endpoint& node, const wire::Endpoint& remote) {
  auto found = std::ranges::find_if(
      flows_, [&](const Flow& flow) { return flow.node == node && flow.remote == remote; });
  if (found == flows_.end()) {
    if (flows_.size() >= flows_max) {
      const auto victim = flow_to_close();
      closed_.push_back(victim->id);
      flows_.erase(victim);
    }
    flows_.push_back({.id = next_flow_++, .node = node, .remote = remote});
    found = std::prev(flows_.end());
  }
  found->last_used = now;
  return *found;
}

/// The idlest of the node that has most: who opens flow after flow pushes out his own.
std::vector<Flow>::iterator Nat::flow_to_close() {
  std::map<wire::Ipv6Address, std::size_t> held;
  for (const auto& flow : flows_) ++held[flow.node.address];
  return std::ranges::min_element(flows_, [&](const Flow& a, const Flow& b) {
    const auto held_a = held[a.node.address];
    const auto held_b = held[b.node.address];
    return held_a != held_b ? held_a > held_b : a.last_used < b.last_used;
  });
}

std::expected<base::Bytes, NatError> Nat::to_mesh(base::Instant now, FlowId id,
                                                  base::Bytes payload) {
  const auto flow = std::ranges::find(flows_, id, &Flow::id);
  if (flow == flows_.end()) return std::unexpected(NatError::unknown_flow);
  flow->last_used = now;
  base::ByteWriter writer(buffer_);
  const auto& [source, destination] = std::pair(flow->remote, flow->node);
  wire::emit_ipv6(writer,
                  {.next_header = wire::next_header::udp,
                   .source = source.address,
                   .destination = destination.address},
                  [&](base::ByteWriter& inner) {
                    wire::UdpDatagram{.source_port = source.port,
                                      .destination_port = destination.port,
                                      .payload = payload}
                        .emit(inner, source.address, destination.address);
                  });
  if (!writer.ok()) return std::unexpected(NatError::too_long);
  return writer.written();
}

std::vector<FlowId> Nat::take_closed(base::Instant now) {
  std::erase_if(flows_, [&](const Flow& flow) {
    const bool idle = now - flow.last_used >= flow_timeout;
    if (idle) closed_.push_back(flow.id);
    return idle;
  });
  return std::exchange(closed_, {});
}

base::Instant Nat::next_deadline() const {
  if (flows_.empty()) return base::never;
  return std::ranges::min_element(flows_, {}, &Flow::last_used)->last_used + flow_timeout;
}

}  // namespace goldcrest::router

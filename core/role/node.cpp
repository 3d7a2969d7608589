// SPDX-License-Identifier: MIT
#include "core/role/node.hpp"

#include <algorithm>

#include "core/wire/udp.hpp"

namespace goldcrest::role {

static_assert(sizeof(Node) <= 12 * 1024, "the RAM budget of a node's network stack");

Node::Node(const NodeConfig& config, base::Random& random, net::UdpApplication& application,
           NodeEvents& events)
    : config_(config),
      application_(application),
      stack_({.link = {.eui64 = config.eui64, .pan_id = config.pan_id, .acks = config.link_acks},
              .forwards = config.kind == NodeKind::router},
             *this, neighbours_,
             {.queue_bytes = queue_bytes_,
              .queue_entries = queue_storage_,
              .reassemblies = reassembly_storage_,
              .sources = source_storage_},
             random),
      rpl_({.eui64 = config.eui64, .leaf = config.kind == NodeKind::leaf}, neighbours_, routes_,
           stack_, events, stack_.rpl_statistics(), random) {}

void Node::start(base::Instant now) {
  rpl_.start(now);
}

void Node::receive(base::Instant now, base::Bytes frame, int rssi_dbm) {
  stack_.receive(now, frame, rssi_dbm);
  settle(now);
}

void Node::advance(base::Instant now) {
  stack_.advance(now);
  rpl_.advance(now);
  application_.advance(now);
  settle(now);
}

std::optional<net::Transmission> Node::next_transmission(base::Instant now) {
  return stack_.next_transmission(now);
}

void Node::transmission_done(base::Instant now, net::TransmitResult result) {
  stack_.transmission_done(now, result);
  settle(now);
}

bool Node::application_served() const {
  return rpl_.joined() && stack_.global_address() && stack_.room_for_udp(largest_udp_payload);
}

/// What an event may have set free: room for the application, frames for the link.
void Node::settle(base::Instant now) {
  settled_at_ = now;
  while (application_served()) {
    const auto datagram = application_.next_transmission(now);
    if (!datagram) break;
    (void)stack_.send_udp(now, datagram->destination, datagram->source_port, datagram->payload);
  }
  stack_.pump(now);
}

base::Instant Node::next_deadline() const {
  const auto below = std::min(stack_.next_deadline(), rpl_.next_deadline());
  const auto above = application_.next_deadline();
  // What the application has due but cannot be served with waits for an event of the layers below.
  if (above <= settled_at_ && !application_served()) return below;
  return std::min(below, above);
}

bool Node::ping(base::Instant now, const wire::Ipv6Address& destination, std::uint16_t sequence,
                std::size_t data_bytes) {
  return stack_.send_echo_request(now, destination, sequence, data_bytes);
}

net::NextHop Node::next_hop(const wire::Ipv6Address& destination) {
  using Kind = net::NextHop::Kind;
  if (const auto* route = routes_.find(destination)) {
    return {.kind = Kind::neighbour, .eui64 = route->next_hop, .down = true};
  }
  if (const auto* parent = rpl_.preferred_parent()) {
    return {.kind = Kind::neighbour, .eui64 = parent->eui64, .down = false};
  }
  return {};
}

void Node::receive_rpl(base::Instant now, const net::RplPacket& packet) {
  rpl_.receive(now, packet);
}

bool Node::receive_udp(base::Instant now, const wire::Endpoint& from, const wire::Endpoint& to,
                       base::Bytes payload) {
  if (to.port != config_.udp_port) return to.address.multicast();
  application_.receive(now, from, payload);
  return true;
}

void Node::forwarding_error(base::Instant now, const wire::Ipv6Address& destination,
                            const wire::Eui64& next_hop) {
  rpl_.forwarding_error(now, destination, next_hop);
}

}  // namespace goldcrest::role

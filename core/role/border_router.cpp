// SPDX-License-Identifier: MIT
#include "core/role/border_router.hpp"

#include <algorithm>

#include "core/wire/ipv6.hpp"

namespace goldcrest::role {

std::string_view describe(SendToMeshResult result) {
  switch (result) {
    case SendToMeshResult::accepted:
      return "accepted";
    case SendToMeshResult::malformed:
      return "not one whole IPv6 datagram of at most 1280 bytes";
    case SendToMeshResult::no_route:
      return "nobody in the mesh has that address";
    case SendToMeshResult::hop_limit:
      return "its hop limit is used up";
    case SendToMeshResult::queue_full:
      return "too many datagrams wait for the radio";
  }
  return "unknown";
}

BorderRouter::BorderRouter(const BorderRouterConfig& config, base::Random& random,
                           BorderRouterEvents& events)
    : config_(config),
      stack_({.link = {.eui64 = config.eui64, .pan_id = config.pan_id, .acks = config.link_acks},
              .own_unicast_limit = limits::router_outgoing_datagrams / 2},
             *this, neighbours_,
             {.queue_bytes = queue_bytes_,
              .queue_entries = queue_storage_,
              .reassemblies = reassembly_storage_,
              .sources = source_storage_},
             random),
      rpl_({.eui64 = config.eui64,
            .prefix = config.prefix,
            .instance_id = config.instance_id,
            .initial_version = config.initial_version,
            .configuration = net::default_dodag_configuration()},
           neighbours_, routes_, stack_, events, stack_.rpl_statistics(), random) {}

void BorderRouter::start(base::Instant now) {
  rpl_.start(now);
  stack_.pump(now);
}

void BorderRouter::receive(base::Instant now, base::Bytes frame, int rssi_dbm) {
  drop_taken();
  stack_.receive(now, frame, rssi_dbm);
}

void BorderRouter::advance(base::Instant now) {
  drop_taken();
  stack_.advance(now);
  rpl_.advance(now);
  stack_.pump(now);
}

std::optional<net::Transmission> BorderRouter::next_transmission(base::Instant now) {
  drop_taken();
  return stack_.next_transmission(now);
}

void BorderRouter::transmission_done(base::Instant now, net::TransmitResult result) {
  drop_taken();
  stack_.transmission_done(now, result);
}

base::Instant BorderRouter::next_deadline() const {
  return std::min(stack_.next_deadline(), rpl_.next_deadline());
}

SendToMeshResult BorderRouter::send_to_mesh(base::Instant now, base::Bytes datagram) {
  drop_taken();
  if (datagram.size() > ingress_.size()) return SendToMeshResult::malformed;
  std::ranges::copy(datagram, ingress_.begin());
  const auto result =
      stack_.send_from_outside(now, base::MutableBytes(ingress_).first(datagram.size()));
  switch (result) {
    case net::ForwardResult::accepted:
      return SendToMeshResult::accepted;
    case net::ForwardResult::malformed:
      return SendToMeshResult::malformed;
    case net::ForwardResult::no_route:
      if (const auto header = wire::Ipv6Header::parse(datagram);
          header && header->destination.same_prefix64(config_.prefix)) {
        rpl_.route_missing(now);
      }
      return SendToMeshResult::no_route;
    case net::ForwardResult::hop_limit:
      return SendToMeshResult::hop_limit;
    case net::ForwardResult::queue_full:
      return SendToMeshResult::queue_full;
  }
  return SendToMeshResult::malformed;
}

void BorderRouter::drop_taken() {
  if (!outside_taken_) return;
  outside_taken_ = false;
  outside_.pop_front();
}

std::optional<base::Bytes> BorderRouter::take_from_mesh() {
  drop_taken();
  if (outside_.empty()) return std::nullopt;
  outside_taken_ = true;
  return outside_.front_bytes();
}

bool BorderRouter::ping(base::Instant now, const wire::Ipv6Address& destination,
                        std::uint16_t sequence, std::size_t data_bytes) {
  drop_taken();
  return stack_.send_echo_request(now, destination, sequence, data_bytes);
}

net::NextHop BorderRouter::next_hop(const wire::Ipv6Address& destination) {
  using Kind = net::NextHop::Kind;
  if (!destination.same_prefix64(config_.prefix)) return {.kind = Kind::outside};
  if (const auto hop = rpl_.next_hop(destination)) {
    return {.kind = Kind::neighbour, .eui64 = *hop, .down = true};
  }
  return {};
}

void BorderRouter::receive_rpl(base::Instant now, const net::RplPacket& packet) {
  rpl_.receive(now, packet);
}

/// Nothing listens on the root itself; multicast is not answered.
bool BorderRouter::receive_udp(base::Instant, const wire::Endpoint&, const wire::Endpoint& to,
                               base::Bytes) {
  return to.address.multicast();
}

void BorderRouter::forwarding_error(base::Instant now, const wire::Ipv6Address& destination,
                                    const wire::Eui64& next_hop) {
  rpl_.forwarding_error(now, destination, next_hop);
}

bool BorderRouter::send_outside(base::Instant now, base::Bytes datagram,
                                const std::optional<wire::Eui64>& link_source) {
  const auto header = wire::Ipv6Header::parse(datagram);
  // Only what the mesh itself has sent leaves it: no forged source, nothing that came from outside.
  if (!header || !header->source.same_prefix64(config_.prefix) ||
      (link_source && header->source == global_address())) {
    ++dropped_to_outside_;
    return false;
  }
  if (link_source) rpl_.carried_from(header->source, *link_source);
  if (header->source != global_address() && !rpl_.next_hop(header->source)) {
    // Its answer could not be brought back: have the routes announced again.
    rpl_.route_missing(now);
  }
  base::ByteWriter writer(outside_.free_room());
  if (!wire::remove_rpl_option(datagram, writer) || !writer.ok()) {
    ++dropped_to_outside_;
    return false;
  }
  outside_.commit({.size = static_cast<std::uint16_t>(writer.size())});
  return true;
}

}  // namespace goldcrest::role

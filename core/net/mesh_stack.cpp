// SPDX-License-Identifier: MIT
#include "core/net/mesh_stack.hpp"

#include <algorithm>

#include "core/wire/udp.hpp"

namespace goldcrest::net {

MeshStack::MeshStack(const MeshConfig& config, MeshOwner& owner, NeighbourTable& neighbours,
                     const MeshMemory& memory, base::Random& random)
    : config_(config),
      owner_(owner),
      link_(config.link, neighbours, memory.sources, random, statistics_.link),
      adaptation_(link_, neighbours, PacketQueue(memory.queue_bytes, memory.queue_entries),
                  memory.reassemblies, random, statistics_.adaptation),
      link_local_(wire::Ipv6Address::link_local_from(config.link.eui64)) {}

void MeshStack::receive(base::Instant now, base::Bytes frame, int rssi_dbm) {
  if (const auto link_frame = link_.receive(now, frame, rssi_dbm)) {
    if (const auto datagram = adaptation_.receive(now, *link_frame)) {
      Packet packet{.header = {},
                    .bytes = datagram->bytes,
                    .link_source = datagram->source,
                    .link_multicast = datagram->broadcast,
                    .rssi_dbm = datagram->rssi_dbm};
      (void)handle(now, packet);
    }
  }
  adaptation_.pump(now);
}

void MeshStack::advance(base::Instant now) {
  link_.advance(now);
  adaptation_.advance(now);
  adaptation_.pump(now);
}

std::optional<Transmission> MeshStack::next_transmission(base::Instant now) {
  adaptation_.pump(now);
  return link_.next_transmission(now);
}

void MeshStack::transmission_done(base::Instant now, TransmitResult result) {
  link_.transmission_done(now, result);
  adaptation_.pump(now);
}

base::Instant MeshStack::next_deadline() const {
  return std::min(link_.next_deadline(), adaptation_.next_deadline());
}

void MeshStack::set_prefix(const std::optional<wire::Ipv6Address>& prefix) {
  global_.reset();
  if (prefix) global_ = wire::Ipv6Address::from_prefix(*prefix, config_.link.eui64);
  adaptation_.set_prefix(prefix);
}

ForwardResult MeshStack::send_from_outside(base::Instant now, base::MutableBytes datagram) {
  Packet packet;
  packet.bytes = datagram;
  const auto result = handle(now, packet);
  adaptation_.pump(now);
  return result;
}

bool MeshStack::ours(const wire::Ipv6Address& address) const {
  return address == link_local_ || (global_ && address == *global_);
}

bool MeshStack::ours_multicast(const wire::Ipv6Address& address) const {
  return address == wire::all_nodes || address == wire::all_rpl_nodes ||
         (config_.forwards && address == wire::all_routers) ||
         address == wire::solicited_node(link_local_);
}

ForwardResult MeshStack::handle(base::Instant now, Packet& packet) {
  const auto header = wire::Ipv6Header::parse(packet.bytes);
  if (!header || header->source.multicast()) {
    ++statistics_.ipv6.malformed;
    return ForwardResult::malformed;
  }
  packet.header = *header;
  packet.bytes = packet.bytes.first(wire::Ipv6Header::size + header->payload_length);
  if (packet.bytes.size() > limits::datagram_bytes) {
    send_error(now, packet, wire::icmpv6_type::packet_too_big, 0, limits::datagram_bytes);
    return ForwardResult::malformed;
  }
  const auto& destination = header->destination;
  if (destination.multicast()) {
    if (ours_multicast(destination) && packet.link_source) deliver(now, packet);
    return ForwardResult::accepted;
  }
  if (!ours(destination)) return forward(now, packet);
  // A link-local address is only ours on the link.
  if (!packet.link_source && (destination.link_local() || header->source.link_local())) {
    return ForwardResult::no_route;
  }
  deliver(now, packet);
  return ForwardResult::accepted;
}

/// A source beyond the edge of the mesh, in a packet from inside, is somebody's who has not asked.
bool MeshStack::source_forged(const Packet& packet) {
  const auto& source = packet.header.source;
  return packet.link_source && !source.link_local() && !source.unspecified() &&
         owner_.next_hop(source).kind == NextHop::Kind::outside;
}

void MeshStack::deliver(base::Instant now, const Packet& packet) {
  if (source_forged(packet)) {
    ++statistics_.ipv6.no_route;
    return;
  }
  const auto upper = wire::upper_layer(packet.bytes);
  if (!upper) {
    ++statistics_.ipv6.malformed;
    if (upper.error().report) {
      send_error(now, packet, wire::icmpv6_type::parameter_problem, upper.error().code,
                 upper.error().pointer);
    }
    return;
  }
  ++statistics_.ipv6.delivered;
  const auto& header = packet.header;
  if (upper->protocol == wire::next_header::icmpv6) {
    deliver_icmpv6(now, packet, upper->payload);
  } else if (upper->protocol == wire::next_header::udp) {
    const auto udp = wire::UdpDatagram::parse(upper->payload, header.source, header.destination);
    if (!udp) {
      ++statistics_.ipv6.malformed;
    } else if (!owner_.receive_udp(now, {header.source, udp->source_port},
                                   {header.destination, udp->destination_port}, udp->payload)) {
      send_error(now, packet, wire::icmpv6_type::destination_unreachable,
                 wire::unreachable_code::port, 0);
    }
  } else if (upper->protocol != wire::next_header::none) {
    send_error(now, packet, wire::icmpv6_type::parameter_problem, 1,
               static_cast<std::uint32_t>(upper->protocol_offset));
  }
}

void MeshStack::deliver_icmpv6(base::Instant now, const Packet& packet, base::Bytes payload) {
  const auto& header = packet.header;
  const auto message = wire::Icmpv6Message::parse(payload, header.source, header.destination);
  if (!message) {
    ++statistics_.ipv6.malformed;
    return;
  }
  switch (message->type) {
    case wire::icmpv6_type::echo_request:
      answer_echo(now, packet, *message);
      break;
    case wire::icmpv6_type::echo_reply:
      if (const auto echo = wire::Echo::parse(*message);
          echo && echo->identifier == ping_identifier) {
        ++echo_replies_;
      }
      break;
    case wire::icmpv6_type::neighbour_solicitation:
      if (header.hop_limit == 255 && packet.link_source) {
        answer_solicitation(now, packet, *message);
      }
      break;
    case wire::icmpv6_type::rpl_control: {
      // Addresses come from the EUI-64, so a link-local source that does not match is a lie.
      const bool honest =
          packet.link_source &&
          (!header.source.link_local() || wire::eui64_of(header.source) == *packet.link_source);
      if (!honest) {
        ++statistics_.rpl.malformed;
        break;
      }
      owner_.receive_rpl(now, {.source = header.source,
                               .destination = header.destination,
                               .link_source = *packet.link_source,
                               .rssi_dbm = packet.rssi_dbm,
                               .message = *message});
      break;
    }
    default:
      break;
  }
}

void MeshStack::answer_echo(base::Instant now, const Packet& packet,
                            const wire::Icmpv6Message& message) {
  auto echo = wire::Echo::parse(message);
  if (!echo || packet.header.source.unspecified()) return;
  echo->reply = true;
  const auto& to = packet.header.destination;
  (void)send_icmpv6(now, packet.header.source, to.multicast() ? std::nullopt : std::optional(to),
                    64, *echo);
}

void MeshStack::answer_solicitation(base::Instant now, const Packet& packet,
                                    const wire::Icmpv6Message& message) {
  const auto solicitation = wire::NeighbourSolicitation::parse(message);
  if (!solicitation || !ours(solicitation->target)) return;
  const bool probing_duplicates = packet.header.source.unspecified();
  const wire::NeighbourAdvertisement advertisement{.router = config_.forwards,
                                                   .solicited = !probing_duplicates,
                                                   .override_cache = true,
                                                   .target = solicitation->target,
                                                   .target_link_address = config_.link.eui64};
  (void)send_icmpv6(now, probing_duplicates ? wire::all_nodes : packet.header.source, std::nullopt,
                    255, advertisement);
}

}  // namespace goldcrest::net

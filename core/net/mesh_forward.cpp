// SPDX-License-Identifier: MIT
// The forwarding half of the mesh stack, with RPL's data-path validation (RFC 6550 section 11.2)
// and the ICMPv6 errors (RFC 4443).
#include <algorithm>

#include "core/net/mesh_stack.hpp"

namespace goldcrest::net {
namespace {

constexpr base::Duration error_period = std::chrono::milliseconds(200);

/// Some senders carry DAGRank (rank / MinHopRankIncrease) in the option, as RFC 6550 has it;
/// Contiki and the field devices carry the rank itself. Ranks start at the root's 128.
constexpr std::uint16_t least_whole_rank = 128;

}  // namespace

ForwardResult MeshStack::forward(base::Instant now, Packet& packet) {
  const auto& header = packet.header;
  if (!config_.forwards || packet.link_multicast || header.source.unspecified() ||
      header.source.link_local() || header.destination.link_local()) {
    ++statistics_.ipv6.no_route;
    return ForwardResult::no_route;
  }
  if (header.hop_limit <= 1) {
    ++statistics_.ipv6.hop_limit_exceeded;
    send_error(now, packet, wire::icmpv6_type::time_exceeded, 0, 0);
    return ForwardResult::hop_limit;
  }
  const auto options = wire::hop_by_hop(packet.bytes);
  if (!options) {
    ++statistics_.ipv6.malformed;
    if (options.error().report) {
      send_error(now, packet, wire::icmpv6_type::parameter_problem, options.error().code,
                 options.error().pointer);
    }
    return ForwardResult::malformed;
  }
  std::optional<wire::RplOptionPlace> place;
  if (*options && packet.link_source) place = (*options)->rpl;
  const auto position = owner_.rpl_position();
  if (place && (!position.joined || place->option.instance != position.instance_id)) {
    return no_route(now, packet);
  }
  const bool came_back = place && place->option.forwarding_error;
  if (came_back) owner_.forwarding_error(now, header.destination, *packet.link_source);
  const auto hop = owner_.next_hop(header.destination);
  if (hop.kind == NextHop::Kind::none || source_forged(packet)) return no_route(now, packet);
  if (hop.kind == NextHop::Kind::neighbour && !hop.down) {
    if (place && place->option.down) return return_packet(now, packet, hop, *place);
    if (packet.link_source && *packet.link_source == hop.eui64) return no_route(now, packet);
  }
  if (place && !came_back && !ranks_agree(now, place->option)) {
    return ForwardResult::no_route;
  }
  return forward_along(now, packet, hop, place);
}

/// RFC 6550 section 11.2.2.2. The first contradiction is marked in the packet, the second ends it.
bool MeshStack::ranks_agree(base::Instant now, wire::RplOption& option) {
  if (option.sender_rank == 0) return true;
  auto own = owner_.rpl_position().rank;
  if (option.sender_rank < least_whole_rank) {
    own = static_cast<std::uint16_t>(own / least_whole_rank);
  }
  const bool contradiction = option.down ? option.sender_rank >= own : option.sender_rank <= own;
  if (!contradiction) return true;
  owner_.rank_error(now);
  if (option.rank_error) {
    ++statistics_.ipv6.rank_errors;
    return false;
  }
  option.rank_error = true;
  return true;
}

/// RFC 6550 section 11.2.2.3: no way down. Whoever sent the packet down gets it back and forgets
/// the route; a packet that came back already goes further up.
ForwardResult MeshStack::return_packet(base::Instant now, const Packet& packet, const NextHop& hop,
                                       wire::RplOptionPlace place) {
  const bool from_below = place.option.forwarding_error;
  place.option.forwarding_error = true;
  const auto to = from_below ? hop.eui64 : *packet.link_source;
  if (from_below && to == *packet.link_source) return no_route(now, packet);
  place.option.sender_rank = owner_.rpl_position().rank;
  place.option.store(packet.bytes.subspan(place.offset));
  --packet.bytes[wire::Ipv6Header::hop_limit_offset];
  ++statistics_.ipv6.no_route;
  return queue_for(packet, to);
}

ForwardResult MeshStack::no_route(base::Instant now, const Packet& packet) {
  ++statistics_.ipv6.no_route;
  const bool in_mesh = global_ && packet.header.destination.same_prefix64(*global_);
  send_error(now, packet, wire::icmpv6_type::destination_unreachable,
             in_mesh ? wire::unreachable_code::address : wire::unreachable_code::no_route, 0);
  return ForwardResult::no_route;
}

ForwardResult MeshStack::forward_along(base::Instant now, const Packet& packet, const NextHop& hop,
                                       std::optional<wire::RplOptionPlace> place) {
  --packet.bytes[wire::Ipv6Header::hop_limit_offset];
  const auto position = owner_.rpl_position();
  if (hop.kind == NextHop::Kind::outside) {
    if (!owner_.send_outside(now, packet.bytes, packet.link_source))
      return ForwardResult::queue_full;
    ++statistics_.ipv6.forwarded;
    return ForwardResult::accepted;
  }
  if (place) {
    place->option.down = hop.down;
    place->option.forwarding_error = false;
    place->option.sender_rank = position.rank;
    place->option.store(packet.bytes.subspan(place->offset));
    return queue_for(packet, hop.eui64);
  }
  const bool fits =
      packet.bytes.size() + wire::RplOption::hop_by_hop_size <= limits::datagram_bytes;
  if (fits && option_due(packet.header.destination, hop)) {
    const auto flow = flow_of(packet);
    if (!adaptation_.make_room(flow, packet.bytes.size() + wire::RplOption::hop_by_hop_size)) {
      return ForwardResult::queue_full;
    }
    base::ByteWriter writer(adaptation_.free_room());
    const wire::RplOption option{
        .down = hop.down, .instance = position.instance_id, .sender_rank = position.rank};
    if (wire::insert_rpl_option(packet.bytes, option, writer)) {
      adaptation_.commit(writer.size(), hop.eui64, flow);
      ++statistics_.ipv6.forwarded;
      return ForwardResult::accepted;
    }
  }
  return queue_for(packet, hop.eui64);
}

ForwardResult MeshStack::queue_for(const Packet& packet, const wire::Eui64& next_hop) {
  if (!adaptation_.send(packet.bytes, next_hop, flow_of(packet))) return ForwardResult::queue_full;
  ++statistics_.ipv6.forwarded;
  return ForwardResult::accepted;
}

/// The node it is for or, when it leaves the mesh, the one it is from: what comes from outside has
/// whatever source it likes.
wire::Eui64 MeshStack::flow_of(const Packet& packet) const {
  const auto& header = packet.header;
  const bool inwards = global_ && header.destination.same_prefix64(*global_);
  return wire::eui64_of(inwards ? header.destination : header.source);
}

/// Packets for a direct neighbour cannot loop, and are shorter and better compressed without.
bool MeshStack::option_due(const wire::Ipv6Address& to, const NextHop& hop) const {
  return hop.kind == NextHop::Kind::neighbour && owner_.rpl_position().joined &&
         !(hop.down && wire::eui64_of(to) == hop.eui64);
}

void MeshStack::send_error(base::Instant now, const Packet& packet, std::uint8_t type,
                           std::uint8_t code, std::uint32_t parameter) {
  if (!may_report(now, packet, type)) return;
  const auto& to = packet.header.destination;
  // Room is left for the RPL option that the error itself may have to carry.
  const auto invoking = packet.bytes.first(
      std::min(packet.bytes.size(), wire::ErrorReport::room - wire::RplOption::hop_by_hop_size));
  const wire::ErrorReport report{
      .type = type, .code = code, .parameter = parameter, .invoking = invoking};
  if (send_icmpv6(now, packet.header.source, ours(to) ? std::optional(to) : std::nullopt, 64,
                  report)) {
    ++statistics_.ipv6.icmp_errors_sent;
  }
}

/// RFC 4443 section 2.4 (e) and (f).
bool MeshStack::may_report(base::Instant now, const Packet& packet, std::uint8_t type) {
  const auto& header = packet.header;
  if (header.source.unspecified() || header.source.multicast() || source_forged(packet)) {
    return false;
  }
  const bool to_many = header.destination.multicast() || packet.link_multicast;
  if (to_many && type != wire::icmpv6_type::packet_too_big) return false;
  if (const auto upper = wire::upper_layer(packet.bytes)) {
    if (upper->protocol == wire::next_header::icmpv6 &&
        (upper->payload.empty() || upper->payload[0] < 128)) {
      return false;
    }
  }
  const auto earned = (now - error_tokens_at_) / error_period;
  if (earned > 0) {
    error_tokens_ = static_cast<unsigned>(
        std::min<std::int64_t>(error_burst, std::int64_t{error_tokens_} + earned));
    error_tokens_at_ = now;
  }
  if (error_tokens_ == 0) {
    ++statistics_.ipv6.icmp_errors_suppressed;
    return false;
  }
  --error_tokens_;
  return true;
}

}  // namespace goldcrest::net

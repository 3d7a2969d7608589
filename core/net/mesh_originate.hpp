// SPDX-License-Identifier: MIT
// How the stack writes a datagram of its own: part of mesh_stack.hpp, kept apart because only the
// stack's own sources need it.
#pragma once

#include "core/net/mesh_stack.hpp"

namespace goldcrest::net {

template <typename Write>
bool MeshStack::originate(base::Instant now, const wire::Ipv6Address& to,
                          const std::optional<wire::Ipv6Address>& from, std::uint8_t protocol,
                          std::uint8_t hop_limit, Write&& write) {
  const bool on_link = to.multicast() || to.link_local();
  NextHop hop{.kind = NextHop::Kind::neighbour, .eui64 = {}, .down = false};
  if (!on_link) {
    if (!global_ || ours(to)) return false;
    hop = owner_.next_hop(to);
    if (hop.kind == NextHop::Kind::none) {
      ++statistics_.ipv6.no_route;
      return false;
    }
  } else if (!to.multicast()) {
    hop.eui64 = wire::eui64_of(to);
  }
  const auto source = from ? *from : on_link ? link_local_ : *global_;
  const bool with_option = !on_link && option_due(to, hop);

  auto room = adaptation_.free_room();
  room = room.first(std::min(room.size(), limits::datagram_bytes));
  base::ByteWriter writer(room);
  const wire::Ipv6Header header{
      .next_header = with_option ? wire::next_header::hop_by_hop : protocol,
      .hop_limit = hop_limit,
      .source = source,
      .destination = to};
  wire::emit_ipv6(writer, header, [&](base::ByteWriter& payload_writer) {
    if (with_option) {
      const auto position = owner_.rpl_position();
      payload_writer.u8(protocol);
      payload_writer.u8(0);
      wire::RplOption{
          .down = hop.down, .instance = position.instance_id, .sender_rank = position.rank}
          .emit(payload_writer);
    }
    write(payload_writer, source);
  });
  if (!writer.ok()) {
    adaptation_.note_queue_full();
    return false;
  }
  if (hop.kind == NextHop::Kind::outside) return owner_.send_outside(now, writer.written());
  adaptation_.commit(writer.size(), to.multicast() ? std::nullopt : std::optional(hop.eui64));
  return true;
}

template <typename Body>
bool MeshStack::send_icmpv6(base::Instant now, const wire::Ipv6Address& to,
                            const std::optional<wire::Ipv6Address>& from, std::uint8_t hop_limit,
                            const Body& body) {
  return originate(now, to, from, wire::next_header::icmpv6, hop_limit,
                   [&](base::ByteWriter& writer, const wire::Ipv6Address& source) {
                     wire::emit_icmpv6(writer, source, to, body);
                   });
}

}  // namespace goldcrest::net

// SPDX-License-Identifier: MIT
// The half of the mesh stack that writes datagrams of our own.
#include <algorithm>
#include <array>

#include "core/net/mesh_stack.hpp"
#include "core/wire/udp.hpp"

namespace goldcrest::net {
namespace {

/// An echo request with counted bytes for data, which are written without being stored first.
struct PingBody {
  std::uint16_t sequence = 0;
  std::size_t data_bytes = 0;

  std::uint8_t icmpv6_type() const { return wire::icmpv6_type::echo_request; }
  std::uint8_t icmpv6_code() const { return 0; }
  void emit(base::ByteWriter& writer) const {
    writer.be16(MeshStack::ping_identifier);
    writer.be16(sequence);
    for (std::size_t i = 0; i < data_bytes && writer.ok(); ++i) {
      writer.u8(static_cast<std::uint8_t>(i));
    }
  }
};

}  // namespace

bool MeshStack::originate(base::Instant now, const wire::Ipv6Address& to,
                          const std::optional<wire::Ipv6Address>& from, std::uint8_t protocol,
                          std::uint8_t hop_limit, const Payload& payload) {
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
  if (hop.kind == NextHop::Kind::neighbour && !to.multicast() &&
      adaptation_.queued(own_flow()) >= config_.own_unicast_limit) {
    adaptation_.note_queue_full();
    return false;
  }
  const auto source = from ? *from : on_link ? link_local_ : *global_;
  const bool with_option = !on_link && option_due(to, hop);

  const wire::Ipv6Header header{
      .next_header = with_option ? wire::next_header::hop_by_hop : protocol,
      .hop_limit = hop_limit,
      .source = source,
      .destination = to};
  const auto write = [&] {
    const auto room = adaptation_.free_room();
    base::ByteWriter writer(room.first(std::min(room.size(), limits::datagram_bytes)));
    wire::emit_ipv6(writer, header, [&](base::ByteWriter& payload_writer) {
      if (with_option) {
        const auto position = owner_.rpl_position();
        payload_writer.u8(protocol);
        payload_writer.u8(0);
        wire::RplOption{
            .down = hop.down, .instance = position.instance_id, .sender_rank = position.rank}
            .emit(payload_writer);
      }
      payload.write(payload.what, payload_writer, source, to);
    });
    return writer;
  };
  auto writer = write();
  while (!writer.ok() && adaptation_.free_room().size() < limits::datagram_bytes &&
         adaptation_.push_out_for(own_flow(), 0)) {
    writer = write();
  }
  if (!writer.ok()) return false;
  if (hop.kind == NextHop::Kind::outside)
    return owner_.send_outside(now, writer.written(), std::nullopt);
  adaptation_.commit(writer.size(), to.multicast() ? std::nullopt : std::optional(hop.eui64),
                     own_flow());
  return true;
}

bool MeshStack::room_for_udp(std::size_t payload_bytes) const {
  return adaptation_.room_for(payload_bytes + wire::UdpDatagram::header_size +
                              wire::RplOption::hop_by_hop_size + wire::Ipv6Header::size);
}

bool MeshStack::send_udp(base::Instant now, const wire::Endpoint& to, std::uint16_t source_port,
                         base::Bytes payload) {
  const wire::UdpDatagram datagram{
      .source_port = source_port, .destination_port = to.port, .payload = payload};
  const Payload body{
      &datagram, [](const void* what, base::ByteWriter& writer, const wire::Ipv6Address& source,
                    const wire::Ipv6Address& destination) {
        static_cast<const wire::UdpDatagram*>(what)->emit(writer, source, destination);
      }};
  const bool queued = originate(now, to.address, std::nullopt, wire::next_header::udp, 64, body);
  adaptation_.pump(now);
  return queued;
}

bool MeshStack::send_echo_request(base::Instant now, const wire::Ipv6Address& to,
                                  std::uint16_t sequence, std::size_t data_bytes) {
  const PingBody body{.sequence = sequence, .data_bytes = data_bytes};
  const bool queued = send_icmpv6(now, to, std::nullopt, 64, body);
  adaptation_.pump(now);
  return queued;
}

bool MeshStack::send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::Dis& dis) {
  return send_icmpv6(now, to, std::nullopt, 64, dis);
}
bool MeshStack::send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::Dio& dio) {
  return send_icmpv6(now, to, std::nullopt, 64, dio);
}
bool MeshStack::send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::Dao& dao) {
  return send_icmpv6(now, to, std::nullopt, 64, dao);
}
bool MeshStack::send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::DaoAck& ack) {
  return send_icmpv6(now, to, std::nullopt, 64, ack);
}

}  // namespace goldcrest::net

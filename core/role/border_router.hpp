// SPDX-License-Identifier: MIT
// The border router's mesh side: the RPL root (RFC 6550, storing mode; non-storing DAOs are
// understood) between the radio and whatever carries IPv6 to the world. It never looks inside a
// packet further than routing needs.
//
// The radio side is driven as a Node is. On the IP side, send_to_mesh() takes a datagram whose
// destination lies in the prefix, and take_from_mesh() gives those for anywhere else, the RPL
// hop-by-hop option removed. Everything is bounded by core/base/limits.hpp. The object is large
// (hundreds of kilobytes): keep it off small stacks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/net/mesh_stack.hpp"
#include "core/net/neighbour_table.hpp"
#include "core/net/route_table.hpp"
#include "core/net/rpl_root.hpp"
#include "core/net/statistics.hpp"
#include "core/net/transmission.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::role {

using BorderRouterEvents = net::RplRootEvents;

struct BorderRouterConfig {
  wire::Eui64 eui64;
  std::uint16_t pan_id = 0xABCD;
  net::LinkAckPolicy link_acks = net::LinkAckPolicy::learn;
  /// The /64 that nodes make their addresses of: aaaa::/64 by default.
  wire::Ipv6Address prefix{{0xAA, 0xAA}};
  std::uint8_t instance_id = 0x1E;
  /// The first DODAG version (RFC 6550 section 7.2: 240). A restarted root that hears its own DODAG
  /// goes on from the version it hears, whatever this says.
  std::uint8_t initial_version = 240;
};

enum class SendToMeshResult : std::uint8_t {
  accepted,
  malformed,   ///< not one whole IPv6 datagram of at most 1,280 bytes
  no_route,    ///< nobody has that address; an ICMPv6 error is on its way out
  hop_limit,   ///< used up; an ICMPv6 error is on its way out
  queue_full,  ///< dropped: the radio does not keep up, and no other node holds more of the queue
};
std::string_view describe(SendToMeshResult result);

class BorderRouter final : private net::MeshOwner {
 public:
  BorderRouter(const BorderRouterConfig& config, base::Random& random, BorderRouterEvents& events);
  BorderRouter(const BorderRouter&) = delete;
  BorderRouter& operator=(const BorderRouter&) = delete;

  /// Begins: asks whether its DODAG lives on from before a restart, then announces it.
  void start(base::Instant now);

  // The radio side; see role::Node.
  void receive(base::Instant now, base::Bytes frame, int rssi_dbm);
  void advance(base::Instant now);
  std::optional<net::Transmission> next_transmission(base::Instant now);
  void transmission_done(base::Instant now, net::TransmitResult result);
  base::Instant next_deadline() const;

  // The IP side.
  SendToMeshResult send_to_mesh(base::Instant now, base::Bytes datagram);
  /// The next IPv6 datagram for outside the prefix; the view is valid until the next call of
  /// anything on this object. Nothing when there is none. At most router_outgoing_datagrams wait;
  /// further ones are dropped and counted.
  std::optional<base::Bytes> take_from_mesh();
  std::uint32_t dropped_to_outside() const { return dropped_to_outside_; }

  /// Starts a new version of the DODAG: every node joins afresh (RFC 6550 section 3.2.2).
  void global_repair(base::Instant now) { rpl_.global_repair(now); }
  /// ICMPv6 echo request into the mesh, for consoles and tests.
  bool ping(base::Instant now, const wire::Ipv6Address& destination, std::uint16_t sequence,
            std::size_t data_bytes = 8);
  std::uint32_t echo_replies() const { return stack_.echo_replies(); }

  // The state, for logs and tests.
  wire::Ipv6Address link_local_address() const { return stack_.link_local_address(); }
  wire::Ipv6Address global_address() const {
    return stack_.global_address().value_or(wire::Ipv6Address{});
  }
  const wire::Ipv6Address& prefix() const { return config_.prefix; }
  net::DodagInfo dodag() const { return rpl_.dodag(); }
  /// Skip those that are not `used`.
  std::span<const net::Neighbour> neighbours() const { return neighbours_.entries(); }
  std::span<const net::Route> routes() const { return routes_.entries(); }
  std::size_t route_count() const { return routes_.size(); }
  const net::Statistics& statistics() const { return stack_.statistics(); }

 private:
  // net::MeshOwner
  net::RplPosition rpl_position() const override { return rpl_.position(); }
  net::NextHop next_hop(const wire::Ipv6Address& destination) override;
  void receive_rpl(base::Instant now, const net::RplPacket& packet) override;
  bool receive_udp(base::Instant now, const wire::Endpoint& from, const wire::Endpoint& to,
                   base::Bytes payload) override;
  void rank_error(base::Instant now) override { rpl_.rank_error(now); }
  void forwarding_error(base::Instant now, const wire::Ipv6Address& destination,
                        const wire::Eui64& next_hop) override;
  bool send_outside(base::Instant now, base::Bytes datagram,
                    const std::optional<wire::Eui64>& link_source) override;

  void drop_taken();

  BorderRouterConfig config_;
  std::array<net::Neighbour, limits::router_neighbours> neighbour_storage_{};
  std::array<net::Route, limits::router_routes> route_storage_{};
  std::array<net::SourceRecord, limits::router_neighbours> source_storage_{};
  std::array<net::Reassembly, limits::router_reassemblies> reassembly_storage_{};
  std::array<net::QueuedDatagram, limits::router_outgoing_datagrams> queue_storage_{};
  std::array<std::uint8_t, limits::router_outgoing_bytes> queue_bytes_{};
  std::array<net::QueuedDatagram, limits::router_outgoing_datagrams> outside_storage_{};
  std::array<std::uint8_t, limits::router_outgoing_bytes> outside_bytes_{};
  std::array<std::uint8_t, limits::ingress_bytes> ingress_{};
  net::NeighbourTable neighbours_{neighbour_storage_};
  net::RouteTable routes_{route_storage_};
  net::PacketQueue outside_{outside_bytes_, outside_storage_};
  bool outside_taken_ = false;
  std::uint32_t dropped_to_outside_ = 0;
  net::MeshStack stack_;
  net::RplRoot rpl_;
};

}  // namespace goldcrest::role

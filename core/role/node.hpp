// SPDX-License-Identifier: MIT
// A node of the mesh: radio frames below, one UDP application above, and between them IEEE
// 802.15.4, 6LoWPAN, IPv6, ICMPv6 and RPL as a storing-mode router or a leaf.
//
// It is driven by whoever owns the radio and the clock:
//
//   loop: node.advance(now)
//         if the radio is free and node.next_transmission(now): send it, carrier sensing first
//              unless `immediate`, then node.transmission_done(now, result)
//         a frame arrived: node.receive(now, frame, rssi)
//         sleep until node.next_deadline()
//
// next_deadline() is in the past or now while there is something to hand out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/net/mesh_stack.hpp"
#include "core/net/neighbour_table.hpp"
#include "core/net/route_table.hpp"
#include "core/net/rpl_events.hpp"
#include "core/net/rpl_router.hpp"
#include "core/net/statistics.hpp"
#include "core/net/transmission.hpp"
#include "core/net/udp_application.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::role {

using NodeEvents = net::RplEvents;
using DodagInfo = net::DodagInfo;

enum class NodeKind : std::uint8_t {
  router,  ///< forwards for others and announces the DODAG
  leaf,    ///< neither
};

struct NodeConfig {
  wire::Eui64 eui64;
  std::uint16_t pan_id = 0xABCD;
  net::LinkAckPolicy link_acks = net::LinkAckPolicy::learn;
  NodeKind kind = NodeKind::router;
  std::uint16_t udp_port = 5683;  ///< where the application listens
};

class Node final : private net::MeshOwner {
 public:
  /// The references must outlive the node. `random` seeds sequence numbers, tags and jitter.
  Node(const NodeConfig& config, base::Random& random, net::UdpApplication& application,
       NodeEvents& events);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Begins to look for a DODAG. Call once, before anything else.
  void start(base::Instant now);

  /// A frame from the radio, without CRC. Anything may come in here.
  void receive(base::Instant now, base::Bytes frame, int rssi_dbm);
  /// Runs all timers that are due.
  void advance(base::Instant now);
  /// The next frame for the radio. Nothing while one is out (until transmission_done).
  std::optional<net::Transmission> next_transmission(base::Instant now);
  /// The frame handed out last has left, or has not.
  void transmission_done(base::Instant now, net::TransmitResult result);
  base::Instant next_deadline() const;

  /// ICMPv6 echo request to `destination`, for consoles and tests; the reply is counted in
  /// echo_replies(). False when it cannot be sent now.
  bool ping(base::Instant now, const wire::Ipv6Address& destination, std::uint16_t sequence,
            std::size_t data_bytes = 8);
  std::uint32_t echo_replies() const { return stack_.echo_replies(); }

  // The state, for consoles and tests.
  const wire::Eui64& eui64() const { return config_.eui64; }
  wire::Ipv6Address link_local_address() const { return stack_.link_local_address(); }
  /// Absent until a prefix is known.
  std::optional<wire::Ipv6Address> global_address() const { return stack_.global_address(); }
  bool joined() const { return rpl_.joined(); }
  /// Absent while not joined.
  std::optional<DodagInfo> dodag() const { return rpl_.dodag(); }
  /// INFINITE_RANK (0xFFFF) while not joined.
  std::uint16_t rank() const { return rpl_.rank(); }
  /// Null without one.
  const net::Neighbour* preferred_parent() const { return rpl_.preferred_parent(); }
  /// Skip those that are not `used`.
  std::span<const net::Neighbour> neighbours() const { return neighbours_.entries(); }
  /// Skip those that are not `used` or are `withdrawn`.
  std::span<const net::Route> routes() const { return routes_.entries(); }
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
  bool send_outside(base::Instant, base::Bytes, const std::optional<wire::Eui64>&) override {
    return false;
  }

  /// Room that is kept free before the application is asked for a datagram.
  static constexpr std::size_t largest_udp_payload = limits::coap_message_bytes;

  bool application_served() const;
  void settle(base::Instant now);

  NodeConfig config_;
  net::UdpApplication& application_;
  base::Instant settled_at_{};
  std::array<net::Neighbour, limits::neighbours> neighbour_storage_{};
  std::array<net::Route, limits::routes> route_storage_{};
  std::array<net::SourceRecord, limits::neighbours> source_storage_{};
  std::array<net::Reassembly, limits::reassemblies> reassembly_storage_{};
  std::array<net::QueuedDatagram, limits::outgoing_datagrams> queue_storage_{};
  std::array<std::uint8_t, limits::outgoing_bytes> queue_bytes_{};
  net::NeighbourTable neighbours_{neighbour_storage_};
  net::RouteTable routes_{route_storage_};
  net::MeshStack stack_;
  net::RplRouter rpl_;
};

}  // namespace goldcrest::role

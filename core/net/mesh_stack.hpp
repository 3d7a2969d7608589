// SPDX-License-Identifier: MIT
// IPv6 in the mesh (RFC 8200) with ICMPv6 (RFC 4443), above the adaptation layer: receive, deliver,
// forward, originate. The role above it (node or border router) owns the memory and decides the
// routes; this is what both share.
//
// RPL's hop-by-hop option (RFC 6553) is checked and rewritten in every packet that passes, inserted
// into packets that have none and where it fits, and removed when a packet leaves the mesh. Instead
// of the tunnels of RFC 6553 it is put into the packet itself, as the field devices do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/net/adaptation.hpp"
#include "core/net/link_layer.hpp"
#include "core/net/neighbour_table.hpp"
#include "core/net/packet_queue.hpp"
#include "core/net/reassembly.hpp"
#include "core/net/rpl_port.hpp"
#include "core/net/statistics.hpp"
#include "core/net/transmission.hpp"
#include "core/wire/address.hpp"
#include "core/wire/icmpv6.hpp"
#include "core/wire/ipv6.hpp"

namespace goldcrest::net {

/// Where a packet goes from here.
struct NextHop {
  enum class Kind : std::uint8_t {
    none,       ///< no route
    neighbour,  ///< over the radio to `eui64`
    outside,    ///< out of the mesh, through MeshOwner::send_outside()
  };
  Kind kind = Kind::none;
  wire::Eui64 eui64{};
  bool down = false;  ///< away from the root
};

/// The role above the stack.
class MeshOwner {
 public:
  virtual RplPosition rpl_position() const = 0;
  /// The way to a unicast destination that is neither ours nor link-local.
  virtual NextHop next_hop(const wire::Ipv6Address& destination) = 0;
  virtual void receive_rpl(base::Instant now, const RplPacket& packet) = 0;
  /// False when nobody listens on that port.
  virtual bool receive_udp(base::Instant now, const wire::Endpoint& from, const wire::Endpoint& to,
                           base::Bytes payload) = 0;
  /// A packet came from where it must not come from (RFC 6550 section 11.2.2.2).
  virtual void rank_error(base::Instant now) = 0;
  /// `next_hop` sent a packet for `destination` back: it knows no way down (section 11.2.2.3).
  virtual void forwarding_error(base::Instant now, const wire::Ipv6Address& destination,
                                const wire::Eui64& next_hop) = 0;
  /// Hands over a datagram for the world; false when there is no room or no world. `link_source`:
  /// the neighbour it came from, if it came from one.
  virtual bool send_outside(base::Instant now, base::Bytes datagram,
                            const std::optional<wire::Eui64>& link_source) = 0;

 protected:
  ~MeshOwner() = default;
};

struct MeshConfig {
  LinkConfig link;
  bool forwards = true;  ///< false for a leaf
  /// While so many datagrams of our own wait for the radio, none to a single node joins them: who
  /// has us answer leaves room for what goes to all.
  std::size_t own_unicast_limit = SIZE_MAX;
};

/// The memory of a stack.
struct MeshMemory {
  base::MutableBytes queue_bytes;
  std::span<QueuedDatagram> queue_entries;
  std::span<Reassembly> reassemblies;
  std::span<SourceRecord> sources;
};

/// What became of a datagram that was to be passed on.
enum class ForwardResult : std::uint8_t { accepted, malformed, no_route, hop_limit, queue_full };

class MeshStack final : public RplOutput {
 public:
  MeshStack(const MeshConfig& config, MeshOwner& owner, NeighbourTable& neighbours,
            const MeshMemory& memory, base::Random& random);
  MeshStack(const MeshStack&) = delete;
  MeshStack& operator=(const MeshStack&) = delete;

  void receive(base::Instant now, base::Bytes frame, int rssi_dbm);
  void advance(base::Instant now);
  std::optional<Transmission> next_transmission(base::Instant now);
  void transmission_done(base::Instant now, TransmitResult result);
  base::Instant next_deadline() const;
  /// Hands what has been queued to the link layer. The calls that take a time do it themselves; for
  /// after send_rpl().
  void pump(base::Instant now) { adaptation_.pump(now); }

  /// A datagram from outside, to be routed into the mesh or delivered to us; it is changed in
  /// place.
  ForwardResult send_from_outside(base::Instant now, base::MutableBytes datagram);
  /// Whether a datagram of `payload_bytes` of UDP payload would find room.
  bool room_for_udp(std::size_t payload_bytes) const;
  /// False when there is no room, no source address or no route.
  bool send_udp(base::Instant now, const wire::Endpoint& to, std::uint16_t source_port,
                base::Bytes payload);
  bool send_echo_request(base::Instant now, const wire::Ipv6Address& to, std::uint16_t sequence,
                         std::size_t data_bytes);
  /// Replies to our requests.
  std::uint32_t echo_replies() const { return echo_replies_; }
  static constexpr std::uint16_t ping_identifier = 0x4743;

  // RplOutput
  bool send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::Dis& dis) override;
  bool send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::Dio& dio) override;
  bool send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::Dao& dao) override;
  bool send_rpl(base::Instant now, const wire::Ipv6Address& to, const wire::DaoAck& ack) override;
  void set_prefix(const std::optional<wire::Ipv6Address>& prefix) override;

  const wire::Ipv6Address& link_local_address() const { return link_local_; }
  const std::optional<wire::Ipv6Address>& global_address() const { return global_; }
  const Statistics& statistics() const { return statistics_; }
  RplStatistics& rpl_statistics() { return statistics_.rpl; }

 private:
  /// A datagram being handled, and where it came from.
  struct Packet {
    wire::Ipv6Header header;
    base::MutableBytes bytes;                ///< exactly the datagram
    std::optional<wire::Eui64> link_source;  ///< nullopt: from outside
    bool link_multicast = false;
    int rssi_dbm = 0;
  };

  ForwardResult handle(base::Instant now, Packet& packet);
  bool source_forged(const Packet& packet);
  bool ours(const wire::Ipv6Address& address) const;
  bool ours_multicast(const wire::Ipv6Address& address) const;
  void deliver(base::Instant now, const Packet& packet);
  void deliver_icmpv6(base::Instant now, const Packet& packet, base::Bytes payload);
  void answer_echo(base::Instant now, const Packet& packet, const wire::Icmpv6Message& message);
  void answer_solicitation(base::Instant now, const Packet& packet,
                           const wire::Icmpv6Message& message);
  ForwardResult forward(base::Instant now, Packet& packet);
  ForwardResult forward_along(base::Instant now, const Packet& packet, const NextHop& hop,
                              std::optional<wire::RplOptionPlace> place);
  ForwardResult no_route(base::Instant now, const Packet& packet);
  ForwardResult queue_for(const Packet& packet, const wire::Eui64& next_hop);
  wire::Eui64 flow_of(const Packet& packet) const;
  const wire::Eui64& own_flow() const { return config_.link.eui64; }
  bool ranks_agree(base::Instant now, wire::RplOption& option);
  bool option_due(const wire::Ipv6Address& to, const NextHop& hop) const;
  ForwardResult return_packet(base::Instant now, const Packet& packet, const NextHop& hop,
                              wire::RplOptionPlace place);
  void send_error(base::Instant now, const Packet& packet, std::uint8_t type, std::uint8_t code,
                  std::uint32_t parameter);
  bool may_report(base::Instant now, const Packet& packet, std::uint8_t type);

  /// Writes what stands behind a datagram's headers, once the source address is known. Not a
  /// template, so that the code is there once and not for every kind of payload.
  struct Payload {
    const void* what;
    void (*write)(const void* what, base::ByteWriter& writer, const wire::Ipv6Address& source,
                  const wire::Ipv6Address& destination);
  };
  /// Queues a datagram of ours: header, RPL option where due, payload. `from`: our address to use,
  /// where it matters.
  bool originate(base::Instant now, const wire::Ipv6Address& to,
                 const std::optional<wire::Ipv6Address>& from, std::uint8_t protocol,
                 std::uint8_t hop_limit, const Payload& payload);
  template <typename Body>
  bool send_icmpv6(base::Instant now, const wire::Ipv6Address& to,
                   const std::optional<wire::Ipv6Address>& from, std::uint8_t hop_limit,
                   const Body& body) {
    const Payload payload{
        &body, [](const void* what, base::ByteWriter& writer, const wire::Ipv6Address& source,
                  const wire::Ipv6Address& destination) {
          wire::emit_icmpv6(writer, source, destination, *static_cast<const Body*>(what));
        }};
    return originate(now, to, from, wire::next_header::icmpv6, hop_limit, payload);
  }

  MeshConfig config_;
  MeshOwner& owner_;
  Statistics statistics_;
  LinkLayer link_;
  Adaptation adaptation_;
  wire::Ipv6Address link_local_;
  std::optional<wire::Ipv6Address> global_;
  std::uint32_t echo_replies_ = 0;
  static constexpr unsigned error_burst = 5;
  unsigned error_tokens_ = error_burst;
  base::Instant error_tokens_at_{};
};

}  // namespace goldcrest::net

// SPDX-License-Identifier: MIT
// RPL's control plane in the root (RFC 6550): announces the DODAG, learns the downward routes from
// DAOs, and brings the mesh back after a restart.
//
// After a start the root first asks by multicast DIS. Nodes that still belong to its DODAG answer
// with the version they know; the root goes on with the next one, and so every node joins afresh
// and announces its routes again. The same happens whenever a later or incomparable version of its
// own DODAG is heard. Packets from a node that has no route make the root trigger DAOs (DTSN).
//
// Anyone in radio range can announce nodes that do not exist. Routes that have proven themselves,
// by a packet that came from the target through its next hop, keep their places; the others make
// room for newcomers when a table is full, the oldest announcement first.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/fixed_vector.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/net/lollipop.hpp"
#include "core/net/neighbour_table.hpp"
#include "core/net/route_table.hpp"
#include "core/net/rpl_events.hpp"
#include "core/net/rpl_port.hpp"
#include "core/net/statistics.hpp"
#include "core/net/trickle.hpp"
#include "core/wire/rpl.hpp"

namespace goldcrest::net {

/// What the root tells of its DODAG to whoever logs it.
class RplRootEvents {
 public:
  /// The DODAG is announced from now on.
  virtual void dodag_started(base::Instant, const DodagInfo&) {}
  virtual void version_changed(base::Instant, std::uint8_t /*from*/, std::uint8_t /*to*/,
                               std::string_view /*why*/) {}
  /// A downward route to `node` appeared or changed. `parent`: the node's own parent where its DAO
  /// names it; else us when the DAO came from the node itself, or the neighbour it came from.
  /// `neighbour`: the record of the neighbour the route goes through, with rank and ETX, or null.
  virtual void route_added(base::Instant, const wire::Ipv6Address& /*node*/,
                           const wire::Ipv6Address& /*parent*/, const Neighbour* /*neighbour*/) {}
  /// Withdrawn by a No-Path DAO, timed out, or found broken.
  virtual void route_removed(base::Instant, const wire::Ipv6Address& /*node*/,
                             std::string_view /*why*/) {}
  /// A DAO that could not be served; the sender was told by a DAO-ACK if it asked for one.
  virtual void dao_refused(base::Instant, const wire::Ipv6Address& /*from*/,
                           std::string_view /*why*/) {}
  /// A neighbour's rank as its DIO says; 0xFFFF when it left.
  virtual void neighbour_rank(base::Instant, const wire::Ipv6Address& /*neighbour*/,
                              std::uint16_t /*rank*/, std::uint16_t /*etx*/) {}

 protected:
  ~RplRootEvents() = default;
};

struct RplRootConfig {
  wire::Eui64 eui64;
  wire::Ipv6Address prefix;
  std::uint8_t instance_id = 0x1E;
  std::uint8_t initial_version = lollipop::initial;
  wire::DodagConfiguration configuration;
};

/// The configuration of network profile "Contiki", as ST's border router announces it.
wire::DodagConfiguration default_dodag_configuration();

class RplRoot {
 public:
  RplRoot(const RplRootConfig& config, NeighbourTable& neighbours, RouteTable& routes,
          RplOutput& output, RplRootEvents& events, RplStatistics& statistics,
          base::Random& random);

  void start(base::Instant now);
  void receive(base::Instant now, const RplPacket& packet);
  void advance(base::Instant now);
  base::Instant next_deadline() const;

  void rank_error(base::Instant now);
  void forwarding_error(base::Instant now, const wire::Ipv6Address& destination,
                        const wire::Eui64& next_hop);
  /// A packet came from, or is meant for, an address of the prefix that has no route: its DAO was
  /// lost or told to a former life of ours.
  void route_missing(base::Instant now);
  /// A packet from `source` came in through its neighbour `link_source`.
  void carried_from(const wire::Ipv6Address& source, const wire::Eui64& link_source);
  void global_repair(base::Instant now);

  RplPosition position() const;
  DodagInfo dodag() const;
  /// The neighbour to send to for `target`; nullopt without a usable route.
  std::optional<wire::Eui64> next_hop(const wire::Ipv6Address& target) const;

 private:
  void receive_dis(base::Instant now, const RplPacket& packet, const wire::Dis& dis);
  void receive_dio(base::Instant now, const RplPacket& packet, const wire::Dio& dio);
  void receive_dao(base::Instant now, const RplPacket& packet, const wire::Dao& dao);
  bool learn_route(base::Instant now, const RplPacket& packet, const wire::DaoRoute& announced);
  Neighbour* add_neighbour(base::Instant now, const RplPacket& packet);
  std::optional<base::Instant> unproven_since(const wire::Eui64& eui64) const;
  Route* add_route(base::Instant now, const wire::Ipv6Address& target);
  void remove_route(base::Instant now, Route& route, std::string_view why);
  bool may_answer_dis(base::Instant now);
  void new_version(base::Instant now, std::uint8_t heard, std::string_view why);
  bool send_dio(base::Instant now, const wire::Ipv6Address& to);
  void maintain(base::Instant now);
  void begin(base::Instant now);

  RplRootConfig config_;
  NeighbourTable& neighbours_;
  RouteTable& routes_;
  RplOutput& output_;
  RplRootEvents& events_;
  RplStatistics& statistics_;
  base::Random& random_;

  wire::Ipv6Address address_;
  std::uint8_t version_;
  std::uint8_t dtsn_;
  bool running_ = false;
  Trickle trickle_;
  base::Instant begin_at_ = base::never;
  base::Instant dis_at_ = base::never;
  int solicitations_left_ = 2;
  base::Instant maintain_at_ = base::never;
  base::Instant trigger_allowed_at_{};
  base::Duration trigger_pause_ = std::chrono::seconds(10);
  base::Instant dis_answers_at_{};
  unsigned dis_answers_ = 8;
  base::Instant version_allowed_at_{};
  base::FixedVector<wire::Ipv6Address, 8> dio_wanted_by_;
};

}  // namespace goldcrest::net

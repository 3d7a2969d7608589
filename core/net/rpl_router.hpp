// SPDX-License-Identifier: MIT
// RPL's control plane in a node that is not the root (RFC 6550, storing mode; MRHOF by RFC 6719):
// finds a DODAG, picks the preferred parent, announces the DODAG further (unless a leaf), tells the
// parent which targets are to be found below, and repairs.
//
//   searching --DIO--> joined --no parent left--> poisoning --hold-down--> searching
//
// A newer DODAG version is followed at once (global repair). A parent that solicits DIOs by
// multicast has lost its DODAG and is none any more. A parent that has not been heard for long is
// asked with a unicast DIS and given up when it stays silent.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/net/lollipop.hpp"
#include "core/net/mrhof.hpp"
#include "core/net/neighbour_table.hpp"
#include "core/net/route_table.hpp"
#include "core/net/rpl_events.hpp"
#include "core/net/rpl_port.hpp"
#include "core/net/statistics.hpp"
#include "core/net/trickle.hpp"
#include "core/wire/rpl.hpp"

namespace goldcrest::net {

struct RplRouterConfig {
  wire::Eui64 eui64;
  bool leaf = false;
};

class RplRouter {
 public:
  RplRouter(const RplRouterConfig& config, NeighbourTable& neighbours, RouteTable& routes,
            RplOutput& output, RplEvents& events, RplStatistics& statistics, base::Random& random);

  void start(base::Instant now);
  void receive(base::Instant now, const RplPacket& packet);
  void advance(base::Instant now);
  base::Instant next_deadline() const;

  /// A data packet contradicted the ranks: tell the neighbours sooner.
  void rank_error(base::Instant now);
  /// `next_hop` does not know the way to `destination` any more.
  void forwarding_error(base::Instant now, const wire::Ipv6Address& destination,
                        const wire::Eui64& next_hop);

  bool joined() const { return state_ == State::joined; }
  std::optional<DodagInfo> dodag() const;
  std::uint16_t rank() const { return rank_; }
  RplPosition position() const;
  const Neighbour* preferred_parent() const { return parent(); }
  const std::optional<wire::Ipv6Address>& prefix() const { return prefix_; }

 private:
  enum class State : std::uint8_t { stopped, searching, joined, poisoning };

  // rpl_router.cpp: joining, parents, repair
  void receive_dis(base::Instant now, const RplPacket& packet, const wire::Dis& dis);
  void receive_dio(base::Instant now, const RplPacket& packet, const wire::Dio& dio);
  const char* refusal(const wire::Dio& dio) const;
  void consider_joining(base::Instant now, const RplPacket& packet, const wire::Dio& dio);
  bool receive_version(base::Instant now, const RplPacket& packet, const wire::Dio& dio);
  void adopt_configuration(base::Instant now, const wire::Dio& dio);
  void adopt_prefix(base::Instant now, const wire::Dio& dio);
  void note_candidate(base::Instant now, const RplPacket& packet, const wire::Dio& dio);
  void select(base::Instant now);
  void set_parent(base::Instant now, Neighbour& next);
  void set_rank(base::Instant now, std::uint16_t rank);
  void repair(base::Instant now, std::string_view why);
  void search(base::Instant now, base::Duration delay);
  void probe_parent(base::Instant now);
  void maintain(base::Instant now);
  void send_dis(base::Instant now);
  bool send_dio(base::Instant now, const wire::Ipv6Address& to);
  Neighbour* parent();
  const Neighbour* parent() const { return const_cast<RplRouter*>(this)->parent(); }
  ParentConstraints constraints() const;
  base::Duration jitter(base::Duration least, base::Duration most);

  // rpl_router_dao.cpp: downward routes
  void receive_dao(base::Instant now, const RplPacket& packet, const wire::Dao& dao);
  bool learn_route(base::Instant now, const RplPacket& packet, const wire::DaoRoute& announced);
  void withdraw(Route& route);
  void drop_routes();
  void receive_dao_ack(base::Instant now, const RplPacket& packet, const wire::DaoAck& ack);
  void schedule_dao(base::Instant now, bool all_targets);
  void advance_dao(base::Instant now);
  bool send_dao(base::Instant now);
  void send_no_path(base::Instant now, const wire::Ipv6Address& former_parent);
  void dao_accepted(base::Instant now);
  void confirm(base::Instant now);
  void expire_routes(base::Instant now);
  bool route_dirty() const;

  RplRouterConfig config_;
  NeighbourTable& neighbours_;
  RouteTable& routes_;
  RplOutput& output_;
  RplEvents& events_;
  RplStatistics& statistics_;
  base::Random& random_;

  State state_ = State::stopped;
  DodagInfo info_;
  wire::DodagConfiguration configuration_;
  bool configuration_known_ = false;
  std::uint8_t preference_ = 0;
  bool grounded_ = false;
  std::optional<wire::PrefixInformation> prefix_option_;
  std::optional<wire::Ipv6Address> prefix_;
  std::uint16_t rank_ = infinite_rank;
  std::uint16_t lowest_rank_ = infinite_rank;
  std::uint16_t told_rank_ = infinite_rank;  ///< in the last rank_changed event
  std::uint8_t dtsn_ = lollipop::initial;
  std::optional<std::uint8_t> known_instance_;
  const char* told_refusal_ = nullptr;
  wire::Ipv6Address refused_dodag_;

  Trickle trickle_;
  base::Instant dis_at_ = base::never;
  base::Duration dis_interval_{};
  base::Instant poison_at_ = base::never;  ///< next DIO with INFINITE_RANK
  unsigned poisons_left_ = 0;
  base::Instant maintain_at_ = base::never;
  base::Instant probe_at_ = base::never;
  bool dio_due_ = false;    ///< the trickle timer fired and there was no room yet
  base::Instant dio_at_{};  ///< when to try again
  std::optional<wire::Ipv6Address> dio_wanted_by_;  ///< answer to a unicast DIS that found no room

  // DAO
  std::uint8_t dao_sequence_ = lollipop::initial;
  std::uint8_t path_sequence_ = lollipop::initial;
  base::Instant dao_at_ = base::never;  ///< something is to be announced then
  base::Instant dao_refresh_at_ = base::never;
  base::Instant dao_ack_deadline_ = base::never;
  bool own_target_dirty_ = false;
  unsigned dao_attempts_ = 0;       ///< DAOs sent since the last was acknowledged
  bool parent_never_acks_ = false;  ///< all our DAOs went unanswered
  bool dao_changed_ = true;         ///< the next DAO says something new
  std::optional<wire::Ipv6Address> no_path_to_;
  bool confirmed_ = false;
  bool own_target_in_flight_ = false;
};

}  // namespace goldcrest::net

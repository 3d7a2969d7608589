// SPDX-License-Identifier: MIT
// Downward routes in a storing-mode router (RFC 6550 section 9): routes from the children's DAOs go
// into the table and, in DAOs of ours, up to the parent; withdrawn ones as No-Path.
#include <algorithm>

#include "core/net/rpl_router.hpp"

namespace goldcrest::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration retry = milliseconds(60);
/// How long a DAO-ACK may take; after a few DAOs in vain twice as long each time, from dao_pause
/// on.
constexpr base::Duration dao_ack_wait = seconds(2);
constexpr base::Duration dao_pause = seconds(5);
constexpr base::Duration longest_dao_pause = seconds(80);
constexpr unsigned quick_daos = 4;
/// How many more a parent gets that has never sent a DAO-ACK and may not know them.
constexpr unsigned slow_daos = 5;
/// And how often it is told news after that.
constexpr unsigned repeated_daos = 2;
/// When to try again with a parent that had no room for us.
constexpr base::Duration rejection_pause = seconds(20);
/// Targets in one DAO; the rest follows in another.
constexpr std::size_t targets_in_dao = 6;
constexpr std::size_t target_bytes = 20;
constexpr std::size_t transit_bytes = 22;
constexpr std::uint8_t ack_no_room = 128;  // rejected
constexpr std::uint8_t infinite_lifetime = 0xFF;

bool acceptable_target(const wire::RplTarget& target) {
  return target.prefix_length == 128 && !target.prefix.multicast() && !target.prefix.link_local() &&
         !target.prefix.unspecified();
}

}  // namespace

void RplRouter::receive_dao(base::Instant now, const RplPacket& packet, const wire::Dao& dao) {
  ++statistics_.dao_received;
  if (!joined() || config_.leaf || packet.multicast() || !packet.source.link_local()) return;
  if (dao.instance != info_.instance_id) return;
  if (dao.dodag_id && *dao.dodag_id != info_.dodag_id) return;
  if (const auto* sender = neighbours_.find(packet.link_source);
      sender != nullptr && sender->preferred_parent) {
    // Our parent takes us for its parent: a loop. Ranks will sort it out once they are heard.
    rank_error(now);
    return;
  }
  bool room = true;
  auto routes = dao.routes();
  while (const auto route = routes.next()) room = learn_route(now, packet, *route) && room;
  if (dao.ack_requested) {
    const wire::DaoAck ack{.instance = dao.instance,
                           .sequence = dao.sequence,
                           .status = room ? std::uint8_t{0} : ack_no_room,
                           .dodag_id = dao.dodag_id};
    if (output_.send_rpl(now, packet.source, ack)) ++statistics_.dao_ack_sent;
  }
  if (route_dirty()) schedule_dao(now, false);
}

/// False when there was no room for the route.
bool RplRouter::learn_route(base::Instant now, const RplPacket& packet,
                            const wire::DaoRoute& announced) {
  if (!acceptable_target(announced.target)) return true;
  const auto& target = announced.target.prefix;
  const auto& transit = announced.transit;
  if (prefix_ && target == wire::Ipv6Address::from_prefix(*prefix_, config_.eui64)) return true;
  auto* known = routes_.find(target);
  if (transit.path_lifetime == wire::TransitInformation::no_path) {
    if (known != nullptr && known->next_hop == packet.link_source) withdraw(*known);
    return true;
  }
  if (known != nullptr && known->next_hop != packet.link_source &&
      now - known->learned_at < late_dao &&
      lollipop::compare(transit.path_sequence, known->path_sequence) == lollipop::Order::older) {
    return true;
  }
  auto* neighbour = neighbours_.add(now, packet.link_source, packet.rssi_dbm);
  if (neighbour == nullptr) return false;
  auto* route = routes_.add(target);
  if (route == nullptr) return false;
  if (known == nullptr || route->next_hop != packet.link_source) {
    if (known != nullptr) {
      if (auto* former = neighbours_.find(route->next_hop); former && former->routes > 0) {
        --former->routes;
      }
    }
    ++neighbour->routes;
  }
  route->next_hop = packet.link_source;
  route->parent = transit.parent.value_or(wire::Ipv6Address{});
  route->learned_at = now;
  route->path_sequence = transit.path_sequence;
  route->path_lifetime = transit.path_lifetime;
  route->expires =
      transit.path_lifetime == infinite_lifetime
          ? base::never
          : now + seconds(std::int64_t{transit.path_lifetime} * configuration_.lifetime_unit_s);
  route->withdrawn = false;
  route->advertise = true;
  route->in_flight = false;
  return true;
}

void RplRouter::withdraw(Route& route) {
  if (auto* neighbour = neighbours_.find(route.next_hop); neighbour && neighbour->routes > 0) {
    --neighbour->routes;
  }
  route.withdrawn = true;
  route.advertise = true;
  route.in_flight = false;
}

void RplRouter::drop_routes() {
  routes_.clear();
  for (auto& entry : neighbours_.entries()) entry.routes = 0;
}

void RplRouter::expire_routes(base::Instant now) {
  for (auto& route : routes_.entries()) {
    if (route.used && !route.withdrawn && now >= route.expires) withdraw(route);
  }
  if (joined() && route_dirty()) schedule_dao(now, false);
}

void RplRouter::forwarding_error(base::Instant now, const wire::Ipv6Address& destination,
                                 const wire::Eui64& next_hop) {
  auto* route = routes_.find(destination);
  if (route == nullptr || route->next_hop != next_hop) return;
  withdraw(*route);
  if (joined()) schedule_dao(now, false);
}

bool RplRouter::route_dirty() const {
  return std::ranges::any_of(routes_.entries(),
                             [](const Route& route) { return route.used && route.advertise; });
}

void RplRouter::schedule_dao(base::Instant now, bool all_targets) {
  if (all_targets) {
    own_target_dirty_ = true;
    for (auto& route : routes_.entries()) {
      if (route.used) route.advertise = true;
    }
  }
  dao_changed_ = true;
  // While an ack is awaited its arrival or time-out comes back here; long pauses are cut short.
  if (dao_ack_deadline_ != base::never && dao_attempts_ < quick_daos) return;
  const auto when = now + jitter(milliseconds(40), milliseconds(all_targets ? 400 : 160));
  dao_at_ = std::min(dao_at_, when);
}

void RplRouter::advance_dao(base::Instant now) {
  if (now >= dao_ack_deadline_) {
    dao_ack_deadline_ = base::never;
    const auto* current = parent();
    const bool may_not_know_acks = current != nullptr && !current->acks_dao;
    if (may_not_know_acks && dao_attempts_ >= quick_daos) confirm(now);
    const unsigned enough = parent_never_acks_ ? repeated_daos : quick_daos + slow_daos;
    if (may_not_know_acks && dao_attempts_ >= enough) {
      parent_never_acks_ = true;
      dao_accepted(now);
    } else {
      dao_at_ = now;
    }
  }
  if (now >= dao_refresh_at_) {
    dao_refresh_at_ = base::never;
    path_sequence_ = lollipop::next(path_sequence_);
    schedule_dao(now, true);
  }
  if (now >= dao_at_) {
    dao_at_ = base::never;
    if (no_path_to_) {
      send_no_path(now, *no_path_to_);
      no_path_to_.reset();
    }
    if (!send_dao(now)) dao_at_ = now + retry;
  }
}

/// One DAO with our own target and as many of the routes as fit. False when there was no room.
bool RplRouter::send_dao(base::Instant now) {
  auto* current = parent();
  if (current == nullptr || !prefix_) return true;
  std::array<std::uint8_t, targets_in_dao*(target_bytes + transit_bytes)> options;
  base::ByteWriter writer(options);
  std::size_t count = 0;
  const bool parent_is_root =
      info_.dodag_id == wire::Ipv6Address::from_prefix(*prefix_, current->eui64);
  if (own_target_dirty_) {
    wire::DaoRoute own{
        .target = {.prefix = wire::Ipv6Address::from_prefix(*prefix_, config_.eui64)},
        .transit = {.path_sequence = path_sequence_,
                    .path_lifetime = configuration_.default_lifetime}};
    // Not needed in storing mode, but lets a root that is further away draw the DODAG.
    if (!parent_is_root) {
      own.transit.parent = wire::Ipv6Address::from_prefix(*prefix_, current->eui64);
    }
    wire::emit_route(writer, own);
    ++count;
  }
  for (auto& route : routes_.entries()) {
    route.in_flight = false;
    if (!route.used || !route.advertise || count == targets_in_dao) continue;
    wire::DaoRoute below{
        .target = {.prefix = route.target},
        .transit = {.path_sequence = route.path_sequence,
                    .path_lifetime =
                        route.withdrawn ? wire::TransitInformation::no_path : route.path_lifetime}};
    if (!route.parent.unspecified()) below.transit.parent = route.parent;
    wire::emit_route(writer, below);
    route.in_flight = true;
    ++count;
  }
  if (count == 0) return true;
  const auto sequence = dao_changed_ ? lollipop::next(dao_sequence_) : dao_sequence_;
  const wire::Dao dao{.instance = info_.instance_id,
                      .ack_requested = true,
                      .sequence = sequence,
                      .dodag_id = info_.dodag_id,
                      .options = writer.written()};
  if (!output_.send_rpl(now, wire::Ipv6Address::link_local_from(current->eui64), dao)) return false;
  ++statistics_.dao_sent;
  dao_sequence_ = sequence;
  dao_changed_ = false;
  own_target_in_flight_ = own_target_dirty_;
  ++dao_attempts_;
  auto wait = dao_ack_wait;
  if (dao_attempts_ >= quick_daos) {
    const auto doublings = std::min(dao_attempts_ - quick_daos, 8u);
    wait = std::min(dao_pause * (1 << doublings), longest_dao_pause);
  }
  dao_ack_deadline_ = now + wait + jitter(milliseconds(0), milliseconds(500));
  return true;
}

void RplRouter::confirm(base::Instant now) {
  if (confirmed_) return;
  confirmed_ = true;
  if (const auto* current = parent()) {
    events_.route_confirmed(now, wire::Ipv6Address::link_local_from(current->eui64));
  }
}

/// What the last DAO carried is known above; what came up since goes into the next one.
void RplRouter::dao_accepted(base::Instant now) {
  dao_ack_deadline_ = base::never;
  dao_attempts_ = 0;
  if (own_target_in_flight_) {
    own_target_dirty_ = false;
    own_target_in_flight_ = false;
    const auto lifetime =
        configuration_.default_lifetime == infinite_lifetime
            ? base::Duration(std::chrono::hours(24))
            : base::Duration(seconds(std::int64_t{configuration_.default_lifetime} *
                                     configuration_.lifetime_unit_s));
    dao_refresh_at_ = now + jitter(lifetime * 2 / 5, lifetime / 2);
    confirm(now);
  }
  for (auto& route : routes_.entries()) {
    if (!route.used || !route.in_flight) continue;
    route.in_flight = false;
    route.advertise = false;
    if (route.withdrawn) route = {};
  }
  if (own_target_dirty_ || route_dirty()) schedule_dao(now, false);
}

void RplRouter::receive_dao_ack(base::Instant now, const RplPacket& packet,
                                const wire::DaoAck& ack) {
  ++statistics_.dao_ack_received;
  auto* current = parent();
  if (!joined() || current == nullptr || packet.link_source != current->eui64) return;
  if (dao_ack_deadline_ == base::never || ack.sequence != dao_sequence_ ||
      ack.instance != info_.instance_id) {
    return;
  }
  current->acks_dao = true;
  if (!ack.rejected()) return dao_accepted(now);
  // The parent has no room for us: another one may; without one, try this one again later.
  dao_ack_deadline_ = base::never;
  dao_attempts_ = 0;
  dao_at_ = now + rejection_pause;
}

/// Tells a former parent that nothing is to be found through us any more (section 9.8).
void RplRouter::send_no_path(base::Instant now, const wire::Ipv6Address& former_parent) {
  if (!prefix_) return;
  std::array<std::uint8_t, targets_in_dao*(target_bytes + transit_bytes)> options;
  base::ByteWriter writer(options);
  wire::emit_route(writer,
                   {.target = {.prefix = wire::Ipv6Address::from_prefix(*prefix_, config_.eui64)},
                    .transit = {.path_sequence = path_sequence_, .path_lifetime = 0}});
  std::size_t count = 1;
  for (const auto& route : routes_.entries()) {
    if (!route.used || route.withdrawn || count == targets_in_dao) continue;
    wire::emit_route(writer,
                     {.target = {.prefix = route.target},
                      .transit = {.path_sequence = route.path_sequence, .path_lifetime = 0}});
    ++count;
  }
  dao_sequence_ = lollipop::next(dao_sequence_);
  const wire::Dao dao{.instance = info_.instance_id,
                      .sequence = dao_sequence_,
                      .dodag_id = info_.dodag_id,
                      .options = writer.written()};
  if (output_.send_rpl(now, former_parent, dao)) ++statistics_.dao_sent;
}

}  // namespace goldcrest::net

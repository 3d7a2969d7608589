// SPDX-License-Identifier: MIT
#include "core/net/rpl_root.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace goldcrest::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration retry = milliseconds(60);
/// How long a started root listens for what its DODAG was before, asking twice.
constexpr base::Duration listening = milliseconds(1600);
constexpr base::Duration maintenance_period = seconds(5);
/// New versions and DAO triggers are expensive for the mesh: at most one in this time.
constexpr base::Duration version_pause = seconds(20);
constexpr base::Duration trigger_pause = seconds(10);
/// A trigger that brought no route makes the next one wait twice as long, up to this: whoever sends
/// to addresses that do not exist is not to keep the mesh busy.
constexpr base::Duration longest_trigger_pause = seconds(640);
/// DIOs for single nodes that ask for one: so many at once, one in this time for long. The others
/// are served by the next one for all.
constexpr base::Duration answer_period = milliseconds(500);
constexpr unsigned answer_burst = 8;
constexpr std::uint8_t infinite_lifetime = 0xFF;
constexpr std::uint8_t ack_rejected = 128;

/// The neighbour whose route it is; nullopt for a non-storing one, which is its target's own.
std::optional<wire::Eui64> holder_of(const Route& route) {
  return route.source_routed ? std::nullopt : std::optional(route.next_hop);
}

}  // namespace

wire::DodagConfiguration default_dodag_configuration() {
  return {.interval_doublings = 8,
          .interval_min = 12,
          .redundancy = 10,
          .max_rank_increase = 0x380,
          .min_hop_rank_increase = 128,
          .objective_code_point = 1,
          .default_lifetime = 30,
          .lifetime_unit_s = 60};
}

RplRoot::RplRoot(const RplRootConfig& config, NeighbourTable& neighbours, RouteTable& routes,
                 RplOutput& output, RplRootEvents& events, RplStatistics& statistics,
                 base::Random& random)
    : config_(config),
      neighbours_(neighbours),
      routes_(routes),
      output_(output),
      events_(events),
      statistics_(statistics),
      random_(random),
      address_(wire::Ipv6Address::from_prefix(config.prefix, config.eui64)),
      version_(config.initial_version),
      // Any start value is as good; a different one after a restart makes children send DAOs.
      dtsn_(static_cast<std::uint8_t>(lollipop::initial + random.below(lollipop::window))) {}

std::optional<wire::Eui64> RplRoot::next_hop(const wire::Ipv6Address& target) const {
  const auto* route = routes_.find(target);
  if (route == nullptr) return std::nullopt;
  return route->source_routed ? wire::eui64_of(target) : route->next_hop;
}

RplPosition RplRoot::position() const {
  return {.joined = running_,
          .root = true,
          .instance_id = config_.instance_id,
          .rank = config_.configuration.min_hop_rank_increase};
}

DodagInfo RplRoot::dodag() const {
  return {.instance_id = config_.instance_id,
          .version = version_,
          .mode_of_operation = wire::rpl_mode::storing,
          .dodag_id = address_};
}

void RplRoot::start(base::Instant now) {
  output_.set_prefix(config_.prefix);
  begin_at_ = now + listening;
  dis_at_ = now;
  maintain_at_ = now + maintenance_period;
}

void RplRoot::begin(base::Instant now) {
  begin_at_ = dis_at_ = base::never;
  running_ = true;
  events_.dodag_started(now, dodag());
  trickle_.start(
      now,
      {.interval_min = milliseconds(std::int64_t{1} << config_.configuration.interval_min),
       .doublings = config_.configuration.interval_doublings,
       .redundancy = config_.configuration.redundancy},
      random_);
  // Nodes that wait for us need not wait for the timer as well.
  (void)send_dio(now, wire::all_rpl_nodes);
}

void RplRoot::receive(base::Instant now, const RplPacket& packet) {
  const auto& message = packet.message;
  bool understood = true;
  switch (message.code) {
    case wire::rpl_code::dis: {
      const auto dis = wire::Dis::parse(message);
      if ((understood = dis.has_value())) receive_dis(now, packet, *dis);
      break;
    }
    case wire::rpl_code::dio: {
      const auto dio = wire::Dio::parse(message);
      understood = dio.has_value() && packet.source.link_local();
      if (understood) receive_dio(now, packet, *dio);
      break;
    }
    case wire::rpl_code::dao: {
      const auto dao = wire::Dao::parse(message);
      if ((understood = dao.has_value())) receive_dao(now, packet, *dao);
      break;
    }
    case wire::rpl_code::dao_ack:
      ++statistics_.dao_ack_received;
      break;
    default:
      understood = false;
  }
  if (!understood) ++statistics_.malformed;
}

void RplRoot::receive_dis(base::Instant now, const RplPacket& packet, const wire::Dis& dis) {
  ++statistics_.dis_received;
  if (!running_) return;
  if (const auto& wanted = dis.solicited) {
    if (wanted->instance_predicate && wanted->instance != config_.instance_id) return;
    if (wanted->version_predicate && wanted->version != version_) return;
    if (wanted->dodag_predicate && wanted->dodag_id != address_) return;
  }
  if (packet.multicast()) {
    trickle_.reset(now, random_);
    ++statistics_.trickle_resets;
  } else if (!may_answer_dis(now)) {
    trickle_.reset(now, random_);
    ++statistics_.trickle_resets;
  } else if (!send_dio(now, packet.source)) {
    (void)dio_wanted_by_.push_back(packet.source);
  }
}

bool RplRoot::may_answer_dis(base::Instant now) {
  const auto earned = (now - dis_answers_at_) / answer_period;
  if (earned > 0) {
    dis_answers_ = static_cast<unsigned>(
        std::min<std::int64_t>(answer_burst, std::int64_t{dis_answers_} + earned));
    dis_answers_at_ = now;
  }
  if (dis_answers_ == 0) return false;
  --dis_answers_;
  return true;
}

void RplRoot::receive_dio(base::Instant now, const RplPacket& packet, const wire::Dio& dio) {
  ++statistics_.dio_received;
  if (dio.dodag_id != address_ || dio.instance != config_.instance_id) return;
  if (!running_) {
    // A former life of ours: go on from there.
    if (version_ == dio.version || lollipop::supersedes(dio.version, version_)) {
      version_ = lollipop::next(dio.version);
    }
    return;
  }
  if (dio.version != version_) {
    if (lollipop::supersedes(dio.version, version_)) {
      new_version(now, dio.version, "a node announced a later version of this DODAG");
    } else {
      trickle_.reset(now, random_);
      ++statistics_.trickle_resets;
    }
    return;
  }
  auto* neighbour = neighbours_.find(packet.link_source);
  if (neighbour == nullptr && dio.rank == infinite_rank) return;
  if (neighbour == nullptr) neighbour = neighbours_.add(now, packet.link_source, packet.rssi_dbm);
  if (neighbour == nullptr) return;
  const bool changed = neighbour->rank != dio.rank;
  const bool belonged = neighbour->rank != infinite_rank && dio.rank != infinite_rank;
  if (belonged &&
      !routes_.find(wire::Ipv6Address::from_prefix(config_.prefix, packet.link_source))) {
    // It is not new here and has no route: its DAO was lost, or told to a former life of ours.
    route_missing(now);
  }
  neighbour->rank = dio.rank;
  neighbour->version = dio.version;
  neighbour->dtsn = dio.dtsn;
  neighbour->consecutive_failures = 0;
  if (changed) events_.neighbour_rank(now, packet.source, dio.rank, neighbour->etx.value());
}

void RplRoot::new_version(base::Instant now, std::uint8_t heard, std::string_view why) {
  if (now < version_allowed_at_) return;
  version_allowed_at_ = now + version_pause;
  const auto from = version_;
  version_ = lollipop::next(heard);
  dtsn_ = lollipop::next(dtsn_);
  for (auto& entry : neighbours_.entries()) entry.rank = infinite_rank;
  events_.version_changed(now, from, version_, why);
  trickle_.reset(now, random_);
  ++statistics_.trickle_resets;
  (void)send_dio(now, wire::all_rpl_nodes);
}

void RplRoot::global_repair(base::Instant now) {
  version_allowed_at_ = now;
  if (running_) new_version(now, version_, "global repair was asked for");
}

void RplRoot::rank_error(base::Instant now) {
  trickle_.reset(now, random_);
  ++statistics_.trickle_resets;
}

void RplRoot::route_missing(base::Instant now) {
  if (!running_ || now < trigger_allowed_at_) return;
  trigger_allowed_at_ = now + trigger_pause_;
  trigger_pause_ = std::min(2 * trigger_pause_, longest_trigger_pause);
  dtsn_ = lollipop::next(dtsn_);
  trickle_.reset(now, random_);
  ++statistics_.trickle_resets;
  (void)send_dio(now, wire::all_rpl_nodes);
}

void RplRoot::forwarding_error(base::Instant now, const wire::Ipv6Address& destination,
                               const wire::Eui64& next_hop) {
  auto* route = routes_.find(destination);
  if (route == nullptr || route->source_routed || route->next_hop != next_hop) return;
  remove_route(now, *route, "its next hop knows no way on");
  route_missing(now);
}

void RplRoot::advance(base::Instant now) {
  // Not again just before the first DIO: who joins and then hears a late DIS leaves again.
  if (now >= dis_at_) {
    if (!output_.send_rpl(now, wire::all_rpl_nodes, wire::Dis{})) {
      dis_at_ = now + retry;
    } else {
      ++statistics_.dis_sent;
      dis_at_ = --solicitations_left_ > 0 ? now + listening / 2 : base::never;
    }
  }
  if (now >= begin_at_) begin(now);
  for (int i = 0; i < 4 && now >= trickle_.next_deadline(); ++i) {
    if (trickle_.advance(now, random_)) (void)send_dio(now, wire::all_rpl_nodes);
  }
  while (!dio_wanted_by_.empty() && send_dio(now, dio_wanted_by_.front())) dio_wanted_by_.erase(0);
  if (now >= maintain_at_) maintain(now);
}

base::Instant RplRoot::next_deadline() const {
  return std::min({dis_at_, begin_at_, trickle_.next_deadline(), maintain_at_});
}

bool RplRoot::send_dio(base::Instant now, const wire::Ipv6Address& to) {
  wire::PrefixInformation prefix{.prefix_length = 64, .autonomous = true, .prefix = config_.prefix};
  const wire::Dio dio{.instance = config_.instance_id,
                      .version = version_,
                      .rank = config_.configuration.min_hop_rank_increase,
                      .mode_of_operation = wire::rpl_mode::storing,
                      .dtsn = dtsn_,
                      .dodag_id = address_,
                      .configuration = config_.configuration,
                      .prefix = prefix};
  if (!output_.send_rpl(now, to, dio)) return false;
  ++statistics_.dio_sent;
  return true;
}

void RplRoot::receive_dao(base::Instant now, const RplPacket& packet, const wire::Dao& dao) {
  ++statistics_.dao_received;
  if (!running_ || packet.multicast() || dao.instance != config_.instance_id) return;
  if (dao.dodag_id && *dao.dodag_id != address_) return;
  bool served = true;
  auto routes = dao.routes();
  while (const auto route = routes.next()) served = learn_route(now, packet, *route) && served;
  if (!dao.ack_requested) return;
  const wire::DaoAck ack{.instance = dao.instance,
                         .sequence = dao.sequence,
                         .status = served ? std::uint8_t{0} : ack_rejected,
                         .dodag_id = dao.dodag_id};
  if (output_.send_rpl(now, packet.source, ack)) ++statistics_.dao_ack_sent;
}

/// A DAO to our link-local address is a storing one and comes from the next hop; one to our global
/// address is non-storing and names the target's parent. Of the latter only those of our direct
/// children can be served: we announce storing mode, and no router below could be asked to follow a
/// source route.
bool RplRoot::learn_route(base::Instant now, const RplPacket& packet,
                          const wire::DaoRoute& announced) {
  const auto& target = announced.target.prefix;
  const auto& transit = announced.transit;
  const bool storing = packet.source.link_local();
  if (announced.target.prefix_length != 128 || !target.same_prefix64(config_.prefix)) {
    events_.dao_refused(now, packet.source, "its target is no address of the prefix");
    return false;
  }
  if (target == address_) return true;
  auto* known = routes_.find(target);
  if (transit.path_lifetime == wire::TransitInformation::no_path) {
    if (known != nullptr && known->source_routed != storing &&
        (!storing || known->next_hop == packet.link_source)) {
      remove_route(now, *known, "No-Path");
    }
    return true;
  }
  if (!storing && transit.parent != address_) {
    events_.dao_refused(now, packet.source,
                        "a non-storing DAO whose parent is not the root would need source routing");
    return false;
  }
  if (known != nullptr && known->next_hop != packet.link_source &&
      now - known->learned_at < late_dao &&
      lollipop::compare(transit.path_sequence, known->path_sequence) == lollipop::Order::older) {
    return true;
  }
  auto* neighbour = storing ? add_neighbour(now, packet) : nullptr;
  if (storing && neighbour == nullptr) {
    events_.dao_refused(now, packet.source, "the neighbour table is full");
    return false;
  }
  known = routes_.find(target);  // may have made room
  auto* route = add_route(now, target);
  if (route == nullptr) {
    events_.dao_refused(now, packet.source, "the route table is full");
    return false;
  }
  const auto parent = transit.parent.value_or(wire::Ipv6Address{});
  const bool changed = known == nullptr || route->parent != parent ||
                       route->source_routed == storing ||
                       (storing && route->next_hop != packet.link_source);
  if (known != nullptr && !route->source_routed) {
    if (auto* former = neighbours_.find(route->next_hop); former && former->routes > 0) {
      --former->routes;
    }
  }
  if (neighbour != nullptr) ++neighbour->routes;
  route->next_hop = packet.link_source;
  route->parent = parent;
  route->source_routed = !storing;
  route->learned_at = now;
  route->path_sequence = transit.path_sequence;
  route->path_lifetime = transit.path_lifetime;
  // Nodes announce themselves again well within the default; nobody holds a place for longer.
  const auto lifetime = std::min(transit.path_lifetime, config_.configuration.default_lifetime);
  route->expires =
      lifetime == infinite_lifetime
          ? base::never
          : now + seconds(std::int64_t{lifetime} * config_.configuration.lifetime_unit_s);
  if (changed) {
    route->proven = false;
    trigger_pause_ = trigger_pause;
    const auto through = wire::Ipv6Address::from_prefix(config_.prefix, packet.link_source);
    events_.route_added(now, target,
                        transit.parent      ? parent
                        : through == target ? address_
                                            : through,
                        neighbour);
  }
  return true;
}

/// A table full of neighbours that routes go through: of those that nothing has come from but
/// announcements, the one that announced itself first goes, and its routes with it.
Neighbour* RplRoot::add_neighbour(base::Instant now, const RplPacket& packet) {
  if (auto* neighbour = neighbours_.add(now, packet.link_source, packet.rssi_dbm)) return neighbour;
  std::optional<wire::Eui64> victim;
  auto earliest = base::never;
  for (const auto& neighbour : neighbours_.entries()) {
    const auto since = unproven_since(neighbour.eui64);
    if (!since || *since >= earliest) continue;
    earliest = *since;
    victim = neighbour.eui64;
  }
  if (!victim) return nullptr;
  for (auto& route : routes_.entries()) {
    if (route.used && !route.source_routed && route.next_hop == *victim) {
      remove_route(now, route, "its place was needed");
    }
  }
  return neighbours_.add(now, packet.link_source, packet.rssi_dbm);
}

/// When the oldest route through that neighbour was announced; nullopt when one of them has proven
/// itself.
std::optional<base::Instant> RplRoot::unproven_since(const wire::Eui64& eui64) const {
  auto since = base::never;
  for (const auto& route : routes_.entries()) {
    if (!route.used || route.source_routed || route.next_hop != eui64) continue;
    if (route.proven) return std::nullopt;
    since = std::min(since, route.learned_at);
  }
  return since;
}

Route* RplRoot::add_route(base::Instant now, const wire::Ipv6Address& target) {
  if (auto* route = routes_.add(target)) return route;
  // Of the neighbour that has most of the unproven ones the oldest; all non-storing ones count as
  // those of one.
  const auto unproven = [this](const std::optional<wire::Eui64>& holder) {
    return std::ranges::count_if(routes_.entries(), [&](const Route& route) {
      return !route.proven && holder_of(route) == holder;
    });
  };
  std::optional<wire::Eui64> holder;
  auto most = unproven(holder);
  for (const auto& neighbour : neighbours_.entries()) {
    const auto count = neighbour.used ? unproven(neighbour.eui64) : 0;
    if (count > most) std::tie(holder, most) = std::pair(neighbour.eui64, count);
  }
  Route* oldest = nullptr;
  for (auto& route : routes_.entries()) {
    if (route.proven || holder_of(route) != holder) continue;
    if (oldest == nullptr || route.learned_at < oldest->learned_at) oldest = &route;
  }
  if (oldest == nullptr) return nullptr;
  remove_route(now, *oldest, "its place was needed");
  return routes_.add(target);
}

void RplRoot::carried_from(const wire::Ipv6Address& source, const wire::Eui64& link_source) {
  auto* route = routes_.find(source);
  if (route != nullptr && route->next_hop == link_source) route->proven = true;
}

void RplRoot::remove_route(base::Instant now, Route& route, std::string_view why) {
  if (!route.source_routed) {
    if (auto* neighbour = neighbours_.find(route.next_hop); neighbour && neighbour->routes > 0) {
      --neighbour->routes;
    }
  }
  const auto target = route.target;
  route = {};
  events_.route_removed(now, target, why);
}

void RplRoot::maintain(base::Instant now) {
  maintain_at_ = now + maintenance_period;
  for (auto& route : routes_.entries()) {
    if (route.used && now >= route.expires) remove_route(now, route, "its lifetime is over");
  }
}

}  // namespace goldcrest::net

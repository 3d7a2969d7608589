// SPDX-License-Identifier: MIT
#include "core/net/rpl_router.hpp"

#include <algorithm>

namespace goldcrest::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration first_dis_interval = seconds(2);
constexpr base::Duration last_dis_interval = seconds(60);
constexpr base::Duration maintenance_period = seconds(5);
/// Room was missing: when to try again.
constexpr base::Duration retry = milliseconds(60);
/// A parent not heard for this long is asked whether it lives; sooner when frames that nobody
/// acknowledged went to it.
constexpr base::Duration parent_silence = seconds(120);
constexpr base::Duration parent_silence_in_use = seconds(10);
constexpr std::uint8_t frames_in_use = 4;
constexpr base::Duration probe_interval = seconds(4);
constexpr std::uint8_t probe_limit = 4;
/// A candidate not heard for this long is none any more; beyond the longest trickle interval.
constexpr base::Duration candidate_lifetime = std::chrono::minutes(40);
/// A bad ETX is not measured again while the link is not used: it is forgotten after this time, or
/// at once when there is no parent at all.
constexpr base::Duration bad_etx_lifetime = seconds(60);
constexpr unsigned poison_count = 3;
constexpr base::Duration poison_interval = milliseconds(700);
/// Changes of rank below this are ETX noise and not worth an event.
constexpr int told_rank_change = 64;

}  // namespace

RplRouter::RplRouter(const RplRouterConfig& config, NeighbourTable& neighbours, RouteTable& routes,
                     RplOutput& output, RplEvents& events, RplStatistics& statistics,
                     base::Random& random)
    : config_(config),
      neighbours_(neighbours),
      routes_(routes),
      output_(output),
      events_(events),
      statistics_(statistics),
      random_(random) {}

base::Duration RplRouter::jitter(base::Duration least, base::Duration most) {
  const auto span_ms = static_cast<std::uint32_t>((most - least) / milliseconds(1));
  return least + milliseconds(random_.below(span_ms + 1));
}

void RplRouter::start(base::Instant now) {
  if (state_ != State::stopped) return;
  maintain_at_ = now + maintenance_period;
  search(now, jitter(milliseconds(50), milliseconds(500)));
}

void RplRouter::search(base::Instant now, base::Duration delay) {
  state_ = State::searching;
  dis_interval_ = first_dis_interval;
  dis_at_ = now + delay;
}

std::optional<DodagInfo> RplRouter::dodag() const {
  return joined() ? std::optional(info_) : std::nullopt;
}

RplPosition RplRouter::position() const {
  return {.joined = joined(), .root = false, .instance_id = info_.instance_id, .rank = rank_};
}

Neighbour* RplRouter::parent() {
  const auto entries = neighbours_.entries();
  const auto found = std::ranges::find_if(
      entries, [](const Neighbour& entry) { return entry.used && entry.preferred_parent; });
  return found == entries.end() ? nullptr : &*found;
}

ParentConstraints RplRouter::constraints() const {
  const unsigned limit = lowest_rank_ == infinite_rank || configuration_.max_rank_increase == 0
                             ? infinite_rank
                             : unsigned{lowest_rank_} + configuration_.max_rank_increase;
  return {.version = info_.version,
          .rank_below = rank_,
          .rank_limit = static_cast<std::uint16_t>(std::min<unsigned>(limit, infinite_rank)),
          .min_hop_rank_increase = configuration_.min_hop_rank_increase};
}

void RplRouter::receive(base::Instant now, const RplPacket& packet) {
  if (state_ == State::stopped) return;
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
    case wire::rpl_code::dao_ack: {
      const auto ack = wire::DaoAck::parse(message);
      if ((understood = ack.has_value())) receive_dao_ack(now, packet, *ack);
      break;
    }
    default:
      understood = false;
  }
  if (!understood) ++statistics_.malformed;
}

void RplRouter::receive_dis(base::Instant now, const RplPacket& packet, const wire::Dis& dis) {
  ++statistics_.dis_received;
  if (!joined() || config_.leaf) return;
  if (const auto& wanted = dis.solicited) {
    if (wanted->instance_predicate && wanted->instance != info_.instance_id) return;
    if (wanted->version_predicate && wanted->version != info_.version) return;
    if (wanted->dodag_predicate && wanted->dodag_id != info_.dodag_id) return;
  }
  if (!packet.multicast()) {
    if (!send_dio(now, packet.source)) dio_wanted_by_ = packet.source;
    return;
  }
  // Who asks everybody belongs to no DODAG: it cannot be on our way up.
  auto* sender = neighbours_.find(packet.link_source);
  if (sender != nullptr && sender->rank != infinite_rank) {
    sender->rank = infinite_rank;
    if (sender->preferred_parent) {
      events_.parent_lost(now, packet.source);
      select(now);
    }
  }
  if (joined()) {
    trickle_.reset(now, random_);
    ++statistics_.trickle_resets;
  }
}

/// Why a DODAG cannot be joined; null when it can.
const char* RplRouter::refusal(const wire::Dio& dio) const {
  if (dio.mode_of_operation != wire::rpl_mode::storing &&
      dio.mode_of_operation != wire::rpl_mode::storing_multicast) {
    return "its mode of operation is not storing";
  }
  if (!dio.configuration) return nullptr;
  if (dio.configuration->objective_code_point != 1) return "its objective function is not MRHOF";
  if (dio.configuration->min_hop_rank_increase == 0) return "its MinHopRankIncrease is zero";
  // Below 64 ms the DIOs alone would fill the channel, above 2^30 ms no timer could count.
  if (dio.configuration->interval_min < 6 ||
      dio.configuration->interval_min + dio.configuration->interval_doublings > 30) {
    return "its DIO interval is out of range";
  }
  if (dio.configuration->lifetime_unit_s == 0 || dio.configuration->default_lifetime == 0) {
    return "its route lifetime is zero";
  }
  return nullptr;
}

void RplRouter::receive_dio(base::Instant now, const RplPacket& packet, const wire::Dio& dio) {
  ++statistics_.dio_received;
  if (const auto* why = refusal(dio)) {
    if (told_refusal_ != why || refused_dodag_ != dio.dodag_id) {
      told_refusal_ = why;
      refused_dodag_ = dio.dodag_id;
      events_.dodag_refused(now,
                            {.instance_id = dio.instance,
                             .version = dio.version,
                             .mode_of_operation = dio.mode_of_operation,
                             .dodag_id = dio.dodag_id},
                            why);
    }
    return;
  }
  if (state_ == State::poisoning) return;
  if (state_ == State::searching) return consider_joining(now, packet, dio);
  if (dio.instance != info_.instance_id || dio.dodag_id != info_.dodag_id) return;
  if (!receive_version(now, packet, dio)) return;
  const auto* known = neighbours_.find(packet.link_source);
  const bool from_parent = known != nullptr && known->preferred_parent;
  const bool consistent = known != nullptr && known->rank == dio.rank && dio.rank != infinite_rank;
  note_candidate(now, packet, dio);
  if (from_parent) {
    adopt_configuration(now, dio);
    adopt_prefix(now, dio);
  }
  if (consistent) trickle_.hear_consistent();
  select(now);
}

/// True when the DIO is of the version we are in now.
bool RplRouter::receive_version(base::Instant now, const RplPacket& packet, const wire::Dio& dio) {
  if (dio.version == info_.version) return true;
  if (!lollipop::supersedes(dio.version, info_.version) || dio.rank == infinite_rank) {
    // An older one: its sender has missed the change and is to hear of it soon.
    trickle_.reset(now, random_);
    ++statistics_.trickle_resets;
    return false;
  }
  // Over a link too bad for a parent the new version cannot be followed: wait for a better one.
  const auto* sender = neighbours_.find(packet.link_source);
  if (sender != nullptr && sender->etx.value() > etx_usable) return false;
  events_.version_changed(now, info_.version, dio.version);
  info_.version = dio.version;
  rank_ = infinite_rank;
  lowest_rank_ = infinite_rank;
  drop_routes();
  dtsn_ = lollipop::next(dtsn_);
  if (auto* former = parent()) former->preferred_parent = false;
  return true;
}

void RplRouter::consider_joining(base::Instant now, const RplPacket& packet, const wire::Dio& dio) {
  if (dio.rank == infinite_rank) return;
  if (!dio.configuration) {
    // Without the configuration there is no joining: ask this neighbour for it (section 8.3).
    if (output_.send_rpl(now, packet.source, wire::Dis{})) ++statistics_.dis_sent;
    return;
  }
  for (auto& entry : neighbours_.entries()) entry.rank = infinite_rank;
  info_ = {.instance_id = dio.instance,
           .version = dio.version,
           .mode_of_operation = dio.mode_of_operation,
           .dodag_id = dio.dodag_id};
  rank_ = infinite_rank;
  lowest_rank_ = infinite_rank;
  adopt_configuration(now, dio);
  note_candidate(now, packet, dio);
  auto* best = select_parent(neighbours_.entries(), constraints());
  if (best == nullptr) return;
  if (known_instance_ != dio.instance) {
    known_instance_ = dio.instance;
    events_.instance_started(now, dio.instance);
  }
  state_ = State::joined;
  dis_at_ = base::never;
  adopt_prefix(now, dio);
  set_parent(now, *best);
  events_.dodag_joined(now, info_, wire::Ipv6Address::link_local_from(best->eui64), rank_);
}

void RplRouter::adopt_configuration(base::Instant now, const wire::Dio& dio) {
  grounded_ = dio.grounded;
  preference_ = dio.preference;
  if (!dio.configuration) return;
  const bool timing_changed =
      !configuration_known_ || configuration_.interval_min != dio.configuration->interval_min ||
      configuration_.interval_doublings != dio.configuration->interval_doublings ||
      configuration_.redundancy != dio.configuration->redundancy;
  configuration_ = *dio.configuration;
  configuration_known_ = true;
  if (config_.leaf || (!timing_changed && trickle_.running())) return;
  trickle_.start(now,
                 {.interval_min = milliseconds(std::int64_t{1} << configuration_.interval_min),
                  .doublings = configuration_.interval_doublings,
                  .redundancy = configuration_.redundancy},
                 random_);
}

/// Lifetimes are not looked at: Contiki's root announces zero for both and means for ever.
void RplRouter::adopt_prefix(base::Instant now, const wire::Dio& dio) {
  if (!dio.prefix || !dio.prefix->autonomous || dio.prefix->prefix_length != 64) return;
  if (dio.prefix->prefix.multicast() || dio.prefix->prefix.link_local()) return;
  prefix_option_ = dio.prefix;
  auto prefix = dio.prefix->prefix;
  std::fill(prefix.bytes.begin() + 8, prefix.bytes.end(), std::uint8_t{0});
  if (prefix_ == prefix) return;
  if (prefix_) {
    events_.address_removed(now, wire::Ipv6Address::from_prefix(*prefix_, config_.eui64));
  }
  prefix_ = prefix;
  output_.set_prefix(prefix_);
  events_.address_added(now, prefix, 64, wire::Ipv6Address::from_prefix(prefix, config_.eui64));
  if (parent() != nullptr) schedule_dao(now, true);
}

void RplRouter::note_candidate(base::Instant now, const RplPacket& packet, const wire::Dio& dio) {
  auto* neighbour = neighbours_.find(packet.link_source);
  if (neighbour == nullptr && dio.rank == infinite_rank) return;
  if (neighbour == nullptr) neighbour = neighbours_.add(now, packet.link_source, packet.rssi_dbm);
  if (neighbour == nullptr) return;
  const bool forget = !joined() || now - neighbour->last_failure > bad_etx_lifetime;
  if (neighbour->etx.value() > etx_usable && !neighbour->preferred_parent && forget) {
    neighbour->etx = Etx::guess(packet.rssi_dbm);
  }
  const bool trigger = neighbour->preferred_parent && neighbour->dtsn != dio.dtsn &&
                       neighbour->version == dio.version;
  neighbour->rank = dio.rank;
  neighbour->version = dio.version;
  neighbour->dtsn = dio.dtsn;
  neighbour->last_heard = now;
  neighbour->liveness_probes = 0;
  // A parent that was lost although it is heard may have stopped to acknowledge (another firmware):
  // find out anew, or every frame to it would be given up.
  if (neighbour->acks == AckAbility::proven &&
      neighbour->consecutive_failures >= dead_after_failures) {
    neighbour->acks = AckAbility::doubted;
    neighbour->probes = 0;
  }
  neighbour->consecutive_failures = 0;
  if (trigger) schedule_dao(now, true);
}

void RplRouter::select(base::Instant now) {
  if (!joined()) return;
  auto* current = parent();
  auto limits = constraints();
  // The parent we have may raise its rank, within bounds; anybody new must be above us, or the
  // way up might lead through our own children.
  auto* best = select_parent(neighbours_.entries(), limits);
  if (current != nullptr && best == nullptr) {
    auto relaxed = limits;
    relaxed.rank_below = infinite_rank;
    if (rank_through(*current, relaxed) != infinite_rank) best = current;
  }
  if (best == nullptr) return repair(now, "no parent is left");
  if (best != current) return set_parent(now, *best);
  limits.rank_below = infinite_rank;
  set_rank(now, rank_through(*best, limits));
}

void RplRouter::set_parent(base::Instant now, Neighbour& next) {
  auto limits = constraints();
  limits.rank_below = infinite_rank;
  const auto rank = rank_through(next, limits);
  std::optional<wire::Ipv6Address> from;
  if (auto* former = parent()) {
    from = wire::Ipv6Address::link_local_from(former->eui64);
    former->preferred_parent = false;
    ++statistics_.parent_switches;
    if (former->consecutive_failures < dead_after_failures) no_path_to_ = from;
  }
  next.preferred_parent = true;
  next.liveness_probes = 0;
  confirmed_ = false;
  parent_never_acks_ = false;
  dao_attempts_ = 0;
  dao_ack_deadline_ = base::never;
  probe_at_ = base::never;
  events_.parent_changed(now, from, wire::Ipv6Address::link_local_from(next.eui64),
                         next.etx.value());
  set_rank(now, rank);
  trickle_.reset(now, random_);
  ++statistics_.trickle_resets;
  path_sequence_ = lollipop::next(path_sequence_);
  schedule_dao(now, true);
}

void RplRouter::set_rank(base::Instant now, std::uint16_t rank) {
  if (rank == rank_) return;
  const int change = std::abs(int{rank} - int{rank_});
  rank_ = rank;
  lowest_rank_ = std::min(lowest_rank_, rank);
  if (change >= configuration_.min_hop_rank_increase) {
    trickle_.reset(now, random_);
    ++statistics_.trickle_resets;
  }
  if (std::abs(int{rank} - int{told_rank_}) < told_rank_change) return;
  events_.rank_changed(now, told_rank_, rank);
  told_rank_ = rank;
}

/// Poisons the sub-DODAG (section 8.2.2.5), then searches anew.
void RplRouter::repair(base::Instant now, std::string_view why) {
  ++statistics_.local_repairs;
  events_.local_repair(now, why);
  if (auto* former = parent()) {
    former->preferred_parent = false;
    events_.parent_changed(now, wire::Ipv6Address::link_local_from(former->eui64), std::nullopt, 0);
  }
  const bool has_children = routes_.size() > 0;
  set_rank(now, infinite_rank);
  lowest_rank_ = infinite_rank;
  for (auto& entry : neighbours_.entries()) entry.rank = infinite_rank;
  drop_routes();
  dtsn_ = lollipop::next(dtsn_);
  trickle_.stop();
  dao_at_ = dao_refresh_at_ = dao_ack_deadline_ = probe_at_ = base::never;
  no_path_to_.reset();
  dio_wanted_by_.reset();
  dio_due_ = false;
  state_ = State::poisoning;
  poisons_left_ = config_.leaf ? 0 : has_children ? poison_count : 1;
  poison_at_ = now + jitter(milliseconds(10), milliseconds(60));
}

void RplRouter::rank_error(base::Instant now) {
  if (!joined() || config_.leaf) return;
  trickle_.reset(now, random_);
  ++statistics_.trickle_resets;
}

void RplRouter::advance(base::Instant now) {
  if (state_ == State::stopped) return;
  if (state_ == State::searching && now >= dis_at_) send_dis(now);
  if (state_ == State::poisoning && now >= poison_at_) {
    if (poisons_left_ == 0) {
      search(now, jitter(milliseconds(100), milliseconds(600)));
    } else if (send_dio(now, wire::all_rpl_nodes)) {
      --poisons_left_;
      poison_at_ = now + poison_interval;
    } else {
      poison_at_ = now + retry;
    }
  }
  if (now >= maintain_at_) maintain(now);
  if (!joined()) return;
  // Bounded: one tick of the timer per call and deadline.
  for (int i = 0; i < 4 && now >= trickle_.next_deadline(); ++i) {
    if (trickle_.advance(now, random_)) dio_due_ = true;
  }
  if ((dio_due_ || dio_wanted_by_) && now >= dio_at_) {
    if (dio_wanted_by_ && send_dio(now, *dio_wanted_by_)) dio_wanted_by_.reset();
    if (dio_due_ && send_dio(now, wire::all_rpl_nodes)) dio_due_ = false;
    dio_at_ = dio_due_ || dio_wanted_by_ ? now + retry : base::Instant{};
  }
  if (now >= probe_at_) probe_parent(now);
  advance_dao(now);
}

base::Instant RplRouter::next_deadline() const {
  switch (state_) {
    case State::stopped:
      return base::never;
    case State::searching:
      return std::min(dis_at_, maintain_at_);
    case State::poisoning:
      return std::min(poison_at_, maintain_at_);
    case State::joined:
      break;
  }
  const auto dio_at = dio_due_ || dio_wanted_by_ ? dio_at_ : base::never;
  return std::min({trickle_.next_deadline(), dio_at, maintain_at_, probe_at_, dao_at_,
                   dao_ack_deadline_, dao_refresh_at_});
}

void RplRouter::send_dis(base::Instant now) {
  if (!output_.send_rpl(now, wire::all_rpl_nodes, wire::Dis{})) {
    dis_at_ = now + retry;
    return;
  }
  ++statistics_.dis_sent;
  dis_at_ = now + jitter(dis_interval_ / 2, dis_interval_);
  dis_interval_ = std::min(dis_interval_ * 2, last_dis_interval);
}

bool RplRouter::send_dio(base::Instant now, const wire::Ipv6Address& to) {
  wire::Dio dio{.instance = info_.instance_id,
                .version = info_.version,
                .rank = rank_,
                .grounded = grounded_,
                .mode_of_operation = info_.mode_of_operation,
                .preference = preference_,
                .dtsn = dtsn_,
                .dodag_id = info_.dodag_id,
                .configuration = configuration_,
                .prefix = prefix_option_};
  if (!output_.send_rpl(now, to, dio)) return false;
  ++statistics_.dio_sent;
  return true;
}

/// Asks a silent parent by unicast DIS, which it has to answer with a DIO.
void RplRouter::probe_parent(base::Instant now) {
  auto* current = parent();
  probe_at_ = base::never;
  if (current == nullptr || now - current->last_heard < probe_interval) return;
  const auto address = wire::Ipv6Address::link_local_from(current->eui64);
  if (current->liveness_probes >= probe_limit) {
    events_.parent_lost(now, address);
    current->rank = infinite_rank;
    select(now);
    return;
  }
  if (output_.send_rpl(now, address, wire::Dis{})) {
    ++statistics_.dis_sent;
    ++current->liveness_probes;
    probe_at_ = now + probe_interval;
  } else {
    probe_at_ = now + retry;
  }
}

void RplRouter::maintain(base::Instant now) {
  maintain_at_ = now + maintenance_period;
  expire_routes(now);
  if (!joined()) return;
  for (auto& entry : neighbours_.entries()) {
    if (entry.used && now - entry.last_heard > candidate_lifetime) entry.rank = infinite_rank;
  }
  auto* current = parent();
  if (current != nullptr && current->consecutive_failures >= dead_after_failures) {
    events_.parent_lost(now, wire::Ipv6Address::link_local_from(current->eui64));
  }
  select(now);
  current = parent();
  if (current == nullptr || probe_at_ != base::never) return;
  const auto silent = now - current->last_heard;
  if (silent > parent_silence ||
      (silent > parent_silence_in_use && current->unanswered_frames >= frames_in_use)) {
    probe_at_ = now;
  }
}

}  // namespace goldcrest::net

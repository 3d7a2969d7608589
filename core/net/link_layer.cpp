// SPDX-License-Identifier: MIT
#include "core/net/link_layer.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::net {
namespace {

/// Senders are known again by their sequence numbers for this long; after it any number is new.
constexpr base::Duration sequence_memory = std::chrono::seconds(3);
/// A jump in the sequence beyond this is a restart, not loss.
constexpr int longest_gap = 8;
/// How long a frame for somebody else that asks for an ack keeps us quiet.
constexpr base::Duration foreign_ack_wait{6'000};
/// Acks asked for in a row from a neighbour that has never given one, and how seldom after that.
constexpr std::uint8_t eager_probes = 3;
constexpr std::uint16_t probe_period = 32;
/// Frames in a row without ack, the neighbour being heard in between, after which it counts as one
/// that does not acknowledge.
constexpr std::uint8_t doubt_after_failures = 6;
// Who has got its ack goes on with its next frame at once: ours in that gap would collide.
constexpr base::Duration follow_up_wait{3'000};
constexpr unsigned first_exponent = 2;
constexpr unsigned last_exponent = 5;

bool later(base::Instant now, base::Instant then, base::Duration by) {
  return now - then > by;
}

}  // namespace

LinkLayer::LinkLayer(const LinkConfig& config, NeighbourTable& neighbours,
                     std::span<SourceRecord> sources, base::Random& random,
                     LinkStatistics& statistics)
    : config_(config),
      neighbours_(neighbours),
      sources_(sources),
      random_(random),
      statistics_(statistics),
      sequence_(static_cast<std::uint8_t>(random.next())) {}

std::optional<LinkFrame> LinkLayer::receive(base::Instant now, base::Bytes frame, int rssi_dbm) {
  const auto mac = wire::MacFrame::parse(frame);
  if (!mac) {
    ++statistics_.frames_malformed;
    return std::nullopt;
  }
  if (mac->type == wire::MacFrameType::acknowledgement) {
    receive_ack(now, mac->sequence);
    return std::nullopt;
  }
  const auto own = wire::MacAddress::from(config_.eui64);
  const bool our_pan = mac->destination_pan == config_.pan_id || mac->destination_pan == 0xFFFF;
  if (!our_pan || mac->source.mode != wire::MacAddressMode::extended || mac->source == own) {
    ++statistics_.frames_foreign;
    return std::nullopt;
  }
  const auto novelty = note_sequence(now, mac->source.extended, mac->sequence);
  hear_neighbour(now, mac->source.extended, rssi_dbm, novelty, mac->ack_request);
  const bool broadcast = mac->destination.is_broadcast();
  if (!broadcast && mac->destination != own) {
    if (mac->ack_request) quiet_until_ = now + foreign_ack_wait;
    ++statistics_.frames_foreign;
    return std::nullopt;
  }
  ++statistics_.frames_received;
  if (mac->ack_request && !broadcast && config_.acks != LinkAckPolicy::never && ack_ != Ack::out) {
    base::ByteWriter writer(ack_frame_);
    wire::MacFrame::acknowledgement(mac->sequence).emit(writer);
    base::ensure(writer.ok() && writer.size() == ack_frame_.size());
    ack_ = Ack::pending;
    ack_due_until_ = now + config_.ack_wait;
  }
  if (novelty.duplicate) {
    ++statistics_.duplicates;
    return std::nullopt;
  }
  return LinkFrame{.source = mac->source.extended,
                   .broadcast = broadcast,
                   .rssi_dbm = rssi_dbm,
                   .addresses = {.source = mac->source, .destination = mac->destination},
                   .payload = mac->payload};
}

LinkLayer::Novelty LinkLayer::note_sequence(base::Instant now, const wire::Eui64& source,
                                            std::uint8_t sequence) {
  SourceRecord* record = nullptr;
  for (auto& candidate : sources_) {
    if (candidate.used && candidate.source == source) {
      record = &candidate;
      break;
    }
    if (record == nullptr || !candidate.used ||
        (record->used && candidate.last_heard < record->last_heard)) {
      record = &candidate;
    }
  }
  base::ensure(record != nullptr);
  const bool known = record->used && record->source == source;
  const int ahead = static_cast<std::int8_t>(static_cast<std::uint8_t>(sequence - record->latest));
  if (!known || later(now, record->last_heard, sequence_memory) || ahead <= -32 || ahead > 32) {
    *record = {.source = source, .last_heard = now, .seen = 1, .latest = sequence, .used = true};
    return {};
  }
  record->last_heard = now;
  if (ahead > 0) {
    record->seen = ahead == 32 ? 1 : (record->seen << ahead) | 1;
    record->latest = sequence;
    return {.duplicate = false,
            .lost_before = ahead <= longest_gap ? static_cast<unsigned>(ahead - 1) : 0};
  }
  const std::uint32_t bit = std::uint32_t{1} << -ahead;
  const bool duplicate = (record->seen & bit) != 0;
  record->seen |= bit;
  return {.duplicate = duplicate, .lost_before = 0};
}

void LinkLayer::hear_neighbour(base::Instant now, const wire::Eui64& source, int rssi_dbm,
                               const Novelty& novelty, bool asks_for_ack) {
  auto* neighbour = neighbours_.find(source);
  if (neighbour == nullptr) return;
  if (asks_for_ack && neighbour->acks == AckAbility::unknown) neighbour->acks = AckAbility::proven;
  neighbour->last_heard = now;
  neighbour->rssi_dbm = static_cast<std::int8_t>(std::clamp(rssi_dbm, -128, 127));
  neighbour->liveness_probes = 0;
  neighbour->unanswered_frames = 0;
  if (neighbour->acks != AckAbility::proven && !novelty.duplicate) {
    neighbour->etx.sample(novelty.lost_before + 1);
  }
  if (neighbour->acks == AckAbility::proven &&
      neighbour->consecutive_failures >= doubt_after_failures) {
    neighbour->acks = AckAbility::doubted;
    neighbour->probes = 0;
    neighbour->consecutive_failures = 0;
  }
}

void LinkLayer::receive_ack(base::Instant now, std::uint8_t sequence) {
  // An ack may be late, when the frame already waits for its retransmission.
  const bool expected =
      ack_requested_ && sequence == sequence_ &&
      (state_ == State::awaiting_ack || (state_ == State::waiting && attempts_ > 0));
  if (!expected) return;
  ++statistics_.acks_received;
  if (auto* neighbour = neighbours_.find(*destination_)) {
    neighbour->acks = AckAbility::proven;
    neighbour->probes = 0;
    neighbour->last_heard = now;
    neighbour->liveness_probes = 0;
    neighbour->unanswered_frames = 0;
  }
  finish(now, true);
}

wire::LinkAddresses LinkLayer::addresses_to(const std::optional<wire::Eui64>& destination) const {
  return {.source = wire::MacAddress::from(config_.eui64),
          .destination =
              destination ? wire::MacAddress::from(*destination) : wire::MacAddress::broadcast()};
}

bool LinkLayer::wants_ack(Neighbour* neighbour) {
  if (config_.acks == LinkAckPolicy::always) return true;
  if (config_.acks == LinkAckPolicy::never || neighbour == nullptr) return false;
  if (neighbour->acks == AckAbility::proven) return true;
  ++neighbour->frames_since_probe;
  if (neighbour->probes >= eager_probes && neighbour->frames_since_probe < probe_period) {
    return false;
  }
  neighbour->frames_since_probe = 0;
  neighbour->probes = static_cast<std::uint8_t>(std::min(neighbour->probes + 1, 255));
  return true;
}

void LinkLayer::send(base::Instant now, const std::optional<wire::Eui64>& destination,
                     base::Bytes payload, bool first) {
  base::ensure(idle() && payload.size() <= payload_room(!destination));
  destination_ = destination;
  ack_requested_ = false;
  retransmits_ = false;
  if (destination) {
    auto* neighbour = neighbours_.find(*destination);
    if (neighbour == nullptr && config_.acks != LinkAckPolicy::never) {
      neighbour = neighbours_.add(now, *destination, -95);
    }
    ack_requested_ = wants_ack(neighbour);
    retransmits_ = ack_requested_ &&
                   (config_.acks == LinkAckPolicy::always || neighbour->acks == AckAbility::proven);
  }
  const auto addresses = addresses_to(destination);
  auto mac = wire::MacFrame::data(config_.pan_id, ++sequence_, addresses.source,
                                  addresses.destination, payload);
  mac.ack_request = ack_requested_;
  base::ByteWriter writer(frame_);
  mac.emit(writer);
  base::ensure(writer.ok());
  frame_size_ = static_cast<std::uint8_t>(writer.size());
  attempts_ = 0;
  busy_ = 0;
  if (first) {
    wait_before_attempt(now, 1);
  } else {
    state_ = State::waiting;
    send_at_ = std::max(send_at_, now);
  }
}

void LinkLayer::wait_before_attempt(base::Instant now, unsigned exponent) {
  state_ = State::waiting;
  const auto slots = std::uint32_t{1} << exponent;
  const auto wait_us =
      random_.below(slots * static_cast<std::uint32_t>(config_.backoff_unit.count()));
  send_at_ = std::max(now, send_at_) + base::Duration(wait_us);
}

std::optional<LinkOutcome> LinkLayer::take_outcome() {
  const auto outcome = outcome_;
  outcome_.reset();
  return outcome;
}

std::optional<Transmission> LinkLayer::next_transmission(base::Instant now) {
  if (state_ == State::out || ack_ == Ack::out) return std::nullopt;
  if (ack_ == Ack::pending) {
    ack_ = Ack::none;
    if (now <= ack_due_until_) {
      ack_ = Ack::out;
      return Transmission{.frame = ack_frame_, .immediate = true};
    }
  }
  if (state_ != State::waiting || now < std::max(send_at_, quiet_until_)) return std::nullopt;
  state_ = State::out;
  return Transmission{.frame = base::Bytes(frame_).first(frame_size_), .immediate = false};
}

void LinkLayer::transmission_done(base::Instant now, TransmitResult result) {
  if (ack_ == Ack::out) {
    ack_ = Ack::none;
    if (result == TransmitResult::sent) ++statistics_.acks_sent;
    quiet_until_ = std::max(quiet_until_, now + follow_up_wait);
    return;
  }
  base::ensure(state_ == State::out);
  if (result == TransmitResult::channel_busy) {
    ++statistics_.channel_busy;
    ++busy_;
    if (busy_ < config_.busy_limit) {
      wait_before_attempt(now, std::min(first_exponent + busy_ - 1, last_exponent));
    } else {
      attempt_failed(now);
    }
    return;
  }
  if (result == TransmitResult::failed) return attempt_failed(now);
  ++statistics_.frames_sent;
  if (attempts_ > 0) ++statistics_.retransmissions;
  if (ack_requested_) {
    state_ = State::awaiting_ack;
    ack_deadline_ = now + config_.ack_wait;
    return;
  }
  send_at_ = now + config_.frame_gap;
  finish(now, true);
}

void LinkLayer::advance(base::Instant now) {
  if (state_ == State::awaiting_ack && now >= ack_deadline_) {
    if (retransmits_) {
      attempt_failed(now);
    } else {
      // It was a probe: the frame is as good as any other to a silent neighbour.
      ack_requested_ = false;
      finish(now, true);
    }
  }
}

void LinkLayer::attempt_failed(base::Instant now) {
  ++attempts_;
  busy_ = 0;
  if (attempts_ < (retransmits_ ? config_.attempts : 1)) {
    wait_before_attempt(now, std::min(first_exponent + attempts_ / 3u, last_exponent));
  } else {
    finish(now, false);
  }
}

void LinkLayer::finish(base::Instant now, bool through) {
  state_ = State::idle;
  outcome_ = through ? LinkOutcome::sent : LinkOutcome::given_up;
  if (!through) ++statistics_.frames_given_up;
  account(now, through);
}

void LinkLayer::account(base::Instant now, bool through) {
  if (!destination_) return;
  auto* neighbour = neighbours_.find(*destination_);
  if (neighbour == nullptr) return;
  if (through) {
    neighbour->consecutive_failures = 0;
    if (ack_requested_) {
      neighbour->etx.sample(attempts_ + 1u);
    } else if (neighbour->unanswered_frames < 255) {
      ++neighbour->unanswered_frames;
    }
    return;
  }
  neighbour->last_failure = now;
  if (neighbour->consecutive_failures < 255) ++neighbour->consecutive_failures;
  neighbour->etx.sample(config_.attempts);
}

base::Instant LinkLayer::next_deadline() const {
  if (state_ == State::out || ack_ == Ack::out) return base::never;
  if (ack_ == Ack::pending) return base::Instant{};
  switch (state_) {
    case State::waiting:
      return std::max(send_at_, quiet_until_);
    case State::awaiting_ack:
      return ack_deadline_;
    default:
      return base::never;
  }
}

}  // namespace goldcrest::net

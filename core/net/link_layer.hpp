// SPDX-License-Identifier: MIT
// The MAC state machine above the driver: one data frame at a time goes out, with back-off when the
// carrier is busy, and, where the neighbour acknowledges, with retransmission; frames that come in
// are filtered, duplicates rejected, acknowledgements answered.
//
// Acknowledgements (IEEE 802.15.4 section 7.5.6.4) are an extension between nodes of this stack:
// field devices neither ask for them nor send them. A neighbour counts as silent until it has
// acknowledged once, or asked for an ack itself. Towards a silent neighbour every frame is sent
// once; now and then one asks for an ack. Towards one that has proven to acknowledge every unicast
// frame asks, and is sent again when no ack comes. When such a neighbour stops acknowledging while
// it is still heard, it counts as silent again (its firmware may have been exchanged).
//
//   idle -> waiting (back-off) -> out (with the driver) -> [awaiting_ack] -> idle
//              ^------------------------+---------------------+
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/net/neighbour_table.hpp"
#include "core/net/statistics.hpp"
#include "core/net/transmission.hpp"
#include "core/wire/address.hpp"
#include "core/wire/ieee802154.hpp"
#include "core/wire/sixlowpan.hpp"

namespace goldcrest::net {

/// What is remembered of a sender to tell duplicates from news.
struct SourceRecord {
  wire::Eui64 source;
  base::Instant last_heard{};
  std::uint32_t seen = 0;  ///< bit n: sequence number `latest - n` was heard
  std::uint8_t latest = 0;
  bool used = false;
};

struct LinkConfig {
  wire::Eui64 eui64;
  std::uint16_t pan_id = 0xABCD;
  /// With `never`, acks are not sent to others either, as the field devices do not.
  LinkAckPolicy acks = LinkAckPolicy::learn;
  base::Duration ack_wait{20'000};     ///< from the end of the frame until the ack must be here
  base::Duration frame_gap{4'000};     ///< rest between frames that are not acknowledged
  base::Duration backoff_unit{4'000};  ///< about the air time of a short frame
  unsigned attempts = 8;               ///< of one frame towards a neighbour that acknowledges
  unsigned busy_limit = 12;            ///< times the carrier may be busy for one attempt
};

/// A data frame that is for us and new.
struct LinkFrame {
  wire::Eui64 source;
  bool broadcast = false;
  int rssi_dbm = 0;
  wire::LinkAddresses addresses;
  base::Bytes payload;  ///< view into the frame
};

enum class LinkOutcome : std::uint8_t {
  sent,      ///< on air, and acknowledged where that can be expected
  given_up,  ///< no ack after the last attempt, or the channel never got free
};

class LinkLayer {
 public:
  LinkLayer(const LinkConfig& config, NeighbourTable& neighbours, std::span<SourceRecord> sources,
            base::Random& random, LinkStatistics& statistics);

  /// A frame from the radio: the data in it if it is for us and no duplicate.
  std::optional<LinkFrame> receive(base::Instant now, base::Bytes frame, int rssi_dbm);

  /// Whether send() may be called.
  bool idle() const { return state_ == State::idle && !outcome_; }
  /// Link payload that fits into a frame to `destination`.
  static constexpr std::size_t payload_room(bool broadcast) {
    return limits::frame_bytes - (broadcast ? 15 : 21);
  }
  /// Begins to send one frame; nullopt as destination is broadcast. `first`: the first frame of a
  /// datagram waits for a random moment, the rest follow at once. Only when idle(); the payload
  /// must fit.
  void send(base::Instant now, const std::optional<wire::Eui64>& destination, base::Bytes payload,
            bool first);
  /// How the last send() ended, once.
  std::optional<LinkOutcome> take_outcome();

  std::optional<Transmission> next_transmission(base::Instant now);
  void transmission_done(base::Instant now, TransmitResult result);
  void advance(base::Instant now);
  base::Instant next_deadline() const;

  wire::LinkAddresses addresses_to(const std::optional<wire::Eui64>& destination) const;

 private:
  enum class State : std::uint8_t { idle, waiting, out, awaiting_ack };
  enum class Ack : std::uint8_t { none, pending, out };
  struct Novelty {
    bool duplicate = false;
    unsigned lost_before = 0;  ///< frames of this sender missed just before this one
  };

  Novelty note_sequence(base::Instant now, const wire::Eui64& source, std::uint8_t sequence);
  void hear_neighbour(base::Instant now, const wire::Eui64& source, int rssi_dbm,
                      const Novelty& novelty, bool asks_for_ack);
  void receive_ack(base::Instant now, std::uint8_t sequence);
  bool wants_ack(Neighbour* neighbour);
  void wait_before_attempt(base::Instant now, unsigned exponent);
  void attempt_failed(base::Instant now);
  void finish(base::Instant now, bool through);
  void account(base::Instant now, bool through);

  LinkConfig config_;
  NeighbourTable& neighbours_;
  std::span<SourceRecord> sources_;
  base::Random& random_;
  LinkStatistics& statistics_;

  State state_ = State::idle;
  Ack ack_ = Ack::none;
  std::optional<LinkOutcome> outcome_;
  std::array<std::uint8_t, limits::frame_bytes> frame_{};
  std::uint8_t frame_size_ = 0;
  std::optional<wire::Eui64> destination_;
  std::uint8_t sequence_;
  bool ack_requested_ = false;
  bool retransmits_ = false;
  std::uint8_t attempts_ = 0;
  std::uint8_t busy_ = 0;
  base::Instant send_at_{};
  base::Instant ack_deadline_{};
  base::Instant quiet_until_{};  ///< somebody else is expected on air until then
  std::array<std::uint8_t, 3> ack_frame_{};
  base::Instant ack_due_until_{};
};

}  // namespace goldcrest::net

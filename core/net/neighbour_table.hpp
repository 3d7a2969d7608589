// SPDX-License-Identifier: MIT
// The link neighbours a node deals with: how good the link is, whether it acknowledges, and what it
// said of itself in RPL. The storage belongs to the owner and bounds the table. A neighbour gets in
// only by something we acted upon (a DIO that could be used, a DAO, a datagram sent to it), never
// by merely being heard, and when the table is full the one heard least recently makes room, unless
// it is pinned: a parent or the next hop of a route never goes.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/time.hpp"
#include "core/net/etx.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::net {

/// RFC 6550 section 17, INFINITE_RANK.
inline constexpr std::uint16_t infinite_rank = 0xFFFF;

enum class AckAbility : std::uint8_t {
  unknown,  ///< it has neither acknowledged nor asked for an ack
  proven,   ///< it has
  doubted,  ///< it has, but does not any more; only an ack proves it again
};

struct Neighbour {
  wire::Eui64 eui64;
  Etx etx;
  std::int8_t rssi_dbm = -120;  ///< of the last frame
  AckAbility acks = AckAbility::unknown;
  std::uint8_t consecutive_failures = 0;  ///< frames given up since one was through
  std::uint16_t frames_since_probe = 0;   ///< unicast frames since an ack was last asked for
  std::uint8_t probes = 0;                ///< acks asked for in vain
  std::uint8_t unanswered_frames = 0;     ///< sent without ack since it was last heard
  base::Instant last_heard{};
  base::Instant last_failure{};

  // What its last DIO said; rank is infinite_rank while it is no candidate parent.
  std::uint16_t rank = infinite_rank;
  std::uint8_t dtsn = 0;
  std::uint8_t version = 0;
  std::uint8_t liveness_probes = 0;  ///< unicast DIS sent since it was last heard
  bool acks_dao = false;             ///< it has answered a DAO by a DAO-ACK

  bool preferred_parent = false;
  std::uint16_t routes = 0;  ///< routes that use it as next hop

  bool used = false;
  bool pinned() const { return preferred_parent || routes > 0; }
};

class NeighbourTable {
 public:
  explicit NeighbourTable(std::span<Neighbour> storage) : storage_(storage) {}

  /// Null when there is none. The pointer is valid until the next add() or remove().
  Neighbour* find(const wire::Eui64& eui64);
  const Neighbour* find(const wire::Eui64& eui64) const;
  /// The existing entry, or a new one, or null when the table is full of pinned neighbours. An
  /// entry that had to go is reported by evictions().
  Neighbour* add(base::Instant now, const wire::Eui64& eui64, int rssi_dbm);
  void remove(Neighbour& neighbour) { neighbour = {}; }
  void clear();

  std::size_t size() const;
  std::uint32_t evictions() const { return evictions_; }
  /// All entries; skip those that are not `used`.
  std::span<Neighbour> entries() { return storage_; }
  std::span<const Neighbour> entries() const { return storage_; }

 private:
  std::span<Neighbour> storage_;
  std::uint32_t evictions_ = 0;
};

}  // namespace goldcrest::net

// SPDX-License-Identifier: MIT
// The virtual air: one radio channel shared by any number of stations, in virtual time.
//
// A packet occupies the air from its preamble to its CRC. Every station that has a link to the
// sender hears it, unless the link loses it, the station is sending itself, or another packet that
// the station can hear overlaps with it: then it arrives corrupt. Besides loss, the air can repeat
// packets and hold them back (as a flaky network does), so that receivers meet duplicates and
// reordering. All decisions come from one seed; two runs with the same calls are identical.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "host/board/radio_port.hpp"

namespace goldcrest::sim {

using board::RadioReceiver;
using board::RadioSettings;
using StationId = std::size_t;

/// How well one station hears another.
struct Link {
  bool connected = true;
  double loss = 0.0;  ///< probability in [0, 1] that a packet does not arrive
  int rssi_dbm = -60;
};

struct AirOptions {
  std::uint64_t seed = 1;
  double loss = 0.0;       ///< of every link that has no link of its own set
  double duplicate = 0.0;  ///< probability that a delivered packet is heard a second time
  double reorder = 0.0;    ///< probability that a packet is held back behind later ones
  bool collisions = true;  ///< overlapping packets spoil each other
};

/// What became of the traffic.
struct AirStatistics {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  ///< of the payloads, without preamble, sync, length and CRC
  base::Duration busy{};    ///< sum of all air times
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t collided = 0;
};

class Air {
 public:
  explicit Air(const AirOptions& options);

  StationId add(RadioReceiver& receiver);
  /// Sets the link from `sender` to `receiver`, one way.
  void set_link(StationId sender, StationId receiver, const Link& link);
  void set_loss(double loss) { options_.loss = loss; }
  void set_duplicate(double duplicate) { options_.duplicate = duplicate; }
  void set_reorder(double reorder) { options_.reorder = reorder; }

  /// Called with every packet put on the air (for a pcap file), at its begin; with one that grows
  /// at its end. A carrier without a packet is none.
  void observe(std::function<void(base::Instant, StationId, std::span<const std::uint8_t>)> sink) {
    observer_ = std::move(sink);
  }

  /// A station sends; begin ≤ end. `begin` may lie a little behind the stations' clocks, but not
  /// further than the lookahead of the world that drives them.
  void transmit(StationId sender, base::Instant begin, base::Instant end,
                std::span<const std::uint8_t> payload, const RadioSettings& settings);

  /// What is known by now of the packet that `sender` put on the air last, whose content was not
  /// known when it began (board::RadioPort::begin_packet).
  void grow(StationId sender, std::span<const std::uint8_t> payload);
  /// The packet that `sender` put on the air last is over at `end`; if it is not `complete`, nobody
  /// can make sense of it.
  void finish(StationId sender, base::Instant end, bool complete);

  /// The strongest packet that `station` hears at `now`, dBm; -120 when it hears none.
  int rssi_dbm(StationId station, base::Instant now, const RadioSettings& settings) const;

  /// When advance() has something to do.
  base::Instant next_event() const;
  /// Delivers every packet that begins or ends at or before `now`.
  void advance(base::Instant now);

  const AirStatistics& statistics() const { return statistics_; }

 private:
  struct Packet {
    std::uint64_t id;
    StationId sender;
    base::Instant begin;
    base::Instant end;
    std::vector<std::uint8_t> payload;
    RadioSettings settings;
    bool begun = false;
    bool held_back = false;         ///< heard by nobody now; its echo will be
    bool repeated = false;          ///< an echo of an earlier packet: never repeated again
    bool growing = false;           ///< its content is told piece by piece
    bool broken = false;            ///< cut off by its sender
    std::set<StationId> receivers;  ///< who was told of its begin
    std::set<StationId> spoiled;    ///< for whom it collided
  };

  bool chance(double probability);
  Link link(StationId sender, StationId receiver) const;
  Packet* latest(StationId sender);
  void begin(Packet& packet, base::Instant now);
  void collide(Packet& packet);
  void end(const Packet& packet);
  void echo(const Packet& packet, base::Duration delay);

  AirOptions options_;
  base::SeededRandom random_;
  std::vector<RadioReceiver*> stations_;
  std::map<std::pair<StationId, StationId>, Link> links_;
  std::list<Packet> packets_;  ///< on air or about to be; a receiver may send while it is told
  std::uint64_t next_id_ = 1;
  std::function<void(base::Instant, StationId, std::span<const std::uint8_t>)> observer_;
  AirStatistics statistics_;
};

/// Air time of an n-byte payload: preamble, sync, length byte, payload and CRC at the bit rate.
base::Duration air_time(std::size_t payload_bytes, const RadioSettings& settings);

/// The default radio profile: 915 MHz, 38.4 kbit/s (docs/network.md).
RadioSettings default_radio_settings();

}  // namespace goldcrest::sim

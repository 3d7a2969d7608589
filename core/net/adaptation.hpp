// SPDX-License-Identifier: MIT
// The 6LoWPAN adaptation layer (RFC 4944, RFC 6282) as a state machine: a queue of IPv6 datagrams
// goes down as compressed frames, fragmented where they must be; frames come up as whole datagrams.
//
// Addresses are compressed by context 0 (the DODAG prefix), and hop-by-hop headers by NHC, only
// towards neighbours that acknowledge: those run this stack. Everybody else gets the plain forms
// that the field devices understand.
//
// While datagrams are lost for want of room, we leave the channel free for half of the time:
// without, nobody else would find it so, least of all those who cannot hear us send.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/net/link_layer.hpp"
#include "core/net/neighbour_table.hpp"
#include "core/net/packet_queue.hpp"
#include "core/net/reassembly.hpp"
#include "core/net/statistics.hpp"
#include "core/wire/address.hpp"
#include "core/wire/sixlowpan.hpp"

namespace goldcrest::net {

/// A whole IPv6 datagram from the link.
struct ReceivedDatagram {
  wire::Eui64 source;
  bool broadcast = false;
  int rssi_dbm = 0;
  base::MutableBytes bytes;  ///< valid until the next call of receive()
};

class Adaptation {
 public:
  Adaptation(LinkLayer& link, NeighbourTable& neighbours, PacketQueue queue,
             std::span<Reassembly> reassemblies, base::Random& random,
             AdaptationStatistics& statistics);

  /// Context 0; nullopt while no prefix is known.
  void set_prefix(const std::optional<wire::Ipv6Address>& prefix);

  std::optional<ReceivedDatagram> receive(base::Instant now, const LinkFrame& frame);

  /// Datagrams of a flow that wait.
  std::size_t queued(const wire::Eui64& flow) const { return queue_.size_of(flow); }
  bool room_for(std::size_t bytes) const { return queue_.room_for(bytes); }
  /// Room for one of `bytes` of a flow, where need be by dropping those of flows that hold more.
  /// What gets lost is counted, be it the newcomer.
  [[nodiscard]] bool make_room(const wire::Eui64& flow, std::size_t bytes);
  /// One step towards it, for who does not know the size yet.
  [[nodiscard]] bool push_out_for(const wire::Eui64& flow, std::size_t bytes);
  /// Where the next datagram may be written in place (may be empty); queue it with commit().
  base::MutableBytes free_room() { return queue_.free_room(); }
  /// Queues the `size` bytes at the start of free_room() for one neighbour or, nullopt, for all.
  /// `flow`: see QueuedDatagram.
  void commit(std::size_t size, const std::optional<wire::Eui64>& next_hop,
              const wire::Eui64& flow);
  /// Makes room and queues a copy; false when there is none.
  [[nodiscard]] bool send(base::Bytes datagram, const std::optional<wire::Eui64>& next_hop,
                          const wire::Eui64& flow);
  /// A datagram is not sent for want of room.
  void note_queue_full() {
    ++statistics_.queue_full;
    loses_ = true;
  }

  /// Feeds the link layer. Call after everything that may have changed its state.
  void pump(base::Instant now);
  void advance(base::Instant now) { reassembler_.advance(now); }
  base::Instant next_deadline() const;

 private:
  std::optional<base::MutableBytes> receive_fragment(base::Instant now, const LinkFrame& frame);
  wire::AddressContexts contexts() const;
  void send_next_frame(base::Instant now);
  void drop_front(bool sent);
  void rest_when_overloaded(base::Instant now);

  LinkLayer& link_;
  NeighbourTable& neighbours_;
  PacketQueue queue_;
  AdaptationStatistics& statistics_;
  Reassembler reassembler_;
  std::optional<wire::AddressContext> context_;
  std::uint16_t next_tag_;
  std::uint16_t offset_ = 0;  ///< bytes of the front datagram that are on their way
  bool frame_in_link_ = false;
  bool loses_ = false;                       ///< a datagram was lost since the front one began
  bool overloaded_ = false;                  ///< the same of the one before it
  base::Instant frame_began_{};              ///< when the link got it
  base::Duration busy_{};                    ///< frames took since the last rest
  base::Instant resting_until_{};            ///< when the next frame may begin
  std::array<std::uint8_t, 224> scratch_{};  ///< an unfragmented datagram, or a first fragment
};

}  // namespace goldcrest::net

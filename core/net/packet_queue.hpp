// SPDX-License-Identifier: MIT
// A queue of datagrams of different sizes in one piece of memory that belongs to the owner, fair to
// the flows that they belong to. They lie one behind the other; taking one away moves the others
// up, so the free room is always in one piece at the end and a datagram can be written there in
// place before it is committed.
//
// Flows share the bytes that go out evenly, whatever each has queued, and what one does not use is
// the others' (self-clocked fair queueing, Golestani 1994); a flow's own datagrams stay in order.
// Where room is wanted, the flow that holds most gives its latest datagram. All of it is reckoned
// from the entries: a flow without a datagram here costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::net {

struct QueuedDatagram {
  std::uint16_t size = 0;
  bool broadcast = false;
  wire::Eui64 next_hop{};    ///< meaningful unless broadcast
  wire::Eui64 flow{};        ///< whose share of the radio it takes
  std::uint32_t finish = 0;  ///< the queue's own: bytes until it is through, were all flows served
                             ///< byte by byte in turn
};

class PacketQueue {
 public:
  PacketQueue(base::MutableBytes memory, std::span<QueuedDatagram> entries)
      : memory_(memory), entries_(entries) {}

  std::size_t size() const { return count_; }
  /// Datagrams of one flow.
  std::size_t size_of(const wire::Eui64& flow) const;
  bool empty() const { return count_ == 0; }
  bool room_for(std::size_t bytes) const {
    return count_ < entries_.size() && bytes <= memory_.size() - used_;
  }
  /// Drops a datagram so that one of `bytes` of `flow` comes nearer to having room: the latest of
  /// the flow that holds most, but never the front, and only if it holds more than `flow` will.
  /// False, and nothing changes, when there is none.
  [[nodiscard]] bool push_out_for(const wire::Eui64& flow, std::size_t bytes);

  /// The free room, to write a datagram into; empty when no entry is left.
  base::MutableBytes free_room();
  /// Queues what was written to the start of free_room(); entry.size bytes.
  void commit(QueuedDatagram entry);
  /// Copies `datagram`, whose size the entry has, in. False, and nothing changes, when there is no
  /// room.
  [[nodiscard]] bool push(base::Bytes datagram, const QueuedDatagram& entry);

  /// Whose turn it is, until pop_front(). The queue must not be empty.
  const QueuedDatagram& front() const;
  /// Valid until pop_front() or push_out_for().
  base::Bytes front_bytes() const;
  void pop_front();

 private:
  std::span<QueuedDatagram> live() { return entries_.first(count_); }
  std::span<const QueuedDatagram> live() const { return entries_.first(count_); }
  std::size_t start_of(std::size_t index) const;
  std::size_t share_of(const wire::Eui64& flow) const;
  std::size_t cost_of(std::size_t bytes) const;
  void erase(std::size_t index);
  void choose_front();

  base::MutableBytes memory_;
  std::span<QueuedDatagram> entries_;
  std::size_t count_ = 0;
  std::size_t used_ = 0;
  std::size_t front_ = 0;  ///< its place; entries lie in the order they came in
};

}  // namespace goldcrest::net

// SPDX-License-Identifier: MIT
// A queue of datagrams of different sizes in one piece of memory that belongs to the owner. They
// lie one behind the other; taking the first one moves the others down, so the free room is always
// in one piece at the end and a datagram can be written there in place before it is committed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/bytes.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::net {

struct QueuedDatagram {
  std::uint16_t size = 0;
  bool broadcast = false;
  wire::Eui64 next_hop{};  ///< meaningful unless broadcast
};

class PacketQueue {
 public:
  PacketQueue(base::MutableBytes memory, std::span<QueuedDatagram> entries)
      : memory_(memory), entries_(entries) {}

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  bool room_for(std::size_t bytes) const {
    return count_ < entries_.size() && bytes <= memory_.size() - used_;
  }

  /// The free room, to write a datagram into; empty when no entry is left.
  base::MutableBytes free_room();
  /// Appends what was written to the start of free_room(); entry.size bytes.
  void commit(const QueuedDatagram& entry);
  /// Copies `datagram` in. False, and nothing changes, when there is no room.
  [[nodiscard]] bool push(base::Bytes datagram, bool broadcast, const wire::Eui64& next_hop);

  /// The queue must not be empty.
  const QueuedDatagram& front() const;
  /// Valid until pop_front().
  base::Bytes front_bytes() const;
  void pop_front();

 private:
  base::MutableBytes memory_;
  std::span<QueuedDatagram> entries_;
  std::size_t count_ = 0;
  std::size_t used_ = 0;
};

}  // namespace goldcrest::net

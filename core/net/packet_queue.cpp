// SPDX-License-Identifier: MIT
#include "core/net/packet_queue.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::net {

base::MutableBytes PacketQueue::free_room() {
  return count_ < entries_.size() ? memory_.subspan(used_) : base::MutableBytes();
}

void PacketQueue::commit(const QueuedDatagram& entry) {
  base::ensure(room_for(entry.size));
  entries_[count_++] = entry;
  used_ += entry.size;
}

bool PacketQueue::push(base::Bytes datagram, bool broadcast, const wire::Eui64& next_hop) {
  if (!room_for(datagram.size())) return false;
  std::ranges::copy(datagram, memory_.begin() + static_cast<std::ptrdiff_t>(used_));
  commit({.size = static_cast<std::uint16_t>(datagram.size()),
          .broadcast = broadcast,
          .next_hop = next_hop});
  return true;
}

const QueuedDatagram& PacketQueue::front() const {
  base::ensure(count_ > 0);
  return entries_[0];
}

base::Bytes PacketQueue::front_bytes() const {
  return memory_.first(front().size);
}

void PacketQueue::pop_front() {
  const std::size_t size = front().size;
  const auto live = memory_.first(used_);
  std::copy(live.begin() + static_cast<std::ptrdiff_t>(size), live.end(), live.begin());
  std::copy(entries_.begin() + 1, entries_.begin() + static_cast<std::ptrdiff_t>(count_),
            entries_.begin());
  used_ -= size;
  --count_;
}

}  // namespace goldcrest::net

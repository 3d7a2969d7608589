// SPDX-License-Identifier: MIT
#include "core/net/packet_queue.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::net {

std::size_t PacketQueue::size_of(const wire::Eui64& flow) const {
  return static_cast<std::size_t>(std::ranges::count(live(), flow, &QueuedDatagram::flow));
}

base::MutableBytes PacketQueue::free_room() {
  return count_ < entries_.size() ? memory_.subspan(used_) : base::MutableBytes();
}

void PacketQueue::commit(QueuedDatagram entry) {
  base::ensure(room_for(entry.size));
  // The clock stands at the front's finish, and the others' are counted from there.
  entry.finish = 0;
  if (count_ > 0) {
    for (const auto& other : live()) {
      if (other.flow == entry.flow) entry.finish = std::max(entry.finish, other.finish);
    }
    entry.finish += entry.size;
  }
  entries_[count_++] = entry;
  used_ += entry.size;
}

bool PacketQueue::push(base::Bytes datagram, const QueuedDatagram& entry) {
  if (!room_for(datagram.size())) return false;
  std::ranges::copy(datagram, memory_.begin() + static_cast<std::ptrdiff_t>(used_));
  commit(entry);
  return true;
}

const QueuedDatagram& PacketQueue::front() const {
  base::ensure(count_ > 0);
  return entries_[front_];
}

base::Bytes PacketQueue::front_bytes() const {
  return memory_.subspan(start_of(front_), front().size);
}

void PacketQueue::pop_front() {
  base::ensure(count_ > 0);
  erase(front_);
  choose_front();
}

/// The datagram that is through earliest has its turn, and the clock is set to it.
void PacketQueue::choose_front() {
  front_ = 0;
  for (std::size_t index = 1; index < count_; ++index) {
    if (entries_[index].finish < entries_[front_].finish) front_ = index;
  }
  const auto finish = entries_[front_].finish;
  for (auto& entry : live()) entry.finish -= finish;
}

// Entries are as scarce as bytes: each costs its part of the table beside its size.
std::size_t PacketQueue::cost_of(std::size_t bytes) const {
  return bytes + memory_.size() / entries_.size();
}

std::size_t PacketQueue::share_of(const wire::Eui64& flow) const {
  std::size_t share = 0;
  for (const auto& entry : live()) {
    if (entry.flow == flow) share += cost_of(entry.size);
  }
  return share;
}

bool PacketQueue::push_out_for(const wire::Eui64& flow, std::size_t bytes) {
  auto largest = share_of(flow) + cost_of(bytes);
  std::size_t victim = count_;
  for (std::size_t index = count_; index-- > 0;) {
    const auto share = share_of(entries_[index].flow);
    if (index == front_ || share <= largest) continue;
    largest = share;
    victim = index;
  }
  if (victim == count_) return false;
  erase(victim);
  if (victim < front_) --front_;
  return true;
}

std::size_t PacketQueue::start_of(std::size_t index) const {
  std::size_t start = 0;
  for (const auto& entry : live().first(index)) start += entry.size;
  return start;
}

void PacketQueue::erase(std::size_t index) {
  const std::size_t size = entries_[index].size;
  const auto behind = memory_.first(used_).subspan(start_of(index));
  std::ranges::copy(behind.subspan(size), behind.begin());
  std::ranges::copy(live().subspan(index + 1), live().subspan(index).begin());
  used_ -= size;
  --count_;
}

}  // namespace goldcrest::net

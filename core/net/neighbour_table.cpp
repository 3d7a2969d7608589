// SPDX-License-Identifier: MIT
#include "core/net/neighbour_table.hpp"

#include <algorithm>

namespace goldcrest::net {

Neighbour* NeighbourTable::find(const wire::Eui64& eui64) {
  const auto found = std::ranges::find_if(
      storage_, [&](const Neighbour& entry) { return entry.used && entry.eui64 == eui64; });
  return found == storage_.end() ? nullptr : &*found;
}

const Neighbour* NeighbourTable::find(const wire::Eui64& eui64) const {
  return const_cast<NeighbourTable*>(this)->find(eui64);
}

Neighbour* NeighbourTable::add(base::Instant now, const wire::Eui64& eui64, int rssi_dbm) {
  if (auto* existing = find(eui64)) return existing;
  Neighbour* slot = nullptr;
  for (auto& entry : storage_) {
    if (!entry.used) {
      slot = &entry;
      break;
    }
    if (entry.pinned()) continue;
    if (slot == nullptr || entry.last_heard < slot->last_heard) slot = &entry;
  }
  if (slot == nullptr) return nullptr;
  if (slot->used) ++evictions_;
  *slot = {};
  slot->used = true;
  slot->eui64 = eui64;
  slot->etx = Etx::guess(rssi_dbm);
  slot->rssi_dbm = static_cast<std::int8_t>(std::clamp(rssi_dbm, -128, 127));
  slot->last_heard = now;
  return slot;
}

void NeighbourTable::clear() {
  std::ranges::fill(storage_, Neighbour{});
}

std::size_t NeighbourTable::size() const {
  return static_cast<std::size_t>(std::ranges::count_if(storage_, &Neighbour::used));
}

}  // namespace goldcrest::net

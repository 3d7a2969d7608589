// SPDX-License-Identifier: MIT
#include "core/net/route_table.hpp"

#include <algorithm>

namespace goldcrest::net {

Route* RouteTable::find(const wire::Ipv6Address& target) {
  const auto found = std::ranges::find_if(storage_, [&](const Route& route) {
    return route.used && !route.withdrawn && route.target == target;
  });
  return found == storage_.end() ? nullptr : &*found;
}

const Route* RouteTable::find(const wire::Ipv6Address& target) const {
  return const_cast<RouteTable*>(this)->find(target);
}

Route* RouteTable::add(const wire::Ipv6Address& target) {
  Route* free_slot = nullptr;
  for (auto& route : storage_) {
    if (route.used && route.target == target) return &route;
    if (!route.used && free_slot == nullptr) free_slot = &route;
  }
  if (free_slot == nullptr) return nullptr;
  *free_slot = {};
  free_slot->used = true;
  free_slot->target = target;
  return free_slot;
}

void RouteTable::clear() {
  std::ranges::fill(storage_, Route{});
}

std::size_t RouteTable::size() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      storage_, [](const Route& route) { return route.used && !route.withdrawn; }));
}

}  // namespace goldcrest::net

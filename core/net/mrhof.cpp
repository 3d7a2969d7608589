// SPDX-License-Identifier: MIT
#include "core/net/mrhof.hpp"

namespace goldcrest::net {

std::uint16_t rank_through(const Neighbour& neighbour, const ParentConstraints& constraints) {
  if (!neighbour.used || neighbour.rank == infinite_rank) return infinite_rank;
  if (neighbour.version != constraints.version) return infinite_rank;
  if (neighbour.rank >= constraints.rank_below) return infinite_rank;
  if (neighbour.consecutive_failures >= dead_after_failures) return infinite_rank;
  if (neighbour.etx.value() > (neighbour.preferred_parent ? etx_bearable : etx_usable)) {
    return infinite_rank;
  }
  const unsigned increase =
      std::max<unsigned>(neighbour.etx.value(), constraints.min_hop_rank_increase);
  const unsigned cost = neighbour.rank + increase;
  if (cost > maximum_path_cost || cost > constraints.rank_limit) return infinite_rank;
  return static_cast<std::uint16_t>(cost);
}

Neighbour* select_parent(std::span<Neighbour> neighbours, const ParentConstraints& constraints) {
  Neighbour* best = nullptr;
  Neighbour* current = nullptr;
  unsigned best_cost = infinite_rank;
  unsigned current_cost = infinite_rank;
  for (auto& neighbour : neighbours) {
    const auto cost = rank_through(neighbour, constraints);
    if (cost == infinite_rank) continue;
    if (neighbour.preferred_parent) {
      current = &neighbour;
      current_cost = cost;
    }
    if (cost < best_cost) {
      best = &neighbour;
      best_cost = cost;
    }
  }
  if (current != nullptr && current_cost < best_cost + parent_switch_threshold) return current;
  return best;
}

}  // namespace goldcrest::net

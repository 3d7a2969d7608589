// SPDX-License-Identifier: MIT
// The objective function MRHOF with ETX (RFC 6719): which neighbour is the best parent, and when it
// is worth changing. Costs and ranks are in units of 1/128 transmissions.
#pragma once

#include <cstdint>
#include <span>

#include "core/net/neighbour_table.hpp"

namespace goldcrest::net {

/// RFC 6719 section 5.
inline constexpr std::uint16_t parent_switch_threshold = 192;
inline constexpr std::uint16_t maximum_path_cost = 32768;

/// What a candidate has to satisfy.
struct ParentConstraints {
  std::uint8_t version = 0;
  std::uint16_t rank_below = infinite_rank;  ///< its rank must be lower than this
  std::uint16_t rank_limit = infinite_rank;  ///< our rank through it must not exceed this
  std::uint16_t min_hop_rank_increase = 128;
};

/// Frames in a row that were not acknowledged in any attempt: such a neighbour is no parent until
/// it is heard again.
inline constexpr std::uint8_t dead_after_failures = 2;

/// Our rank if `neighbour` were the parent; infinite_rank when it cannot be.
std::uint16_t rank_through(const Neighbour& neighbour, const ParentConstraints& constraints);

/// The best candidate, the current one (marked preferred_parent) unless another is better by more
/// than the threshold; null when there is none.
Neighbour* select_parent(std::span<Neighbour> neighbours, const ParentConstraints& constraints);

}  // namespace goldcrest::net

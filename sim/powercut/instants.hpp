// SPDX-License-Identifier: MIT
// Cuts at random instants: when in a phase, and how often in a row the power goes again while the
// node recovers. All from one seed; each course is the same whatever else is swept.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "sim/powercut/cut.hpp"

namespace goldcrest::sim {

/// The instant with this number of a phase that is `length` long, after its begin; length > 0.
base::Duration choose_instant(std::uint64_t seed, std::string_view phase, std::uint32_t number,
                              base::Duration length);

/// What is done there: the power goes once; several times in a row, 2 to `depth`, after random
/// times of which many fall into BOOT; and as a contact that bounces, dozens of times for 1 to 50
/// ms. With a depth of 1 the second is missing.
std::vector<std::vector<Cut>> rows_at(base::Duration instant, std::uint64_t seed,
                                      std::string_view phase, std::uint32_t number, unsigned depth);

}  // namespace goldcrest::sim

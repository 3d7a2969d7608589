// SPDX-License-Identifier: MIT
// One cut, or several in a row, played and watched: what --replay does.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "sim/powercut/cut.hpp"
#include "sim/powercut/judge.hpp"

namespace goldcrest::sim {

struct Replayed {
  Outcome outcome = Outcome::silent;
  std::vector<std::string> cuts;  ///< what each met, one line each
  std::string console;
};

/// `air_seed` is that of phases that do not name one.
[[nodiscard]] std::expected<Replayed, std::string> replay_cut(const Inputs& inputs,
                                                              std::uint64_t seed,
                                                              std::uint64_t air_seed,
                                                              const CutPath& path);

}  // namespace goldcrest::sim

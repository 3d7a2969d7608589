// SPDX-License-Identifier: MIT
// What a sweep has found, as text, JSON, or a web page of its own with a plot of the outcomes over
// the course of the plays.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/powercut/sweep.hpp"

namespace goldcrest::sim {

struct Report {
  std::string what;  ///< files and seed, one line
  std::vector<Swept> phases;
  std::vector<OperationResult> results;  ///< in any order
  std::uint64_t states = 0;
  double seconds = 0;  ///< of this run

  Tally first() const;
  Tally further() const;
  std::uint64_t boots() const;
  /// Every armed cut fired and no node was lost.
  bool passed() const;
};

/// Each cut that lost the node, or did not fire, comes with the command that plays it again:
/// `replay_command` and its path.
std::string as_text(const Report& report, const std::string& replay_command);
std::string as_json(const Report& report, const std::string& replay_command);
std::string as_html(const Report& report, const std::string& replay_command);

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
// What skipping instructions has led to, as text, JSON, or a web page of its own.
#pragma once

#include <string>
#include <vector>

#include "sim/skip/skipper.hpp"

namespace goldcrest::sim {

struct SkipReport {
  std::string what;  ///< files and options, one line
  std::vector<Tried> situations;
  double seconds = 0;

  std::array<std::uint64_t, skip_outcomes> outcomes() const;
  std::uint64_t trials() const;
  std::uint64_t points() const;  ///< different ones that were tried, of all situations
  /// Every trial came to an end, and nothing that is not authentic was executed.
  bool passed() const;
};

/// Each failure comes with the command that tries it again: `replay_command` and its name.
std::string as_text(const SkipReport& report, const std::string& replay_command);
std::string as_json(const SkipReport& report, const std::string& replay_command);
std::string as_html(const SkipReport& report, const std::string& replay_command);

}  // namespace goldcrest::sim

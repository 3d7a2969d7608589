// SPDX-License-Identifier: MIT
// What a sweep, or its parts together, has found; as text, JSON, or a web page of its own with
// plots of the outcomes over the course of the plays.
#pragma once

#include <cstdint>
#include <expected>
#include <set>
#include <string>
#include <vector>

#include "sim/powercut/identity.hpp"

namespace goldcrest::sim {

struct Report {
  SweepDescription what;
  std::set<std::string> programs;  ///< that swept
  unsigned parts = 1;              ///< the sweep was made of, by --shard
  unsigned parts_here = 1;         ///< of these, reported
  bool complete = true;            ///< all that was chosen is swept
  std::vector<Swept> phases;
  std::vector<OperationResult> results;  ///< in any order
  std::uint64_t states = 0;
  double seconds = 0;  ///< of all runs together

  /// At operations; cuts during the recovery from them.
  Tally first() const;
  Tally further() const;
  /// At instants, once; in rows.
  Tally instants() const;
  Tally rows() const;
  Tally all() const;
  std::uint64_t operations() const;  ///< that were cut
  std::uint64_t boots() const;
  /// Every armed cut fired and no node was lost.
  bool passed() const;
};

/// Of one journal. Fails when its first line does not tell what was swept.
[[nodiscard]] std::expected<Report, std::string> report_of(const Journal& journal);

/// Of the parts of one sweep. Fails when they are not of the same sweep, when a part is missing,
/// there twice or not complete; with `partial`, the latter but for "twice" are reported only.
[[nodiscard]] std::expected<Report, std::string> merge(const std::vector<Journal>& parts,
                                                       bool partial);

/// What failed: "download:17:torn3 silent".
std::vector<std::string> failures(const Report& report);
/// The path in it.
std::string path_of(const std::string& failure);

struct PhaseSum {
  Tally first;
  Tally further;
  Tally instants;
  Tally rows;
  std::uint64_t operations = 0;
  std::uint64_t instant_count = 0;
  Tally all() const;
};
/// In the order of report.phases.
std::vector<PhaseSum> by_phase(const Report& report);

std::uint64_t count(const Tally& tally, Outcome outcome);
/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

/// Each cut that lost the node, or did not fire, comes with the command that plays it again:
/// `replay_command` and its path.
std::string as_text(const Report& report, const std::string& replay_command);
std::string as_json(const Report& report, const std::string& replay_command);
std::string as_html(const Report& report, const std::string& replay_command);

}  // namespace goldcrest::sim

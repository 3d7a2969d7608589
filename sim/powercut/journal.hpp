// SPDX-License-Identifier: MIT
// What a sweep has found out, line by line in a file, so that an interrupted sweep goes on where it
// was. Each line is a JSON object and is written at once; a last line without its end is dropped.
//
// The first line tells what is swept and how: a journal of something else is refused.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "sim/powercut/judge.hpp"

namespace goldcrest::sim {

/// Flash, EEPROM and obligation in 128 bits.
struct StateKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const StateKey&, const StateKey&) = default;
};

struct Tally {
  std::uint64_t cuts = 0;   ///< armed
  std::uint64_t fired = 0;  ///< of these
  std::array<std::uint64_t, outcome_kinds> outcomes{};

  void add(Outcome outcome) { ++outcomes.at(static_cast<std::size_t>(outcome)); }
  std::uint64_t lost() const;
  Tally& operator+=(const Tally& other);
};

/// All cuts at one operation.
struct OperationResult {
  std::string phase;
  std::uint32_t index = 0;
  std::string kind;
  std::uint32_t address = 0;
  Tally first;
  Tally further;  ///< cuts during the recovery
  std::uint64_t boots = 0;
  std::vector<std::string> lost;       ///< paths of cuts, with what became of the node
  std::vector<std::string> not_fired;  ///< paths
};

class Journal {
 public:
  /// In memory only.
  Journal() = default;
  /// `identity` tells what is swept. Fails when the file cannot be used or is of another sweep.
  [[nodiscard]] static std::expected<Journal, std::string> open(const std::filesystem::path& path,
                                                                const std::string& identity);

  const std::map<StateKey, Outcome>& states() const { return states_; }
  const std::vector<OperationResult>& results() const { return results_; }
  bool has(const std::string& phase, std::uint32_t index) const;

  /// Known from here on, but not written yet.
  void know(const StateKey& key, Outcome outcome) { states_[key] = outcome; }
  void add(const StateKey& key, Outcome outcome);
  void add(OperationResult result);
  /// False when a line could not be written.
  bool good() const { return good_; }

 private:
  [[nodiscard]] std::expected<void, std::string> load(std::istream& lines,
                                                      const std::string& identity);
  void write(const std::string& line);

  std::ofstream file_;
  bool good_ = true;
  std::map<StateKey, Outcome> states_;
  std::vector<OperationResult> results_;
  std::map<std::pair<std::string, std::uint32_t>, std::size_t> done_;
};

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
// What a sweep has found out, line by line in a file, so that an interrupted sweep goes on where it
// was, and the parts of a sweep become one. Each line is a JSON object and is written at once; a
// last line without its end is dropped. One process at a time: the file is locked.
//
// The first line tells what is swept and how: a journal of something else is refused.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/powercut/journal_file.hpp"
#include "sim/powercut/judge.hpp"

namespace goldcrest::sim {

/// Flash, EEPROM and obligation in 128 bits.
struct StateKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const StateKey&, const StateKey&) = default;
};

struct Tally {
  std::uint64_t cuts = 0;       ///< armed
  std::uint64_t fired = 0;      ///< of these
  std::uint64_t under_way = 0;  ///< at instants: of these, with a flash operation under way
  std::array<std::uint64_t, outcome_kinds> outcomes{};  ///< of what was watched until its end

  void add(Outcome outcome) { ++outcomes.at(static_cast<std::size_t>(outcome)); }
  std::uint64_t lost() const;
  std::uint64_t ended() const;  ///< all outcomes
  Tally& operator+=(const Tally& other);
};

constexpr std::string_view instant_kind = "instant";

/// All cuts at one operation, or at one instant.
struct OperationResult {
  std::string phase;
  std::uint32_t index = 0;  ///< of the operation in its phase, or of the instant
  std::string kind;         ///< of the operation, or instant_kind
  std::uint32_t address = 0;
  base::Duration at{};  ///< since the begin of the phase; of an operation, when its step begins
  Tally first;
  Tally further;  ///< cuts during the recovery, or in rows
  std::uint64_t boots = 0;
  std::vector<std::string> lost;       ///< paths of cuts, with what became of the node
  std::vector<std::string> not_fired;  ///< paths

  bool instant() const { return kind == instant_kind; }
};

/// A phase that was or could be cut, in the order of the plays.
struct Swept {
  std::string phase;
  std::uint32_t operations = 0;        ///< of the whole phase
  std::uint32_t chosen = 0;            ///< of these, by shard, phases and limit
  std::uint32_t instants = 0;          ///< chosen
  base::Duration length{};             ///< of the phase
  std::vector<std::uint32_t> by_kind;  ///< operations by FlashOperationKind

  friend bool operator==(const Swept&, const Swept&) = default;
};

/// What is swept and how, and which part of it.
struct SweepIdentity {
  std::string text;  ///< a JSON object of all that the result depends on, but for the shard
  unsigned shard = 0;
  unsigned shards = 1;

  friend bool operator==(const SweepIdentity&, const SweepIdentity&) = default;
};

class Journal {
 public:
  /// In memory only.
  Journal() = default;
  explicit Journal(SweepIdentity identity) : identity_(std::move(identity)) {}
  /// Fails when the file cannot be used, is used by another process, or is of another sweep.
  [[nodiscard]] static std::expected<Journal, std::string> open(const std::filesystem::path& path,
                                                                const SweepIdentity& identity);
  /// Any journal, to be looked at; locked meanwhile.
  [[nodiscard]] static std::expected<Journal, std::string> read(const std::filesystem::path& path);

  const SweepIdentity& identity() const { return identity_; }
  const std::map<StateKey, Outcome>& states() const { return states_; }
  const std::vector<OperationResult>& results() const { return results_; }
  /// Empty until the plays have been played.
  const std::vector<Swept>& phases() const { return phases_; }
  /// That all sweeps with it together took.
  double seconds() const { return seconds_; }
  /// That did them.
  const std::set<std::string>& programs() const { return programs_; }
  bool has(const std::string& phase, std::uint32_t index, bool instant) const;
  /// All that was chosen is done.
  bool complete() const;

  /// Known from here on, but not written yet.
  void know(const StateKey& key, Outcome outcome) { states_[key] = outcome; }
  void add(const StateKey& key, Outcome outcome);
  void add(OperationResult result);
  /// A sweep has ended; `program` tells which one did it.
  void took(double seconds, const std::string& program);
  /// False when they are not those that the journal has already.
  bool set_phases(std::vector<Swept> phases);
  /// Empty, or why a line could not be written; nothing is written after that.
  const std::string& error() const { return file_.error(); }

 private:
  using Key = std::tuple<std::string, std::uint32_t, bool>;

  [[nodiscard]] std::expected<void, std::string> load(const std::string& text);
  void take_line(const std::string& text);

  JournalFile file_;
  SweepIdentity identity_;
  std::map<StateKey, Outcome> states_;
  std::vector<OperationResult> results_;
  std::map<Key, std::size_t> done_;
  std::vector<Swept> phases_;
  double seconds_ = 0;
  std::set<std::string> programs_;
};

}  // namespace goldcrest::sim

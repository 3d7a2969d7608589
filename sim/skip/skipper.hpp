// SPDX-License-Identifier: MIT
// Skips instructions of BOOT, one run after another, and looks what becomes of each run.
//
// A worker walks along BOOT's path in a process of its own, and at every point forks: the copy of
// the process skips there and goes on to the end, the worker walks on. So a trial costs what the
// rest of the run costs: a board's saved state would have to be restored, and all of BOOT
// translated again.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/skip/path.hpp"

namespace goldcrest::sim {

enum class SkipOutcome : std::uint8_t {
  untried,       ///< failure: the trial itself failed
  refused,       ///< LD2 blinks, nothing is started
  authentic,     ///< an image that verifies is started
  rejected,      ///< one that verifies but had been rejected is started
  provisioning,  ///< the intact provisioning application is started
  elsewhere,     ///< authentic code is entered, but not at its start
  stuck,         ///< lockup, or an endless loop that starts nothing
  forged,        ///< failure: something that is not authentic is executed
  forbidden,     ///< failure: an image that verifies, but that the policy forbids, is started
};
inline constexpr std::size_t skip_outcomes = 9;

constexpr bool is_failure(SkipOutcome outcome) {
  return outcome == SkipOutcome::untried || outcome == SkipOutcome::forged ||
         outcome == SkipOutcome::forbidden;
}
std::string_view to_text(SkipOutcome outcome);

inline constexpr unsigned half_words_max = 4;

struct Trial {
  Point point;
  std::uint8_t half_words = 1;
  SkipOutcome outcome = SkipOutcome::untried;
  std::uint32_t end = 0;  ///< the PC
};

struct SkipOptions {
  PathOptions path{};
  std::uint8_t half_words_min = 1;
  std::uint8_t half_words_max = 4;
  unsigned shard = 0;  ///< of the points, number shard, shard + shards, …
  unsigned shards = 1;
  unsigned workers = 1;
};

/// One situation, tried.
struct Tried {
  std::string situation;
  std::string what;
  Path path;  ///< its points are those of all shards
  std::vector<Trial> trials;

  std::array<std::uint64_t, skip_outcomes> outcomes() const;
};

/// Trials done and failures so far; called now and then.
using SkipProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;

/// To be called by a process of one thread.
[[nodiscard]] std::expected<Tried, std::string> try_skips(const Situation& situation,
                                                          const SkipOptions& options,
                                                          const SkipProgress& progress);

/// Text, as --replay takes it: SITUATION:ADDRESS.OCCURRENCE:HALFWORDS, as in
/// `image-bit:0x08000a10.3:2`.
struct SkipName {
  std::string situation;
  std::uint32_t address = 0;
  std::uint32_t occurrence = 0;
  std::uint8_t half_words = 1;
};
std::string to_text(const SkipName& name);
[[nodiscard]] std::expected<SkipName, std::string> parse_skip_name(std::string_view text);

/// One skip, tried again.
struct SkipReplay {
  SkipOutcome outcome = SkipOutcome::untried;
  std::string cpu;  ///< at the end
};
[[nodiscard]] std::expected<SkipReplay, std::string> replay_skip(const Situation& situation,
                                                                 const SkipName& name);

}  // namespace goldcrest::sim

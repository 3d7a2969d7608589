// SPDX-License-Identifier: MIT
#include "sim/powercut/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/ensure.hpp"
#include "core/image/flash_map.hpp"
#include "sim/powercut/cutter.hpp"

namespace goldcrest::sim {
namespace {

constexpr std::uint32_t eeprom_base = 0x08080000;
constexpr std::uint32_t eeprom_size = 16 * 1024;

struct Hash {
  StateKey key{0x6A09E667F3BCC908u, 0xBB67AE8584CAA73Bu};

  void add(std::uint64_t value) {
    key.high = std::rotl(key.high ^ value, 29) * 0x9E3779B97F4A7C15u;
    key.low = (std::rotl(key.low, 31) + value) * 0xC2B2AE3D27D4EB4Fu;
    key.low ^= key.low >> 32;
  }
  void add(std::span<const std::uint8_t> bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      add(std::uint64_t{base::load_le32(bytes.data() + at + 4)} << 32 |
          base::load_le32(bytes.data() + at));
    }
  }
};

/// A few states wait for a cutter; whoever makes them waits when they are enough.
class Queue {
 public:
  struct Job {
    Operation operation;
    const Obligation* obligation = nullptr;
    State before;
  };

  explicit Queue(std::size_t room) : room_(room) {}

  void push(Job job) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return jobs_.size() < room_; });
    jobs_.push_back(std::move(job));
    changed_.notify_all();
  }
  std::optional<Job> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !jobs_.empty() || closed_; });
    if (jobs_.empty()) return std::nullopt;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    changed_.notify_all();
    return job;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::size_t room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool closed_ = false;
};

bool phase_wanted(const SweepOptions& options, const std::string& phase) {
  return options.phases.empty() || std::ranges::find(options.phases, phase) != options.phases.end();
}

/// Of all courses, which operations are to be cut: by play, as numbers on the board.
std::vector<std::set<std::uint64_t>> choose(const std::vector<Course>& courses,
                                            const SweepOptions& options) {
  std::vector<std::pair<std::size_t, std::uint64_t>> all;
  for (std::size_t play = 0; play < courses.size(); ++play) {
    for (const auto& operation : courses[play].operations) {
      if (phase_wanted(options, courses[play].phases[operation.phase].phase)) {
        all.emplace_back(play, operation.number);
      }
    }
  }
  const std::size_t count = options.limit == 0 ? all.size()
                                               : std::min<std::size_t>(options.limit, all.size());
  std::vector<std::set<std::uint64_t>> chosen(courses.size());
  for (std::size_t i = options.shard; i < count; i += options.shards) {
    const auto& [play, number] = all[i * all.size() / count];
    chosen[play].insert(number);
  }
  return chosen;
}

std::vector<Swept> overview(const std::vector<Course>& courses,
                            const std::vector<std::set<std::uint64_t>>& chosen) {
  std::vector<Swept> phases;
  for (std::size_t play = 0; play < courses.size(); ++play) {
    const auto first = phases.size();
    for (const auto& phase : courses[play].phases) {
      phases.push_back({.phase = phase.phase, .by_kind = std::vector<std::uint32_t>(5)});
    }
    for (const auto& operation : courses[play].operations) {
      auto& phase = phases[first + operation.phase];
      ++phase.operations;
      ++phase.by_kind.at(static_cast<std::size_t>(operation.kind));
      if (chosen[play].contains(operation.number)) ++phase.chosen;
    }
  }
  return phases;
}

}  // namespace

StateKey key_of(board::Board& board, const Obligation& obligation) {
  Hash hash;
  for (const char character : obligation.phase) hash.add(static_cast<std::uint8_t>(character));
  const auto flash = board.read_flash(image::flash_section.base, image::flash_section.size);
  const auto eeprom = board.read_flash(eeprom_base, eeprom_size);
  // A board that protects its flash from being read has a state of its own each time.
  if (flash) hash.add(*flash);
  if (eeprom) hash.add(*eeprom);
  if (!flash || !eeprom || board.unstable_words() > 0) hash.add(board.flash_operations());
  return hash.key;
}

std::expected<std::vector<Swept>, std::string> sweep(const Inputs& inputs,
                                                     const SweepOptions& options, Journal& journal,
                                                     const ProgressSink& progress) {
  std::vector<Course> courses;
  for (const auto& play : plays_with(inputs)) {
    auto course = record(play, inputs, options.seed);
    if (!course) return std::unexpected(fmt::format("{}: {}", play.name, course.error()));
    courses.push_back(std::move(*course));
  }
  const auto chosen = choose(courses, options);
  const auto phases = overview(courses, chosen);
  std::uint64_t total = 0;
  for (const auto& phase : phases) total += phase.chosen;
  if (total == 0) return std::unexpected("no flash operation is chosen; see --phase and --limit");

  KnownStates known(journal);
  std::set<std::pair<std::string, std::uint32_t>> done;
  for (const auto& result : journal.results()) done.emplace(result.phase, result.index);
  std::mutex telling;
  Queue queue(2 * std::size_t{options.threads});
  std::vector<std::jthread> cutters;
  for (unsigned thread = 0; thread < options.threads; ++thread) {
    cutters.emplace_back([&] {
      Cutter cutter(options, known);
      while (const auto job = queue.pop()) {
        auto result = cutter.cut(job->operation, *job->obligation, job->before);
        known.add(std::move(result), cutter.found());
        const std::lock_guard lock(telling);
        auto now = known.progress();
        now.operations = total;
        progress(now);
      }
    });
  }
  std::string failure;
  for (std::size_t play = 0; play < courses.size() && failure.empty(); ++play) {
    const auto& course = courses[play];
    const auto played = replay(
        course, inputs, options.seed,
        [&](const Operation& operation) {
          return chosen[play].contains(operation.number) &&
                 !done.contains({course.phases[operation.phase].phase, operation.index});
        },
        [&](const Operation& operation, const State& before) {
          queue.push({operation, &course.phases[operation.phase], before});
          return true;
        });
    if (!played) failure = fmt::format("{}: {}", course.play.name, played.error());
  }
  queue.close();
  cutters.clear();
  if (!failure.empty()) return std::unexpected(failure);
  if (!journal.good()) return std::unexpected("the journal cannot be written");
  return phases;
}

std::expected<Replayed, std::string> replay_cut(const Inputs& inputs, std::uint64_t seed,
                                                const CutPath& path) {
  for (const auto& play : plays_with(inputs)) {
    const auto course = record(play, inputs, seed);
    if (!course) return std::unexpected(course.error());
    const auto phase = std::ranges::find(course->phases, path.phase, &Obligation::phase);
    if (phase == course->phases.end()) continue;
    const auto at = static_cast<std::size_t>(phase - course->phases.begin());
    const auto is_it = [&](const Operation& operation) {
      return operation.phase == at && operation.index == path.cuts.front().operation;
    };
    std::uint64_t number = 0;
    bool state_page_torn = false;
    State state;
    const auto played =
        replay(*course, inputs, seed, is_it, [&](const Operation& operation, const State& before) {
          number = operation.number;
          state_page_torn =
              empties_slot(operation.kind, operation.address, path.cuts.front().form);
          state = before;
          return false;
        });
    if (!played) return std::unexpected(played.error());
    if (!state) {
      return std::unexpected(fmt::format("phase {} has no operation {}", path.phase,
                                         path.cuts.front().operation));
    }
    board::Board board({});
    base::ensure(board.restore(*state).has_value());
    for (std::size_t cut = 0; cut < path.cuts.size(); ++cut) {
      if (cut > 0) {
        number = board.flash_operations() + path.cuts[cut].operation;
        board.power(true);
      }
      board.arm(armed(path.cuts[cut], number, seed));
      bool fired = false;
      for (const auto end = board.now() + phase->limit; !fired && board.now() < end;) {
        fired = loses_power(board);
      }
      if (!fired) return std::unexpected(fmt::format("cut {} did not fire", cut + 1));
    }
    const auto verdict = judge(board, *phase, state_page_torn);
    return Replayed{verdict.outcome, verdict.console};
  }
  return std::unexpected(fmt::format("no play has a phase {}", path.phase));
}

}  // namespace goldcrest::sim

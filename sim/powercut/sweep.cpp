// SPDX-License-Identifier: MIT
#include "sim/powercut/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/image/flash_map.hpp"
#include "sim/powercut/cutter.hpp"
#include "sim/powercut/instants.hpp"

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
    Target target;
    const Course* course = nullptr;
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

/// Where a course is to be cut.
using Chosen = std::vector<std::vector<Target>>;

/// Of all courses, by course.
Chosen choose(const std::vector<Course>& courses, const SweepOptions& options) {
  Chosen chosen(courses.size());
  std::vector<std::pair<std::size_t, const Operation*>> all;
  std::size_t instants = 0;
  for (std::size_t at = 0; at < courses.size(); ++at) {
    const Course& course = courses[at];
    for (const auto& operation : course.operations) {
      if (phase_wanted(options, course.phases[operation.phase].phase)) {
        all.emplace_back(at, &operation);
      }
    }
    for (std::size_t phase = 0; phase < course.phases.size(); ++phase) {
      const auto& name = course.phases[phase].phase;
      const auto length = course.spans[phase].end - course.spans[phase].begin;
      if (!phase_wanted(options, name) || length <= base::Duration(0)) continue;
      for (std::uint32_t number = 0; number < options.instants; ++number) {
        if (instants++ % options.shards != options.shard) continue;
        auto target =
            target_of(course, phase, choose_instant(options.seed, name, number, length)).value();
        target.number = number;
        chosen[at].push_back(target);
      }
    }
  }
  const std::size_t count =
      options.limit == 0 ? all.size() : std::min<std::size_t>(options.limit, all.size());
  for (std::size_t i = options.shard; i < count; i += options.shards) {
    const auto& [at, operation] = all[i * all.size() / count];
    chosen[at].push_back(target_of(*operation));
  }
  return chosen;
}

std::vector<Swept> overview(const std::vector<Course>& courses, const Chosen& chosen) {
  std::vector<Swept> phases;
  for (std::size_t at = 0; at < courses.size(); ++at) {
    const auto first = phases.size();
    const Course& course = courses[at];
    for (std::size_t phase = 0; phase < course.phases.size(); ++phase) {
      phases.push_back({.phase = course.phases[phase].phase,
                        .length = course.spans[phase].end - course.spans[phase].begin,
                        .by_kind = std::vector<std::uint32_t>(5)});
    }
    for (const auto& operation : course.operations) {
      auto& phase = phases[first + operation.phase];
      ++phase.operations;
      ++phase.by_kind.at(static_cast<std::size_t>(operation.kind));
    }
    for (const auto& target : chosen[at]) {
      auto& phase = phases[first + target.phase];
      ++(target.operation ? phase.chosen : phase.instants);
    }
  }
  return phases;
}

/// Of the targets, those that the journal does not have.
std::vector<Target> still_to_do(const Course& course, const std::vector<Target>& targets,
                                const Journal& journal) {
  std::vector<Target> left;
  std::ranges::copy_if(targets, std::back_inserter(left), [&](const Target& target) {
    return !journal.has(course.phases[target.phase].phase,
                        target.operation ? target.operation->index : target.number,
                        !target.operation);
  });
  return left;
}

/// The threads that cut, and what they have found.
class Cutters {
 public:
  Cutters(const SweepOptions& options, Journal& journal, const ProgressSink& progress,
          std::uint64_t total)
      : options_(options),
        progress_(progress),
        total_(total),
        known_(journal),
        queue_(2 * std::size_t{options.threads}) {
    for (unsigned thread = 0; thread < options.threads; ++thread) {
      threads_.emplace_back([this] { work(); });
    }
  }
  ~Cutters() { finish(); }
  Cutters(const Cutters&) = delete;
  Cutters& operator=(const Cutters&) = delete;

  /// False when it is no use to go on.
  bool cut(const Target& target, const Course& course, const State& before) {
    if (stopped()) return false;
    queue_.push({target, &course, before});
    return !stopped();
  }
  void finish() {
    queue_.close();
    threads_.clear();
  }

 private:
  bool stopped() const { return options_.stopped() || failed_; }

  void work() {
    Cutter cutter(options_, known_);
    while (const auto job = queue_.pop()) {
      if (stopped()) continue;
      auto result = cutter.cut(job->target, *job->course, job->before);
      if (!result) continue;
      if (!known_.add(std::move(*result), cutter.found())) failed_ = true;
      const std::lock_guard lock(telling_);
      auto now = known_.progress();
      now.operations = total_;
      progress_(now);
    }
  }

  const SweepOptions& options_;
  const ProgressSink& progress_;
  std::uint64_t total_;
  KnownStates known_;
  Queue queue_;
  std::mutex telling_;
  std::atomic<bool> failed_ = false;
  std::vector<std::jthread> threads_;
};

std::expected<std::vector<Course>, std::string> record_all(const Inputs& inputs,
                                                           const SweepOptions& options) {
  std::vector<Course> courses;
  for (const auto air_seed : options.air_seeds) {
    for (const auto& play : plays_with(inputs)) {
      if (options.stopped()) return std::unexpected("interrupted");
      const bool usual = air_seed == options.air_seeds.front();
      auto course = record_named(play, inputs, {options.seed, air_seed}, usual);
      if (!course) return std::unexpected(course.error());
      courses.push_back(std::move(*course));
    }
  }
  return courses;
}

}  // namespace

std::expected<Course, std::string> record_named(const Play& play, const Inputs& inputs,
                                                const Seeds& seeds, bool usual) {
  auto course = record(play, inputs, seeds);
  if (!course) {
    return std::unexpected(
        fmt::format("{} with air seed {}: {}", play.name, seeds.air, course.error()));
  }
  for (auto& phase : course->phases) {
    if (!usual) phase.phase += fmt::format("~{}", seeds.air);
  }
  return course;
}

StateKey key_of(board::Board& board, const Obligation& obligation) {
  Hash hash;
  // The same contents in another course of the phase are the same state.
  for (const char character : parse_course_name(obligation.phase).phase) {
    hash.add(static_cast<std::uint8_t>(character));
  }
  const auto flash = board.read_flash(image::flash_section.base, image::flash_section.size);
  const auto eeprom = board.read_flash(eeprom_base, eeprom_size);
  // A board that protects its flash from being read has a state of its own each time.
  if (flash) hash.add(*flash);
  if (eeprom) hash.add(*eeprom);
  if (!flash || !eeprom || board.unstable_words() > 0) hash.add(board.flash_operations());
  return hash.key;
}

std::expected<void, std::string> sweep(const Inputs& inputs, const SweepOptions& options,
                                       Journal& journal, const ProgressSink& progress) {
  const auto begin = std::chrono::steady_clock::now();
  const auto courses = record_all(inputs, options);
  if (!courses) return std::unexpected(courses.error());
  const auto chosen = choose(*courses, options);
  std::uint64_t total = 0;
  for (const auto& targets : chosen) total += targets.size();
  if (total == 0) return std::unexpected("nothing is chosen; see --phase, --limit and --shard");
  if (!journal.set_phases(overview(*courses, chosen))) {
    return std::unexpected("the plays go another way than when the journal was begun");
  }
  Chosen left;
  for (std::size_t at = 0; at < courses->size(); ++at) {
    left.push_back(still_to_do((*courses)[at], chosen[at], journal));
  }
  std::string failure;
  {
    Cutters cutters(options, journal, progress, total);
    for (std::size_t at = 0; at < courses->size() && failure.empty(); ++at) {
      const auto& course = (*courses)[at];
      const auto played =
          replay(course, inputs, left[at], [&](const Target& target, const State& before) {
            return cutters.cut(target, course, before);
          });
      if (!played) failure = fmt::format("{}: {}", course.play.name, played.error());
    }
    cutters.finish();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  journal.took(took.count(), options.program);
  if (!journal.error().empty()) {
    return std::unexpected("the journal cannot be written: " + journal.error());
  }
  if (!failure.empty()) return std::unexpected(failure);
  if (options.stopped()) return std::unexpected("interrupted");
  return {};
}

}  // namespace goldcrest::sim

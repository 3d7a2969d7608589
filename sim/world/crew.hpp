// SPDX-License-Identifier: MIT
// A few threads that share the jobs of one step of virtual time.
//
// The jobs of a step must not touch what another job of the same step touches; then the result does
// not depend on who does which, nor on how many threads there are.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace goldcrest::sim {

class Crew {
 public:
  /// `threads` counts the one that calls run(); 1 does everything there.
  explicit Crew(unsigned threads);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  unsigned threads() const { return static_cast<unsigned>(helpers_.size()) + 1; }

  /// Calls job(0) … job(count - 1), count < 2^20, in any order and several at a time, and returns
  /// when all have returned. A job may not throw.
  void run(std::size_t count, const std::function<void(std::size_t)>& job);

 private:
  /// What is left of a round: its number, how many jobs it has, and the next job. All in one word,
  /// so that a helper that comes late from one round cannot take a job of another by mistake.
  using Ticket = std::uint64_t;
  static constexpr unsigned job_bits = 20;
  static constexpr Ticket job_mask = (Ticket{1} << job_bits) - 1;

  void share(std::size_t count, const std::function<void(std::size_t)>& job);
  void help(const std::stop_token& stop);
  /// Takes jobs until none is left.
  void work();
  static bool work_left(Ticket ticket);
  void await_work(const std::stop_token& stop);

  bool share_ = true;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::atomic<const std::function<void(std::size_t)>*> job_ = nullptr;
  std::atomic<Ticket> ticket_ = 0;
  std::atomic<std::size_t> done_ = 0;
  std::vector<std::jthread> helpers_;
};

}  // namespace goldcrest::sim

// SPDX-License-Identifier: MIT
#include "sim/world/crew.hpp"

#include <chrono>

#include "core/base/ensure.hpp"

namespace goldcrest::sim {
namespace {

using Clock = std::chrono::steady_clock;

/// Sharing a round costs about as much as this; rounds that were shorter are not shared next time.
constexpr auto worth_sharing = std::chrono::microseconds(15);

/// A step takes tens of microseconds: helpers look for the next one this often before they sleep,
/// because waking a thread takes as long as a step.
constexpr unsigned looks_before_sleep = 2'000;

}  // namespace

Crew::Crew(unsigned threads) {
  for (unsigned helper = 1; helper < threads; ++helper) {
    helpers_.emplace_back([this](const std::stop_token& stop) { help(stop); });
  }
}

Crew::~Crew() {
  for (auto& helper : helpers_) helper.request_stop();
}

void Crew::run(std::size_t count, const std::function<void(std::size_t)>& job) {
  base::ensure(count <= job_mask);
  if (count == 0) return;
  const auto begin = Clock::now();
  if (helpers_.empty() || count < 2 || !share_) {
    for (std::size_t index = 0; index < count; ++index) job(index);
  } else {
    share(count, job);
  }
  share_ = Clock::now() - begin > worth_sharing;
}

void Crew::share(std::size_t count, const std::function<void(std::size_t)>& job) {
  {
    const std::lock_guard lock(mutex_);
    job_ = &job;
    done_ = 0;
    const Ticket round = (ticket_ >> 2 * job_bits) + 1;
    ticket_ = round << 2 * job_bits | Ticket{count} << job_bits;
  }
  wake_.notify_all();
  work();
  while (done_ != count) std::this_thread::yield();
}

bool Crew::work_left(Ticket ticket) {
  return (ticket & job_mask) < (ticket >> job_bits & job_mask);
}

void Crew::work() {
  Ticket ticket = ticket_;
  while (work_left(ticket)) {
    // Having got the ticket means that its round is not over: job_ is that of the round.
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1)) continue;
    (*job_.load())(ticket & job_mask);
    ++done_;
    ticket = ticket_;
  }
}

void Crew::await_work(const std::stop_token& stop) {
  for (unsigned look = 0; look < looks_before_sleep; ++look) {
    if (work_left(ticket_) || stop.stop_requested()) return;
  }
  std::unique_lock lock(mutex_);
  wake_.wait(lock, stop, [this] { return work_left(ticket_); });
}

void Crew::help(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    await_work(stop);
    work();
  }
}

}  // namespace goldcrest::sim

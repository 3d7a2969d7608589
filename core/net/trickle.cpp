// SPDX-License-Identifier: MIT
#include "core/net/trickle.hpp"

#include <algorithm>

namespace goldcrest::net {
namespace {

constexpr unsigned most_doublings = 20;

}  // namespace

void Trickle::start(base::Instant now, const TrickleConfig& config, base::Random& random) {
  config_ = config;
  config_.interval_min = std::max(config.interval_min, base::Duration(1000));
  config_.doublings =
      static_cast<std::uint8_t>(std::min<unsigned>(config.doublings, most_doublings));
  interval_ = config_.interval_min;
  running_ = true;
  begin_interval(now, random);
}

void Trickle::hear_consistent() {
  if (heard_ < 0xFFFF) ++heard_;
}

void Trickle::reset(base::Instant now, base::Random& random) {
  if (!running_ || interval_ == config_.interval_min) return;
  interval_ = config_.interval_min;
  begin_interval(now, random);
}

bool Trickle::advance(base::Instant now, base::Random& random) {
  if (!running_) return false;
  if (!fired_) {
    if (now < fire_at_) return false;
    fired_ = true;
    return config_.redundancy == 0 || heard_ < config_.redundancy;
  }
  if (now < interval_end_) return false;
  const auto interval_max = config_.interval_min * (std::int64_t{1} << config_.doublings);
  interval_ = std::min(interval_ * 2, interval_max);
  // A driver that was away for long begins the interval now instead of making up for lost ones.
  begin_interval(now - interval_end_ > interval_ ? now : interval_end_, random);
  return false;
}

base::Instant Trickle::next_deadline() const {
  if (!running_) return base::never;
  return fired_ ? interval_end_ : fire_at_;
}

void Trickle::begin_interval(base::Instant begin, base::Random& random) {
  const auto half_ms = std::max<std::int64_t>(interval_.count() / 2000, 1);
  const auto jitter_ms = random.below(static_cast<std::uint32_t>(half_ms));
  heard_ = 0;
  fired_ = false;
  fire_at_ = begin + interval_ / 2 + base::Duration(std::int64_t{jitter_ms} * 1000);
  interval_end_ = begin + interval_;
}

}  // namespace goldcrest::net

// SPDX-License-Identifier: MIT
// The trickle timer (RFC 6206): tell the neighbours often while things change, seldom when all is
// quiet, and not at all when enough others have just said the same.
//
// Invariant while running: interval_begin ≤ fire point ≤ interval_end, the fire point in the second
// half of the interval.
#pragma once

#include <cstdint>

#include "core/base/random.hpp"
#include "core/base/time.hpp"

namespace goldcrest::net {

struct TrickleConfig {
  base::Duration interval_min{};  ///< Imin, at least 1 ms
  std::uint8_t doublings = 0;     ///< Imax = Imin × 2^doublings; at most 20
  std::uint8_t redundancy = 0;    ///< k; 0 means never suppress

  friend bool operator==(const TrickleConfig&, const TrickleConfig&) = default;
};

class Trickle {
 public:
  /// Section 4.2, step 1, with the interval at Imin.
  void start(base::Instant now, const TrickleConfig& config, base::Random& random);
  void stop() { running_ = false; }
  bool running() const { return running_; }

  /// Step 3: a consistent message was heard.
  void hear_consistent();
  /// Step 6: back to Imin, unless the interval is Imin already.
  void reset(base::Instant now, base::Random& random);
  /// True when a message is to be sent now: the fire point has come and fewer than k consistent
  /// messages were heard. Call until next_deadline() is in the future.
  [[nodiscard]] bool advance(base::Instant now, base::Random& random);
  base::Instant next_deadline() const;

  base::Duration interval() const { return interval_; }

 private:
  void begin_interval(base::Instant begin, base::Random& random);

  TrickleConfig config_;
  base::Duration interval_{};
  base::Instant fire_at_{};
  base::Instant interval_end_{};
  std::uint16_t heard_ = 0;
  bool fired_ = false;
  bool running_ = false;
};

}  // namespace goldcrest::net

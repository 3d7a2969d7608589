// SPDX-License-Identifier: MIT
// How many lines a program writes about what strangers send: many at once, few for long. Without it
// a flood of datagrams would be one of lines, and fill a disk.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/base/time.hpp"

namespace goldcrest::system {

class LogLimit {
 public:
  /// `burst` lines at once; `lines_per_s` for long.
  constexpr LogLimit(std::uint32_t burst, std::uint32_t lines_per_s)
      : burst_(burst), lines_per_s_(lines_per_s), lines_(burst) {}

  /// Whether one more line may be written; when not, it is counted.
  bool allows(base::Instant now) {
    const auto earned =
        std::min<std::int64_t>((now - at_).count(), 3'600'000'000) * lines_per_s_ / 1'000'000;
    if (earned > 0) {
      lines_ =
          static_cast<std::uint32_t>(std::min<std::int64_t>(burst_, std::int64_t{lines_} + earned));
      at_ = now;
    }
    if (lines_ == 0) {
      ++suppressed_;
      return false;
    }
    --lines_;
    return true;
  }

  /// Lines that were not written since this was last asked, at most once a second.
  std::uint64_t take_suppressed(base::Instant now) {
    if (suppressed_ == 0 || now < report_at_) return 0;
    report_at_ = now + std::chrono::seconds(1);
    const auto count = suppressed_;
    suppressed_ = 0;
    return count;
  }

 private:
  std::uint32_t burst_;
  std::uint32_t lines_per_s_;
  std::uint32_t lines_;
  std::uint64_t suppressed_ = 0;
  base::Instant at_{};
  base::Instant report_at_{};
};

}  // namespace goldcrest::system

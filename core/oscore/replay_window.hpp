// SPDX-License-Identifier: MIT
// The server's memory of the requests it has accepted (RFC 8613 section 7.4): a sliding window of
// the 32 highest sequence numbers. What lies below the window counts as seen.
#pragma once

#include <cstdint>

namespace goldcrest::oscore {

class ReplayWindow {
 public:
  static constexpr std::uint64_t size = 32;

  bool fresh(std::uint64_t sequence) const {
    if (sequence >= next_) return true;
    const auto age = next_ - 1 - sequence;
    return age < size && (seen_ >> age & 1u) == 0;
  }

  /// To be called with what is fresh and authentic.
  void accept(std::uint64_t sequence) {
    if (sequence >= next_) {
      const auto steps = sequence - next_ + 1;
      seen_ = steps < size ? seen_ << steps : 0;
      next_ = sequence + 1;
    }
    seen_ |= std::uint32_t{1} << (next_ - 1 - sequence);
  }

  /// Everything up to `sequence` counts as seen (appendix B.1.2).
  void start_after(std::uint64_t sequence) {
    next_ = sequence + 1;
    seen_ = ~std::uint32_t{0};
  }

 private:
  std::uint64_t next_ = 0;  // one above the highest seen
  std::uint32_t seen_ = 0;  // bit i: next_ - 1 - i was seen
};

}  // namespace goldcrest::oscore

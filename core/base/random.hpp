// SPDX-License-Identifier: MIT
// The port through which randomness enters core. Firmware seeds it from the unique id, the radio's
// noise and a counter in DATA; the simulator from a printed seed.
#pragma once

#include <cstdint>

namespace goldcrest::base {

class Random {
 public:
  /// 32 random bits.
  virtual std::uint32_t next() = 0;

  /// A value in [0, bound); bound > 0. The modulo bias is below bound / 2^32.
  std::uint32_t below(std::uint32_t bound) { return next() % bound; }

 protected:
  ~Random() = default;
};

/// A small seeded generator (xorshift64*, Vigna 2016). Not for secrets.
class SeededRandom final : public Random {
 public:
  explicit constexpr SeededRandom(std::uint64_t seed)
      : state_(seed ^ 0x9E3779B97F4A7C15u ? seed ^ 0x9E3779B97F4A7C15u : 1u) {}

  std::uint32_t next() override {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::uint32_t>((state_ * 0x2545F4914F6CDD1Du) >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace goldcrest::base

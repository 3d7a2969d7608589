// SPDX-License-Identifier: MIT
// The expected transmission count of a link (RFC 6719 section 3, RFC 6551 section 4.3.2): how many
// times a frame has to be sent until it is through, in units of 1/128, smoothed over the samples.
//
// A sample is "it took n attempts". With a neighbour that acknowledges, the link layer counts its
// own attempts. With one that does not, the gaps in the sequence numbers heard from it tell how
// many of its frames were lost on the way here; the link is taken to be alike both ways.
#pragma once

#include <algorithm>
#include <cstdint>

namespace goldcrest::net {

inline constexpr std::uint16_t etx_unit = 128;  ///< an ETX of 1
inline constexpr std::uint16_t etx_maximum = 16 * etx_unit;
/// RFC 6719 section 5, MAX_LINK_METRIC: links worse than this are not used for parents.
inline constexpr std::uint16_t etx_usable = 4 * etx_unit;
/// The parent we have is kept up to this, so that a bad spell does not tear the DODAG apart.
inline constexpr std::uint16_t etx_bearable = 8 * etx_unit;

class Etx {
 public:
  /// A first guess from the strength of the signal: 1.25 for a good one, 3 for a marginal one.
  static constexpr Etx guess(int rssi_dbm) {
    Etx etx;
    etx.value_ = rssi_dbm >= -90 ? 160 : rssi_dbm >= -100 ? 256 : 384;
    return etx;
  }

  /// A frame took `attempts` (≥ 1) until it was through.
  constexpr void sample(unsigned attempts) {
    const unsigned capped = std::min(attempts, 16u) * etx_unit;
    // The first samples count for more than the guess they replace.
    const unsigned weight = samples_ < 3 ? 4 : 8;
    if (samples_ < 255) ++samples_;
    value_ = static_cast<std::uint16_t>(
        std::clamp((value_ * (weight - 1) + capped + weight / 2) / weight, unsigned{etx_unit},
                   unsigned{etx_maximum}));
  }

  /// In units of 1/128, from 128 to etx_maximum.
  constexpr std::uint16_t value() const { return value_; }
  /// Whether it rests on measurement rather than on the guess alone.
  constexpr bool measured() const { return samples_ > 0; }

 private:
  std::uint16_t value_ = 2 * etx_unit;
  std::uint8_t samples_ = 0;
};

}  // namespace goldcrest::net

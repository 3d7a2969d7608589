// SPDX-License-Identifier: MIT
// A firmware version: major.minor.build, packed as the update protocols and file names carry it.
#pragma once

#include <compare>
#include <cstdint>

namespace goldcrest::base {

/// major 0–255, minor 0–255, build 0–65535. 0.0.0 means "none": an empty slot.
struct Version {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint16_t build = 0;

  /// major << 24 | minor << 16 | build.
  constexpr std::uint32_t packed() const {
    return (std::uint32_t{major} << 24) | (std::uint32_t{minor} << 16) | build;
  }
  static constexpr Version from_packed(std::uint32_t packed) {
    return {static_cast<std::uint8_t>(packed >> 24), static_cast<std::uint8_t>(packed >> 16),
            static_cast<std::uint16_t>(packed)};
  }
  constexpr bool empty() const { return packed() == 0; }

  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

}  // namespace goldcrest::base

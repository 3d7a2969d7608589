// SPDX-License-Identifier: MIT
// Contents of the flash from which BOOT must not start what they hold: forged, damaged or rejected
// images, alone or beside an authentic one.
//
// The authentic image is the one of the MAN file, in APP1. What must not start is made of the
// update file, in APP2: of a higher version, so that BOOT looks at it first.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace goldcrest::sim {

using FlashContent = std::vector<std::uint8_t>;

struct Situation {
  std::string name;
  std::string what;  ///< one line for people
  FlashContent flash;
  bool jumper = false;  ///< fitted: BOOT is to start the provisioning application
};

/// All of them. Fails when the files do not make a board that would start, or be updated.
[[nodiscard]] std::expected<std::vector<Situation>, std::string> make_situations(
    const std::vector<std::uint8_t>& man, const std::vector<std::uint8_t>& update,
    std::uint64_t seed);

}  // namespace goldcrest::sim

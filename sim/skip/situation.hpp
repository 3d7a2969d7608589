// SPDX-License-Identifier: MIT
// Contents of the flash from which BOOT must not start what they hold: forged, damaged or rejected
// images, alone or beside an authentic one.
//
// The authentic image is the one of the MAN file, in APP1. What must not start is made of the
// update file, in APP2: of a higher version, so that BOOT looks at it first.
//
// Of the security floor it is the other way round: the update in APP2 stands confirmed and is the
// policy, and what must not start, though it verifies, lies in APP1.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/image/flash.hpp"

namespace goldcrest::sim {

using FlashContent = std::vector<std::uint8_t>;

struct Situation {
  std::string name;
  std::string what;  ///< one line for people
  FlashContent flash;
  bool jumper = false;  ///< fitted: BOOT is to start the provisioning application
  /// Its image verifies, but the other slot's policy forbids it: now and after any reset.
  std::optional<image::Slot> forbidden{};
};

/// All of them. Fails when the files do not make a board that would start, or be updated.
[[nodiscard]] std::expected<std::vector<Situation>, std::string> make_situations(
    const std::vector<std::uint8_t>& man, const std::vector<std::uint8_t>& update,
    std::uint64_t seed);

/// `policy` is an update that forbids the MAN file's application, by its security counter or
/// because it revokes the key; `revoked`, if not empty, another one of a higher version that it
/// forbids, too. Fails when they do not.
[[nodiscard]] std::expected<std::vector<Situation>, std::string> make_floor_situations(
    const std::vector<std::uint8_t>& man, const std::vector<std::uint8_t>& policy,
    const std::vector<std::uint8_t>& revoked, std::uint64_t seed);

}  // namespace goldcrest::sim

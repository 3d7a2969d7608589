// SPDX-License-Identifier: MIT
// What a board must hold before it is locked, judged by a copy of its flash and with the device's
// own code: after level 2 nobody can mend what is missing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/image/flash_map.hpp"
#include "host/packer/key_files.hpp"

namespace goldcrest::lock {

/// What inspect() wants to see: BOOT to APP2.
inline constexpr image::Section inspected_extent{
    image::flash_section.base, image::app2_section.end() - image::flash_section.base};

/// Who minds when a finding is bad.
enum class Weight : std::uint8_t {
  every_lock,
  level_2,  ///< only a lock that can never be undone, unless the user answers for it
  nobody,   ///< worth telling
};

struct Finding {
  std::string what;
  bool good = false;
  std::string detail;
  Weight weight = Weight::every_lock;
};

/// What its owner says that the board holds.
struct Expected {
  packer::PublicKey signing_key;                ///< of the updates to come
  std::vector<packer::PublicKey> spare_keys{};  ///< whom else it may trust
  std::vector<std::uint8_t> man_image{};        ///< what was loaded; empty: it is not compared
};

/// `flash` has inspected_extent.size bytes.
std::vector<Finding> inspect(base::Bytes flash, const Expected& expected);

/// The bad findings that forbid this lock; `untried` waives those of Weight::level_2.
std::vector<Finding> obstacles(const std::vector<Finding>& findings, bool level_2, bool untried);

}  // namespace goldcrest::lock

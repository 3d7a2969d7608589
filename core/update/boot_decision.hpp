// SPDX-License-Identifier: MIT
// Which application BOOT starts: the highest version that is installed, not rejected, verifies and
// is permitted by the other slot's policy (policy.hpp). docs/formats/slot.md.
//
// An image that has not been confirmed is on trial: each start uses up a trial boot, written before
// the start. Without trial boots left it is rejected if the other slot holds an image that can run,
// and otherwise goes on running: no decision leaves a board without an application that may run.
#pragma once

#include <cstdint>
#include <expected>

#include "core/image/factory.hpp"
#include "core/image/flash.hpp"
#include "core/image/verify.hpp"

namespace goldcrest::update {

enum class BootError : std::uint8_t {
  flash,           ///< the state of the slots could not be read
  no_valid_image,  ///< neither slot holds an image that may run
};

struct BootChoice {
  image::VerifiedImage image;
  bool trial = false;
};

/// Verifies the candidate, and the other slot only when the candidate will not do. Writes state
/// words: trial boots, rejection, missing copies.
[[nodiscard]] std::expected<BootChoice, BootError> decide(image::Flash& flash,
                                                          const image::Factory& factory);

}  // namespace goldcrest::update

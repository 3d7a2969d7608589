// SPDX-License-Identifier: MIT
// What applications ask about the slots and do to them: confirm, reject, roll back, versions.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "core/base/version.hpp"
#include "core/crypto/sha256.hpp"
#include "core/image/factory.hpp"
#include "core/image/flash.hpp"
#include "core/image/slot.hpp"
#include "core/image/verify.hpp"
#include "core/update/installer.hpp"

namespace goldcrest::update {

/// Each section's version; 0.0.0 when it holds no program. A rejected slot still has its version.
struct Versions {
  base::Version boot;
  base::Version mta;
  base::Version app1;
  base::Version app2;
};
Versions read_versions(image::Flash& flash);

/// Which slot holds this address (of a function of the running program).
std::optional<image::Slot> slot_at(image::Address address);

/// The image in the slot that runs, for the installer; nothing when it has no manifest.
std::optional<RunningImage> running_image(image::Flash& flash, image::Slot slot);

/// The application calls this once it has rejoined its network and reached its server. Confirming
/// again is no error.
[[nodiscard]] std::expected<void, image::FlashError> confirm(image::Flash& flash, image::Slot slot);
/// Never to be booted again, until another image is installed there.
[[nodiscard]] std::expected<void, image::FlashError> reject(image::Flash& flash, image::Slot slot);

/// The digest of a slot's image if it has been rejected: to be remembered, so that it is not
/// fetched again, before the slot is overwritten.
std::optional<crypto::Digest> rejected_digest(image::Flash& flash, image::Slot slot);

struct Rollback {
  image::Slot from_slot;  ///< the image that BOOT would start now
  base::Version from;
  base::Version to;       ///< older, verified just now
  crypto::Digest digest;  ///< of the image that goes
};
enum class NoRollback : std::uint8_t {
  nothing_older,   ///< the other slot holds no older image that could run
  security_floor,  ///< it does, but the newer one, which is confirmed, does not permit it
};
/// What a rollback would do: present when BOOT would start one image and the other slot holds an
/// older one that can run and keeps to all that the newer one lays down (policy.hpp).
[[nodiscard]] std::expected<Rollback, NoRollback> rollback_possible(image::Flash& flash,
                                                                    const image::Factory& factory);
/// Rejects the newer image; BOOT starts the older one from then on.
[[nodiscard]] std::expected<void, image::FlashError> roll_back(image::Flash& flash,
                                                               const Rollback& rollback);

}  // namespace goldcrest::update

// SPDX-License-Identifier: MIT
// The device's policy: below which security counter nothing starts any more, and which signing keys
// are revoked. docs/formats/slot.md.
//
// It is stored nowhere by itself. The signed manifest of an image that stands confirmed is the
// policy; no power cut can lower what is never written. An image on trial adds nothing to it: until
// it is confirmed, the way back to the older one stays open. Rejecting a confirmed image does not
// take back what it has laid down: otherwise one skipped instruction of BOOT, which writes that
// word, would. A manifest that is not authentic never counts, and of two that contradict each other
// exactly one does: no policy keeps both images from starting.
#pragma once

#include <optional>

#include "core/image/factory.hpp"
#include "core/image/flash.hpp"
#include "core/image/manifest.hpp"
#include "core/image/slot.hpp"
#include "core/image/verify.hpp"

namespace goldcrest::update {

/// Whether the manifest in a slot of this state has a say. A rejected one has if it is confirmed
/// for good; else it was on trial when it was given up, and its confirmation may have been cut
/// short: not done then, but read as done from now on.
bool lays_down(const image::SlotStatus& status);

/// Whether `policy`, of a confirmed image, keeps `release` from starting. Of two confirmed images
/// neither of which keeps to what the other lays down, the one whose key the other does not revoke
/// decides; else the one with the higher security counter, then version.
bool forbids(const image::Manifest& policy, const image::Manifest& release, bool release_confirmed);

/// Whether the image may start, as far as the other slot has a say. The other's signature is
/// checked only when the answer depends on it.
[[nodiscard]] bool permitted(image::Flash& flash, const image::Factory& factory,
                             const image::VerifiedImage& image);

/// The image in the slot, if it verifies and is permitted.
[[nodiscard]] std::optional<image::VerifiedImage> verify_permitted(image::Flash& flash,
                                                                   image::Slot slot,
                                                                   const image::Factory& factory);

}  // namespace goldcrest::update

// SPDX-License-Identifier: MIT
// The device's policy: below which security counter nothing starts any more, and which signing keys
// are revoked. docs/formats/slot.md.
//
// It is stored nowhere by itself. The signed manifest of an image that stands confirmed is the
// policy; no power cut can lower what is never written. An image on trial adds nothing to it: until
// it is confirmed, the way back to the older one stays open. A manifest that is not authentic never
// counts, and of two that contradict each other exactly one does: no policy keeps both images from
// starting.
#pragma once

#include <optional>

#include "core/image/factory.hpp"
#include "core/image/flash.hpp"
#include "core/image/manifest.hpp"
#include "core/image/verify.hpp"

namespace goldcrest::update {

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

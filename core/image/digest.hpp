// SPDX-License-Identifier: MIT
// The canonical digest of an image in a slot: SHA-256 of the image with its relocation undone,
// followed by the relocation table. It is the same in either slot. docs/formats/fmu.md.
#pragma once

#include <expected>

#include "core/crypto/sha256.hpp"
#include "core/image/flash.hpp"
#include "core/image/manifest.hpp"
#include "core/image/relocations.hpp"

namespace goldcrest::image {

/// Sizes and count are taken from `manifest`; the table must be canonical. Nothing is compared.
[[nodiscard]] std::expected<crypto::Digest, RelocationError> canonical_digest(
    Flash& flash, Slot slot, const Manifest& manifest);

}  // namespace goldcrest::image

// SPDX-License-Identifier: MIT
// What BOOT checks of itself and of the chip before it trusts its own verdicts. docs/boot.md.
#pragma once

#include "core/image/factory.hpp"

namespace goldcrest::boot {

/// March C- over the part of BOOT's stack that is not in use yet, a pattern test with restoring
/// over the rest. To be called at the very start.
[[nodiscard]] bool ram_holds();

/// CRC-32 of BOOT as the factory block has it.
[[nodiscard]] bool boot_unchanged(const image::Factory& factory);

/// Known answers: SHA-256 of a message of two blocks, and of LM-OTS the checksum, a hash chain and
/// a tree node: every function that a signature check is made of.
[[nodiscard]] bool cryptography_works();

}  // namespace goldcrest::boot

// SPDX-License-Identifier: MIT
// The update file (docs/formats/fmu.md) on the host: made with OpenSSL, opened and checked with
// core, by the same functions that a device uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/image/factory.hpp"
#include "core/image/manifest.hpp"
#include "host/packer/key_files.hpp"
#include "host/packer/memory_flash.hpp"
#include "host/packer/problem.hpp"
#include "host/packer/program_image.hpp"

namespace goldcrest::packer {

/// No update file is longer: a full slot and its table.
inline constexpr std::size_t update_file_limit = std::size_t{GOLDCREST_SLOT_SIZE} * 2;

/// What is free to choose when packing.
struct UpdateOptions {
  base::Version minimum_version;  ///< 0.0.0: any running version may be replaced
  std::uint32_t sequence = 0;
  std::vector<std::uint32_t> revoked_keys{};  ///< any order; at most three
};

/// A manifest with its ciphertext: complete but for the signature.
struct UnsignedUpdate {
  image::Manifest manifest;
  std::array<std::uint8_t, image::manifest_size> manifest_bytes{};
  std::vector<std::uint8_t> payload;
};

/// Encodes the table, digests, encrypts under a fresh IV and fills the manifest in.
Result<UnsignedUpdate> prepare_update(const ProgramImage& program, const UpdateOptions& options,
                                      const PublicKey& signing_key, const ContentKey& content_key);

/// That devices which run the older of two releases will refuse the newer, because its security
/// counter is lower or it does not revoke the same keys. Nothing when they will not.
std::optional<std::string> policy_conflict(const image::Manifest& one,
                                           const image::Manifest& other);

/// manifest ‖ signature ‖ payload.
std::vector<std::uint8_t> assemble_update(const UnsignedUpdate& update, base::Bytes signature);

/// A well-formed update file, taken apart. The spans point into the file.
struct UpdateParts {
  image::Manifest manifest;
  base::Bytes signed_part;  ///< manifest ‖ signature
  base::Bytes payload;
};

/// Checks form and total length, nothing more.
Result<UpdateParts> split_update(base::Bytes file);

/// A factory block with these keys, for core's checks; boot and MTA are left empty.
Result<image::Factory> factory_with(const image::ProductId& product,
                                    std::span<const PublicKey> public_keys,
                                    std::span<const ContentKey> content_keys);

/// relocation table ‖ canonical image, decrypted; the padding is checked.
Result<std::vector<std::uint8_t>> decrypt_payload(const UpdateParts& parts,
                                                  const crypto::AesKey& key);

/// Leaves `slot` as a device's installer does: the image relocated, table, manifest, signature and
/// the installed word. `content` is from decrypt_payload(). Does not verify.
Result<void> install(MemoryFlash& flash, image::Slot slot, const UpdateParts& parts,
                     base::Bytes content);

/// All that a device checks before it boots the update, in both slots: signature, table, digest,
/// Info record, vectors.
Result<void> verify_update(base::Bytes file, const image::Factory& factory);

}  // namespace goldcrest::packer

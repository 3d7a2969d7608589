// SPDX-License-Identifier: MIT
// The manifest, first 144 bytes of an update file, and its rules. docs/formats/fmu.md.
//
//    0 magic "GFMU"       4 format, type, signature type, encryption     8 product id (32)
//   40 version           44 minimum version    48 sequence              52 image size
//   56 relocation count  60 relocation size    64 payload size          68 signature size
//   72 link base         76 content key id     80 signing key id        84 revoked keys (12)
//   96 IV (16)          112 digest (32)
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/version.hpp"
#include "core/crypto/aes_cbc.hpp"
#include "core/crypto/sha256.hpp"
#include "core/image/info.hpp"
#include "core/image/slot.hpp"

namespace goldcrest::image {

enum class SignatureType : std::uint8_t { lms = 1, ecdsa_p256 = 2 };

inline constexpr std::uint32_t manifest_size = 144;
static_assert(manifest_size + limits::signature_bytes <= manifest_and_signature_size_max);

/// Ids of signing keys that a release takes out of use: descending, 0 in the places that are left.
using RevokedKeys = std::array<std::uint32_t, 3>;

/// The fields that are free; payload size, link base, image type and encryption follow.
struct Manifest {
  SignatureType signature_type = SignatureType::lms;
  ProductId product;
  base::Version version{};          ///< not 0.0.0
  base::Version minimum_version{};  ///< lowest running version that may be replaced
  std::uint32_t sequence = 0;       ///< security counter; never goes down
  std::uint32_t image_size = 0;     ///< bytes, multiple of 4
  std::uint32_t relocation_count = 0;
  std::uint32_t relocation_size = 0;  ///< bytes, multiple of 4
  std::uint32_t signature_size = 0;   ///< bytes, 1 to limits::signature_bytes
  std::uint32_t content_key_id = 0;
  std::uint32_t signing_key_id = 0;
  RevokedKeys revoked_keys{};  ///< not its own signing key
  crypto::AesIv iv{};
  crypto::Digest digest{};  ///< SHA-256 of canonical image ‖ relocation table

  /// Relocation table, image and padding to whole AES blocks.
  constexpr std::uint32_t payload_size() const {
    return round_up(relocation_size + image_size, crypto::aes_block_size);
  }
  constexpr std::uint32_t file_size() const {
    return manifest_size + signature_size + payload_size();
  }
  bool revokes(std::uint32_t key_id) const;

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

enum class ManifestError : std::uint8_t {
  truncated,
  magic,
  format_version,
  image_type,
  signature_type,
  encryption,
  product,
  version,
  image_size,
  relocation_size,
  payload_size,
  signature_size,
  base_address,  ///< link base is not APP1's
  revoked_keys,
};

std::string_view describe(ManifestError error);

/// Reads the first 144 bytes and checks every rule that needs nothing but them. What comes out
/// fits into a slot and is well-formed; it is not yet authentic.
[[nodiscard]] std::expected<Manifest, ManifestError> parse_manifest(base::Bytes bytes);
/// The same rules for a manifest that is about to be emitted.
[[nodiscard]] std::expected<void, ManifestError> check_manifest(const Manifest& manifest);
/// The signed bytes. parse_manifest() of them gives `manifest` back if check_manifest() accepts it.
std::array<std::uint8_t, manifest_size> emit_manifest(const Manifest& manifest);

/// Whether a release keeps to all that another one has laid down: its security counter is not below
/// the other's, and it revokes every key that the other revokes. Then its own key is none of those.
bool keeps_to(const Manifest& release, const Manifest& policy);

}  // namespace goldcrest::image

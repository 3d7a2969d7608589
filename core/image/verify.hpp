// SPDX-License-Identifier: MIT
// Trust, as types. An AuthenticManifest exists only when its signature has been checked, a
// VerifiedImage only when the whole slot has been: erasing a slot takes the one, booting the other.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/crypto/sha256.hpp"
#include "core/image/factory.hpp"
#include "core/image/flash.hpp"
#include "core/image/manifest.hpp"

namespace goldcrest::image {

enum class VerifyError : std::uint8_t {
  flash,                  ///< the flash could not be read
  manifest,               ///< no well-formed manifest
  product,                ///< made for another product
  unknown_signing_key,    ///< no trust anchor of that id and type
  unsupported_signature,  ///< a signature type that this build does not check
  signature,              ///< the signature does not hold
  relocations,            ///< the relocation table is not canonical
  digest,                 ///< image or table are not what was signed
  info,                   ///< the image's own Info record says something else than the manifest
  vectors,                ///< stack pointer or reset handler point elsewhere
};

std::string_view describe(VerifyError error);

class AuthenticManifest {
 public:
  const Manifest& manifest() const { return manifest_; }

 private:
  explicit AuthenticManifest(const Manifest& manifest) : manifest_(manifest) {}
  friend std::expected<AuthenticManifest, VerifyError> verify_manifest(base::Bytes, const Factory&);

  Manifest manifest_;
};

/// Checks form, product, key and signature. `bytes` starts with manifest ‖ signature; what follows
/// is not looked at.
[[nodiscard]] std::expected<AuthenticManifest, VerifyError> verify_manifest(base::Bytes bytes,
                                                                            const Factory& factory);

/// The same of a slot, whatever its image is like.
[[nodiscard]] std::expected<AuthenticManifest, VerifyError> verify_manifest(Flash& flash, Slot slot,
                                                                            const Factory& factory);

class VerifiedImage {
 public:
  Slot slot() const { return slot_; }
  const Manifest& manifest() const { return manifest_; }
  base::Version version() const { return manifest_.version; }
  /// Where the vector table lies: initial stack pointer, then reset handler.
  Address vector_table() const { return section_of(slot_).base; }
  /// As worked out from the flash.
  const crypto::Digest& digest() const { return digest_; }

 private:
  VerifiedImage(Slot slot, const Manifest& manifest, const crypto::Digest& digest)
      : slot_(slot), manifest_(manifest), digest_(digest) {}
  static std::expected<VerifiedImage, VerifyError> accept(Flash& flash, Slot slot,
                                                          const Manifest& manifest,
                                                          const crypto::Digest& digest);
  friend std::expected<VerifiedImage, VerifyError> verify(Flash&, Slot, const Factory&);
  friend std::expected<VerifiedImage, VerifyError> verify_again(Flash&, const VerifiedImage&,
                                                                const Factory&);

  Slot slot_;
  Manifest manifest_;
  crypto::Digest digest_;
};

/// Reads the whole slot: manifest, signature, table, digest, Info record and vectors. The state
/// words have no say here. Uses about 3.5 KiB of stack.
[[nodiscard]] std::expected<VerifiedImage, VerifyError> verify(Flash& flash, Slot slot,
                                                               const Factory& factory);

/// Comes to every decision of verify() once more, with the digest that was worked out then: hashing
/// the image, most of the time, is not repeated. Against a glitch, docs/skips.md.
[[nodiscard]] std::expected<VerifiedImage, VerifyError> verify_again(Flash& flash,
                                                                     const VerifiedImage& image,
                                                                     const Factory& factory);

/// The well-formed but unverified manifest of a slot: for showing versions and choosing an order.
[[nodiscard]] std::expected<Manifest, VerifyError> read_manifest(Flash& flash, Slot slot);

}  // namespace goldcrest::image

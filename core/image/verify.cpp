// SPDX-License-Identifier: MIT
#include "core/image/verify.hpp"

#include <array>

#include "core/base/forget.hpp"
#include "core/crypto/constant_time.hpp"
#include "core/crypto/ecdsa_p256.hpp"
#include "core/crypto/lms.hpp"
#include "core/image/digest.hpp"
#include "core/image/info.hpp"
#include "core/image/signature_types.hpp"

namespace goldcrest::image {
namespace {

using SignatureCheck = bool (*)(base::Bytes public_key, base::Bytes message, base::Bytes signature);

/// Null for a type that this build does not check.
SignatureCheck check_of(SignatureType type) {
  switch (type) {
    case SignatureType::lms:
      if constexpr (checks_lms) {
        return [](base::Bytes public_key, base::Bytes message, base::Bytes signature) {
          return crypto::lms_verify(public_key, message, signature).has_value();
        };
      }
      break;
    case SignatureType::ecdsa_p256:
      if constexpr (checks_ecdsa_p256) {
        return [](base::Bytes public_key, base::Bytes message, base::Bytes signature) {
          return crypto::ecdsa_p256_verify(public_key, message, signature).has_value();
        };
      }
      break;
  }
  return nullptr;
}

std::expected<void, VerifyError> check_signature(base::Bytes bytes, const Manifest& manifest,
                                                 const Factory& factory) {
  const auto check = check_of(manifest.signature_type);
  if (check == nullptr) return std::unexpected(VerifyError::unsupported_signature);
  const auto* anchor = factory.trust_anchor(manifest.signing_key_id);
  if (anchor == nullptr || anchor->type != manifest.signature_type) {
    return std::unexpected(VerifyError::unknown_signing_key);
  }
  const auto signed_part = bytes.first(manifest_size);
  const auto signature = bytes.subspan(manifest_size, manifest.signature_size);
  if (!check(anchor->key(), signed_part, signature)) {
    return std::unexpected(VerifyError::signature);
  }
  return {};
}

// What the image says of itself; it has been hashed already, so this is about the signer's care.
std::expected<void, VerifyError> check_content(Flash& flash, Slot slot, const Manifest& manifest) {
  const auto& section = section_of(slot);
  const auto info = read_info(flash, section.base);
  if (!info || info->type != ImageType::app || info->version != manifest.version ||
      info->product != manifest.product) {
    return std::unexpected(VerifyError::info);
  }
  std::array<std::uint8_t, 8> vectors;
  if (!flash.read(section.base, vectors)) return std::unexpected(VerifyError::flash);
  const Address stack_pointer = base::load_le32(vectors.data());
  const Address reset_handler = base::load_le32(vectors.data() + 4);
  const bool stack_in_ram = stack_pointer % 8 == 0 && stack_pointer > ram_section.base &&
                            stack_pointer <= ram_section.end();
  const bool thumb_code_in_image = reset_handler % 2 == 1 && reset_handler > section.base &&
                                   reset_handler < section.base + manifest.image_size;
  if (!stack_in_ram || !thumb_code_in_image) return std::unexpected(VerifyError::vectors);
  return {};
}

}  // namespace

std::string_view describe(VerifyError error) {
  switch (error) {
    case VerifyError::flash:
      return "the flash could not be read";
    case VerifyError::manifest:
      return "there is no well-formed manifest";
    case VerifyError::product:
      return "the image is for another product";
    case VerifyError::unknown_signing_key:
      return "the image is signed with a key that this device does not trust";
    case VerifyError::unsupported_signature:
      return "the signature is of a type that this device does not check";
    case VerifyError::signature:
      return "the signature does not hold";
    case VerifyError::relocations:
      return "the relocation table is malformed";
    case VerifyError::digest:
      return "the image is not what was signed";
    case VerifyError::info:
      return "the image says of itself something else than its manifest";
    case VerifyError::vectors:
      return "the vector table of the image points elsewhere";
  }
  return "unknown error";
}

std::expected<AuthenticManifest, VerifyError> verify_manifest(base::Bytes bytes,
                                                              const Factory& factory) {
  const auto manifest = parse_manifest(bytes);
  if (!manifest || bytes.size() < manifest_size + manifest->signature_size) {
    return std::unexpected(VerifyError::manifest);
  }
  if (manifest->product != factory.product) return std::unexpected(VerifyError::product);
  if (const auto checked = check_signature(bytes, *manifest, factory); !checked) {
    return std::unexpected(checked.error());
  }
  return AuthenticManifest(*manifest);
}

std::expected<AuthenticManifest, VerifyError> verify_manifest(Flash& flash, Slot slot,
                                                              const Factory& factory) {
  std::array<std::uint8_t, manifest_and_signature_size_max> bytes;
  if (!flash.read(section_of(slot).base + manifest_offset, bytes)) {
    return std::unexpected(VerifyError::flash);
  }
  return verify_manifest(bytes, factory);
}

std::expected<VerifiedImage, VerifyError> VerifiedImage::accept(Flash& flash, Slot slot,
                                                                const Manifest& manifest,
                                                                const crypto::Digest& digest) {
  if (!crypto::equal(digest, manifest.digest)) return std::unexpected(VerifyError::digest);
  if (const auto checked = check_content(flash, slot, manifest); !checked) {
    return std::unexpected(checked.error());
  }
  return VerifiedImage(slot, manifest, digest);
}

std::expected<VerifiedImage, VerifyError> verify(Flash& flash, Slot slot, const Factory& factory) {
  const auto authentic = verify_manifest(flash, slot, factory);
  if (!authentic) return std::unexpected(authentic.error());
  const auto digest = canonical_digest(flash, slot, authentic->manifest());
  if (!digest) {
    return std::unexpected(digest.error() == RelocationError::flash ? VerifyError::flash
                                                                    : VerifyError::relocations);
  }
  return VerifiedImage::accept(flash, slot, authentic->manifest(), *digest);
}

std::expected<VerifiedImage, VerifyError> verify_again(Flash& flash, const VerifiedImage& image,
                                                       const Factory& factory) {
  base::forget();
  const auto authentic = verify_manifest(flash, image.slot(), factory);
  if (!authentic) return std::unexpected(authentic.error());
  return VerifiedImage::accept(flash, image.slot(), authentic->manifest(), image.digest());
}

std::expected<Manifest, VerifyError> read_manifest(Flash& flash, Slot slot) {
  std::array<std::uint8_t, manifest_size> bytes;
  if (!flash.read(section_of(slot).base + manifest_offset, bytes)) {
    return std::unexpected(VerifyError::flash);
  }
  const auto manifest = parse_manifest(bytes);
  if (!manifest) return std::unexpected(VerifyError::manifest);
  return *manifest;
}

}  // namespace goldcrest::image

// SPDX-License-Identifier: MIT
#include "core/image/manifest.hpp"

#include <algorithm>

#include "core/crypto/ecdsa_p256.hpp"
#include "core/image/relocations.hpp"

namespace goldcrest::image {
namespace {

constexpr std::uint32_t magic = 0x47464D55;  // "GFMU", first byte first
constexpr std::uint8_t format_version = 1;
constexpr std::uint8_t aes_128_cbc = 1;

// A table of every word of the largest image would fit into a slot, if not beside the image.
static_assert(relocation_size_max(manifest_offset / word_size) <= manifest_offset);

bool known(std::uint8_t signature_type) {
  return signature_type == static_cast<std::uint8_t>(SignatureType::lms) ||
         signature_type == static_cast<std::uint8_t>(SignatureType::ecdsa_p256);
}

// One form only for each set of keys. No release revokes its own key: it would refuse itself, and
// what it says would be worth nothing.
bool well_formed(const RevokedKeys& keys, std::uint32_t own_key) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == 0) continue;
    if (keys[i] == own_key || (i > 0 && keys[i] >= keys[i - 1])) return false;
  }
  return true;
}

}  // namespace

std::string_view describe(ManifestError error) {
  switch (error) {
    case ManifestError::truncated:
      return "the file is too short for a manifest";
    case ManifestError::magic:
      return "this is not an update file";
    case ManifestError::format_version:
      return "the update file is of an unknown format version";
    case ManifestError::image_type:
      return "the update file does not hold an application";
    case ManifestError::signature_type:
      return "the signature type is unknown";
    case ManifestError::encryption:
      return "the encryption is unknown";
    case ManifestError::product:
      return "the product id is malformed";
    case ManifestError::version:
      return "the version is 0.0.0";
    case ManifestError::image_size:
      return "the image size is impossible";
    case ManifestError::relocation_size:
      return "the size of the relocation table is impossible";
    case ManifestError::payload_size:
      return "the payload size does not follow from its parts";
    case ManifestError::signature_size:
      return "the signature size is impossible";
    case ManifestError::base_address:
      return "the image is linked for another address";
    case ManifestError::revoked_keys:
      return "the list of revoked keys is malformed, or has the key that signed";
  }
  return "unknown error";
}

bool Manifest::revokes(std::uint32_t key_id) const {
  return key_id != 0 && std::ranges::find(revoked_keys, key_id) != revoked_keys.end();
}

std::expected<void, ManifestError> check_manifest(const Manifest& manifest) {
  const auto image_size = manifest.image_size;
  const auto table_size = manifest.relocation_size;
  const auto count = manifest.relocation_count;
  if (manifest.version.empty()) return std::unexpected(ManifestError::version);
  if (image_size % word_size != 0 || image_size > manifest_offset ||
      image_size < info_offset + info_size) {
    return std::unexpected(ManifestError::image_size);
  }
  if (count > image_size / word_size || table_size % word_size != 0 || table_size < count ||
      table_size > relocation_size_max(count)) {
    return std::unexpected(ManifestError::relocation_size);
  }
  if (round_up(image_size, page_size) > relocation_table_offset(table_size)) {
    return std::unexpected(ManifestError::image_size);
  }
  if (manifest.signature_size == 0 || manifest.signature_size > limits::signature_bytes ||
      (manifest.signature_type == SignatureType::ecdsa_p256 &&
       manifest.signature_size != crypto::p256_signature_size)) {
    return std::unexpected(ManifestError::signature_size);
  }
  if (!well_formed(manifest.revoked_keys, manifest.signing_key_id)) {
    return std::unexpected(ManifestError::revoked_keys);
  }
  return {};
}

std::expected<Manifest, ManifestError> parse_manifest(base::Bytes bytes) {
  if (bytes.size() < manifest_size) return std::unexpected(ManifestError::truncated);
  base::ByteReader reader(bytes.first(manifest_size));
  if (reader.be32() != magic) return std::unexpected(ManifestError::magic);
  if (reader.u8() != format_version) return std::unexpected(ManifestError::format_version);
  if (reader.u8() != static_cast<std::uint8_t>(ImageType::app)) {
    return std::unexpected(ManifestError::image_type);
  }
  const auto signature_type = reader.u8();
  if (!known(signature_type)) return std::unexpected(ManifestError::signature_type);
  if (reader.u8() != aes_128_cbc) return std::unexpected(ManifestError::encryption);
  const auto product = ProductId::from_stored(reader.bytes(limits::product_id_bytes));
  if (!product) return std::unexpected(ManifestError::product);

  Manifest manifest{.signature_type = static_cast<SignatureType>(signature_type),
                    .product = *product};
  manifest.version = base::Version::from_packed(reader.le32());
  manifest.minimum_version = base::Version::from_packed(reader.le32());
  manifest.sequence = reader.le32();
  manifest.image_size = reader.le32();
  manifest.relocation_count = reader.le32();
  manifest.relocation_size = reader.le32();
  const auto payload_size = reader.le32();
  manifest.signature_size = reader.le32();
  const auto base_address = reader.le32();
  manifest.content_key_id = reader.le32();
  manifest.signing_key_id = reader.le32();
  for (auto& key : manifest.revoked_keys) key = reader.le32();
  reader.copy_to(manifest.iv);
  reader.copy_to(manifest.digest);

  if (const auto checked = check_manifest(manifest); !checked) {
    return std::unexpected(checked.error());
  }
  if (payload_size != manifest.payload_size()) return std::unexpected(ManifestError::payload_size);
  if (base_address != link_base) return std::unexpected(ManifestError::base_address);
  return manifest;
}

std::array<std::uint8_t, manifest_size> emit_manifest(const Manifest& manifest) {
  std::array<std::uint8_t, manifest_size> bytes;
  base::ByteWriter writer(bytes);
  writer.be32(magic);
  writer.u8(format_version);
  writer.u8(static_cast<std::uint8_t>(ImageType::app));
  writer.u8(static_cast<std::uint8_t>(manifest.signature_type));
  writer.u8(aes_128_cbc);
  writer.bytes(manifest.product.stored());
  writer.le32(manifest.version.packed());
  writer.le32(manifest.minimum_version.packed());
  writer.le32(manifest.sequence);
  writer.le32(manifest.image_size);
  writer.le32(manifest.relocation_count);
  writer.le32(manifest.relocation_size);
  writer.le32(manifest.payload_size());
  writer.le32(manifest.signature_size);
  writer.le32(link_base);
  writer.le32(manifest.content_key_id);
  writer.le32(manifest.signing_key_id);
  for (const auto key : manifest.revoked_keys) writer.le32(key);
  writer.bytes(manifest.iv);
  writer.bytes(manifest.digest);
  return bytes;
}

bool keeps_to(const Manifest& release, const Manifest& policy) {
  return release.sequence >= policy.sequence &&
         std::ranges::all_of(policy.revoked_keys,
                             [&](std::uint32_t key) { return key == 0 || release.revokes(key); });
}

}  // namespace goldcrest::image

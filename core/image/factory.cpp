// SPDX-License-Identifier: MIT
#include "core/image/factory.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"
#include "core/crypto/crc32.hpp"
#include "core/crypto/ecdsa_p256.hpp"
#include "core/crypto/lms.hpp"
#include "core/image/signature_types.hpp"

namespace goldcrest::image {
namespace {

constexpr std::uint32_t magic = 0x47464143;  // "GFAC", first byte first
constexpr std::uint8_t format_version = 1;
constexpr std::size_t anchors_offset = 96;
constexpr std::size_t anchor_size = 80;
constexpr std::size_t anchor_header_size = 8;
constexpr std::size_t keys_offset = 416;
constexpr std::size_t key_size = 24;
constexpr std::size_t keys_end = 512;
constexpr std::size_t crc_offset = factory_size - 4;
static_assert(anchor_header_size + public_key_size_max == anchor_size);
static_assert(anchors_offset + limits::trust_anchors * anchor_size == keys_offset);
static_assert(keys_offset + limits::content_keys * key_size == keys_end);

bool all_zero(base::Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

/// Form only; whether the bytes are a point of the curve shows when a signature is checked. A key
/// of a type that this build does not check is never used.
bool holds(const TrustAnchor& anchor) {
  if (anchor.type == SignatureType::ecdsa_p256) {
    return anchor.key().size() == crypto::p256_public_key_size;
  }
  if (anchor.type != SignatureType::lms) return false;
  if constexpr (!checks_lms) return true;
  return crypto::LmsPublicKey::parse(anchor.key()).has_value();
}

template <typename Keys>
auto find(const Keys& keys, std::uint32_t key_id) {
  const auto found =
      std::ranges::find_if(keys, [key_id](const auto& key) { return key.key_id == key_id; });
  return found == keys.end() ? nullptr : found;
}

template <typename Keys>
bool ids_differ(const Keys& keys) {
  return std::ranges::all_of(keys, [&](const auto& key) { return find(keys, key.key_id) == &key; });
}

std::expected<void, FactoryError> check(const Factory& factory) {
  if (factory.boot_size == 0 || factory.boot_size % 4 != 0 ||
      factory.boot_size > factory_section.base - boot_section.base) {
    return std::unexpected(FactoryError::boot_size);
  }
  if (factory.mta_size % 4 != 0 || factory.mta_size > mta_section.size) {
    return std::unexpected(FactoryError::mta_size);
  }
  if (factory.trust_anchors.empty() || !std::ranges::all_of(factory.trust_anchors, holds)) {
    return std::unexpected(FactoryError::trust_anchor);
  }
  if (factory.content_keys.empty()) return std::unexpected(FactoryError::content_key);
  if (!ids_differ(factory.trust_anchors) || !ids_differ(factory.content_keys)) {
    return std::unexpected(FactoryError::duplicate_key_id);
  }
  return {};
}

// `count` is what the factory has room for, at most: here and in parse_keys().
bool parse_anchors(base::Bytes bytes, std::size_t count, Factory& factory) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto record = bytes.subspan(i * anchor_size, anchor_size);
    const std::size_t size = record[5];
    if (size > public_key_size_max) return false;
    TrustAnchor anchor;
    anchor.key_id = base::load_le32(record.data());
    anchor.type = static_cast<SignatureType>(record[4]);
    base::ensure(anchor.public_key.append(record.subspan(anchor_header_size, size)));
    if (base::load_le16(record.data() + 6) != 0 ||
        !all_zero(record.subspan(anchor_header_size + size))) {
      return false;
    }
    base::ensure(factory.trust_anchors.push_back(anchor));
  }
  return all_zero(bytes.subspan(count * anchor_size));
}

bool parse_keys(base::Bytes bytes, std::size_t count, Factory& factory) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto record = bytes.subspan(i * key_size, key_size);
    ContentKey key;
    key.key_id = base::load_le32(record.data());
    std::ranges::copy(record.last<crypto::aes_block_size>(), key.key.begin());
    if (base::load_le32(record.data() + 4) != 0) return false;
    base::ensure(factory.content_keys.push_back(key));
  }
  return all_zero(bytes.subspan(count * key_size));
}

}  // namespace

std::string_view describe(FactoryError error) {
  switch (error) {
    case FactoryError::flash:
      return "the flash could not be read";
    case FactoryError::size:
      return "a factory block has 1024 bytes";
    case FactoryError::magic:
      return "there is no factory block";
    case FactoryError::crc:
      return "the checksum of the factory block is wrong";
    case FactoryError::format_version:
      return "the factory block is of an unknown format version";
    case FactoryError::product:
      return "the product id of the factory block is malformed";
    case FactoryError::boot_size:
      return "the size of BOOT is impossible";
    case FactoryError::mta_size:
      return "the size of MTA is impossible";
    case FactoryError::trust_anchor:
      return "the trust anchors are missing or malformed";
    case FactoryError::content_key:
      return "the content keys are missing or malformed";
    case FactoryError::duplicate_key_id:
      return "two keys have the same key id";
    case FactoryError::reserved:
      return "a reserved field of the factory block is not zero";
  }
  return "unknown error";
}

const TrustAnchor* Factory::trust_anchor(std::uint32_t key_id) const {
  return find(trust_anchors, key_id);
}

const ContentKey* Factory::content_key(std::uint32_t key_id) const {
  return find(content_keys, key_id);
}

std::expected<Factory, FactoryError> parse_factory(base::Bytes bytes) {
  if (bytes.size() != factory_size) return std::unexpected(FactoryError::size);
  base::ByteReader reader(bytes);
  if (reader.be32() != magic) return std::unexpected(FactoryError::magic);
  if (crypto::Crc32::of(bytes.first(crc_offset)) != base::load_le32(bytes.data() + crc_offset)) {
    return std::unexpected(FactoryError::crc);
  }
  if (reader.u8() != format_version) return std::unexpected(FactoryError::format_version);
  const std::size_t anchors = reader.u8();
  const std::size_t keys = reader.u8();
  const auto reserved = reader.u8();
  const auto product = ProductId::from_stored(reader.bytes(limits::product_id_bytes));
  if (!product) return std::unexpected(FactoryError::product);
  Factory factory{.product = *product, .trust_anchors = {}, .content_keys = {}};
  factory.boot_size = reader.le32();
  factory.boot_crc32 = reader.le32();
  factory.mta_size = reader.le32();
  reader.copy_to(factory.mta_digest);
  if (reserved != 0 || !all_zero(reader.bytes(anchors_offset - reader.position())) ||
      !all_zero(bytes.subspan(keys_end, crc_offset - keys_end))) {
    return std::unexpected(FactoryError::reserved);
  }
  if (anchors > limits::trust_anchors ||
      !parse_anchors(bytes.subspan(anchors_offset, keys_offset - anchors_offset), anchors,
                     factory)) {
    return std::unexpected(FactoryError::trust_anchor);
  }
  if (keys > limits::content_keys ||
      !parse_keys(bytes.subspan(keys_offset, keys_end - keys_offset), keys, factory)) {
    return std::unexpected(FactoryError::content_key);
  }
  if (const auto checked = check(factory); !checked) return std::unexpected(checked.error());
  return factory;
}

std::expected<Factory, FactoryError> read_factory(Flash& flash) {
  std::array<std::uint8_t, factory_size> bytes;
  if (!flash.read(factory_section.base, bytes)) return std::unexpected(FactoryError::flash);
  return parse_factory(bytes);
}

std::expected<void, FactoryError> emit_factory(const Factory& factory,
                                               std::span<std::uint8_t, factory_size> out) {
  if (const auto checked = check(factory); !checked) return checked;
  std::ranges::fill(out, std::uint8_t{0});
  base::ByteWriter header(out);
  header.be32(magic);
  header.u8(format_version);
  header.u8(static_cast<std::uint8_t>(factory.trust_anchors.size()));
  header.u8(static_cast<std::uint8_t>(factory.content_keys.size()));
  header.u8(0);
  header.bytes(factory.product.stored());
  header.le32(factory.boot_size);
  header.le32(factory.boot_crc32);
  header.le32(factory.mta_size);
  header.bytes(factory.mta_digest);
  for (std::size_t i = 0; i < factory.trust_anchors.size(); ++i) {
    const auto& anchor = factory.trust_anchors[i];
    base::ByteWriter writer(out.subspan(anchors_offset + i * anchor_size, anchor_size));
    writer.le32(anchor.key_id);
    writer.u8(static_cast<std::uint8_t>(anchor.type));
    writer.u8(static_cast<std::uint8_t>(anchor.public_key.size()));
    writer.le16(0);
    writer.bytes(anchor.key());
  }
  for (std::size_t i = 0; i < factory.content_keys.size(); ++i) {
    base::ByteWriter writer(out.subspan(keys_offset + i * key_size, key_size));
    writer.le32(factory.content_keys[i].key_id);
    writer.le32(0);
    writer.bytes(factory.content_keys[i].key);
  }
  base::store_le32(out.data() + crc_offset, crypto::Crc32::of(out.first(crc_offset)));
  return {};
}

}  // namespace goldcrest::image

// SPDX-License-Identifier: MIT
// The factory block: what is put into a device at manufacture and never changes. Public keys that
// are trusted, AES keys of update files, and the self-checks of BOOT and MTA.
// docs/formats/factory.md.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"
#include "core/base/limits.hpp"
#include "core/crypto/aes_cbc.hpp"
#include "core/crypto/sha256.hpp"
#include "core/image/flash.hpp"
#include "core/image/info.hpp"
#include "core/image/manifest.hpp"

namespace goldcrest::image {

inline constexpr std::uint32_t factory_size = GOLDCREST_FACTORY_SIZE;
inline constexpr std::size_t public_key_size_max = 72;

struct TrustAnchor {
  std::uint32_t key_id = 0;
  SignatureType type = SignatureType::lms;
  base::FixedVector<std::uint8_t, public_key_size_max> public_key;  ///< LMS: RFC 8554 section 5.3

  base::Bytes key() const { return {public_key.data(), public_key.size()}; }
};

struct ContentKey {
  std::uint32_t key_id = 0;
  crypto::AesKey key{};
};

struct Factory {
  ProductId product;
  std::uint32_t boot_size = 0;  ///< bytes from BOOT's base, multiple of 4, below the factory block
  std::uint32_t boot_crc32 = 0;
  std::uint32_t mta_size = 0;  ///< bytes from MTA's base, multiple of 4; 0 when there is none
  crypto::Digest mta_digest{};
  base::FixedVector<TrustAnchor, limits::trust_anchors> trust_anchors;
  base::FixedVector<ContentKey, limits::content_keys> content_keys;

  /// Null when there is none of that id.
  const TrustAnchor* trust_anchor(std::uint32_t key_id) const;
  const ContentKey* content_key(std::uint32_t key_id) const;
};

enum class FactoryError : std::uint8_t {
  flash,
  size,
  magic,
  crc,
  format_version,
  product,
  boot_size,
  mta_size,
  trust_anchor,
  content_key,
  duplicate_key_id,
  reserved,
};

std::string_view describe(FactoryError error);

/// `bytes` is the whole block of 1,024 bytes.
[[nodiscard]] std::expected<Factory, FactoryError> parse_factory(base::Bytes bytes);
[[nodiscard]] std::expected<Factory, FactoryError> read_factory(Flash& flash);
/// Fails with what parse_factory() would say of the result.
[[nodiscard]] std::expected<void, FactoryError> emit_factory(
    const Factory& factory, std::span<std::uint8_t, factory_size> out);

}  // namespace goldcrest::image

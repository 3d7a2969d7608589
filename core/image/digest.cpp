// SPDX-License-Identifier: MIT
#include "core/image/digest.hpp"

#include <algorithm>
#include <array>

#include "core/base/forget.hpp"
#include "core/image/slot.hpp"

namespace goldcrest::image {
namespace {

constexpr std::uint32_t chunk_size = 256;

std::expected<void, RelocationError> hash_image(Flash& flash, Slot slot, const Manifest& manifest,
                                                crypto::Sha256& hash) {
  const Address base = section_of(slot).base;
  FlashRelocations relocations(flash, base + relocation_table_offset(manifest.relocation_size),
                               manifest.relocation_size, manifest.relocation_count,
                               manifest.image_size);
  auto relocation = relocations.next();
  std::array<std::uint8_t, chunk_size> buffer;
  for (std::uint32_t start = 0; start < manifest.image_size; start += chunk_size) {
    const auto size = std::min(chunk_size, manifest.image_size - start);
    const auto chunk = base::MutableBytes(buffer).first(size);
    // Were the reading skipped, by a glitch, the hash would take the chunk before once more.
    buffer.fill(0xA5);
    base::forget();
    if (!flash.read(base + start, chunk)) return std::unexpected(RelocationError::flash);
    for (; relocation && *relocation && **relocation < start + size;
         relocation = relocations.next()) {
      auto* word = chunk.data() + (**relocation - start);
      base::store_le32(word, base::load_le32(word) - offset_of(slot));
    }
    if (!relocation) return std::unexpected(relocation.error());
    hash.update(chunk);
  }
  return {};
}

std::expected<void, RelocationError> hash_table(Flash& flash, Slot slot, const Manifest& manifest,
                                                crypto::Sha256& hash) {
  Address address = section_of(slot).base + relocation_table_offset(manifest.relocation_size);
  std::array<std::uint8_t, chunk_size> buffer;
  for (std::uint32_t left = manifest.relocation_size; left > 0;) {
    const auto size = std::min(chunk_size, left);
    const auto chunk = base::MutableBytes(buffer).first(size);
    if (!flash.read(address, chunk)) return std::unexpected(RelocationError::flash);
    hash.update(chunk);
    address += size;
    left -= size;
  }
  return {};
}

}  // namespace

std::expected<crypto::Digest, RelocationError> canonical_digest(Flash& flash, Slot slot,
                                                                const Manifest& manifest) {
  crypto::Sha256 hash;
  if (const auto image = hash_image(flash, slot, manifest, hash); !image) {
    return std::unexpected(image.error());
  }
  if (const auto table = hash_table(flash, slot, manifest, hash); !table) {
    return std::unexpected(table.error());
  }
  return hash.finish();
}

}  // namespace goldcrest::image

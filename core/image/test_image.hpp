// SPDX-License-Identifier: MIT
// Small but complete images, update files and factory blocks for the tests of image and update.
#pragma once

#include <bearssl_block.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/base/ensure.hpp"
#include "core/crypto/lms_test_signer.hpp"
#include "core/image/factory.hpp"
#include "core/image/manifest.hpp"
#include "core/image/relocations.hpp"
#include "core/image/slot.hpp"
#include "sim/flash/flash.hpp"

namespace goldcrest::image::testing {

using Buffer = std::vector<std::uint8_t>;

inline const ProductId product = *ProductId::from_text("OTA-STM32L1-SPIRIT1");
inline constexpr std::uint32_t signing_key_id = 0xA1;
inline constexpr std::uint32_t content_key_id = 0xC1;
inline constexpr crypto::AesKey content_key{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

inline constexpr std::uint32_t spare_key_id = 0xA2;

/// LMS_SHA256_M24_H5 with LMOTS_SHA256_N24_W4.
inline const crypto::LmsTestSigner& signer() {
  static const crypto::LmsTestSigner signer(10, 7, {3, 1, 4, 1, 5}, Buffer(24, 0x5E));
  return signer;
}
/// The same with another key.
inline const crypto::LmsTestSigner& spare_signer() {
  static const crypto::LmsTestSigner signer(10, 7, {2, 7, 1, 8, 2}, Buffer(24, 0x5F));
  return signer;
}

/// Of a device that trusts the first key, or the spare one too.
inline Factory factory(bool with_spare = false) {
  Factory factory{.product = product,
                  .boot_size = 4096,
                  .boot_crc32 = 0x12345678,
                  .mta_size = 8192,
                  .mta_digest = {1},
                  .trust_anchors = {},
                  .content_keys = {}};
  for (const auto id : {signing_key_id, spare_key_id}) {
    if (id == spare_key_id && !with_spare) break;
    TrustAnchor anchor{.key_id = id, .type = SignatureType::lms, .public_key = {}};
    const auto& key = id == spare_key_id ? spare_signer() : signer();
    base::ensure(anchor.public_key.append(key.public_key()));
    base::ensure(factory.trust_anchors.push_back(anchor));
  }
  base::ensure(factory.content_keys.push_back({content_key_id, content_key}));
  return factory;
}

inline Buffer encrypt(Buffer plaintext, crypto::AesIv iv, const crypto::AesKey& key = content_key) {
  br_aes_ct_cbcenc_keys keys;
  br_aes_ct_cbcenc_init(&keys, key.data(), key.size());
  br_aes_ct_cbcenc_run(&keys, iv.data(), plaintext.data(), plaintext.size());
  return plaintext;
}

struct Options {
  base::Version version{1, 0, 31};
  base::Version minimum_version{};
  std::uint32_t sequence = 1;
  std::uint32_t image_size = 1500;
  std::uint32_t relocations = 40;
  std::uint32_t seed = 1;
  std::uint32_t signing_key = signing_key_id;
  RevokedKeys revoked_keys{};
};

struct Image {
  Manifest manifest;
  Buffer canonical;
  std::vector<std::uint32_t> relocations;
  Buffer table;
  Buffer signature;

  Buffer plaintext() const {
    Buffer plain = table;
    plain.insert(plain.end(), canonical.begin(), canonical.end());
    plain.resize(manifest.payload_size());
    return plain;
  }
  Buffer header() const {
    const auto bytes = emit_manifest(manifest);
    Buffer header(bytes.begin(), bytes.end());
    header.insert(header.end(), signature.begin(), signature.end());
    return header;
  }
  /// The `.fmu`.
  Buffer file() const {
    Buffer file = header();
    const auto payload = encrypt(plaintext(), manifest.iv);
    file.insert(file.end(), payload.begin(), payload.end());
    return file;
  }
  /// Signs anew after a change of the manifest.
  void sign() {
    const auto& key = manifest.signing_key_id == spare_key_id ? spare_signer() : signer();
    signature = key.sign(manifest.sequence % 32, emit_manifest(manifest));
  }
  /// Brings sizes, digest and signature in line with canonical image and table.
  void seal() {
    manifest.image_size = static_cast<std::uint32_t>(canonical.size());
    manifest.relocation_size = static_cast<std::uint32_t>(table.size());
    crypto::Sha256 hash;
    hash.update(canonical);
    hash.update(table);
    manifest.digest = hash.finish();
    sign();
  }
};

inline Image make_image(const Options& options = {}) {
  std::mt19937 random(options.seed);
  Image image{.manifest = {.product = product},
              .canonical = {},
              .relocations = {},
              .table = {},
              .signature = {}};
  image.canonical.resize(options.image_size);
  for (auto& byte : image.canonical) byte = static_cast<std::uint8_t>(random());
  base::store_le32(image.canonical.data(), ram_section.end());
  base::store_le32(image.canonical.data() + 4, link_base + 0x201);
  const auto info = emit_info({ImageType::app, options.version, product});
  std::copy(info.begin(), info.end(), image.canonical.begin() + info_offset);

  image.relocations.push_back(4);
  while (image.relocations.size() < options.relocations) {
    const auto offset = static_cast<std::uint32_t>(random() % (options.image_size / 4)) * 4;
    const bool in_info = offset + 4 > info_offset && offset < info_offset + info_size;
    if (offset == 0 || in_info || std::ranges::count(image.relocations, offset) != 0) continue;
    image.relocations.push_back(offset);
    base::store_le32(image.canonical.data() + offset,
                     link_base + static_cast<std::uint32_t>(random() % options.image_size));
  }
  std::ranges::sort(image.relocations);
  image.table.resize(relocation_size_max(options.relocations));
  image.table.resize(*encode_relocations(image.relocations, options.image_size, image.table));

  auto& manifest = image.manifest;
  manifest.version = options.version;
  manifest.minimum_version = options.minimum_version;
  manifest.sequence = options.sequence;
  manifest.relocation_count = options.relocations;
  manifest.signature_size = static_cast<std::uint32_t>(signer().sign(0, {}).size());
  manifest.content_key_id = content_key_id;
  manifest.signing_key_id = options.signing_key;
  manifest.revoked_keys = options.revoked_keys;
  for (auto& byte : manifest.iv) byte = static_cast<std::uint8_t>(random());
  image.seal();
  return image;
}

/// The image as it stands in the slot: relocated.
inline Buffer relocated(const Image& image, Slot slot) {
  Buffer bytes = image.canonical;
  for (const auto offset : image.relocations) {
    auto* word = bytes.data() + offset;
    base::store_le32(word, base::load_le32(word) + offset_of(slot));
  }
  return bytes;
}

inline void load_padded(sim::SimulatedFlash& flash, Address address, Buffer bytes) {
  bytes.resize(round_up(static_cast<std::uint32_t>(bytes.size()), word_size));
  flash.load(address, bytes);
}

/// Lays the image into a slot as a finished installation would have left it.
inline void lay_out(sim::SimulatedFlash& flash, Slot slot, const Image& image, SlotState state) {
  const Address base = section_of(slot).base;
  flash.load(base, Buffer(section_of(slot).size));
  load_padded(flash, base, relocated(image, slot));
  load_padded(flash, base + relocation_table_offset(image.manifest.relocation_size), image.table);
  load_padded(flash, base + manifest_offset, image.header());
  if (state == SlotState::empty) return;
  base::ensure(set_state(flash, slot, StateGroup::installed).has_value());
  if (state == SlotState::confirmed) {
    base::ensure(set_state(flash, slot, StateGroup::confirmed).has_value());
  }
  if (state == SlotState::rejected) {
    base::ensure(set_state(flash, slot, StateGroup::rejected).has_value());
  }
}

inline void lay_out_factory(sim::SimulatedFlash& flash, const Factory& content = factory()) {
  std::array<std::uint8_t, factory_size> block;
  base::ensure(emit_factory(content, block).has_value());
  flash.load(factory_section.base, block);
}

}  // namespace goldcrest::image::testing

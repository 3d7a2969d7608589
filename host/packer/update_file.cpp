// SPDX-License-Identifier: MIT
#include "host/packer/update_file.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "core/base/ensure.hpp"
#include "core/image/relocations.hpp"
#include "core/image/slot.hpp"
#include "core/image/verify.hpp"
#include "host/packer/file_name.hpp"
#include "host/packer/sha256.hpp"

namespace goldcrest::packer {
namespace {

struct CipherEnd {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

/// AES-128-CBC of whole blocks, without padding of its own.
Result<std::vector<std::uint8_t>> encrypt(base::Bytes plain, const ContentKey& key,
                                          const crypto::AesIv& iv) {
  const std::unique_ptr<EVP_CIPHER_CTX, CipherEnd> context(EVP_CIPHER_CTX_new());
  std::vector<std::uint8_t> out(plain.size());
  int written = 0;
  int tail = 0;
  const bool done = context != nullptr &&
                    EVP_EncryptInit_ex(context.get(), EVP_aes_128_cbc(), nullptr, key.key.data(),
                                       iv.data()) == 1 &&
                    EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
                    EVP_EncryptUpdate(context.get(), out.data(), &written, plain.data(),
                                      static_cast<int>(plain.size())) == 1 &&
                    EVP_EncryptFinal_ex(context.get(), out.data() + written, &tail) == 1;
  if (!done || written + tail != static_cast<int>(plain.size())) {
    return problem("OpenSSL could not encrypt the payload");
  }
  return out;
}

std::unexpected<Problem> flash_problem() {
  return problem("the update does not fit into a slot as its manifest describes it");
}

/// Walks the table and adds the slot's offset to each listed word.
Result<void> relocate(std::span<std::uint8_t> image, base::Bytes table, std::uint32_t count,
                      std::uint32_t slot_offset) {
  image::RelocationDecoder decoder(count, static_cast<std::uint32_t>(image.size()));
  for (const std::uint8_t byte : table) {
    const auto offset = decoder.push(byte);
    if (!offset) {
      return problem(
          fmt::format("the relocation table is not valid: {}", image::describe(offset.error())));
    }
    const auto& listed = *offset;
    if (!listed) continue;
    auto* word = image.data() + *listed;
    base::store_le32(word, base::load_le32(word) + slot_offset);
  }
  if (const auto finished = decoder.finish(); !finished) {
    return problem(
        fmt::format("the relocation table is not valid: {}", image::describe(finished.error())));
  }
  return {};
}

Result<image::RevokedKeys> revoked_keys(const std::vector<std::uint32_t>& wanted,
                                        std::uint32_t signing_key) {
  auto keys = wanted;
  std::ranges::sort(keys, std::ranges::greater());
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  image::RevokedKeys revoked{};
  if (keys.size() > revoked.size()) {
    return problem(fmt::format("{} keys are to be revoked; a release has room for {}", keys.size(),
                               revoked.size()));
  }
  for (const auto key : keys) {
    if (key == signing_key) {
      return problem(fmt::format(
          "the release would revoke {:08x}, the key that signs it: sign with a spare key", key));
    }
    if (key == 0) return problem("00000000 is no key id");
  }
  std::ranges::copy(keys, revoked.begin());
  return revoked;
}

}  // namespace

Result<UnsignedUpdate> prepare_update(const ProgramImage& program, const UpdateOptions& options,
                                      const PublicKey& signing_key, const ContentKey& content_key) {
  const auto count = static_cast<std::uint32_t>(program.relocations.size());
  std::vector<std::uint8_t> content(image::relocation_size_max(count));
  const auto image_size = static_cast<std::uint32_t>(program.bytes.size());
  const auto table_size = image::encode_relocations(program.relocations, image_size, content);
  if (!table_size) {
    return problem(fmt::format("the relocations cannot be written as a table: {}",
                               image::describe(table_size.error())));
  }
  content.resize(*table_size);
  image::Manifest manifest{.signature_type = signing_key.signature_type,
                           .product = program.info.product,
                           .version = program.info.version,
                           .minimum_version = options.minimum_version};
  manifest.sequence = options.sequence;
  manifest.image_size = image_size;
  manifest.relocation_count = count;
  manifest.relocation_size = *table_size;
  manifest.signature_size = static_cast<std::uint32_t>(signing_key.signature_bytes());
  manifest.content_key_id = content_key.id;
  manifest.signing_key_id = signing_key.id;
  const auto revoked = revoked_keys(options.revoked_keys, signing_key.id);
  if (!revoked) return std::unexpected(revoked.error());
  manifest.revoked_keys = *revoked;
  manifest.digest = Sha256().update(program.bytes).update(content).finish();
  if (RAND_bytes(manifest.iv.data(), static_cast<int>(manifest.iv.size())) != 1) {
    return problem("the system's random numbers are not available");
  }
  if (const auto checked = image::check_manifest(manifest); !checked) {
    return problem(fmt::format("no valid manifest can be made of this program: {}",
                               image::describe(checked.error())));
  }
  content.insert(content.end(), program.bytes.begin(), program.bytes.end());
  content.resize(manifest.payload_size());
  auto payload = encrypt(content, content_key, manifest.iv);
  if (!payload) return std::unexpected(payload.error());
  return UnsignedUpdate{manifest, image::emit_manifest(manifest), std::move(*payload)};
}

std::optional<std::string> policy_conflict(const image::Manifest& one,
                                           const image::Manifest& other) {
  const bool one_is_newer = one.version > other.version;
  const auto& newer = one_is_newer ? one : other;
  const auto& older = one_is_newer ? other : one;
  if (one.version == other.version || keeps_to(newer, older)) return std::nullopt;
  const auto why =
      newer.sequence < older.sequence
          ? fmt::format("its security counter is {}, theirs {}", newer.sequence, older.sequence)
      : older.revokes(newer.signing_key_id)
          ? fmt::format("its signing key {:08x} is revoked", newer.signing_key_id)
          : std::string("it does not revoke all keys that theirs revokes");
  return fmt::format("devices that run {} will refuse {}: {}", version_text(older.version),
                     version_text(newer.version), why);
}

std::vector<std::uint8_t> assemble_update(const UnsignedUpdate& update, base::Bytes signature) {
  std::vector<std::uint8_t> file(update.manifest_bytes.begin(), update.manifest_bytes.end());
  file.insert(file.end(), signature.begin(), signature.end());
  file.insert(file.end(), update.payload.begin(), update.payload.end());
  return file;
}

Result<UpdateParts> split_update(base::Bytes file) {
  const auto manifest = image::parse_manifest(file);
  if (!manifest) {
    return problem(fmt::format("the manifest is not valid: {}", image::describe(manifest.error())));
  }
  if (file.size() != manifest->file_size()) {
    return problem(fmt::format("the file has {} bytes, its manifest describes {}", file.size(),
                               manifest->file_size()));
  }
  const std::size_t signed_size = image::manifest_size + std::size_t{manifest->signature_size};
  return UpdateParts{*manifest, file.first(signed_size), file.subspan(signed_size)};
}

Result<image::Factory> factory_with(const image::ProductId& product,
                                    std::span<const PublicKey> public_keys,
                                    std::span<const ContentKey> content_keys) {
  image::Factory factory{.product = product, .trust_anchors = {}, .content_keys = {}};
  for (const auto& key : public_keys) {
    image::TrustAnchor anchor;
    anchor.key_id = key.id;
    anchor.type = key.signature_type;
    if (!anchor.public_key.append(key.key) || !factory.trust_anchors.push_back(anchor)) {
      return problem(fmt::format("a device has room for {} public keys of {} bytes, not more",
                                 limits::trust_anchors, image::public_key_size_max));
    }
  }
  for (const auto& key : content_keys) {
    image::ContentKey content;
    content.key_id = key.id;
    content.key = key.key;
    if (!factory.content_keys.push_back(content)) {
      return problem(
          fmt::format("a device has room for {} content keys, not more", limits::content_keys));
    }
  }
  return factory;
}

Result<std::vector<std::uint8_t>> decrypt_payload(const UpdateParts& parts,
                                                  const crypto::AesKey& key) {
  std::vector<std::uint8_t> content(parts.payload.begin(), parts.payload.end());
  crypto::AesCbcDecryption decryption(key, parts.manifest.iv);
  decryption.decrypt(content);
  const std::size_t size = std::size_t{parts.manifest.relocation_size} + parts.manifest.image_size;
  base::ensure(size <= content.size());
  if (std::any_of(content.begin() + static_cast<std::ptrdiff_t>(size), content.end(),
                  [](std::uint8_t byte) { return byte != 0; })) {
    return problem(
        "the padding behind the image is not zero: the payload has been changed, or the "
        "content key is another one");
  }
  content.resize(size);
  return content;
}

Result<void> install(MemoryFlash& flash, image::Slot slot, const UpdateParts& parts,
                     base::Bytes content) {
  const auto& manifest = parts.manifest;
  base::ensure(content.size() == std::size_t{manifest.relocation_size} + manifest.image_size);
  const auto table = content.first(manifest.relocation_size);
  const auto canonical = content.subspan(manifest.relocation_size);
  std::vector<std::uint8_t> relocated(canonical.begin(), canonical.end());
  if (auto done = relocate(relocated, table, manifest.relocation_count, image::offset_of(slot));
      !done) {
    return done;
  }
  const auto base = image::section_of(slot).base;
  const auto table_at = base + image::relocation_table_offset(manifest.relocation_size);
  const bool written = flash.program(base, relocated) && flash.program(table_at, table) &&
                       flash.program(base + image::manifest_offset, parts.signed_part) &&
                       image::set_state(flash, slot, image::StateGroup::installed);
  if (!written) return flash_problem();
  return {};
}

Result<void> verify_update(base::Bytes file, const image::Factory& factory) {
  const auto parts = split_update(file);
  if (!parts) return std::unexpected(parts.error());
  if (const auto checked = image::verify_manifest(parts->signed_part, factory); !checked) {
    return problem(
        fmt::format("the manifest does not verify: {}", image::describe(checked.error())));
  }
  const auto* key = factory.content_key(parts->manifest.content_key_id);
  if (key == nullptr) {
    return problem(fmt::format("it is encrypted with content key {:08x}, which is not at hand",
                               parts->manifest.content_key_id));
  }
  const auto content = decrypt_payload(*parts, key->key);
  if (!content) return std::unexpected(content.error());
  for (const auto slot : {image::Slot::app1, image::Slot::app2}) {
    MemoryFlash flash;
    if (auto done = install(flash, slot, *parts, *content); !done) return done;
    if (const auto verified = image::verify(flash, slot, factory); !verified) {
      return problem(
          fmt::format("the image does not verify: {}", image::describe(verified.error())));
    }
  }
  return {};
}

}  // namespace goldcrest::packer

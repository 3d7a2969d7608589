// SPDX-License-Identifier: MIT
#include "host/server/store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/crypto/crc32.hpp"
#include "core/crypto/sha256.hpp"
#include "host/packer/file_name.hpp"

namespace goldcrest::server {
namespace {

constexpr std::size_t etag_size = 4;

std::unexpected<std::string> refused(std::string reason) {
  return std::unexpected(std::move(reason));
}

}  // namespace

std::expected<const Update*, std::string> Store::add(std::string_view name,
                                                     std::vector<std::uint8_t> bytes) {
  auto update = examine(name, std::move(bytes));
  if (!update) return std::unexpected(update.error());
  if (const auto* other = find(update->path); other != nullptr && other->name != name) {
    return refused(fmt::format("has the same checksum as {}", other->name));
  }
  const auto [position, inserted] =
      updates_.insert_or_assign(std::string(name), *std::move(update));
  return &position->second;
}

bool Store::remove(std::string_view name) {
  const auto found = updates_.find(name);
  if (found == updates_.end()) return false;
  updates_.erase(found);
  return true;
}

std::expected<Update, std::string> Store::examine(std::string_view name,
                                                  std::vector<std::uint8_t> bytes) const {
  const auto parsed_name = packer::FileName::parse(name);
  if (!parsed_name || parsed_name->kind != packer::FileKind::update) {
    return refused("its name is not PRODUCT_MAJOR_MINOR_BUILD_APP_0xCRC32.fmu");
  }
  const auto crc = crypto::Crc32::of(bytes);
  if (crc != parsed_name->crc32) {
    return refused(fmt::format("its CRC-32 is 0x{:08X}, its name says 0x{:08X}: damaged or renamed",
                               crc, parsed_name->crc32));
  }
  const auto manifest = image::parse_manifest(bytes);
  if (!manifest) return refused(std::string(image::describe(manifest.error())));
  if (bytes.size() != manifest->file_size()) {
    return refused(fmt::format("it is {} bytes long, its manifest says {}", bytes.size(),
                               manifest->file_size()));
  }
  if (manifest->product.text() != parsed_name->product ||
      manifest->version != parsed_name->version) {
    return refused(fmt::format("its manifest says {} {}, its name something else",
                               manifest->product.text(), packer::version_text(manifest->version)));
  }
  if (const auto signature = check_signature(*manifest, bytes); !signature) {
    return refused(signature.error());
  }
  Update update{.name = std::string(name),
                .path = fmt::format("{}/{:08x}", wire::updates_path, crc),
                .product = std::string(manifest->product.text()),
                .manifest = *manifest,
                .etag = {},
                .bytes = std::move(bytes)};
  const auto digest = crypto::Sha256::of(update.bytes);
  (void)update.etag.append(base::Bytes(digest).first(etag_size));
  return update;
}

std::expected<void, std::string> Store::check_signature(const image::Manifest& manifest,
                                                        base::Bytes file) const {
  if (keys_.empty()) return {};
  const auto key = std::ranges::find_if(keys_, [&](const packer::PublicKey& candidate) {
    return candidate.id == manifest.signing_key_id &&
           candidate.signature_type == manifest.signature_type;
  });
  if (key == keys_.end()) {
    return refused(fmt::format("it is signed with key {:08x}, which is not among the public keys",
                               manifest.signing_key_id));
  }
  const bool verified = key->verifies(file.first(image::manifest_size),
                                      file.subspan(image::manifest_size, manifest.signature_size));
  if (!verified) return refused("its signature does not verify");
  return {};
}

const Update* Store::find(std::string_view path) const {
  const auto found = std::ranges::find_if(
      updates_, [path](const auto& entry) { return entry.second.path == path; });
  return found == updates_.end() ? nullptr : &found->second;
}

const Update* Store::choose(std::string_view product, std::uint8_t image_type,
                            base::Version running,
                            std::span<const wire::ImageDigest> rejected) const {
  if (image_type != wire::application_image_type) return nullptr;
  const Update* best = nullptr;
  for (const auto& [name, update] : updates_) {
    const auto& manifest = update.manifest;
    const bool fits = update.product == product && manifest.version > running &&
                      manifest.minimum_version <= running &&
                      std::ranges::find(rejected, manifest.digest) == rejected.end();
    if (fits && (best == nullptr || best->manifest.version < manifest.version)) best = &update;
  }
  return best;
}

}  // namespace goldcrest::server

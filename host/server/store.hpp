// SPDX-License-Identifier: MIT
// The update files a server offers, in memory. A file is taken only when its name, its structure
// and, given public keys, its signature hold (docs/formats/fmu.md); everything else is refused with
// a reason a person can act on.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/version.hpp"
#include "core/image/manifest.hpp"
#include "core/wire/update_protocol.hpp"
#include "host/packer/key_files.hpp"

namespace goldcrest::server {

/// One accepted file.
struct Update {
  std::string name;  ///< of the file, without folder
  std::string path;  ///< of the resource: "updates/f63d0305", from the file's CRC-32
  std::string product;
  image::Manifest manifest;
  wire::EntityTag etag;  ///< first four bytes of the file's SHA-256
  std::vector<std::uint8_t> bytes;
};

class Store {
 public:
  /// With public keys, only files that one of them verifies are taken.
  explicit Store(std::vector<packer::PublicKey> keys = {}) : keys_(std::move(keys)) {}

  /// Takes a file, or says why not; a file of the same name is replaced. The pointer is valid until
  /// the file is removed or replaced.
  [[nodiscard]] std::expected<const Update*, std::string> add(std::string_view name,
                                                              std::vector<std::uint8_t> bytes);
  /// False when there is no file of that name.
  bool remove(std::string_view name);

  /// By resource path, without a leading slash; nullptr when there is none.
  const Update* find(std::string_view path) const;

  /// What a device may be given: the highest version above the running one whose minimum version
  /// the running one reaches and whose digest is not among `rejected`. nullptr: nothing newer.
  const Update* choose(std::string_view product, std::uint8_t image_type, base::Version running,
                       std::span<const wire::ImageDigest> rejected) const;

  /// By file name.
  const std::map<std::string, Update, std::less<>>& updates() const { return updates_; }

 private:
  std::expected<Update, std::string> examine(std::string_view name,
                                             std::vector<std::uint8_t> bytes) const;
  std::expected<void, std::string> check_signature(const image::Manifest& manifest,
                                                   base::Bytes file) const;

  std::vector<packer::PublicKey> keys_;
  std::map<std::string, Update, std::less<>> updates_;
};

}  // namespace goldcrest::server

// SPDX-License-Identifier: MIT
// The files of a key directory, as docs/formats/keys.md lays them out: JSON text for the keys,
// written whole and renamed into place. Rules of use live in signing_key.hpp.
#pragma once

#include <openssl/crypto.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/image/manifest.hpp"
#include "host/packer/lms_signer.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

inline constexpr const char* signing_key_name = "signing.key";
inline constexpr const char* signing_state_name = "signing.state";
inline constexpr const char* signing_tree_name = "signing.tree";
inline constexpr const char* p256_key_name = "signing.pem";
inline constexpr const char* public_key_name = "signing.pub";
inline constexpr const char* content_key_name = "content.key";

/// A public key that signatures are checked with, and the id that manifests name it by.
struct PublicKey {
  image::SignatureType signature_type = image::SignatureType::lms;
  std::uint32_t id = 0;
  std::vector<std::uint8_t> key;  ///< LMS: RFC 8554 section 5.3; P-256: X ‖ Y

  /// Bytes of a signature that this key checks.
  std::size_t signature_bytes() const;
  /// By core, as a device checks it.
  bool verifies(base::Bytes message, base::Bytes signature) const;
};

/// "LMS" or "ECDSA P-256".
const char* name_of(image::SignatureType type);

/// The key id of a public key: the first four bytes of its SHA-256, read big-endian.
std::uint32_t key_id_of(base::Bytes public_key);

/// The AES-128 key of the payload. Wiped when given up.
struct ContentKey {
  std::uint32_t id = 0;
  std::array<std::uint8_t, 16> key{};

  ContentKey() = default;
  ContentKey(const ContentKey&) = default;
  ContentKey& operator=(const ContentKey&) = default;
  ~ContentKey() { OPENSSL_cleanse(key.data(), key.size()); }
};

/// What signing.key holds: the secret and the next leaf to use.
struct StoredSigningKey {
  LmsSecret secret;
  std::uint32_t next_index = 0;
};

/// Each reads one file; a private one must not be readable by group or others.
Result<PublicKey> read_public_key(const std::filesystem::path& path);
Result<ContentKey> read_content_key(const std::filesystem::path& path);
Result<StoredSigningKey> read_signing_key(const std::filesystem::path& path);

/// Each replaces one file in a single step, private files with mode 0600.
Result<void> write_public_key(const std::filesystem::path& path, const PublicKey& key);
Result<void> write_content_key(const std::filesystem::path& path, const ContentKey& key);
Result<void> write_signing_key(const std::filesystem::path& path, const StoredSigningKey& key);

/// The cache of the tree's nodes. Whoever reads it checks with LmsTree::path_holds before use.
Result<LmsTree> read_tree(const std::filesystem::path& path, const LmsSecret& secret);
Result<void> write_tree(const std::filesystem::path& path, const LmsSecret& secret,
                        const LmsTree& tree);

}  // namespace goldcrest::packer

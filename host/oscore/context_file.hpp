// SPDX-License-Identifier: MIT
// The file of security contexts, one a device: docs/formats/oscore.md. Server and client read the
// same file; each takes its own end of a context.
//
// Invariants: a file that others than its owner can read is refused. Within a file names, devices
// and pairs of kid and kid context are unique.
#pragma once

#include <openssl/crypto.h>

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/oscore/context.hpp"
#include "core/wire/address.hpp"

namespace goldcrest::oscore {

using ByteString = std::vector<std::uint8_t>;

/// What one device and its server share. The secret is wiped when given up.
struct SharedContext {
  std::string name;                   ///< for people and logs; unique
  std::optional<wire::Eui64> device;  ///< the only device that may ask under this context
  ByteString device_id;               ///< the device's Sender ID: the kid of its requests
  ByteString server_id;               ///< the server's Sender ID
  ByteString master_secret;
  ByteString master_salt;
  std::optional<ByteString> id_context;

  SharedContext() = default;
  SharedContext(const SharedContext&) = default;
  SharedContext(SharedContext&&) = default;
  SharedContext& operator=(const SharedContext&) = default;
  SharedContext& operator=(SharedContext&&) = default;
  ~SharedContext() { OPENSSL_cleanse(master_secret.data(), master_secret.size()); }

  friend bool operator==(const SharedContext&, const SharedContext&) = default;
};

/// The two ends; what parse_contexts() has let through can be derived.
Context device_end(const SharedContext& shared);
Context server_end(const SharedContext& shared);

/// `where` begins the line that says what is wrong; it never contains a secret.
[[nodiscard]] std::expected<std::vector<SharedContext>, std::string> parse_contexts(
    base::Bytes json, const std::string& where);
[[nodiscard]] std::expected<std::vector<SharedContext>, std::string> read_contexts(
    const std::filesystem::path& path);
/// Replaces the file in one step, mode 0600.
[[nodiscard]] std::expected<void, std::string> write_contexts(
    const std::filesystem::path& path, const std::vector<SharedContext>& contexts);

/// The line that the provisioning application of a device takes (core/update/secure_context.hpp).
/// Fails with one line for a context that devices have no room for.
[[nodiscard]] std::expected<std::string, std::string> provisioning_line(
    const SharedContext& shared);

/// "00:73:7a:…" or 16 digits, most significant byte first.
std::optional<wire::Eui64> parse_eui64(std::string_view text);

}  // namespace goldcrest::oscore

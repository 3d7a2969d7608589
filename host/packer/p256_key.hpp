// SPDX-License-Identifier: MIT
// Signing keys of ECDSA P-256, by OpenSSL: made, kept as PEM (PKCS #8), used. Unlike an LMS key
// such a key has no state: it may be copied and backed up, and never runs out.
#pragma once

#include <filesystem>
#include <vector>

#include "core/base/bytes.hpp"
#include "host/packer/key_files.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

/// Creates `directory` with signing.pem, signing.pub and content.key, all at once or not at all.
/// With `public_pem`, the public key of a private one that is elsewhere (PEM), there is no
/// signing.pem. `content_key` as NewKeyFolder::create() has it.
Result<PublicKey> create_p256_keys(const std::filesystem::path& directory,
                                   const std::filesystem::path& public_pem,
                                   const std::filesystem::path& content_key);

/// Signs SHA-256(message) with signing.pem of `directory`: r ‖ s, 64 bytes.
Result<std::vector<std::uint8_t>> sign_p256(const std::filesystem::path& directory,
                                            base::Bytes message);

/// r ‖ s of a signature as DER has it (ECDSA-Sig-Value, RFC 3279 section 2.2.3).
Result<std::vector<std::uint8_t>> raw_ecdsa_signature(base::Bytes der);

}  // namespace goldcrest::packer

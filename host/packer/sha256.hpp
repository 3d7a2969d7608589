// SPDX-License-Identifier: MIT
// SHA-256 by OpenSSL's low-level functions. An LMS tree of height 15 takes 27 million hashes of one
// block each; the EVP interface spends more on its own bookkeeping than on such a block.
#pragma once

#include <array>
#include <cstdint>

#include <openssl/sha.h>

#include "core/base/bytes.hpp"

namespace goldcrest::packer {

using Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  Sha256& update(base::Bytes bytes);
  Digest finish();

 private:
  SHA256_CTX context_;
};

inline Digest sha256(base::Bytes bytes) {
  return Sha256().update(bytes).finish();
}

/// The hash of a message of at most 55 bytes that the caller keeps, already padded (FIPS 180-4
/// section 5.1.1), in one block of 64.
Digest sha256_of_padded_block(const std::uint8_t* block);

}  // namespace goldcrest::packer

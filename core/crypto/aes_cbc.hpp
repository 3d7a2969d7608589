// SPDX-License-Identifier: MIT
// AES-128 in CBC mode (FIPS 197, NIST SP 800-38A), decryption only, as a stream of whole blocks, on
// BearSSL's constant-time implementation: no table look-up depends on key or data.
#pragma once

#include <bearssl_block.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/bytes.hpp"

namespace goldcrest::crypto {

inline constexpr std::size_t aes_block_size = 16;
using AesKey = std::array<std::uint8_t, 16>;
using AesIv = std::array<std::uint8_t, aes_block_size>;

class AesCbcDecryption {
 public:
  AesCbcDecryption(const AesKey& key, const AesIv& iv);

  /// Decrypts the next blocks in place; blocks.size() is a multiple of 16. Any split of the
  /// ciphertext into calls gives the same plaintext.
  void decrypt(base::MutableBytes blocks);

 private:
  br_aes_ct_cbcdec_keys keys_;
  AesIv iv_;
};

}  // namespace goldcrest::crypto

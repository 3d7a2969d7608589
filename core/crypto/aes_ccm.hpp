// SPDX-License-Identifier: MIT
// AES-CCM-16-64-128 (RFC 9053 section 4.2: AES-128 in CCM mode of RFC 3610, 13-byte nonce, 8-byte
// tag, messages below 64 KiB), in place, on BearSSL's constant-time AES. A nonce must never be used
// twice with one key: whoever calls seal() answers for that.
#pragma once

#include <bearssl_block.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/crypto/aes_cbc.hpp"

namespace goldcrest::crypto {

inline constexpr std::size_t ccm_nonce_size = 13;
inline constexpr std::size_t ccm_tag_size = 8;
using CcmNonce = std::array<std::uint8_t, ccm_nonce_size>;

class AesCcm {
 public:
  explicit AesCcm(const AesKey& key);

  /// Encrypts all but the last ccm_tag_size bytes of `message` and writes the tag there.
  void seal(const CcmNonce& nonce, base::Bytes additional_data, base::MutableBytes message) const;

  /// The reverse: decrypts all but the tag in place. False, with the plaintext wiped, when
  /// `message` or `additional_data` is not what was sealed; false also when it is too short for a
  /// tag.
  [[nodiscard]] bool open(const CcmNonce& nonce, base::Bytes additional_data,
                          base::MutableBytes message) const;

 private:
  br_aes_ct_ctrcbc_keys keys_;
};

}  // namespace goldcrest::crypto

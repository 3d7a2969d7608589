// SPDX-License-Identifier: MIT
// The SPIRIT1's AES-128 co-processor (FIPS 197; data sheet "AES"). It decrypts with the last round
// key, which firmware derives from the cipher key first, or lets derive in the same command.
#pragma once

#include <array>
#include <cstdint>

namespace goldcrest::board::spirit1 {

using AesBlock = std::array<std::uint8_t, 16>;  ///< in the order of FIPS 197

/// The key for aes_decrypt(): the last round key of the cipher key.
AesBlock aes_decryption_key(const AesBlock& key);
AesBlock aes_encrypt(const AesBlock& key, AesBlock block);
/// `key` is what aes_decryption_key() gave.
AesBlock aes_decrypt(const AesBlock& key, AesBlock block);

}  // namespace goldcrest::board::spirit1

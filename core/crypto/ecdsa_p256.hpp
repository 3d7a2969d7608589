// SPDX-License-Identifier: MIT
// Verification of ECDSA signatures (FIPS 186-5 chapter 6) on the curve P-256 (SP 800-186) with
// SHA-256, on BearSSL. Verification works on public data only, so its time may depend on them.
//
//   public key:  X ‖ Y, 32 bytes each, big-endian       signature:  r ‖ s, 32 bytes each,
//   big-endian
//
// A signature (r, n - s) of the same message holds as well, as the standard has it: nothing may
// take the bytes of a signature for a name of what was signed.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/crypto/sha256.hpp"

namespace goldcrest::crypto {

inline constexpr std::size_t p256_public_key_size = 64;
inline constexpr std::size_t p256_signature_size = 64;

enum class EcdsaError : std::uint8_t {
  public_key,  ///< not 64 bytes
  size,        ///< the signature has not 64 bytes; DER is not read
  mismatch,    ///< r or s out of range, no point of the curve, or not this key's signature
};

std::string_view describe(EcdsaError error);

/// Whether X ‖ Y is a point of the curve; the curve's order being prime, that is all there is to
/// it.
[[nodiscard]] bool p256_public_key_holds(base::Bytes public_key);

/// A known answer, G + 2G, of the function that verification spends nearly all of its time in:
/// point doubling, addition and the inversion modulo p, in a fifteenth of a verification's time.
[[nodiscard]] bool p256_arithmetic_works();

/// The check of a message's SHA-256.
[[nodiscard]] std::expected<void, EcdsaError> ecdsa_p256_verify(base::Bytes public_key,
                                                                const Digest& digest,
                                                                base::Bytes signature);
/// The whole check of a message at hand.
[[nodiscard]] std::expected<void, EcdsaError> ecdsa_p256_verify(base::Bytes public_key,
                                                                base::Bytes message,
                                                                base::Bytes signature);

}  // namespace goldcrest::crypto

// SPDX-License-Identifier: MIT
#include "core/crypto/ecdsa_p256.hpp"

#include <bearssl_ec.h>

#include <algorithm>
#include <array>

namespace goldcrest::crypto {
namespace {

// Of BearSSL's four implementations for P-256 the one that BOOT has room for and that is not the
// slowest (docs/security.md has the figures).
const br_ec_impl& curve = br_ec_prime_i31;

/// SEC 1 section 2.3.3, uncompressed: what BearSSL wants in front of X ‖ Y.
constexpr std::uint8_t uncompressed = 4;
using Point = std::array<std::uint8_t, 1 + p256_public_key_size>;

Point point_of(base::Bytes public_key) {
  Point point{uncompressed};
  std::ranges::copy(public_key, point.begin() + 1);
  return point;
}

// 3G, worked out with another implementation (OpenSSL).
constexpr std::array<std::uint8_t, p256_public_key_size> three_generators{
    0x5E, 0xCB, 0xE4, 0xD1, 0xA6, 0x33, 0x0A, 0x44, 0xC8, 0xF7, 0xEF, 0x95, 0x1D, 0x4B, 0xF1, 0x65,
    0xE6, 0xC6, 0xB7, 0x21, 0xEF, 0xAD, 0xA9, 0x85, 0xFB, 0x41, 0x66, 0x1B, 0xC6, 0xE7, 0xFD, 0x6C,
    0x87, 0x34, 0x64, 0x0C, 0x49, 0x98, 0xFF, 0x7E, 0x37, 0x4B, 0x06, 0xCE, 0x1A, 0x64, 0xA2, 0xEC,
    0xD8, 0x2A, 0xB0, 0x36, 0x38, 0x4F, 0xB8, 0x3D, 0x9A, 0x79, 0xB1, 0x27, 0xA2, 0x7D, 0x50, 0x32};

}  // namespace

std::string_view describe(EcdsaError error) {
  switch (error) {
    case EcdsaError::public_key:
      return "a P-256 public key has 64 bytes";
    case EcdsaError::size:
      return "an ECDSA P-256 signature has 64 bytes, r and s";
    case EcdsaError::mismatch:
      return "the signature is not this key's signature of this message";
  }
  return "unknown error";
}

bool p256_public_key_holds(base::Bytes public_key) {
  if (public_key.size() != p256_public_key_size) return false;
  auto point = point_of(public_key);
  constexpr std::uint8_t one = 1;
  return curve.mul(point.data(), point.size(), &one, sizeof one, BR_EC_secp256r1) == 1;
}

bool p256_arithmetic_works() {
  Point point;
  std::size_t size = 0;
  const auto* generator = curve.generator(BR_EC_secp256r1, &size);
  if (size != point.size()) return false;
  std::copy_n(generator, size, point.begin());
  constexpr std::uint8_t one = 1;
  constexpr std::uint8_t two = 2;
  return curve.muladd(point.data(), nullptr, size, &one, 1, &two, 1, BR_EC_secp256r1) == 1 &&
         std::equal(point.begin() + 1, point.end(), three_generators.begin());
}

std::expected<void, EcdsaError> ecdsa_p256_verify(base::Bytes public_key, const Digest& digest,
                                                  base::Bytes signature) {
  if (public_key.size() != p256_public_key_size) return std::unexpected(EcdsaError::public_key);
  if (signature.size() != p256_signature_size) return std::unexpected(EcdsaError::size);
  auto point = point_of(public_key);
  const br_ec_public_key key{BR_EC_secp256r1, point.data(), point.size()};
  // BearSSL checks r < n and 0 < s < n, and that the key is a point; FIPS 186-5 also asks for 0 <
  // r.
  const auto r = signature.first(p256_signature_size / 2);
  if (std::ranges::all_of(r, [](std::uint8_t byte) { return byte == 0; })) {
    return std::unexpected(EcdsaError::mismatch);
  }
  if (br_ecdsa_i31_vrfy_raw(&curve, digest.data(), digest.size(), &key, signature.data(),
                            signature.size()) != 1) {
    return std::unexpected(EcdsaError::mismatch);
  }
  return {};
}

std::expected<void, EcdsaError> ecdsa_p256_verify(base::Bytes public_key, base::Bytes message,
                                                  base::Bytes signature) {
  return ecdsa_p256_verify(public_key, Sha256::of(message), signature);
}

}  // namespace goldcrest::crypto

// SPDX-License-Identifier: MIT
// The numbers and small functions that LMS signing and LMS verification share: parameter sets of
// RFC 8554 sections 4.1 and 5.1 and of RFC 9858 (SHA-256/192), hash prefixes, coefficients and the
// Winternitz checksum. The SHAKE sets of RFC 9858 are not supported.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/crypto/sha256.hpp"

namespace goldcrest::crypto {

/// RFC 8554 section 7.1: what each hash is for.
inline constexpr std::uint16_t lms_d_pblc = 0x8080;  ///< LM-OTS public key
inline constexpr std::uint16_t lms_d_mesg = 0x8181;  ///< message
inline constexpr std::uint16_t lms_d_leaf = 0x8282;  ///< leaf of the tree
inline constexpr std::uint16_t lms_d_intr = 0x8383;  ///< inner node of the tree

inline constexpr std::size_t lms_identifier_size = 16;  ///< I
inline constexpr std::size_t lms_hash_size_max = 32;    ///< n and m
inline constexpr std::size_t lms_public_key_size_max = 8 + lms_identifier_size + lms_hash_size_max;

using LmsIdentifier = std::array<std::uint8_t, lms_identifier_size>;

/// LMOTS_SHA256_N32_W1..W8 are types 1 to 4, LMOTS_SHA256_N24_W1..W8 types 5 to 8.
struct LmotsParameters {
  std::uint32_t type;
  std::uint8_t n;   ///< bytes of a hash
  std::uint8_t w;   ///< bits of a coefficient
  std::uint16_t p;  ///< hash chains
  std::uint8_t ls;  ///< left shift of the checksum

  /// type ‖ C ‖ y[0] … y[p-1]
  constexpr std::size_t signature_size() const { return 4 + std::size_t{n} * (p + 1u); }
};

/// LMS_SHA256_M32_H5..H25 are types 5 to 9, LMS_SHA256_M24_H5..H25 types 10 to 14.
struct LmsParameters {
  std::uint32_t type;
  std::uint8_t m;  ///< bytes of a node
  std::uint8_t h;  ///< height; 2^h leaves
};

std::optional<LmotsParameters> lmots_parameters(std::uint32_t type);
std::optional<LmsParameters> lms_parameters(std::uint32_t type);

/// type ‖ LM-OTS type ‖ I ‖ T[1]
constexpr std::size_t lms_public_key_size(const LmsParameters& lms) {
  return 8 + lms_identifier_size + lms.m;
}
/// q ‖ LM-OTS signature ‖ type ‖ path[0] … path[h-1]
constexpr std::size_t lms_signature_size(const LmsParameters& lms, const LmotsParameters& lmots) {
  return 8 + lmots.signature_size() + std::size_t{lms.m} * lms.h;
}

/// RFC 8554 section 3.1.3: the index-th w-bit value of `string`.
std::uint8_t lmots_coefficient(base::Bytes string, std::size_t index, unsigned w);
/// RFC 8554 section 4.4: the checksum of Q, already shifted left by ls.
std::uint16_t lmots_checksum(base::Bytes q_hash, const LmotsParameters& lmots);
/// Writes Q ‖ checksum, n + 2 bytes, from which all p coefficients are taken; `out` holds Q
/// already.
void lmots_append_checksum(std::array<std::uint8_t, lms_hash_size_max + 2>& out,
                           const LmotsParameters& lmots);

/// Starts a hash with I ‖ u32(number) ‖ u16(domain): every hash of LMS but the chain steps.
Sha256 lms_hash(const LmsIdentifier& identifier, std::uint32_t number, std::uint16_t domain);

/// Walks chain `index` of leaf q from step `from` to step `to` (RFC 8554 section 4.3):
/// value = H(I ‖ u32(q) ‖ u16(index) ‖ u8(step) ‖ value). value.size() is n.
void lmots_walk_chain(const LmsIdentifier& identifier, std::uint32_t q, std::uint16_t index,
                      unsigned from, unsigned to, base::MutableBytes value);

}  // namespace goldcrest::crypto

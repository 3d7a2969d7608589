// SPDX-License-Identifier: MIT
// Verification of Leighton-Micali signatures: LMS with LM-OTS, RFC 8554 algorithms 4b and 6a, with
// the SHA-256 sets of RFC 8554 and RFC 9858. One tree; HSS is not used by Goldcrest.
//
//   public key:  u32 LMS type ‖ u32 LM-OTS type ‖ I (16) ‖ T[1] (m)
//   signature:   u32 q ‖ u32 LM-OTS type ‖ C (n) ‖ y (p × n) ‖ u32 LMS type ‖ path (h × m)
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/crypto/lms_parameters.hpp"
#include "core/crypto/sha256.hpp"

namespace goldcrest::crypto {

enum class LmsError : std::uint8_t {
  public_key,  ///< the public key is not of a known type or not of its type's size
  type,        ///< the signature is of other types than the public key
  size,        ///< the signature is not exactly of its type's size
  leaf,        ///< q is beyond the tree
  mismatch,    ///< well-formed, but not this key's signature of this message
};

std::string_view describe(LmsError error);

struct LmsPublicKey {
  LmsParameters lms;
  LmotsParameters lmots;
  LmsIdentifier identifier;
  std::array<std::uint8_t, lms_hash_size_max> root;  ///< T[1]; the first m bytes

  /// Exactly one public key: known types, equal hash sizes, right length.
  [[nodiscard]] static std::expected<LmsPublicKey, LmsError> parse(base::Bytes bytes);
};

/// Verifies a message that comes in pieces. `signature` must outlive the object.
class LmsVerification {
 public:
  [[nodiscard]] static std::expected<LmsVerification, LmsError> start(const LmsPublicKey& key,
                                                                      base::Bytes signature);
  void update(base::Bytes message);
  [[nodiscard]] std::expected<void, LmsError> finish() const;

 private:
  LmsVerification(const LmsPublicKey& key, base::Bytes signature, std::uint32_t q);

  void public_key_candidate(base::MutableBytes out) const;

  LmsPublicKey key_;
  base::Bytes signature_;
  std::uint32_t q_;
  Sha256 message_;
};

/// The whole check of a message at hand.
[[nodiscard]] std::expected<void, LmsError> lms_verify(base::Bytes public_key, base::Bytes message,
                                                       base::Bytes signature);

}  // namespace goldcrest::crypto

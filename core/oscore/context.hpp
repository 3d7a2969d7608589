// SPDX-License-Identifier: MIT
// The part of an OSCORE security context that does not change (RFC 8613 section 3): identifiers,
// and the keys and Common IV derived from the Master Secret. AEAD AES-CCM-16-64-128, HKDF SHA-256:
// the RFC's defaults and the only ones here.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/base/fixed_vector.hpp"
#include "core/crypto/aes_ccm.hpp"
#include "core/oscore/option.hpp"

namespace goldcrest::oscore {

using Identifier = base::FixedVector<std::uint8_t, identifier_bytes>;
using IdContext = base::FixedVector<std::uint8_t, id_context_bytes>;

inline constexpr std::size_t shortest_master_secret = 16;

/// What both ends were given (section 3.2). The views need to live only during the call.
struct ContextInput {
  base::Bytes master_secret;                   ///< 16 bytes or more
  base::Bytes master_salt;                     ///< may be empty
  base::Bytes sender_id;                       ///< at most identifier_bytes; may be empty
  base::Bytes recipient_id;                    ///< the same, and another one
  std::optional<base::Bytes> id_context = {};  ///< at most id_context_bytes
};

class Context {
 public:
  /// Nothing when the input breaks a rule above.
  static std::optional<Context> derive(const ContextInput& input);

  base::Bytes sender_id() const { return {sender_id_.data(), sender_id_.size()}; }
  base::Bytes recipient_id() const { return {recipient_id_.data(), recipient_id_.size()}; }
  std::optional<base::Bytes> id_context() const {
    if (!id_context_) return std::nullopt;
    return base::Bytes(id_context_->data(), id_context_->size());
  }

  /// Section 5.2. `id`: whose Partial IV it is, sender_id() or recipient_id().
  crypto::CcmNonce nonce(base::Bytes id, const PartialIv& partial_iv) const;
  crypto::AesCcm sender_cipher() const { return crypto::AesCcm(sender_key_); }
  crypto::AesCcm recipient_cipher() const { return crypto::AesCcm(recipient_key_); }

 private:
  Context() = default;

  Identifier sender_id_;
  Identifier recipient_id_;
  std::optional<IdContext> id_context_;
  crypto::AesKey sender_key_{};
  crypto::AesKey recipient_key_{};
  crypto::CcmNonce common_iv_{};
};

}  // namespace goldcrest::oscore

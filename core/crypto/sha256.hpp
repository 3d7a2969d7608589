// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4), incremental, on BearSSL. The 192-bit hash of RFC 9858 is its first 24
// bytes.
#pragma once

#include <bearssl_hash.h>

#include <array>
#include <cstdint>

#include "core/base/bytes.hpp"

namespace goldcrest::crypto {

using Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  Sha256();

  void update(base::Bytes data);
  /// The hash of all data so far; the object may go on being updated afterwards.
  Digest finish() const;
  /// The first out.size() bytes of the hash; out.size() ≤ 32.
  void finish(base::MutableBytes out) const;

  static Digest of(base::Bytes data);

 private:
  br_sha256_context context_;
};

}  // namespace goldcrest::crypto

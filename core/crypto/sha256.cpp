// SPDX-License-Identifier: MIT
#include "core/crypto/sha256.hpp"

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::crypto {

Sha256::Sha256() {
  br_sha256_init(&context_);
}

void Sha256::update(base::Bytes data) {
  br_sha256_update(&context_, data.data(), data.size());
}

Digest Sha256::finish() const {
  Digest digest;
  br_sha256_out(&context_, digest.data());
  return digest;
}

void Sha256::finish(base::MutableBytes out) const {
  const auto digest = finish();
  base::ensure(out.size() <= digest.size());
  std::copy_n(digest.begin(), out.size(), out.begin());
}

Digest Sha256::of(base::Bytes data) {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

}  // namespace goldcrest::crypto

// SPDX-License-Identifier: MIT
// OpenSSL 3 marks its low-level functions as deprecated; see the header for why they are used.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "host/packer/sha256.hpp"

namespace goldcrest::packer {

Sha256::Sha256() {
  SHA256_Init(&context_);
}

Sha256& Sha256::update(base::Bytes bytes) {
  SHA256_Update(&context_, bytes.data(), bytes.size());
  return *this;
}

Digest Sha256::finish() {
  Digest digest;
  SHA256_Final(digest.data(), &context_);
  return digest;
}

Digest sha256_of_padded_block(const std::uint8_t* block) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Transform(&context, block);
  Digest digest;
  for (std::size_t word = 0; word < 8; ++word) {
    base::store_be32(digest.data() + 4 * word, static_cast<std::uint32_t>(context.h[word]));
  }
  return digest;
}

}  // namespace goldcrest::packer

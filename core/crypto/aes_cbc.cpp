// SPDX-License-Identifier: MIT
#include "core/crypto/aes_cbc.hpp"

#include "core/base/ensure.hpp"

namespace goldcrest::crypto {

AesCbcDecryption::AesCbcDecryption(const AesKey& key, const AesIv& iv) : iv_(iv) {
  br_aes_ct_cbcdec_init(&keys_, key.data(), key.size());
}

void AesCbcDecryption::decrypt(base::MutableBytes blocks) {
  base::ensure(blocks.size() % aes_block_size == 0);
  br_aes_ct_cbcdec_run(&keys_, iv_.data(), blocks.data(), blocks.size());
}

}  // namespace goldcrest::crypto

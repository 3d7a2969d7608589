// SPDX-License-Identifier: MIT
#include "core/crypto/aes_ccm.hpp"

#include <bearssl_aead.h>

#include <algorithm>

#include "core/base/ensure.hpp"

namespace goldcrest::crypto {
namespace {

// Two bytes of the block are left to the length beside a nonce of 13.
constexpr std::size_t longest_plaintext = 0xFFFF;

// Runs the mode over the text; what is left is to read or check the tag.
br_ccm_context run(const br_aes_ct_ctrcbc_keys& keys, const CcmNonce& nonce,
                   base::Bytes additional_data, base::MutableBytes text, bool encrypt) {
  // BearSSL takes the keys by a pointer to non-const, yet only reads them.
  auto* vtable = const_cast<const br_block_ctrcbc_class**>(&keys.vtable);
  br_ccm_context context;
  br_ccm_init(&context, vtable);
  const int accepted = br_ccm_reset(&context, nonce.data(), nonce.size(), additional_data.size(),
                                    text.size(), ccm_tag_size);
  base::ensure(accepted != 0);
  br_ccm_aad_inject(&context, additional_data.data(), additional_data.size());
  br_ccm_flip(&context);
  br_ccm_run(&context, encrypt ? 1 : 0, text.data(), text.size());
  return context;
}

}  // namespace

AesCcm::AesCcm(const AesKey& key) {
  br_aes_ct_ctrcbc_init(&keys_, key.data(), key.size());
}

void AesCcm::seal(const CcmNonce& nonce, base::Bytes additional_data,
                  base::MutableBytes message) const {
  base::ensure(message.size() >= ccm_tag_size);
  base::ensure(message.size() - ccm_tag_size <= longest_plaintext);
  const auto text = message.first(message.size() - ccm_tag_size);
  auto context = run(keys_, nonce, additional_data, text, true);
  br_ccm_get_tag(&context, message.last(ccm_tag_size).data());
}

bool AesCcm::open(const CcmNonce& nonce, base::Bytes additional_data,
                  base::MutableBytes message) const {
  if (message.size() < ccm_tag_size || message.size() - ccm_tag_size > longest_plaintext) {
    return false;
  }
  const auto text = message.first(message.size() - ccm_tag_size);
  auto context = run(keys_, nonce, additional_data, text, false);
  if (br_ccm_check_tag(&context, message.last(ccm_tag_size).data()) == 1) return true;
  std::ranges::fill(text, std::uint8_t{0});
  return false;
}

}  // namespace goldcrest::crypto

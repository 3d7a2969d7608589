// SPDX-License-Identifier: MIT
#include "core/crypto/hkdf.hpp"

#include <bearssl_hash.h>
#include <bearssl_kdf.h>

#include "core/base/ensure.hpp"

namespace goldcrest::crypto {

void hkdf_sha256(base::Bytes salt, base::Bytes input_key, base::Bytes info,
                 base::MutableBytes out) {
  br_hkdf_context context;
  br_hkdf_init(&context, &br_sha256_vtable, salt.data(), salt.size());
  br_hkdf_inject(&context, input_key.data(), input_key.size());
  br_hkdf_flip(&context);
  const auto produced = br_hkdf_produce(&context, info.data(), info.size(), out.data(), out.size());
  base::ensure(produced == out.size());
}

}  // namespace goldcrest::crypto

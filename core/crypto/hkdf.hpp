// SPDX-License-Identifier: MIT
// HKDF with SHA-256 (RFC 5869), on BearSSL.
#pragma once

#include "core/base/bytes.hpp"

namespace goldcrest::crypto {

/// Extract, then expand: fills `out`, at most 8,160 bytes. An empty salt stands for 32 zero bytes.
void hkdf_sha256(base::Bytes salt, base::Bytes input_key, base::Bytes info, base::MutableBytes out);

}  // namespace goldcrest::crypto

// SPDX-License-Identifier: MIT
// First byte: length of the public key; then key, then message ‖ signature split by the key's type.
#include <cstdlib>

#include "core/crypto/lms.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace goldcrest;
  base::ByteReader reader({data, size});
  const auto public_key = reader.bytes(reader.u8() % 64u);
  if (!reader.ok()) return 0;
  const auto key = crypto::LmsPublicKey::parse(public_key);
  const auto message = reader.bytes(reader.remaining() % 4);
  const auto accepted = crypto::lms_verify(public_key, message, reader.rest());
  if (accepted && !key) std::abort();
  return 0;
}

// SPDX-License-Identifier: MIT
// LMS signatures. An even first byte: what follows is a public key (its length first), a message
// and a signature of any form. An odd one: a key, a message and its signature that are good, with
// the changes that the input lists (u16 position over all three, u8 exclusive-or) and another
// length of the signature: it verifies if and only if nothing has changed.
#include <algorithm>
#include <vector>

#include "core/base/ensure.hpp"
#include "core/crypto/lms.hpp"
#include "core/crypto/lms_test_signer.hpp"

using namespace goldcrest;

namespace {

constexpr std::uint32_t sha256_m24_h5 = 10;
constexpr std::uint32_t sha256_n24_w8 = 8;

struct Signed {
  std::vector<std::uint8_t> key;
  std::vector<std::uint8_t> message{'f', 'u', 'z', 'z'};
  std::vector<std::uint8_t> signature;
};

Signed make_signed() {
  const crypto::LmsTestSigner signer(sha256_m24_h5, sha256_n24_w8, {1, 2, 3},
                                     std::vector<std::uint8_t>(24, 7));
  Signed made;
  made.key = signer.public_key();
  made.signature = signer.sign(3, made.message);
  return made;
}

void any(base::ByteReader reader) {
  const auto public_key = reader.bytes(reader.u8() % 64u);
  if (!reader.ok()) return;
  const auto key = crypto::LmsPublicKey::parse(public_key);
  const auto message = reader.bytes(reader.remaining() % 4);
  const auto accepted = crypto::lms_verify(public_key, message, reader.rest());
  base::ensure(!accepted || key);
}

void changed(base::ByteReader reader) {
  static const Signed good = make_signed();
  auto now = good;
  for (unsigned changes = reader.u8() % 8u; changes > 0; --changes) {
    std::size_t place = reader.be16();
    const auto value = reader.u8();
    if (!reader.ok()) break;
    place %= now.key.size() + now.message.size() + now.signature.size();
    for (auto* part : {&now.key, &now.message, &now.signature}) {
      if (place < part->size()) {
        (*part)[place] ^= value;
        break;
      }
      place -= part->size();
    }
  }
  const auto shorter = reader.remaining() > 0 ? reader.u8() : std::uint8_t{0};
  now.signature.resize(now.signature.size() - std::min<std::size_t>(shorter, 128));
  const bool same =
      now.key == good.key && now.message == good.message && now.signature == good.signature;
  base::ensure(crypto::lms_verify(now.key, now.message, now.signature).has_value() == same);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteReader reader({data + 1, size - 1});
  if (data[0] % 2 == 0) {
    any(reader);
  } else {
    changed(reader);
  }
  return 0;
}

// SPDX-License-Identifier: MIT
#include "core/oscore/context.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/ensure.hpp"
#include "core/crypto/hkdf.hpp"
#include "core/wire/cbor.hpp"

namespace goldcrest::oscore {
namespace {

constexpr std::uint32_t aes_ccm_16_64_128 = 10;  // COSE algorithm number

// Section 3.2.1: HKDF with info = [id, id_context, alg_aead, type, L].
void derive_part(const ContextInput& input, base::Bytes id, std::string_view type,
                 base::MutableBytes out) {
  std::array<std::uint8_t, 48> info;
  wire::cbor::Writer writer(info);
  writer.array(5);
  writer.byte_string(id);
  if (input.id_context) {
    writer.byte_string(*input.id_context);
  } else {
    writer.null();
  }
  writer.unsigned_integer(aes_ccm_16_64_128);
  writer.text_string(type);
  writer.unsigned_integer(out.size());
  const auto encoded = writer.finish();
  base::ensure(encoded.has_value());
  crypto::hkdf_sha256(input.master_salt, input.master_secret, *encoded, out);
}

}  // namespace

std::optional<Context> Context::derive(const ContextInput& input) {
  Context context;
  const bool well_sized = input.master_secret.size() >= shortest_master_secret &&
                          context.sender_id_.append(input.sender_id) &&
                          context.recipient_id_.append(input.recipient_id);
  if (!well_sized || std::ranges::equal(input.sender_id, input.recipient_id)) return std::nullopt;
  if (input.id_context && !context.id_context_.emplace().append(*input.id_context)) {
    return std::nullopt;
  }
  derive_part(input, input.sender_id, "Key", context.sender_key_);
  derive_part(input, input.recipient_id, "Key", context.recipient_key_);
  derive_part(input, {}, "IV", context.common_iv_);
  return context;
}

// Length of the id (1 byte), the id padded on the left to 7 bytes, the Partial IV padded to 5; all
// of it XORed with the Common IV.
crypto::CcmNonce Context::nonce(base::Bytes id, const PartialIv& partial_iv) const {
  base::ensure(id.size() <= identifier_bytes);
  auto nonce = common_iv_;
  const auto mix_in = [&nonce](base::Bytes bytes, std::size_t end) {
    for (std::size_t i = 0; i < bytes.size(); ++i) nonce[end - bytes.size() + i] ^= bytes[i];
  };
  nonce[0] ^= static_cast<std::uint8_t>(id.size());
  mix_in(id, 1 + identifier_bytes);
  mix_in(partial_iv.bytes(), nonce.size());
  return nonce;
}

}  // namespace goldcrest::oscore

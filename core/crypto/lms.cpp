// SPDX-License-Identifier: MIT
#include "core/crypto/lms.hpp"

#include <algorithm>

#include "core/crypto/constant_time.hpp"

namespace goldcrest::crypto {

std::string_view describe(LmsError error) {
  switch (error) {
    case LmsError::public_key:
      return "the public key is not an LMS key of a supported type";
    case LmsError::type:
      return "the signature is of another type than the key";
    case LmsError::size:
      return "the signature has the wrong length";
    case LmsError::leaf:
      return "the signature names a leaf that the tree does not have";
    case LmsError::mismatch:
      return "the signature does not match";
  }
  return "unknown error";
}

std::expected<LmsPublicKey, LmsError> LmsPublicKey::parse(base::Bytes bytes) {
  base::ByteReader reader(bytes);
  const auto lms = lms_parameters(reader.be32());
  const auto lmots = lmots_parameters(reader.be32());
  if (!reader.ok() || !lms || !lmots || lms->m != lmots->n ||
      bytes.size() != lms_public_key_size(*lms)) {
    return std::unexpected(LmsError::public_key);
  }
  LmsPublicKey key{*lms, *lmots, {}, {}};
  reader.copy_to(key.identifier);
  reader.copy_to(base::MutableBytes(key.root).first(lms->m));
  return key;
}

std::expected<LmsVerification, LmsError> LmsVerification::start(const LmsPublicKey& key,
                                                                base::Bytes signature) {
  if (signature.size() != lms_signature_size(key.lms, key.lmots)) {
    return std::unexpected(LmsError::size);
  }
  const auto q = base::load_be32(signature.data());
  if (base::load_be32(signature.data() + 4) != key.lmots.type ||
      base::load_be32(signature.data() + 4 + key.lmots.signature_size()) != key.lms.type) {
    return std::unexpected(LmsError::type);
  }
  if ((q >> key.lms.h) != 0) return std::unexpected(LmsError::leaf);
  return LmsVerification(key, signature, q);
}

LmsVerification::LmsVerification(const LmsPublicKey& key, base::Bytes signature, std::uint32_t q)
    : key_(key), signature_(signature), q_(q), message_(lms_hash(key.identifier, q, lms_d_mesg)) {
  message_.update(signature.subspan(8, key.lmots.n));
}

void LmsVerification::update(base::Bytes message) {
  message_.update(message);
}

// Algorithm 4b: from signature and message to the LM-OTS public key they would belong to.
void LmsVerification::public_key_candidate(base::MutableBytes out) const {
  const auto& lmots = key_.lmots;
  std::array<std::uint8_t, lms_hash_size_max + 2> digits;
  message_.finish(base::MutableBytes(digits).first(lmots.n));
  lmots_append_checksum(digits, lmots);

  auto hash = lms_hash(key_.identifier, q_, lms_d_pblc);
  base::Bytes chains = signature_.subspan(8u + lmots.n);
  for (std::uint16_t i = 0; i < lmots.p; ++i) {
    std::array<std::uint8_t, lms_hash_size_max> buffer;
    const auto value = base::MutableBytes(buffer).first(lmots.n);
    std::copy_n(chains.begin(), lmots.n, value.begin());
    chains = chains.subspan(lmots.n);
    lmots_walk_chain(key_.identifier, q_, i, lmots_coefficient(digits, i, lmots.w),
                     (1u << lmots.w) - 1u, value);
    hash.update(value);
  }
  hash.finish(out);
}

// Algorithm 6a: from the leaf up the path to the root.
std::expected<void, LmsError> LmsVerification::finish() const {
  std::array<std::uint8_t, lms_hash_size_max> buffer;
  const auto node = base::MutableBytes(buffer).first(key_.lms.m);
  public_key_candidate(node);

  std::uint32_t number = (1u << key_.lms.h) + q_;
  auto leaf = lms_hash(key_.identifier, number, lms_d_leaf);
  leaf.update(node);
  leaf.finish(node);
  base::Bytes path = signature_.subspan(8 + key_.lmots.signature_size());
  for (; number > 1; number /= 2) {
    const auto sibling = path.first(key_.lms.m);
    path = path.subspan(key_.lms.m);
    auto parent = lms_hash(key_.identifier, number / 2, lms_d_intr);
    parent.update(number % 2 != 0 ? sibling : base::Bytes(node));
    parent.update(number % 2 != 0 ? base::Bytes(node) : sibling);
    parent.finish(node);
  }
  if (!equal(node, base::Bytes(key_.root).first(key_.lms.m))) {
    return std::unexpected(LmsError::mismatch);
  }
  return {};
}

std::expected<void, LmsError> lms_verify(base::Bytes public_key, base::Bytes message,
                                         base::Bytes signature) {
  const auto key = LmsPublicKey::parse(public_key);
  if (!key) return std::unexpected(key.error());
  auto verification = LmsVerification::start(*key, signature);
  if (!verification) return std::unexpected(verification.error());
  verification->update(message);
  return verification->finish();
}

}  // namespace goldcrest::crypto

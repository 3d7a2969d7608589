// SPDX-License-Identifier: MIT
#include "core/crypto/lms.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/crypto/lms_test_signer.hpp"
#include "core/crypto/lms_vectors.hpp"
#include "core/crypto/test_hex.hpp"

namespace goldcrest::crypto {
namespace {

using Buffer = std::vector<std::uint8_t>;

struct LmsVector {
  Buffer public_key;
  Buffer message;
  Buffer signature;
};

std::size_t signature_size(base::Bytes public_key) {
  const auto key = LmsPublicKey::parse(public_key);
  return key ? lms_signature_size(key->lms, key->lmots) : 0;
}

/// Takes an HSS signature apart into the LMS signatures it consists of (RFC 8554 section 6.2).
std::vector<LmsVector> levels_of(const vectors::HssVector& vector) {
  std::vector<LmsVector> levels;
  Buffer key = from_hex(vector.public_key.substr(8));
  const Buffer signature = from_hex(vector.signature);
  std::size_t position = 4;
  for (auto left = base::load_be32(signature.data()); left > 0; --left) {
    const auto end =
        signature.begin() + static_cast<std::ptrdiff_t>(position + signature_size(key));
    const Buffer level(signature.begin() + static_cast<std::ptrdiff_t>(position), end);
    const auto types = std::to_address(end);
    const auto key_size = lms_public_key_size(*lms_parameters(base::load_be32(types)));
    const Buffer next(end, end + static_cast<std::ptrdiff_t>(key_size));
    levels.push_back({key, next, level});
    position += level.size() + next.size();
    key = next;
  }
  levels.push_back(
      {key, from_hex(vector.message),
       Buffer(signature.begin() + static_cast<std::ptrdiff_t>(position), signature.end())});
  return levels;
}

std::vector<LmsVector> published() {
  std::vector<LmsVector> all;
  for (const auto& hss :
       {vectors::rfc8554_case_1, vectors::rfc8554_case_2, vectors::rfc9858_sha256_192}) {
    for (auto& level : levels_of(hss)) all.push_back(std::move(level));
  }
  return all;
}

TEST(Lms, AcceptsPublishedVectors) {
  const auto all = published();
  ASSERT_EQ(all.size(), 5u);
  for (const auto& vector : all) {
    EXPECT_TRUE(lms_verify(vector.public_key, vector.message, vector.signature));
  }
}

TEST(Lms, RefusesPublishedVectorsOfOtherMessages) {
  for (auto vector : published()) {
    vector.message.back() ^= 1;
    EXPECT_EQ(lms_verify(vector.public_key, vector.message, vector.signature).error(),
              LmsError::mismatch);
    vector.message.back() ^= 1;
    vector.message.push_back(0);
    EXPECT_EQ(lms_verify(vector.public_key, vector.message, vector.signature).error(),
              LmsError::mismatch);
  }
}

// Signatures made by an independent implementation (github.com/cisco/hash-sigs) from these seeds,
// published as hashes of the signature: they check Winternitz widths 1, 2 and 8 end to end.
TEST(Lms, AgreesWithIndependentSigner) {
  const auto seed = from_hex("67c6697351ff4aec29cdbaabf2fbe3467cc254f81be8e78d765a2e63339fc99a");
  LmsIdentifier identifier;
  const auto identifier_bytes = from_hex("66320db73158a35a255d051758e95ed4");
  std::copy(identifier_bytes.begin(), identifier_bytes.end(), identifier.begin());
  struct Case {
    std::uint32_t lms, lmots;
    std::string message, root, hash;
  };
  const Case cases[] = {
      {5, 1, "deadbeef", "a5c8d702b44ff9b23bcae0963e9f757cb974bfaf29bbf07fa68191b53a85c264",
       "355e718eeea6fa765c395273c86b628752887e8d8737edc8bafa82ca231b2628"},
      {6, 2, "caca010bb1acce55e5b100d1e55f055115",
       "547c0449d8b3531f210b7e34fea7301771b6160e7cef454f4b83374d68cd1a76",
       "d805cea3a3b3e4c983105da576900d189c0c2c849875f03811b0034c784f9bd9"},
  };
  for (const auto& c : cases) {
    const LmsTestSigner signer(c.lms, c.lmots, identifier, seed);
    const auto key = signer.public_key();
    EXPECT_EQ(to_hex(base::Bytes(key).subspan(24)), c.root);
    const auto message = from_hex(c.message);
    const auto signature = signer.sign(5, message);
    EXPECT_EQ(to_hex(Sha256::of(signature)), c.hash);
    EXPECT_TRUE(lms_verify(key, message, signature));
  }
}

TEST(Lms, KnowsTheParameterSets) {
  const std::uint16_t p[] = {265, 133, 67, 34, 200, 101, 51, 26};
  const std::uint8_t ls[] = {7, 6, 4, 0, 8, 6, 4, 0};
  for (std::uint32_t type = 1; type <= 8; ++type) {
    const auto lmots = lmots_parameters(type);
    ASSERT_TRUE(lmots);
    EXPECT_EQ(lmots->n, type <= 4 ? 32 : 24);
    EXPECT_EQ(lmots->p, p[type - 1]);
    EXPECT_EQ(lmots->ls, ls[type - 1]);
    // RFC 8554 appendix B: p and ls follow from n and w.
    const unsigned u = lmots->n * 8u / lmots->w;
    unsigned bits = 0;
    for (unsigned highest = ((1u << lmots->w) - 1u) * u; highest != 0; highest /= 2) ++bits;
    const unsigned v = (bits + lmots->w - 1) / lmots->w;
    EXPECT_EQ(u + v, lmots->p);
    EXPECT_EQ(16u - v * lmots->w, lmots->ls);
  }
  for (std::uint32_t type = 5; type <= 14; ++type) {
    const auto lms = lms_parameters(type);
    ASSERT_TRUE(lms);
    EXPECT_EQ(lms->m, type < 10 ? 32 : 24);
    EXPECT_EQ(lms->h, 5 * ((type - 5) % 5 + 1));
  }
  for (const std::uint32_t type : {0u, 9u, 16u, 0xFFFFFFFFu}) EXPECT_FALSE(lmots_parameters(type));
  for (const std::uint32_t type : {0u, 4u, 15u, 0xFFFFFFFFu}) EXPECT_FALSE(lms_parameters(type));
  EXPECT_EQ(lms_signature_size(*lms_parameters(12), *lmots_parameters(7)), 1620u);
}

TEST(Lms, EveryTypeSignsAndVerifies) {
  const Buffer message{1, 2, 3};
  for (std::uint32_t lmots = 1; lmots <= 8; ++lmots) {
    const LmsTestSigner signer(lmots <= 4 ? 5 : 10, lmots, {7}, Buffer(24, 9));
    for (const std::uint32_t q : {0u, 1u, 30u, 31u}) {
      const auto signature = signer.sign(q, message);
      EXPECT_TRUE(lms_verify(signer.public_key(), message, signature)) << lmots << ' ' << q;
    }
  }
}

TEST(Lms, MessageMayComeInPieces) {
  const auto vector = published()[4];
  const auto key = LmsPublicKey::parse(vector.public_key);
  ASSERT_TRUE(key);
  auto verification = LmsVerification::start(*key, vector.signature);
  ASSERT_TRUE(verification);
  for (const auto byte : vector.message) verification->update({&byte, 1});
  EXPECT_TRUE(verification->finish());
}

TEST(Lms, RefusesEveryChangedByteOfSignatureAndKey) {
  auto vector = published()[4];
  for (std::size_t i = 0; i < vector.signature.size(); ++i) {
    vector.signature[i] ^= 0x10;
    EXPECT_FALSE(lms_verify(vector.public_key, vector.message, vector.signature)) << i;
    vector.signature[i] ^= 0x10;
  }
  for (std::size_t i = 0; i < vector.public_key.size(); ++i) {
    vector.public_key[i] ^= 0x01;
    EXPECT_FALSE(lms_verify(vector.public_key, vector.message, vector.signature)) << i;
    vector.public_key[i] ^= 0x01;
  }
}

TEST(Lms, NamesWhatIsWrong) {
  auto vector = published()[4];
  auto longer = vector.signature;
  longer.push_back(0);
  EXPECT_EQ(lms_verify(vector.public_key, vector.message, longer).error(), LmsError::size);
  EXPECT_EQ(lms_verify(vector.public_key, vector.message, {}).error(), LmsError::size);
  auto leaf = vector.signature;
  leaf[3] = 32;
  EXPECT_EQ(lms_verify(vector.public_key, vector.message, leaf).error(), LmsError::leaf);
  auto type = vector.signature;
  type[7] = 7;
  EXPECT_EQ(lms_verify(vector.public_key, vector.message, type).error(), LmsError::type);
  auto key = vector.public_key;
  key[3] = 5;  // M32 tree over N24 leaves
  EXPECT_EQ(lms_verify(key, vector.message, vector.signature).error(), LmsError::public_key);
  EXPECT_EQ(lms_verify(base::Bytes(vector.public_key).first(7), {}, {}).error(),
            LmsError::public_key);
  key = vector.public_key;
  key.push_back(0);
  EXPECT_EQ(lms_verify(key, vector.message, vector.signature).error(), LmsError::public_key);
}

TEST(Lms, EveryErrorHasALineOfItsOwn) {
  std::set<std::string_view> lines;
  for (const auto error :
       {LmsError::public_key, LmsError::type, LmsError::size, LmsError::leaf, LmsError::mismatch}) {
    lines.insert(describe(error));
  }
  EXPECT_EQ(lines.size(), 5u);
  EXPECT_FALSE(lines.contains("unknown error"));
  EXPECT_EQ(describe(static_cast<LmsError>(99)), "unknown error");
}

TEST(Lms, RandomBytesAreRefused) {
  std::mt19937 random(20260101);
  for (int round = 0; round < 2000; ++round) {
    Buffer key(random() % 64), signature(random() % 1400);
    for (auto& byte : key) byte = static_cast<std::uint8_t>(random());
    for (auto& byte : signature) byte = static_cast<std::uint8_t>(random());
    if (round % 2 == 0 && key.size() >= 8) {
      base::store_be32(key.data(), 10);
      base::store_be32(key.data() + 4, 8);
      key.resize(48);
      signature.resize(signature_size(key));
    }
    EXPECT_FALSE(lms_verify(key, {}, signature));
  }
}

}  // namespace
}  // namespace goldcrest::crypto

// SPDX-License-Identifier: MIT
// Published vectors and the refusals; tests/interop/p256 has Wycheproof's vectors and OpenSSL.
#include "core/crypto/ecdsa_p256.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "core/crypto/test_hex.hpp"

namespace goldcrest::crypto {
namespace {

using Buffer = std::vector<std::uint8_t>;

base::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// RFC 6979 appendix A.2.5: the key, and the signatures of "sample" and "test" with SHA-256.
const Buffer key = from_hex(
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
const Buffer sample = from_hex(
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
const Buffer test = from_hex(
    "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083");
// SP 800-186: the order of the group and the prime of the field.
const Buffer order = from_hex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
const Buffer prime = from_hex("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF");

bool holds(base::Bytes public_key, std::string_view message, base::Bytes signature) {
  return ecdsa_p256_verify(public_key, bytes_of(message), signature).has_value();
}

EcdsaError error(base::Bytes public_key, std::string_view message, base::Bytes signature) {
  const auto verified = ecdsa_p256_verify(public_key, bytes_of(message), signature);
  EXPECT_FALSE(verified);
  return verified ? EcdsaError::size : verified.error();
}

/// `signature` with r (0) or s (32) replaced.
Buffer with(Buffer signature, std::size_t at, base::Bytes value) {
  std::copy(value.begin(), value.end(), signature.begin() + static_cast<std::ptrdiff_t>(at));
  return signature;
}

/// a − b, both big-endian and of one size.
Buffer difference(const Buffer& a, base::Bytes b) {
  Buffer result(a.size());
  int borrow = 0;
  for (std::size_t i = a.size(); i-- != 0;) {
    const int digit = a[i] - b[i] - borrow;
    result[i] = static_cast<std::uint8_t>(digit);
    borrow = digit < 0 ? 1 : 0;
  }
  EXPECT_EQ(borrow, 0);
  return result;
}

TEST(EcdsaP256, PublishedVectors) {
  EXPECT_TRUE(holds(key, "sample", sample));
  EXPECT_TRUE(holds(key, "test", test));
  EXPECT_TRUE(ecdsa_p256_verify(key, Sha256::of(bytes_of("test")), test));
  EXPECT_EQ(error(key, "sample", test), EcdsaError::mismatch);
  EXPECT_EQ(error(key, "sampl", sample), EcdsaError::mismatch);
  EXPECT_TRUE(p256_arithmetic_works());
}

TEST(EcdsaP256, EveryChangedByteIsRefused) {
  for (std::size_t i = 0; i < sample.size(); ++i) {
    auto changed = sample;
    changed[i] ^= 0x10;
    EXPECT_EQ(error(key, "sample", changed), EcdsaError::mismatch) << i;
    auto other_key = key;
    other_key[i] ^= 0x10;
    EXPECT_EQ(error(other_key, "sample", sample), EcdsaError::mismatch) << i;
  }
}

TEST(EcdsaP256, OnlyRawSignaturesOfTheRightSize) {
  for (const std::size_t size : {0u, 1u, 32u, 63u, 65u, 66u, 128u}) {
    auto signature = sample;
    signature.resize(size);
    EXPECT_EQ(error(key, "sample", signature), EcdsaError::size) << size;
  }
  const auto der = from_hex("3046022100" + to_hex(base::Bytes(sample).first(32)) + "022100" +
                            to_hex(base::Bytes(sample).last(32)));
  EXPECT_EQ(error(key, "sample", der), EcdsaError::size);
}

TEST(EcdsaP256, NumbersOutOfRangeAreRefused) {
  const Buffer zero(32);
  for (const std::size_t at : {0u, 32u}) {
    EXPECT_EQ(error(key, "sample", with(sample, at, zero)), EcdsaError::mismatch);
    EXPECT_EQ(error(key, "sample", with(sample, at, order)), EcdsaError::mismatch);
    EXPECT_EQ(error(key, "sample", with(sample, at, Buffer(32, 0xFF))), EcdsaError::mismatch);
  }
  EXPECT_EQ(error(key, "sample", Buffer(64)), EcdsaError::mismatch);
}

TEST(EcdsaP256, TheOtherSHoldsToo) {
  const auto other = difference(order, base::Bytes(sample).last(32));
  EXPECT_TRUE(holds(key, "sample", with(sample, 32, other)));
}

TEST(EcdsaP256, AKeyMustBeAPointOfTheCurve) {
  EXPECT_TRUE(p256_public_key_holds(key));
  const auto negated = with(key, 32, difference(prime, base::Bytes(key).last(32)));
  EXPECT_TRUE(p256_public_key_holds(negated));
  EXPECT_EQ(error(negated, "sample", sample), EcdsaError::mismatch);
  auto off_the_curve = key;
  off_the_curve.back() ^= 1;
  auto with_x_of_prime = with(key, 0, prime);
  for (const auto& bad : {off_the_curve, with_x_of_prime, Buffer(64), Buffer(64, 0xFF)}) {
    EXPECT_FALSE(p256_public_key_holds(bad));
    EXPECT_EQ(error(bad, "sample", sample), EcdsaError::mismatch);
  }
  Buffer uncompressed{4};
  uncompressed.insert(uncompressed.end(), key.begin(), key.end());
  for (const auto& bad : {Buffer{}, Buffer(key.begin(), key.end() - 1), uncompressed}) {
    EXPECT_FALSE(p256_public_key_holds(bad));
    EXPECT_EQ(error(bad, "sample", sample), EcdsaError::public_key);
  }
}

TEST(EcdsaP256, EveryErrorHasALineOfItsOwn) {
  EXPECT_NE(describe(EcdsaError::public_key), describe(EcdsaError::size));
  EXPECT_NE(describe(EcdsaError::size), describe(EcdsaError::mismatch));
  EXPECT_NE(describe(EcdsaError::mismatch), describe(EcdsaError::public_key));
  EXPECT_EQ(describe(static_cast<EcdsaError>(99)), "unknown error");
}

}  // namespace
}  // namespace goldcrest::crypto

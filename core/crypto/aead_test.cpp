// SPDX-License-Identifier: MIT
// AES-CCM and HKDF against published vectors; AES-CCM refuses every single-bit change.
#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

#include "core/crypto/aes_ccm.hpp"
#include "core/crypto/hkdf.hpp"
#include "core/crypto/test_hex.hpp"

namespace goldcrest::crypto {
namespace {

template <std::size_t Size>
std::array<std::uint8_t, Size> array_of(std::string_view hex) {
  const auto bytes = from_hex(hex);
  std::array<std::uint8_t, Size> result{};
  EXPECT_EQ(bytes.size(), Size);
  std::copy_n(bytes.begin(), std::min(bytes.size(), Size), result.begin());
  return result;
}

std::vector<std::uint8_t> counting(std::uint8_t first, std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  std::iota(bytes.begin(), bytes.end(), first);
  return bytes;
}

struct CcmVector {
  const char* nonce;
  std::size_t plaintext_bytes;  // 08 09 0a …
  const char* sealed;
};

// RFC 3610 section 8, packet vectors 1 to 3: those with our tag size and associated data of 8
// bytes.
TEST(AesCcm, PublishedVectors) {
  const AesCcm cipher(array_of<16>("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"));
  const auto associated = counting(0, 8);
  for (const auto& vector : {
           CcmVector{"00000003020100a0a1a2a3a4a5", 23,
                     "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0"},
           CcmVector{"00000004030201a0a1a2a3a4a5", 24,
                     "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916"},
           CcmVector{"00000005040302a0a1a2a3a4a5", 25,
                     "51b1e5f44a197d1da46b0f8e2d282ae871e838bb64da8596574adaa76fbd9fb0c5"},
       }) {
    const auto nonce = array_of<13>(vector.nonce);
    auto message = counting(8, vector.plaintext_bytes);
    message.resize(message.size() + ccm_tag_size);
    cipher.seal(nonce, associated, message);
    EXPECT_EQ(to_hex(message), vector.sealed);
    ASSERT_TRUE(cipher.open(nonce, associated, message));
    message.resize(vector.plaintext_bytes);
    EXPECT_EQ(message, counting(8, vector.plaintext_bytes));
  }
}

TEST(AesCcm, EveryFlippedBitIsRefusedAndNoPlaintextIsLeft) {
  std::mt19937 random(1);
  const AesCcm cipher(array_of<16>("00112233445566778899aabbccddeeff"));
  for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 40u}) {
    std::vector<std::uint8_t> sealed(size + ccm_tag_size);
    for (auto& byte : sealed) byte = static_cast<std::uint8_t>(random());
    CcmNonce nonce{1, 2, 3};
    auto associated = counting(0, size);
    cipher.seal(nonce, associated, sealed);
    for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
      auto damaged = sealed;
      damaged[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      ASSERT_FALSE(cipher.open(nonce, associated, damaged)) << size << " " << bit;
      for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(damaged[i], 0);
    }
    for (std::size_t bit = 0; bit < 8 * associated.size(); ++bit) {
      auto copy = sealed;
      auto other = associated;
      other[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      ASSERT_FALSE(cipher.open(nonce, other, copy));
    }
    for (std::size_t bit = 0; bit < 8 * nonce.size(); ++bit) {
      auto copy = sealed;
      auto other = nonce;
      other[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      ASSERT_FALSE(cipher.open(other, associated, copy));
    }
    auto copy = sealed;
    EXPECT_TRUE(cipher.open(nonce, associated, copy));
    ASSERT_FALSE(cipher.open(nonce, associated, base::MutableBytes(sealed).first(7)));
  }
}

TEST(AesCcm, OpensNoMoreThanTwoBytesOfLengthCanSay) {
  const AesCcm cipher(array_of<16>("00112233445566778899aabbccddeeff"));
  std::vector<std::uint8_t> sealed(0xFFFF + ccm_tag_size, 7);
  cipher.seal({}, {}, sealed);
  auto longer = sealed;
  EXPECT_TRUE(cipher.open({}, {}, sealed));
  longer.push_back(0);
  EXPECT_FALSE(cipher.open({}, {}, longer));
}

// RFC 5869 appendix A.1 to A.3.
TEST(Hkdf, PublishedVectors) {
  const std::vector<std::uint8_t> short_key(22, 0x0b);
  std::vector<std::uint8_t> out(42);
  hkdf_sha256(counting(0, 13), short_key, counting(0xf0, 10), out);
  EXPECT_EQ(to_hex(out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  hkdf_sha256({}, short_key, {}, out);
  EXPECT_EQ(to_hex(out),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
  out.resize(82);
  hkdf_sha256(counting(0x60, 80), counting(0, 80), counting(0xb0, 80), out);
  EXPECT_EQ(to_hex(out),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

}  // namespace
}  // namespace goldcrest::crypto

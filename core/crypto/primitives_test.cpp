// SPDX-License-Identifier: MIT
// SHA-256, AES-128-CBC, CRC-32 and constant-time comparison against published vectors.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "core/crypto/aes_cbc.hpp"
#include "core/crypto/constant_time.hpp"
#include "core/crypto/crc32.hpp"
#include "core/crypto/sha256.hpp"
#include "core/crypto/test_hex.hpp"

namespace goldcrest::crypto {
namespace {

base::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// FIPS 180-4 examples.
TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(to_hex(Sha256::of({})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(Sha256::of(bytes_of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(
      to_hex(Sha256::of(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const std::vector<std::uint8_t> million(1'000'000, 'a');
  EXPECT_EQ(to_hex(Sha256::of(million)),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, AnySplitGivesTheSameAndFinishLeavesTheStateAlone) {
  std::mt19937 random(1);
  std::vector<std::uint8_t> data(1000);
  for (auto& byte : data) byte = static_cast<std::uint8_t>(random());
  for (int round = 0; round < 50; ++round) {
    Sha256 hash;
    base::Bytes rest(data);
    while (!rest.empty()) {
      const auto piece = rest.first(std::min<std::size_t>(rest.size(), random() % 150));
      hash.update(piece);
      (void)hash.finish();
      rest = rest.subspan(piece.size());
    }
    EXPECT_EQ(hash.finish(), Sha256::of(data));
  }
  std::array<std::uint8_t, 24> truncated;
  Sha256 hash;
  hash.update(data);
  hash.finish(truncated);
  const auto whole = Sha256::of(data);
  EXPECT_TRUE(std::equal(truncated.begin(), truncated.end(), whole.begin()));
}

// NIST SP 800-38A section F.2.2.
TEST(AesCbc, PublishedVector) {
  const AesKey key{0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                   0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
  const AesIv iv{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const auto ciphertext = from_hex(
      "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
      "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7");
  const std::string plaintext =
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
  auto whole = ciphertext;
  AesCbcDecryption(key, iv).decrypt(whole);
  EXPECT_EQ(to_hex(whole), plaintext);
  for (const std::size_t step : {16u, 32u, 48u}) {
    auto pieces = ciphertext;
    AesCbcDecryption stream(key, iv);
    for (std::size_t i = 0; i < pieces.size(); i += step) {
      stream.decrypt(base::MutableBytes(pieces).subspan(i, std::min(step, pieces.size() - i)));
    }
    EXPECT_EQ(to_hex(pieces), plaintext);
  }
}

TEST(Crc32, PublishedVector) {
  EXPECT_EQ(Crc32::of(bytes_of("123456789")), 0xCBF43926u);
  EXPECT_EQ(Crc32::of({}), 0u);
  Crc32 crc;
  crc.update(bytes_of("1234"));
  crc.update(bytes_of("56789"));
  EXPECT_EQ(crc.value(), 0xCBF43926u);
}

TEST(ConstantTime, ComparesSizeAndContent) {
  EXPECT_TRUE(equal({}, {}));
  EXPECT_TRUE(equal(bytes_of("abc"), bytes_of("abc")));
  EXPECT_FALSE(equal(bytes_of("abc"), bytes_of("abd")));
  EXPECT_FALSE(equal(bytes_of("bbc"), bytes_of("abc")));
  EXPECT_FALSE(equal(bytes_of("abc"), bytes_of("ab")));
}

}  // namespace
}  // namespace goldcrest::crypto

// SPDX-License-Identifier: MIT
#include "core/image/manifest.hpp"

#include <bearssl_ec.h>
#include <gtest/gtest.h>

#include <random>

#include "core/crypto/test_hex.hpp"
#include "core/image/test_image.hpp"
#include "core/image/verify.hpp"

namespace goldcrest::image {
namespace {

using testing::Buffer;

// The bytes of docs/formats/fmu.md, written out by hand.
TEST(Manifest, GoldenBytes) {
  Manifest manifest{.product = testing::product};
  manifest.version = {1, 1, 31};
  manifest.minimum_version = {1, 0, 5};
  manifest.sequence = 7;
  manifest.image_size = 90624;
  manifest.relocation_count = 300;
  manifest.relocation_size = 412;
  manifest.signature_size = 1620;
  manifest.content_key_id = 0xC1;
  manifest.signing_key_id = 0xA1B2C3D4;
  manifest.revoked_keys = {0xE5E6E7E8, 0x12};
  manifest.iv.fill(0x11);
  manifest.digest.fill(0x22);
  const std::string golden =
      "47464d5501030101"
      "4f54412d53544d33324c312d5350495249543100000000000000000000000000"
      "1f00010105000001070000000062010"
      "02c0100009c010000a0630100540600000000010"
      "8c1000000d4c3b2a1e8e7e6e51200000000000000"
      "11111111111111111111111111111111"
      "2222222222222222222222222222222222222222222222222222222222222222";
  EXPECT_EQ(crypto::to_hex(emit_manifest(manifest)), golden);
  const auto parsed = parse_manifest(crypto::from_hex(golden));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, manifest);
  EXPECT_EQ(parsed->file_size(), 144u + 1620 + 91040);
}

TEST(Manifest, EveryRuleHasItsError) {
  const auto good = emit_manifest(testing::make_image().manifest);
  ASSERT_TRUE(parse_manifest(good));
  const auto with = [&](std::size_t at, std::uint8_t value) {
    auto bytes = good;
    bytes[at] = value;
    const auto parsed = parse_manifest(bytes);
    EXPECT_FALSE(parsed) << at;
    return parsed ? ManifestError::truncated : parsed.error();
  };
  EXPECT_EQ(parse_manifest(base::Bytes(good).first(143)).error(), ManifestError::truncated);
  EXPECT_EQ(with(0, 'X'), ManifestError::magic);
  EXPECT_EQ(with(4, 2), ManifestError::format_version);
  EXPECT_EQ(with(5, 2), ManifestError::image_type);
  EXPECT_EQ(with(6, 0), ManifestError::signature_type);
  EXPECT_EQ(with(6, 3), ManifestError::signature_type);
  EXPECT_EQ(with(7, 0), ManifestError::encryption);
  EXPECT_EQ(with(8, 0), ManifestError::product);
  EXPECT_EQ(with(9, '/'), ManifestError::product);
  EXPECT_EQ(with(39, 'A'), ManifestError::product);
  EXPECT_EQ(with(52, 2), ManifestError::image_size);
  EXPECT_EQ(with(54, 4), ManifestError::image_size);
  EXPECT_EQ(with(56, 0), ManifestError::relocation_size);
  EXPECT_EQ(with(60, 1), ManifestError::relocation_size);
  EXPECT_EQ(with(63, 0x80), ManifestError::relocation_size);
  EXPECT_EQ(with(64, 8), ManifestError::payload_size);
  EXPECT_EQ(with(69, 0xFF), ManifestError::signature_size);
  EXPECT_EQ(with(72, 4), ManifestError::base_address);
  EXPECT_EQ(with(88, 1), ManifestError::revoked_keys);
  EXPECT_EQ(with(95, 1), ManifestError::revoked_keys);
  EXPECT_EQ(with(84, testing::signing_key_id), ManifestError::revoked_keys);
  auto no_version = good;
  std::fill_n(no_version.begin() + 40, 4, std::uint8_t{0});
  EXPECT_EQ(parse_manifest(no_version).error(), ManifestError::version);
}

TEST(Manifest, RevokedKeysHaveOneForm) {
  auto manifest = testing::make_image().manifest;
  const auto accepts = [&](const RevokedKeys& keys) {
    manifest.revoked_keys = keys;
    const bool accepted = check_manifest(manifest).has_value();
    const auto parsed = parse_manifest(emit_manifest(manifest));
    EXPECT_EQ(parsed.has_value(), accepted);
    if (parsed) {
      EXPECT_EQ(parsed->revoked_keys, keys);
    }
    return accepted;
  };
  EXPECT_TRUE(accepts({}));
  EXPECT_TRUE(accepts({7, 0, 0}));
  EXPECT_TRUE(accepts({0xFFFFFFFF, 7, 0}));
  EXPECT_TRUE(accepts({9, 8, 7}));
  for (const auto& keys : std::to_array<RevokedKeys>({{0, 7, 0},
                                                      {0, 0, 7},
                                                      {7, 0, 3},
                                                      {7, 7, 0},
                                                      {7, 8, 0},
                                                      {9, 8, 8},
                                                      {testing::signing_key_id, 0, 0},
                                                      {0xFFFFFFFF, testing::signing_key_id, 1}})) {
    EXPECT_FALSE(accepts(keys)) << keys[0] << ' ' << keys[1] << ' ' << keys[2];
  }
  manifest.revoked_keys = {9, 7, 0};
  EXPECT_TRUE(manifest.revokes(7));
  EXPECT_FALSE(manifest.revokes(8));
  EXPECT_FALSE(manifest.revokes(0)) << "0 says that there is none";
}

TEST(Manifest, KeepsToAPolicy) {
  const auto with = [](std::uint32_t sequence, const RevokedKeys& keys) {
    auto manifest = testing::make_image().manifest;
    manifest.sequence = sequence;
    manifest.revoked_keys = keys;
    return manifest;
  };
  EXPECT_TRUE(keeps_to(with(4, {}), with(4, {})));
  EXPECT_TRUE(keeps_to(with(0xFFFFFFFF, {9, 8, 7}), with(4, {8, 0, 0})));
  EXPECT_FALSE(keeps_to(with(3, {}), with(4, {})));
  EXPECT_FALSE(keeps_to(with(4, {}), with(4, {8, 0, 0})));
  EXPECT_FALSE(keeps_to(with(5, {9, 7, 0}), with(4, {9, 8, 0})));
}

TEST(Manifest, ImageAndTableMustFitIntoTheSlotTogether) {
  auto manifest = testing::make_image().manifest;
  manifest.relocation_count = 256;
  manifest.relocation_size = 256;
  manifest.image_size = manifest_offset - page_size;
  EXPECT_TRUE(check_manifest(manifest));
  manifest.image_size += 4;
  EXPECT_EQ(check_manifest(manifest).error(), ManifestError::image_size);
  manifest.relocation_count = 0;
  manifest.relocation_size = 0;
  EXPECT_TRUE(check_manifest(manifest));
  manifest.image_size = info_offset + info_size - 4;
  EXPECT_EQ(check_manifest(manifest).error(), ManifestError::image_size);
}

TEST(Manifest, EveryChangedByteIsRefusedByTheSignature) {
  const auto factory = testing::factory();
  auto header = testing::make_image().header();
  ASSERT_TRUE(verify_manifest(header, factory));
  for (std::size_t i = 0; i < header.size(); ++i) {
    for (const auto change : std::to_array<std::uint8_t>({0x01, 0x80, 0xFF})) {
      header[i] ^= change;
      EXPECT_FALSE(verify_manifest(header, factory)) << i;
      header[i] ^= change;
    }
  }
  EXPECT_EQ(verify_manifest(base::Bytes(header).first(header.size() - 1), factory).error(),
            VerifyError::manifest);
}

TEST(Manifest, ParsingOfRandomBytesIsSafeAndReversible) {
  std::mt19937 random(77);
  const auto good = emit_manifest(testing::make_image().manifest);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    Buffer bytes(good.begin(), good.end());
    for (auto changes = random() % 4; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    if (const auto parsed = parse_manifest(bytes)) {
      ++accepted;
      const auto again = emit_manifest(*parsed);
      EXPECT_TRUE(std::ranges::equal(again, bytes));
    }
  }
  EXPECT_GT(accepted, 5000);
}

TEST(VerifyManifest, NamesWhatIsWrong) {
  const auto factory = testing::factory();
  auto image = testing::make_image();
  image.manifest.signing_key_id = 5;
  image.sign();
  EXPECT_EQ(verify_manifest(image.header(), factory).error(), VerifyError::unknown_signing_key);
  image = testing::make_image();
  image.manifest.product = *ProductId::from_text("ANOTHER");
  image.sign();
  EXPECT_EQ(verify_manifest(image.header(), factory).error(), VerifyError::product);
  // The key of that id is for signatures of the other type.
  image = testing::make_image();
  image.manifest.signature_type = SignatureType::ecdsa_p256;
  image.signature.resize(64);
  image.manifest.signature_size = 64;
  EXPECT_EQ(verify_manifest(image.header(), factory).error(), VerifyError::unknown_signing_key);
  image = testing::make_image();
  image.signature.back() ^= 1;
  EXPECT_EQ(verify_manifest(image.header(), factory).error(), VerifyError::signature);
}

/// RFC 6979 appendix A.2.5.
constexpr std::string_view p256_private_key =
    "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
constexpr std::string_view p256_public_key =
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";

/// As Image::sign(), with that key.
void sign_with_p256(testing::Image& image) {
  image.manifest.signature_type = SignatureType::ecdsa_p256;
  image.manifest.signature_size = 64;
  auto secret = crypto::from_hex(p256_private_key);
  const br_ec_private_key key{BR_EC_secp256r1, secret.data(), secret.size()};
  const auto digest = crypto::Sha256::of(emit_manifest(image.manifest));
  image.signature.resize(64);
  ASSERT_EQ(br_ecdsa_i31_sign_raw(&br_ec_prime_i31, &br_sha256_vtable, digest.data(), &key,
                                  image.signature.data()),
            64u);
}

Factory factory_with_p256(std::string_view public_key) {
  auto factory = testing::factory();
  TrustAnchor anchor{.key_id = 0x256, .type = SignatureType::ecdsa_p256, .public_key = {}};
  base::ensure(anchor.public_key.append(crypto::from_hex(public_key)));
  base::ensure(factory.trust_anchors.push_back(anchor));
  return factory;
}

TEST(VerifyManifest, TakesEcdsaP256) {
  const auto factory = factory_with_p256(p256_public_key);
  std::array<std::uint8_t, factory_size> block;
  EXPECT_TRUE(emit_factory(factory, block)) << "a device may trust keys of both types";
  auto image = testing::make_image();
  image.manifest.signing_key_id = 0x256;
  sign_with_p256(image);
  ASSERT_TRUE(verify_manifest(image.header(), factory));
  for (std::size_t i = manifest_size; i < image.header().size(); ++i) {
    auto header = image.header();
    header[i] ^= 0x02;
    EXPECT_EQ(verify_manifest(header, factory).error(), VerifyError::signature) << i;
  }
  std::string off_the_curve(p256_public_key);
  off_the_curve.back() = '8';
  EXPECT_EQ(verify_manifest(image.header(), factory_with_p256(off_the_curve)).error(),
            VerifyError::signature);
  // The key of the other type, and the other type's signature under this key's id.
  image.manifest.signing_key_id = testing::signing_key_id;
  sign_with_p256(image);
  EXPECT_EQ(verify_manifest(image.header(), factory).error(), VerifyError::unknown_signing_key);
  image = testing::make_image();
  image.manifest.signing_key_id = 0x256;
  image.sign();
  EXPECT_EQ(verify_manifest(image.header(), factory).error(), VerifyError::unknown_signing_key);
}

TEST(Manifest, AnEcdsaSignatureHas64Bytes) {
  auto manifest = testing::make_image().manifest;
  manifest.signature_type = SignatureType::ecdsa_p256;
  for (const std::uint32_t size : {1u, 63u, 65u, 1620u}) {
    manifest.signature_size = size;
    EXPECT_EQ(check_manifest(manifest).error(), ManifestError::signature_size) << size;
  }
  manifest.signature_size = 64;
  EXPECT_TRUE(check_manifest(manifest));
}

}  // namespace
}  // namespace goldcrest::image

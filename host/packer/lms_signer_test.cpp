// SPDX-License-Identifier: MIT
#include "host/packer/lms_signer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>

#include "core/crypto/lms.hpp"
#include "core/crypto/lms_vectors.hpp"
#include "host/packer/hex.hpp"

namespace goldcrest::packer {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view hex) {
  return from_hex(hex).value();
}

LmsSecret secret_of(const LmsParameters& parameters, std::string_view identifier,
                    std::string_view seed) {
  LmsIdentifier stored{};
  std::ranges::copy(bytes_of(identifier), stored.begin());
  return LmsSecret(parameters, stored, bytes_of(seed));
}

LmsSecret test_secret(const LmsParameters& parameters) {
  LmsIdentifier identifier{};
  std::iota(identifier.begin(), identifier.end(), std::uint8_t{0x40});
  std::vector<std::uint8_t> seed(parameters.n);
  std::iota(seed.begin(), seed.end(), std::uint8_t{1});
  return LmsSecret(parameters, identifier, seed);
}

/// Signs as a published signature says (leaf and randomizer) and expects the very same bytes.
void expect_reproduced(const LmsSecret& secret, base::Bytes public_key, base::Bytes message,
                       base::Bytes signature) {
  const auto tree = LmsTree::build(secret);
  ASSERT_EQ(to_hex(lms_public_key(secret, tree)), to_hex(public_key));
  const std::uint32_t q = base::load_be32(signature.data());
  const auto randomizer = signature.subspan(8, secret.parameters().n);
  EXPECT_EQ(to_hex(lms_sign(secret, tree, q, randomizer, message)), to_hex(signature));
}

TEST(LmsSigner, reproduces_rfc9858_appendix_a1) {
  const auto& vector = crypto::vectors::rfc9858_sha256_192;
  const auto public_key = bytes_of(vector.public_key);
  const auto signature = bytes_of(vector.signature);
  const auto parameters = LmsParameters::make(24, 5, 8);
  const auto secret = secret_of(*parameters, "202122232425262728292a2b2c2d2e2f",
                                "000102030405060708090a0b0c0d0e0f1011121314151617");
  // Both are HSS with one level: a count of four bytes comes first.
  expect_reproduced(secret, base::Bytes(public_key).subspan(4), bytes_of(vector.message),
                    base::Bytes(signature).subspan(4));
}

TEST(LmsSigner, reproduces_both_levels_of_rfc8554_test_case_2) {
  const auto& vector = crypto::vectors::rfc8554_case_2;
  const auto public_key = bytes_of(vector.public_key);
  const auto signature = bytes_of(vector.signature);
  const auto upper = LmsParameters::make(32, 10, 4);
  const auto lower = LmsParameters::make(32, 5, 8);
  // u32 levels - 1 | signature of the lower public key | lower public key | signature of the
  // message
  const base::Bytes all = signature;
  ASSERT_EQ(all.size(),
            4 + upper->signature_bytes() + lower->public_key_bytes() + lower->signature_bytes());
  const auto upper_signature = all.subspan(4, upper->signature_bytes());
  const auto lower_key = all.subspan(4 + upper->signature_bytes(), lower->public_key_bytes());
  const auto lower_signature = all.last(lower->signature_bytes());

  expect_reproduced(secret_of(*upper, "d08fabd4a2091ff0a8cb4ed834e74534",
                              "558b8966c48ae9cb898b423c83443aae014a72f1b1ab5cc85cf1d892903b5439"),
                    base::Bytes(public_key).subspan(4), lower_key, upper_signature);
  expect_reproduced(secret_of(*lower, "215f83b7ccb9acbcd08db97b0d04dc2b",
                              "a1c4696e2608035a886100d05cd99945eb3370731884a8235e2fb3d4d71f2547"),
                    lower_key, bytes_of(vector.message), lower_signature);
}

TEST(LmsSigner, core_verifies_every_parameter_set_and_refuses_a_changed_message) {
  std::vector<std::uint8_t> message(144);
  std::iota(message.begin(), message.end(), std::uint8_t{0});
  for (const std::uint32_t n : {24u, 32u}) {
    for (const std::uint32_t w : {1u, 2u, 4u, 8u}) {
      const auto parameters = LmsParameters::make(n, 5, w);
      ASSERT_TRUE(parameters);
      const auto secret = test_secret(*parameters);
      const auto tree = LmsTree::build(secret);
      const auto key = lms_public_key(secret, tree);
      const std::vector<std::uint8_t> randomizer(n, 0xC3);
      for (const std::uint32_t q : {0u, 1u, 17u, 31u}) {
        auto signature = lms_sign(secret, tree, q, randomizer, message);
        EXPECT_EQ(signature.size(), parameters->signature_bytes());
        EXPECT_TRUE(crypto::lms_verify(key, message, signature)) << parameters->lmots_name() << q;
        message[143] ^= 1;
        EXPECT_FALSE(crypto::lms_verify(key, message, signature));
        message[143] ^= 1;
        signature[signature.size() / 2] ^= 0x10;
        EXPECT_FALSE(crypto::lms_verify(key, message, signature));
      }
    }
  }
}

TEST(LmsSigner, parameters_agree_with_core_for_every_set) {
  for (std::uint32_t lms_type = 0; lms_type < 20; ++lms_type) {
    for (std::uint32_t lmots_type = 0; lmots_type < 12; ++lmots_type) {
      const auto ours = LmsParameters::from_types(lms_type, lmots_type);
      const auto lms = crypto::lms_parameters(lms_type);
      const auto lmots = crypto::lmots_parameters(lmots_type);
      ASSERT_EQ(ours.has_value(), lms && lmots && lms->m == lmots->n) << lms_type << lmots_type;
      if (!ours) continue;
      EXPECT_EQ(ours->n, lmots->n);
      EXPECT_EQ(ours->w, lmots->w);
      EXPECT_EQ(ours->p, lmots->p);
      EXPECT_EQ(ours->ls, lmots->ls);
      EXPECT_EQ(ours->height, lms->h);
      EXPECT_EQ(ours->signature_bytes(), crypto::lms_signature_size(*lms, *lmots));
    }
  }
  EXPECT_EQ(LmsParameters::make(24, 15, 4)->signature_bytes(), 1620u);
  EXPECT_FALSE(LmsParameters::make(24, 6, 4));
  EXPECT_FALSE(LmsParameters::make(16, 5, 4));
  EXPECT_FALSE(LmsParameters::make(24, 5, 3));
}

TEST(LmsSigner, a_stored_tree_is_checked_before_use) {
  const auto parameters = LmsParameters::make(24, 5, 4);
  const auto secret = test_secret(*parameters);
  const auto tree = LmsTree::build(secret);
  const std::vector<std::uint8_t> root(tree.root().begin(), tree.root().end());
  for (std::uint32_t q = 0; q < parameters->leaves(); ++q) {
    EXPECT_TRUE(tree.path_holds(secret, q, root));
  }
  std::vector<std::uint8_t> nodes(tree.nodes().begin(), tree.nodes().end());
  nodes[33 * 24] ^= 1;  // leaf 1, on the path of leaf 0
  const auto damaged = LmsTree::from_nodes(*parameters, nodes);
  ASSERT_TRUE(damaged);
  EXPECT_FALSE(damaged->path_holds(secret, 0, root));
  EXPECT_TRUE(damaged->path_holds(secret, 31, root));
  nodes.pop_back();
  EXPECT_FALSE(LmsTree::from_nodes(*parameters, nodes));
}

}  // namespace
}  // namespace goldcrest::packer

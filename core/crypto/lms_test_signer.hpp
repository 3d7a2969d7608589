// SPDX-License-Identifier: MIT
// A small LMS signer for the tests of core: any parameter set, keys derived from a seed (RFC 8554
// appendix A), everything recomputed each time. It keeps no state and is therefore good for tests
// only; the packer signs with a signer of its own.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/base/ensure.hpp"
#include "core/crypto/lms.hpp"

namespace goldcrest::crypto {

class LmsTestSigner {
 public:
  LmsTestSigner(std::uint32_t lms_type, std::uint32_t lmots_type, const LmsIdentifier& identifier,
                const std::vector<std::uint8_t>& seed)
      : lms_(parameters(lms_parameters(lms_type))),
        lmots_(parameters(lmots_parameters(lmots_type))),
        identifier_(identifier),
        seed_(seed),
        nodes_(std::size_t{2} << lms_.h) {
    const std::uint32_t leaves = 1u << lms_.h;
    for (std::uint32_t q = 0; q < leaves; ++q) nodes_[leaves + q] = leaf(q);
    for (std::uint32_t number = leaves - 1; number > 0; --number) {
      auto hash = lms_hash(identifier_, number, lms_d_intr);
      hash.update(nodes_[2 * number]);
      hash.update(nodes_[2 * number + 1]);
      nodes_[number] = finish(hash, lms_.m);
    }
  }

  std::vector<std::uint8_t> public_key() const {
    std::vector<std::uint8_t> key;
    append32(key, lms_.type);
    append32(key, lmots_.type);
    append(key, identifier_);
    append(key, nodes_[1]);
    return key;
  }

  std::vector<std::uint8_t> sign(std::uint32_t q, base::Bytes message) const {
    std::vector<std::uint8_t> signature;
    append32(signature, q);
    append32(signature, lmots_.type);
    const auto randomizer = secret(q, 0xFFFD);
    append(signature, randomizer);
    auto hash = lms_hash(identifier_, q, lms_d_mesg);
    hash.update(randomizer);
    hash.update(message);
    std::array<std::uint8_t, lms_hash_size_max + 2> digits{};
    hash.finish(base::MutableBytes(digits).first(lmots_.n));
    lmots_append_checksum(digits, lmots_);
    for (std::uint16_t i = 0; i < lmots_.p; ++i) {
      auto value = secret(q, i);
      lmots_walk_chain(identifier_, q, i, 0, lmots_coefficient(digits, i, lmots_.w), value);
      append(signature, value);
    }
    append32(signature, lms_.type);
    for (std::uint32_t number = (1u << lms_.h) + q; number > 1; number /= 2) {
      append(signature, nodes_[number ^ 1]);
    }
    return signature;
  }

 private:
  using Node = std::vector<std::uint8_t>;

  template <typename Parameters>
  static Parameters parameters(const std::optional<Parameters>& found) {
    base::ensure(found.has_value());
    return *found;
  }
  static void append(std::vector<std::uint8_t>& to, base::Bytes bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
  }
  static void append32(std::vector<std::uint8_t>& to, std::uint32_t value) {
    std::array<std::uint8_t, 4> bytes;
    base::store_be32(bytes.data(), value);
    append(to, bytes);
  }
  static Node finish(const Sha256& hash, std::size_t size) {
    Node node(size);
    hash.finish(node);
    return node;
  }
  /// x[i] of leaf q, and with i = 0xFFFD its randomizer C.
  Node secret(std::uint32_t q, std::uint16_t i) const {
    const std::array<std::uint8_t, 1> mark{0xFF};
    auto hash = lms_hash(identifier_, q, i);
    hash.update(mark);
    hash.update(seed_);
    return finish(hash, lmots_.n);
  }
  Node leaf(std::uint32_t q) const {
    auto key = lms_hash(identifier_, q, lms_d_pblc);
    for (std::uint16_t i = 0; i < lmots_.p; ++i) {
      auto value = secret(q, i);
      lmots_walk_chain(identifier_, q, i, 0, (1u << lmots_.w) - 1u, value);
      key.update(value);
    }
    auto hash = lms_hash(identifier_, (1u << lms_.h) + q, lms_d_leaf);
    hash.update(finish(key, lmots_.n));
    return finish(hash, lms_.m);
  }

  LmsParameters lms_;
  LmotsParameters lmots_;
  LmsIdentifier identifier_;
  std::vector<std::uint8_t> seed_;
  std::vector<Node> nodes_;
};

}  // namespace goldcrest::crypto

// SPDX-License-Identifier: MIT
// The signing half of LMS: RFC 8554 with SHA-256, and the 192-bit sets of RFC 9858.
//
// Nothing here keeps state: whoever calls sign() answers for never using a leaf twice, and
// signing_key.hpp is the one place that does. The parameters are computed from the formulas of
// RFC 8554 appendix B, apart from the verifier's own table in core on purpose: what this half makes
// with OpenSSL, that half checks with BearSSL.
//
//   signature:  q (4) | LM-OTS type (4) | C (n) | y[0] … y[p-1] (n each) | LMS type (4) |
//               path[0] … path[h-1] (n each)
//   public key: LMS type (4) | LM-OTS type (4) | I (16) | T[1] (n)            all big-endian
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "host/packer/problem.hpp"

namespace goldcrest::packer {

struct LmsParameters {
  std::uint32_t lms_type = 0;
  std::uint32_t lmots_type = 0;
  std::uint32_t n = 0;       ///< bytes of a hash: 24 or 32; a tree's m is its n
  std::uint32_t height = 0;  ///< the tree has 2^height leaves
  std::uint32_t w = 0;       ///< Winternitz width in bits: 1, 2, 4 or 8
  std::uint32_t p = 0;       ///< hash chains of a one-time signature
  std::uint32_t ls = 0;      ///< left shift of the checksum

  /// n 24 or 32; height 5, 10, 15, 20 or 25; w 1, 2, 4 or 8.
  static Result<LmsParameters> make(std::uint32_t n, std::uint32_t height, std::uint32_t w);
  /// From the type codes of RFC 8554 sections 4.1 and 5.1 and RFC 9858 section 3.
  static Result<LmsParameters> from_types(std::uint32_t lms_type, std::uint32_t lmots_type);

  std::uint32_t leaves() const { return std::uint32_t{1} << height; }
  std::size_t signature_bytes() const { return 12 + std::size_t{n} * (1 + p + height); }
  std::size_t public_key_bytes() const { return 24 + std::size_t{n}; }
  std::string lms_name() const;    ///< such as LMS_SHA256_M24_H15
  std::string lmots_name() const;  ///< such as LMOTS_SHA256_N24_W4
};

using LmsIdentifier = std::array<std::uint8_t, 16>;

/// The secret of a tree. Every one-time key is derived from the seed (RFC 8554 appendix A); the
/// memory of the seed is wiped when it is given up.
class LmsSecret {
 public:
  /// `seed` has parameters.n bytes.
  LmsSecret(const LmsParameters& parameters, const LmsIdentifier& identifier, base::Bytes seed);
  LmsSecret(const LmsSecret&) = default;
  LmsSecret(LmsSecret&&) noexcept = default;
  LmsSecret& operator=(const LmsSecret&) = delete;
  ~LmsSecret();

  const LmsParameters& parameters() const { return parameters_; }
  const LmsIdentifier& identifier() const { return identifier_; }
  base::Bytes seed() const { return seed_; }

 private:
  LmsParameters parameters_;
  LmsIdentifier identifier_;
  std::vector<std::uint8_t> seed_;
};

/// All nodes of a tree, T[1] the root to T[2^(h+1) - 1], one behind the other. Not secret.
class LmsTree {
 public:
  /// Called from time to time with the leaves done so far; from one thread at a time.
  using Progress = std::function<void(std::uint32_t leaves_done)>;

  /// Computes every leaf, on all processors. With SHA instructions on two
  /// processors H15 takes about a second and H20 half a minute.
  static LmsTree build(const LmsSecret& secret, const Progress& progress = {});
  /// From stored nodes; `nodes` must have the size of such a tree. Checks no hash: see
  /// path_holds().
  static Result<LmsTree> from_nodes(const LmsParameters& parameters,
                                    std::vector<std::uint8_t> nodes);

  base::Bytes nodes() const { return nodes_; }
  base::Bytes node(std::uint32_t number) const;
  base::Bytes root() const { return node(1); }
  /// Whether leaf `q`, computed anew, and its authentication path lead to `root`.
  bool path_holds(const LmsSecret& secret, std::uint32_t q, base::Bytes root) const;

 private:
  LmsTree(const LmsParameters& parameters, std::vector<std::uint8_t> nodes)
      : parameters_(parameters), nodes_(std::move(nodes)) {}

  LmsParameters parameters_;
  std::vector<std::uint8_t> nodes_;
};

/// The public key as RFC 8554 section 5.3 lays it out.
std::vector<std::uint8_t> lms_public_key(const LmsSecret& secret, const LmsTree& tree);

/// Signs with leaf `q` (below leaves()) and the randomizer C of n bytes, fresh and random.
std::vector<std::uint8_t> lms_sign(const LmsSecret& secret, const LmsTree& tree, std::uint32_t q,
                                   base::Bytes randomizer, base::Bytes message);

}  // namespace goldcrest::packer

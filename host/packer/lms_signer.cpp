// SPDX-License-Identifier: MIT
#include "host/packer/lms_signer.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>
#include <thread>

#include "core/base/ensure.hpp"
#include "host/packer/sha256.hpp"

namespace goldcrest::packer {
namespace {

constexpr std::uint16_t d_pblc = 0x8080;
constexpr std::uint16_t d_mesg = 0x8181;
constexpr std::uint16_t d_leaf = 0x8282;
constexpr std::uint16_t d_intr = 0x8383;

/// I, then a 32-bit and a 16-bit number: the first 22 bytes of everything LMS hashes.
class Prefix {
 public:
  Prefix(const LmsIdentifier& identifier, std::uint32_t number, std::uint16_t tag) {
    std::copy(identifier.begin(), identifier.end(), bytes_.begin());
    base::store_be32(bytes_.data() + 16, number);
    base::store_be16(bytes_.data() + 20, tag);
  }
  base::Bytes bytes() const { return bytes_; }

 private:
  std::array<std::uint8_t, 22> bytes_{};
};

/// One chain of a one-time key. Every hash in it is of I | q | i | j | value, 23 + n bytes, so one
/// padded block serves for all of them and only j and the value change.
class Chain {
 public:
  Chain(const LmsSecret& secret, std::uint32_t q)
      : n_(secret.parameters().n), seed_(secret.seed()) {
    std::copy(secret.identifier().begin(), secret.identifier().end(), block_.begin());
    base::store_be32(block_.data() + 16, q);
    block_[value_at + n_] = 0x80;
    base::store_be16(block_.data() + 62, static_cast<std::uint16_t>((value_at + n_) * 8));
  }
  ~Chain() { OPENSSL_cleanse(block_.data(), block_.size()); }
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  /// Writes x[i] hashed `steps` times to `out` (n bytes).
  void walk(std::uint16_t i, std::uint32_t steps, std::uint8_t* out) {
    base::store_be16(block_.data() + 20, i);
    std::copy(seed_.begin(), seed_.end(), value());
    hash(0xFF);
    for (std::uint32_t j = 0; j < steps; ++j) hash(static_cast<std::uint8_t>(j));
    std::copy_n(value(), n_, out);
  }

 private:
  static constexpr std::size_t value_at = 23;

  std::uint8_t* value() { return block_.data() + value_at; }
  void hash(std::uint8_t j) {
    block_[22] = j;
    const Digest digest = sha256_of_padded_block(block_.data());
    std::copy_n(digest.begin(), n_, value());
  }

  std::size_t n_;
  base::Bytes seed_;
  std::array<std::uint8_t, 64> block_{};
};

void store_truncated(const Digest& digest, std::uint8_t* out, std::size_t n) {
  std::copy_n(digest.begin(), n, out);
}

/// T[2^h + q]: the leaf over the public key of one-time key q.
void compute_leaf(const LmsSecret& secret, std::uint32_t q, std::uint8_t* out) {
  const auto& parameters = secret.parameters();
  const std::size_t n = parameters.n;
  std::vector<std::uint8_t> ends(parameters.p * n);
  {
    Chain chain(secret, q);
    for (std::uint32_t i = 0; i < parameters.p; ++i) {
      chain.walk(static_cast<std::uint16_t>(i), (1u << parameters.w) - 1, ends.data() + i * n);
    }
  }
  const Digest key =
      Sha256().update(Prefix(secret.identifier(), q, d_pblc).bytes()).update(ends).finish();
  const Prefix prefix(secret.identifier(), parameters.leaves() + q, d_leaf);
  store_truncated(Sha256().update(prefix.bytes()).update(base::Bytes(key).first(n)).finish(), out,
                  n);
}

Digest interior(const LmsIdentifier& identifier, std::uint32_t number, base::Bytes left,
                base::Bytes right) {
  return Sha256()
      .update(Prefix(identifier, number, d_intr).bytes())
      .update(left)
      .update(right)
      .finish();
}

/// The i-th w-bit digit of a byte string, most significant first (RFC 8554 section 3.1.3).
std::uint32_t coefficient(base::Bytes bytes, std::uint32_t i, std::uint32_t w) {
  const std::uint32_t bit = i * w;
  const std::uint32_t shift = 8 - w - bit % 8;
  return (std::uint32_t{bytes[bit / 8]} >> shift) & ((1u << w) - 1);
}

/// Q followed by its checksum (RFC 8554 section 4.4).
std::vector<std::uint8_t> digits_to_sign(const LmsParameters& parameters, const Digest& q_digest) {
  std::vector<std::uint8_t> bytes(q_digest.begin(), q_digest.begin() + parameters.n);
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < parameters.n * 8 / parameters.w; ++i) {
    sum += (1u << parameters.w) - 1 - coefficient(bytes, i, parameters.w);
  }
  sum <<= parameters.ls;
  bytes.push_back(static_cast<std::uint8_t>(sum >> 8));
  bytes.push_back(static_cast<std::uint8_t>(sum));
  return bytes;
}

}  // namespace

Result<LmsParameters> LmsParameters::make(std::uint32_t n, std::uint32_t height, std::uint32_t w) {
  const bool n_known = n == 24 || n == 32;
  const bool height_known = height >= 5 && height <= 25 && height % 5 == 0;
  const bool w_known = w == 1 || w == 2 || w == 4 || w == 8;
  if (!n_known || !height_known || !w_known) {
    return problem(fmt::format("no LMS parameter set has n {}, height {} and w {}", n, height, w));
  }
  LmsParameters parameters;
  parameters.n = n;
  parameters.height = height;
  parameters.w = w;
  parameters.lms_type = (n == 32 ? 0x05u : 0x0Au) + (height / 5 - 1);
  parameters.lmots_type =
      (n == 32 ? 0x01u : 0x05u) + static_cast<std::uint32_t>(std::countr_zero(w));
  const std::uint32_t u = 8 * n / w;
  const auto sum_bits = static_cast<std::uint32_t>(std::bit_width(((1u << w) - 1) * u));
  const std::uint32_t v = (sum_bits + w - 1) / w;
  parameters.ls = 16 - v * w;
  parameters.p = u + v;
  return parameters;
}

Result<LmsParameters> LmsParameters::from_types(std::uint32_t lms_type, std::uint32_t lmots_type) {
  for (const std::uint32_t n : {24u, 32u}) {
    for (std::uint32_t height = 5; height <= 25; height += 5) {
      for (const std::uint32_t w : {1u, 2u, 4u, 8u}) {
        const auto parameters = make(n, height, w);
        base::ensure(parameters.has_value());
        if (parameters->lms_type == lms_type && parameters->lmots_type == lmots_type) {
          return *parameters;
        }
      }
    }
  }
  return problem(
      fmt::format("LMS type {} with LM-OTS type {} is not a SHA-256 parameter set with "
                  "one hash length (RFC 8554, RFC 9858)",
                  lms_type, lmots_type));
}

std::string LmsParameters::lms_name() const {
  return fmt::format("LMS_SHA256_M{}_H{}", n, height);
}
std::string LmsParameters::lmots_name() const {
  return fmt::format("LMOTS_SHA256_N{}_W{}", n, w);
}

LmsSecret::LmsSecret(const LmsParameters& parameters, const LmsIdentifier& identifier,
                     base::Bytes seed)
    : parameters_(parameters), identifier_(identifier), seed_(seed.begin(), seed.end()) {
  base::ensure(seed.size() == parameters.n);
}

LmsSecret::~LmsSecret() {
  if (!seed_.empty()) OPENSSL_cleanse(seed_.data(), seed_.size());
}

LmsTree LmsTree::build(const LmsSecret& secret, const Progress& progress) {
  const auto& parameters = secret.parameters();
  const std::size_t n = parameters.n;
  const std::uint32_t leaves = parameters.leaves();
  std::vector<std::uint8_t> nodes(std::size_t{2} * leaves * n);

  std::atomic<std::uint32_t> next_leaf = 0;
  std::mutex progress_mutex;
  std::uint32_t done = 0;
  const auto work = [&] {
    constexpr std::uint32_t chunk = 32;
    for (std::uint32_t first; (first = next_leaf.fetch_add(chunk)) < leaves;) {
      const std::uint32_t last = std::min(first + chunk, leaves);
      for (std::uint32_t q = first; q < last; ++q) {
        compute_leaf(secret, q, nodes.data() + (std::size_t{leaves} + q) * n);
      }
      const std::lock_guard lock(progress_mutex);
      done += last - first;
      if (progress) progress(done);
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) helpers.emplace_back(work);
    work();
  }
  const base::Bytes all = nodes;
  for (std::uint32_t r = leaves - 1; r >= 1; --r) {
    store_truncated(interior(secret.identifier(), r, all.subspan(std::size_t{2} * r * n, n),
                             all.subspan((std::size_t{2} * r + 1) * n, n)),
                    nodes.data() + std::size_t{r} * n, n);
  }
  return LmsTree(parameters, std::move(nodes));
}

Result<LmsTree> LmsTree::from_nodes(const LmsParameters& parameters,
                                    std::vector<std::uint8_t> nodes) {
  if (nodes.size() != std::size_t{2} * parameters.leaves() * parameters.n) {
    return problem("the stored tree does not have the size of this key's tree");
  }
  return LmsTree(parameters, std::move(nodes));
}

base::Bytes LmsTree::node(std::uint32_t number) const {
  return base::Bytes(nodes_).subspan(std::size_t{number} * parameters_.n, parameters_.n);
}

bool LmsTree::path_holds(const LmsSecret& secret, std::uint32_t q, base::Bytes root) const {
  const std::size_t n = parameters_.n;
  std::vector<std::uint8_t> value(n);
  compute_leaf(secret, q, value.data());
  for (std::uint32_t number = parameters_.leaves() + q; number > 1; number /= 2) {
    const auto sibling = node(number ^ 1);
    const bool is_right = (number & 1) != 0;
    const Digest parent = interior(secret.identifier(), number / 2, is_right ? sibling : value,
                                   is_right ? base::Bytes(value) : sibling);
    store_truncated(parent, value.data(), n);
  }
  return std::ranges::equal(value, root);
}

std::vector<std::uint8_t> lms_public_key(const LmsSecret& secret, const LmsTree& tree) {
  const auto& parameters = secret.parameters();
  std::vector<std::uint8_t> key(parameters.public_key_bytes());
  base::ByteWriter writer(key);
  writer.be32(parameters.lms_type);
  writer.be32(parameters.lmots_type);
  writer.bytes(secret.identifier());
  writer.bytes(tree.root());
  base::ensure(writer.ok() && writer.remaining() == 0);
  return key;
}

std::vector<std::uint8_t> lms_sign(const LmsSecret& secret, const LmsTree& tree, std::uint32_t q,
                                   base::Bytes randomizer, base::Bytes message) {
  const auto& parameters = secret.parameters();
  base::ensure(q < parameters.leaves() && randomizer.size() == parameters.n);
  const Digest digest = Sha256()
                            .update(Prefix(secret.identifier(), q, d_mesg).bytes())
                            .update(randomizer)
                            .update(message)
                            .finish();
  const auto digits = digits_to_sign(parameters, digest);

  std::vector<std::uint8_t> signature(parameters.signature_bytes());
  base::ByteWriter writer(signature);
  writer.be32(q);
  writer.be32(parameters.lmots_type);
  writer.bytes(randomizer);
  Chain chain(secret, q);
  for (std::uint32_t i = 0; i < parameters.p; ++i) {
    chain.walk(static_cast<std::uint16_t>(i), coefficient(digits, i, parameters.w),
               writer.reserve(parameters.n).data());
  }
  writer.be32(parameters.lms_type);
  for (std::uint32_t number = parameters.leaves() + q; number > 1; number /= 2) {
    writer.bytes(tree.node(number ^ 1));
  }
  base::ensure(writer.ok() && writer.remaining() == 0);
  return signature;
}

}  // namespace goldcrest::packer

// SPDX-License-Identifier: MIT
#include "core/crypto/lms_parameters.hpp"

namespace goldcrest::crypto {
namespace {

/// RFC 8554 table 1 and RFC 9858 table 2, in the order of their type numbers from 1.
constexpr std::array<LmotsParameters, 8> lmots_sets{{
    {1, 32, 1, 265, 7},
    {2, 32, 2, 133, 6},
    {3, 32, 4, 67, 4},
    {4, 32, 8, 34, 0},
    {5, 24, 1, 200, 8},
    {6, 24, 2, 101, 6},
    {7, 24, 4, 51, 4},
    {8, 24, 8, 26, 0},
}};

/// RFC 8554 table 2 and RFC 9858 table 3: five heights for each hash size.
constexpr std::uint32_t lms_first_m32 = 5;
constexpr std::uint32_t lms_first_m24 = 10;
constexpr std::uint32_t lms_last_m24 = 14;

}  // namespace

std::optional<LmotsParameters> lmots_parameters(std::uint32_t type) {
  if (type < 1 || type > lmots_sets.size()) return std::nullopt;
  return lmots_sets[type - 1];
}

std::optional<LmsParameters> lms_parameters(std::uint32_t type) {
  if (type < lms_first_m32 || type > lms_last_m24) return std::nullopt;
  const bool m24 = type >= lms_first_m24;
  const std::uint32_t step = type - (m24 ? lms_first_m24 : lms_first_m32) + 1;
  return LmsParameters{type, static_cast<std::uint8_t>(m24 ? 24 : 32),
                       static_cast<std::uint8_t>(5 * step)};
}

std::uint8_t lmots_coefficient(base::Bytes string, std::size_t index, unsigned w) {
  const std::size_t bit = index * w;
  const unsigned shift = 8u - w - static_cast<unsigned>(bit % 8);
  return static_cast<std::uint8_t>((unsigned{string[bit / 8]} >> shift) & ((1u << w) - 1u));
}

std::uint16_t lmots_checksum(base::Bytes q_hash, const LmotsParameters& lmots) {
  const unsigned highest = (1u << lmots.w) - 1u;
  const unsigned digits = lmots.n * 8u / lmots.w;
  unsigned sum = 0;
  for (unsigned i = 0; i < digits; ++i) sum += highest - lmots_coefficient(q_hash, i, lmots.w);
  return static_cast<std::uint16_t>(sum << lmots.ls);
}

void lmots_append_checksum(std::array<std::uint8_t, lms_hash_size_max + 2>& out,
                           const LmotsParameters& lmots) {
  base::store_be16(out.data() + lmots.n, lmots_checksum(base::Bytes(out).first(lmots.n), lmots));
}

Sha256 lms_hash(const LmsIdentifier& identifier, std::uint32_t number, std::uint16_t domain) {
  std::array<std::uint8_t, 6> prefix;
  base::store_be32(prefix.data(), number);
  base::store_be16(prefix.data() + 4, domain);
  Sha256 hash;
  hash.update(identifier);
  hash.update(prefix);
  return hash;
}

void lmots_walk_chain(const LmsIdentifier& identifier, std::uint32_t q, std::uint16_t index,
                      unsigned from, unsigned to, base::MutableBytes value) {
  for (unsigned step = from; step < to; ++step) {
    const auto number = static_cast<std::uint8_t>(step);
    auto hash = lms_hash(identifier, q, index);
    hash.update({&number, 1});
    hash.update(value);
    hash.finish(value);
  }
}

}  // namespace goldcrest::crypto

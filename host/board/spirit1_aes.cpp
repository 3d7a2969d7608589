// SPDX-License-Identifier: MIT
#include "host/board/spirit1_aes.hpp"

#include <bit>
#include <cstddef>

namespace goldcrest::board::spirit1 {
namespace {

constexpr unsigned rounds = 10;

constexpr std::uint8_t times_two(std::uint8_t value) {
  return static_cast<std::uint8_t>(unsigned{value} << 1 ^ ((value & 0x80u) != 0 ? 0x1Bu : 0u));
}

constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  std::uint8_t product = 0;
  for (; b != 0; b >>= 1, a = times_two(a)) {
    if ((b & 1u) != 0) product ^= a;
  }
  return product;
}

struct SBoxes {
  std::array<std::uint8_t, 256> forward{};
  std::array<std::uint8_t, 256> inverse{};
};

// FIPS 197, 5.1.1: the inverse in GF(2^8), found as the walk of the generator 3 and of its inverse,
// then the affine transformation.
constexpr SBoxes make_s_boxes() {
  SBoxes boxes;
  const auto set = [&boxes](std::uint8_t from, std::uint8_t to) {
    boxes.forward[from] = to;
    boxes.inverse[to] = from;
  };
  std::uint8_t p = 1;
  std::uint8_t q = 1;
  do {
    p = multiply(p, 3);
    q = multiply(q, 0xF6);  // 3 · 0xF6 = 1
    const auto turned = static_cast<std::uint8_t>(q ^ std::rotl(q, 1) ^ std::rotl(q, 2) ^
                                                  std::rotl(q, 3) ^ std::rotl(q, 4));
    set(p, static_cast<std::uint8_t>(turned ^ 0x63u));
  } while (p != 1);
  set(0, 0x63);
  return boxes;
}

constexpr SBoxes s_boxes = make_s_boxes();

constexpr std::uint8_t round_constant(unsigned round) {
  std::uint8_t value = 1;
  for (unsigned index = 1; index < round; ++index) value = times_two(value);
  return value;
}

/// What the first word of round key `round` takes in of the last word before it.
void mix_last_word(AesBlock& key, const AesBlock& last, unsigned round) {
  for (std::size_t index = 0; index < 4; ++index) {
    key[index] ^= s_boxes.forward[last[12 + (index + 1) % 4]];
  }
  key[0] ^= round_constant(round);
}

void next_round_key(AesBlock& key, unsigned round) {
  mix_last_word(key, key, round);
  for (std::size_t index = 4; index < 16; ++index) key[index] ^= key[index - 4];
}

void previous_round_key(AesBlock& key, unsigned round) {
  for (std::size_t index = 15; index >= 4; --index) key[index] ^= key[index - 4];
  mix_last_word(key, key, round);
}

void add(AesBlock& block, const AesBlock& key) {
  for (std::size_t index = 0; index < 16; ++index) block[index] ^= key[index];
}

/// Row `r` of the state turns by `r` columns, to the left with `step` 1, to the right with 3.
AesBlock shift_rows(const AesBlock& block, std::size_t step) {
  AesBlock result;
  for (std::size_t index = 0; index < 16; ++index) {
    result[index] = block[(index + 4 * step * (index % 4)) % 16];
  }
  return result;
}

AesBlock mix_columns(const AesBlock& block, const std::array<std::uint8_t, 4>& factors) {
  AesBlock result{};
  for (std::size_t index = 0; index < 16; ++index) {
    const std::size_t column = index / 4 * 4;
    for (std::size_t row = 0; row < 4; ++row) {
      result[index] ^= multiply(block[column + (index + row) % 4], factors[row]);
    }
  }
  return result;
}

void substitute(AesBlock& block, const std::array<std::uint8_t, 256>& box) {
  for (std::uint8_t& byte : block) byte = box[byte];
}

}  // namespace

AesBlock aes_decryption_key(const AesBlock& key) {
  AesBlock last = key;
  for (unsigned round = 1; round <= rounds; ++round) next_round_key(last, round);
  return last;
}

AesBlock aes_encrypt(const AesBlock& key, AesBlock block) {
  AesBlock round_key = key;
  add(block, round_key);
  for (unsigned round = 1; round <= rounds; ++round) {
    substitute(block, s_boxes.forward);
    block = shift_rows(block, 1);
    if (round < rounds) block = mix_columns(block, {2, 3, 1, 1});
    next_round_key(round_key, round);
    add(block, round_key);
  }
  return block;
}

AesBlock aes_decrypt(const AesBlock& key, AesBlock block) {
  AesBlock round_key = key;
  for (unsigned round = rounds; round > 0; --round) {
    add(block, round_key);
    if (round < rounds) block = mix_columns(block, {14, 11, 13, 9});
    block = shift_rows(block, 3);
    substitute(block, s_boxes.inverse);
    previous_round_key(round_key, round);
  }
  add(block, round_key);
  return block;
}

}  // namespace goldcrest::board::spirit1

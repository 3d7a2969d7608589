// SPDX-License-Identifier: MIT
#include "firmware/boot/self_test.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/crypto/ecdsa_p256.hpp"
#include "core/crypto/lms_parameters.hpp"
#include "core/crypto/sha256.hpp"
#include "core/image/signature_types.hpp"
#include "firmware/chip/crc_unit.hpp"

extern "C" {
extern std::uint32_t image_stack_start[];
extern std::uint32_t image_stack_end[];
}

namespace goldcrest::boot {
namespace {

using Word = volatile std::uint32_t;

// Below the stack pointer: what the call of the test itself may still push.
constexpr std::ptrdiff_t spared_words = 32;
constexpr std::uint32_t pattern = 0x55555555;

/// One element of a march: from `word` on, by `step` words, reads `expected` and writes `next`.
bool pass(Word* word, std::ptrdiff_t step, std::size_t words, std::uint32_t expected,
          std::uint32_t next) {
  do {
    if (*word != expected) return false;
    *word = next;
    word += step;
  } while (--words != 0);
  return true;
}

/// March C-: ⇑(w0) ⇑(r0,w1) ⇑(r1,w0) ⇓(r0,w1) ⇓(r1,w0) ⇓(r0), with a word and its complement.
bool march(Word* first, Word* end, std::uint32_t zero) {
  const std::uint32_t one = ~zero;
  Word* last = end - 1;
  const auto words = static_cast<std::size_t>(end - first);
  for (Word* word = first; word != end; ++word) *word = zero;
  return pass(first, 1, words, zero, one) && pass(first, 1, words, one, zero) &&
         pass(last, -1, words, zero, one) && pass(last, -1, words, one, zero) &&
         pass(last, -1, words, zero, zero);
}

/// Word by word, putting back what was there; for memory in use.
bool holds_in_place(Word* first, Word* last) {
  bool good = true;
  for (Word* word = first; word != last; ++word) {
    // Both in registers: were they on the stack, the test would overwrite its own memory.
    const std::uint32_t kept = *word;
    *word = pattern;
    const std::uint32_t first_read = *word;
    *word = ~pattern;
    const std::uint32_t second_read = *word;
    *word = kept;
    good = good && first_read == pattern && second_read == ~pattern;
  }
  return good;
}

constexpr crypto::LmsIdentifier identifier{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr std::uint32_t leaf = 5;
constexpr std::uint16_t chain = 3;
constexpr std::size_t n = 24;
using Hash = std::array<std::uint8_t, n>;

// FIPS 180-2 appendix B.2.
constexpr std::string_view sha256_message =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
constexpr crypto::Digest sha256_answer{
    0x24, 0x8D, 0x6A, 0x61, 0xD2, 0x06, 0x38, 0xB8, 0xE5, 0xC0, 0x26, 0x93, 0x0C, 0x3E, 0x60, 0x39,
    0xA3, 0x3C, 0xE4, 0x59, 0x64, 0xFF, 0x21, 0x67, 0xF6, 0xEC, 0xED, 0xD4, 0x19, 0xDB, 0x06, 0xC1};
// The others were worked out with another implementation (Python's hashlib) after RFC 8554.
constexpr Hash chain_end{0x5D, 0x3B, 0xD2, 0x77, 0x08, 0x65, 0x4B, 0x37, 0x29, 0xA9, 0x10, 0xF3,
                         0xD4, 0x3B, 0x4B, 0x34, 0x2F, 0x98, 0xFA, 0xC2, 0x41, 0xE0, 0xC7, 0x87};
constexpr crypto::Digest node_answer{
    0x5F, 0x6F, 0xE0, 0x7A, 0x8E, 0xAF, 0x7B, 0x7D, 0x89, 0x8F, 0xE7, 0xED, 0xCE, 0x97, 0xF1, 0x4A,
    0x97, 0x44, 0x19, 0x1F, 0x9E, 0x1A, 0xB7, 0x70, 0x35, 0xA4, 0x2B, 0x01, 0x6D, 0xC0, 0x6D, 0x82};
constexpr std::uint16_t checksum_answer = 0x1830;

[[maybe_unused]] bool lms_works() {
  Hash start;
  for (std::size_t i = 0; i < n; ++i) start[i] = static_cast<std::uint8_t>(0x40 + i);
  Hash value = start;
  const auto parameters = crypto::lmots_parameters(7);  // LMOTS_SHA256_N24_W4
  if (!parameters) return false;
  crypto::lmots_walk_chain(identifier, leaf, chain, 0, 15, value);
  if (value != chain_end) return false;
  if (crypto::lmots_checksum(value, *parameters) != checksum_answer) return false;

  auto node = crypto::lms_hash(identifier, 16, crypto::lms_d_intr);
  node.update(value);
  node.update(start);
  return node.finish() == node_answer;
}

base::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

bool ram_holds() {
  Word* pointer;
  asm volatile("mov %0, sp" : "=r"(pointer));
  Word* free_end = pointer - spared_words;
  return march(image_stack_start, free_end, 0) && march(image_stack_start, free_end, pattern) &&
         holds_in_place(free_end, image_stack_end);
}

bool boot_unchanged(const image::Factory& factory) {
  const auto* start = reinterpret_cast<const std::uint8_t*>(image::boot_section.base);
  return chip::hardware_crc32({start, factory.boot_size}) == factory.boot_crc32;
}

bool cryptography_works() {
  if (crypto::Sha256::of(bytes_of(sha256_message)) != sha256_answer) return false;
  if constexpr (image::checks_lms) {
    if (!lms_works()) return false;
  }
  if constexpr (image::checks_ecdsa_p256) {
    if (!crypto::p256_arithmetic_works()) return false;
  }
  return true;
}

}  // namespace goldcrest::boot

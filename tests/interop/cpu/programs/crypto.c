// SPDX-License-Identifier: MIT
// Cryptography as others write it: BearSSL's SHA-256, AES by tables and bitsliced, and arithmetic
// modulo the prime of P-256, against known answers where there are some.
#include <string.h>

#include "check.h"
#include "inner.h"

static void show_bytes(const char* name, const uint8_t* bytes, size_t size) {
  print(name);
  put('=');
  for (size_t i = 0; i < size; ++i) {
    put("0123456789abcdef"[bytes[i] >> 4]);
    put("0123456789abcdef"[bytes[i] & 15]);
  }
  put('\n');
}

static void sha256(void) {
  br_sha256_context context;
  uint8_t digest[32];
  br_sha256_init(&context);
  br_sha256_update(&context, "abc", 3);  // FIPS 180-4
  br_sha256_out(&context, digest);
  show_bytes("sha256(abc)", digest, sizeof digest);
  uint8_t message[200];
  for (size_t i = 0; i < sizeof message; ++i) message[i] = (uint8_t)next_random();
  br_sha256_init(&context);
  for (size_t at = 0; at < sizeof message;) {
    size_t part = next_random() % 50 + 1;
    if (part > sizeof message - at) part = sizeof message - at;
    br_sha256_update(&context, message + at, part);
    at += part;
  }
  br_sha256_out(&context, digest);
  show_bytes("sha256 in parts", digest, sizeof digest);
}

static void aes(void) {
  // FIPS 197, appendix B.
  static const uint8_t key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                  0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
  static const uint8_t plain[16] = {0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d,
                                    0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34};
  uint32_t keys[60];
  uint8_t block[16];
  memcpy(block, plain, sizeof block);
  const unsigned rounds = br_aes_keysched(keys, key, sizeof key);
  br_aes_small_encrypt(rounds, keys, block);
  show_bytes("aes", block, sizeof block);
  br_aes_small_decrypt(rounds, keys, block);
  show("aes back", (uint32_t)memcmp(block, plain, sizeof block));

  uint32_t sliced_keys[60], expanded[120], q[8];
  const unsigned sliced_rounds = br_aes_ct_keysched(sliced_keys, key, sizeof key);
  br_aes_ct_skey_expand(expanded, sliced_rounds, sliced_keys);
  memset(q, 0, sizeof q);
  for (unsigned i = 0; i < 4; ++i) q[2 * i] = br_dec32le(plain + 4 * i);
  br_aes_ct_ortho(q);
  br_aes_ct_bitslice_encrypt(sliced_rounds, expanded, q);
  br_aes_ct_ortho(q);
  for (unsigned i = 0; i < 4; ++i) br_enc32le(block + 4 * i, q[2 * i]);
  show_bytes("aes bitsliced", block, sizeof block);
}

/// Powers modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1 by Montgomery multiplications of 31-bit
/// words.
static void p256_field(void) {
  static const uint8_t prime[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x01,
                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF,
                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  uint32_t p[10], a[10], b[10], product[10];
  uint8_t bytes[32];
  br_i31_decode(p, prime, sizeof prime);
  const uint32_t inverse = br_i31_ninv31(p[1]);
  for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] = (uint8_t)next_random();
  br_i31_decode_reduce(a, bytes, sizeof bytes, p);
  memcpy(b, a, sizeof b);
  br_i31_to_monty(b, p);
  for (int round = 0; round < 4; ++round) {
    br_i31_montymul(product, a, b, p, inverse);
    memcpy(a, product, sizeof a);
    br_i31_add(a, b, br_i31_add(a, b, 0) | NOT(br_i31_sub(a, p, 0)));
    br_i31_sub(a, p, NOT(br_i31_sub(a, p, 0)));
  }
  br_i31_from_monty(b, p, inverse);
  br_i31_encode(bytes, sizeof bytes, a);
  show_bytes("p256 product", bytes, sizeof bytes);
  br_i31_encode(bytes, sizeof bytes, b);
  show_bytes("p256 value", bytes, sizeof bytes);
}

int main(void) {
  sha256();
  aes();
  p256_field();
  return 0;
}

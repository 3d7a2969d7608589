// SPDX-License-Identifier: MIT
// Floating point by libgcc: single and double, all operations and conversions, over values that
// include zeros, infinities, NaNs and subnormal numbers.
#include <string.h>

#include "check.h"

static const uint32_t special_single[] = {
    0x00000000, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x00000001,
    0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x4F000000, 0xCF000000, 0x4B800001, 0x34000000, 0x3EAAAAAB};
static const uint64_t special_double[] = {
    0x0000000000000000, 0x8000000000000000, 0x3FF0000000000000, 0xBFF0000000000000,
    0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x0000000000000001,
    0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF, 0x41E0000000000000,
    0xC3E0000000000000, 0x4340000000000001, 0x3CA0000000000000, 0x3FD5555555555555};

static float single_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static uint32_t bits_of_single(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}
static double double_of(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static uint32_t mix_double(uint32_t hash, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return mix(mix(hash, (uint32_t)bits), (uint32_t)(bits >> 32));
}

static uint32_t singles(uint32_t hash, float a, float b) {
  hash = mix(hash, bits_of_single(a + b));
  hash = mix(hash, bits_of_single(a - b));
  hash = mix(hash, bits_of_single(a * b));
  hash = mix(hash, bits_of_single(a / b));
  hash = mix(hash, (uint32_t)(a < b) | (uint32_t)(a <= b) << 1 | (uint32_t)(a == b) << 2 |
                       (uint32_t)__builtin_isunordered(a, b) << 3);
  return mix_double(hash, (double)a);
}

static uint32_t doubles(uint32_t hash, double a, double b) {
  hash = mix_double(hash, a + b);
  hash = mix_double(hash, a - b);
  hash = mix_double(hash, a * b);
  hash = mix_double(hash, a / b);
  hash = mix(hash, (uint32_t)(a > b) | (uint32_t)(a >= b) << 1 | (uint32_t)(a != b) << 2 |
                       (uint32_t)__builtin_isunordered(a, b) << 3);
  return mix(hash, bits_of_single((float)a));
}

static uint32_t conversions(uint32_t hash, uint32_t word, uint32_t other) {
  const uint64_t wide = (uint64_t)word << 32 | other;
  hash = mix(hash, bits_of_single((float)word));
  hash = mix(hash, bits_of_single((float)(int32_t)word));
  hash = mix(hash, bits_of_single((float)wide));
  hash = mix_double(hash, (double)(int64_t)wide);
  hash = mix_double(hash, (double)word);
  const double value = (double)(int32_t)word / 3.0;
  hash = mix(hash, (uint32_t)(int32_t)value);
  const int64_t back = (int64_t)(value * 1024.0);
  return mix(hash, (uint32_t)back ^ (uint32_t)(back >> 32));
}

int main(void) {
  uint32_t hash = 2166136261u;
  for (unsigned i = 0; i < 16; ++i) {
    for (unsigned j = 0; j < 16; ++j) {
      hash = singles(hash, single_of(special_single[i]), single_of(special_single[j]));
      hash = doubles(hash, double_of(special_double[i]), double_of(special_double[j]));
    }
  }
  show("special values", hash);
  for (int i = 0; i < 60; ++i) {
    const uint32_t a = next_random(), b = next_random(), c = next_random(), d = next_random();
    hash = singles(hash, single_of(a), single_of(b));
    hash = doubles(hash, double_of((uint64_t)a << 32 | c), double_of((uint64_t)b << 32 | d));
    hash = conversions(hash, a, b);
  }
  show("random values", hash);
  double sum = 0;
  for (int i = 1; i <= 50; ++i) sum += 1.0 / (i * (double)i);
  uint64_t bits;
  memcpy(&bits, &sum, sizeof bits);
  show_wide("sum of 1/n^2", bits);
  return 0;
}

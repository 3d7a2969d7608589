// SPDX-License-Identifier: MIT
// 64-bit arithmetic as the compiler makes it (UMULL, ADDS/ADC, libgcc's division and shifts), and
// by hand what it seldom makes: SMLAL, UMLAL, SSAT and USAT with their flag Q.
#include "check.h"

static uint32_t mix_wide(uint32_t hash, uint64_t value) {
  return mix(mix(hash, (uint32_t)value), (uint32_t)(value >> 32));
}

static uint64_t random_wide(void) {
  const uint32_t shape = next_random();
  const uint64_t value = (uint64_t)next_random() << 32 | next_random();
  return value >> (shape & 63);  // of all magnitudes
}

static uint32_t wide(uint32_t hash, uint64_t a, uint64_t b) {
  const unsigned amount = (unsigned)b & 63;
  hash = mix_wide(hash, a + b);
  hash = mix_wide(hash, a - b);
  hash = mix_wide(hash, a * b);
  hash = mix_wide(hash, a << amount);
  hash = mix_wide(hash, a >> amount);
  hash = mix_wide(hash, (uint64_t)((int64_t)a >> amount));
  if (b != 0) {
    hash = mix_wide(hash, a / b);
    hash = mix_wide(hash, a % b);
    if (b != UINT64_MAX) hash = mix_wide(hash, (uint64_t)((int64_t)a / (int64_t)b));
  }
  uint64_t result;
  int64_t signed_result;
  hash = mix(hash, __builtin_add_overflow(a, b, &result));
  hash = mix(hash, __builtin_sub_overflow((int64_t)a, (int64_t)b, &signed_result));
  hash = mix(hash, __builtin_mul_overflow(a, b, &result));
  hash = mix(hash, (uint32_t)__builtin_clzll(a | 1) + (uint32_t)__builtin_popcountll(b));
  hash = mix(hash, (uint32_t)(a < b) | (uint32_t)((int64_t)a < (int64_t)b) << 1);
  return mix_wide(hash, __builtin_bswap64(a));
}

#define SATURATE(instruction, limit, value)                                                 \
  ({                                                                                        \
    uint32_t result, flags;                                                                 \
    __asm volatile("msr apsr_nzcvq, %3\n" instruction " %0, #" #limit ", %2\n mrs %1, apsr" \
                   : "=&r"(result), "=&r"(flags)                                            \
                   : "r"(value), "r"(0)                                                     \
                   : "cc");                                                                 \
    mix(result, flags);                                                                     \
  })

static uint32_t saturated(uint32_t hash, uint32_t value) {
  hash = mix(hash, SATURATE("ssat", 1, value));
  hash = mix(hash, SATURATE("ssat", 8, value));
  hash = mix(hash, SATURATE("ssat", 16, value));
  hash = mix(hash, SATURATE("ssat", 32, value));
  hash = mix(hash, SATURATE("usat", 0, value));
  hash = mix(hash, SATURATE("usat", 8, value));
  hash = mix(hash, SATURATE("usat", 31, value));
  uint32_t shifted;
  __asm volatile("ssat %0, #12, %1, asr #5" : "=r"(shifted) : "r"(value));
  hash = mix(hash, shifted);
  __asm volatile("usat %0, #9, %1, lsl #3" : "=r"(shifted) : "r"(value));
  return mix(hash, shifted);
}

static uint32_t accumulated(uint32_t hash, uint32_t a, uint32_t b, uint64_t sum) {
  uint32_t low = (uint32_t)sum, high = (uint32_t)(sum >> 32);
  __asm volatile("smlal %0, %1, %2, %3" : "+r"(low), "+r"(high) : "r"(a), "r"(b));
  hash = mix(mix(hash, low), high);
  __asm volatile("umlal %0, %1, %2, %3" : "+r"(low), "+r"(high) : "r"(a), "r"(b));
  hash = mix(mix(hash, low), high);
  __asm volatile("mla %0, %1, %2, %0\n mls %0, %2, %1, %3" : "+r"(low) : "r"(a), "r"(b), "r"(high));
  return mix(hash, low);
}

int main(void) {
  uint32_t hash = 2166136261u;
  for (int i = 0; i < 400; ++i) hash = wide(hash, random_wide(), random_wide());
  show("wide", hash);
  static const uint32_t edges[] = {0,          1,          127,        128,        255,
                                   256,        32767,      32768,      0x7FFFFFFF, 0x80000000,
                                   0xFFFFFFFF, 0xFFFFFF80, 0xFFFFFF7F, 0xFFFF8000, 0xFFFF7FFF};
  for (unsigned i = 0; i < sizeof edges / sizeof edges[0]; ++i) hash = saturated(hash, edges[i]);
  for (int i = 0; i < 200; ++i) hash = saturated(hash, next_random());
  show("saturated", hash);
  for (int i = 0; i < 200; ++i) {
    hash = accumulated(hash, next_random(), next_random(), random_wide());
  }
  show("accumulated", hash);
  return 0;
}

// SPDX-License-Identifier: MIT
// Bit fields, extension, reversal, counting: SBFX UBFX BFI BFC, SXTB … UXTH with rotation, REV
// REV16 REVSH RBIT CLZ, shifts by registers with all amounts, RRX; flags after each.
#include "check.h"

/// `code` with its result in r0, and the flags, which begin as `flags`.
#define BITS(hash, flags, a, b, code)                                  \
  do {                                                                 \
    register uint32_t r0 __asm("r0") = (a);                            \
    register uint32_t r1 __asm("r1") = (b);                            \
    uint32_t after;                                                    \
    __asm volatile("msr apsr_nzcvq, %[f]\n" code "\n mrs %[a], apsr\n" \
                   : "+r"(r0), "+r"(r1), [a] "=&r"(after)              \
                   : [f] "r"((flags) << 28)                            \
                   : "r2", "cc");                                      \
    (hash) = mix(mix(mix((hash), r0), r1), after);                     \
  } while (0)

static uint32_t fields(uint32_t hash, uint32_t f, uint32_t a, uint32_t b) {
  BITS(hash, f, a, b, "sbfx r0, r1, #0, #1\n");
  BITS(hash, f, a, b, "sbfx r0, r1, #7, #9\n");
  BITS(hash, f, a, b, "sbfx r0, r1, #0, #32\n");
  BITS(hash, f, a, b, "ubfx r0, r1, #31, #1\n");
  BITS(hash, f, a, b, "ubfx r0, r1, #3, #17\n");
  BITS(hash, f, a, b, "bfi r0, r1, #0, #32\n");
  BITS(hash, f, a, b, "bfi r0, r1, #13, #11\n");
  BITS(hash, f, a, b, "bfi r0, r0, #24, #8\n");
  BITS(hash, f, a, b, "bfc r0, #4, #20\n");
  BITS(hash, f, a, b, "bfc r0, #31, #1\n");
  return hash;
}

static uint32_t extensions(uint32_t hash, uint32_t f, uint32_t a, uint32_t b) {
  BITS(hash, f, a, b, "sxtb r0, r1\n uxth r1, r1\n");
  BITS(hash, f, a, b, "sxth r0, r1, ror #8\n uxtb r1, r1, ror #24\n");
  BITS(hash, f, a, b, "sxtb r0, r1, ror #16\n uxth r1, r1, ror #16\n");
  BITS(hash, f, a, b, "rev r0, r1\n rev16 r1, r0\n");
  BITS(hash, f, a, b, "revsh r0, r1\n rbit r1, r1\n");
  BITS(hash, f, a, b, "clz r0, r1\n mvn r2, r1\n clz r1, r2\n");
  return hash;
}

static uint32_t shifts(uint32_t hash, uint32_t f, uint32_t a, uint32_t amount) {
  BITS(hash, f, a, amount, "lsls r0, r1\n");
  BITS(hash, f, a, amount, "lsrs r0, r1\n");
  BITS(hash, f, a, amount, "asrs r0, r1\n");
  BITS(hash, f, a, amount, "rors r0, r1\n");
  BITS(hash, f, a, amount, "lsl.w r0, r0, r1\n ror.w r1, r1, r0\n");
  BITS(hash, f, a, amount, "rrxs r0, r0\n adcs r1, r1, r0\n");
  BITS(hash, f, a, amount, "lsrs.w r0, r0, #32\n asrs r1, r1, #32\n");
  BITS(hash, f, a, amount, "ands.w r0, r0, r1, ror #7\n");
  BITS(hash, f, a, amount, "bics.w r0, r0, #0xff00ff00\n orns r1, r1, #0x3fc00\n");
  BITS(hash, f, a, amount, "teq r0, r1, asr #3\n tst r0, #0x80000000\n");
  BITS(hash, f, a, amount, "sbcs.w r0, r0, r1, lsl #5\n rsbs r1, r1, #0xab\n");
  return hash;
}

int main(void) {
  uint32_t hash = 2166136261u;
  static const uint32_t values[] = {0, 1, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFF, 0x00FF80A5};
  for (uint32_t i = 0; i < 24; ++i) {
    const uint32_t a = i < 6 ? values[i] : next_random();
    hash = fields(hash, i & 15, next_random(), a);
    hash = extensions(hash, i & 15, next_random(), a);
  }
  show("fields", hash);
  for (uint32_t amount = 0; amount < 72; ++amount) {
    hash = shifts(hash, amount & 15, next_random(), amount);
    hash = shifts(hash, ~amount & 15, values[amount % 6], next_random() << 8 | amount);
  }
  show("shifts", hash);
  return 0;
}

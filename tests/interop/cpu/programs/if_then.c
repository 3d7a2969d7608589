// SPDX-License-Identifier: MIT
// IT blocks: all conditions with all sixteen states of the flags and all shapes; with compares,
// loads, stores and branches in them; across the end of a page of 4 KB and of a flash line.
#include "check.h"

static uint32_t cell = 0x11223344;

/// Runs `code` with NZCV = flags, and returns what it has made of r0 (1), r1 (2), r2 (3), r3 (4).
#define WITH_FLAGS(hash, flags, code)                                         \
  do {                                                                        \
    register uint32_t r0 __asm("r0") = 1;                                     \
    register uint32_t r1 __asm("r1") = 2;                                     \
    register uint32_t r2 __asm("r2") = 3;                                     \
    register uint32_t r3 __asm("r3") = 4;                                     \
    uint32_t after;                                                           \
    __asm volatile("msr apsr_nzcvq, %[f]\n" code "\n mrs %[a], apsr\n"        \
                   : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), [a] "=&r"(after) \
                   : [f] "r"((flags) << 28), [c] "r"(&cell)                   \
                   : "cc", "memory");                                         \
    (hash) = mix(mix(mix(mix(mix((hash), r0), r1), r2), r3), after);          \
  } while (0)

#define ONE_SHAPE(shape, c1, c2, c3, c4) \
  WITH_FLAGS(hash, flags, "it" shape "\n add" c1 " r0, #16\n" c2 c3 c4)
#define THEN(c) "add" c " r1, #32\n"
#define THEN2(c) "sub" c " r2, #64\n"
#define THEN3(c) "eor" c " r3, r3, r0, lsl #3\n"

/// The fifteen shapes of `c` (its opposite is `n`).
#define SHAPES(name, c, n)                               \
  static uint32_t name(uint32_t hash, uint32_t flags) {  \
    ONE_SHAPE(" " c, c, , , );                           \
    ONE_SHAPE("t " c, c, THEN(c), , );                   \
    ONE_SHAPE("e " c, c, THEN(n), , );                   \
    ONE_SHAPE("tt " c, c, THEN(c), THEN2(c), );          \
    ONE_SHAPE("te " c, c, THEN(c), THEN2(n), );          \
    ONE_SHAPE("et " c, c, THEN(n), THEN2(c), );          \
    ONE_SHAPE("ee " c, c, THEN(n), THEN2(n), );          \
    ONE_SHAPE("ttt " c, c, THEN(c), THEN2(c), THEN3(c)); \
    ONE_SHAPE("tte " c, c, THEN(c), THEN2(c), THEN3(n)); \
    ONE_SHAPE("tet " c, c, THEN(c), THEN2(n), THEN3(c)); \
    ONE_SHAPE("tee " c, c, THEN(c), THEN2(n), THEN3(n)); \
    ONE_SHAPE("ett " c, c, THEN(n), THEN2(c), THEN3(c)); \
    ONE_SHAPE("ete " c, c, THEN(n), THEN2(c), THEN3(n)); \
    ONE_SHAPE("eet " c, c, THEN(n), THEN2(n), THEN3(c)); \
    ONE_SHAPE("eee " c, c, THEN(n), THEN2(n), THEN3(n)); \
    return hash;                                         \
  }
SHAPES(equal, "eq", "ne")
SHAPES(not_equal, "ne", "eq")
SHAPES(carry_set, "cs", "cc")
SHAPES(carry_clear, "cc", "cs")
SHAPES(minus, "mi", "pl")
SHAPES(plus, "pl", "mi")
SHAPES(overflow, "vs", "vc")
SHAPES(no_overflow, "vc", "vs")
SHAPES(higher, "hi", "ls")
SHAPES(lower_same, "ls", "hi")
SHAPES(greater_equal, "ge", "lt")
SHAPES(less, "lt", "ge")
SHAPES(greater, "gt", "le")
SHAPES(less_equal, "le", "gt")

/// What is in them: compares that change the condition, wide instructions that set flags, accesses,
/// branches at the end.
static uint32_t contents(uint32_t hash, uint32_t flags) {
  WITH_FLAGS(hash, flags, "itet eq\n cmpeq r0, #2\n movne r1, #9\n addeq r2, #1\n");
  WITH_FLAGS(hash, flags, "ittt cs\n addscs.w r0, r0, #0xff000000\n cmncs r0, #1\n movcs r3, r0\n");
  WITH_FLAGS(hash, flags,
             "itte mi\n ldrmi r0, [%[c]]\n strmi r0, [%[c]]\n ldrbpl r1, [%[c], #1]\n");
  WITH_FLAGS(hash, flags, "ite vs\n ldmvs %[c], {r0, r1}\n ldrdvc r2, r3, [%[c]]\n");
  WITH_FLAGS(hash, flags, "itt ge\n addge r0, #5\n bge 1f\n adds r1, #7\n 1: adds r2, #1\n");
  WITH_FLAGS(hash, flags, "ite hi\n movhi r0, #5\n bls.w 1f\n adds r1, #7\n 1: adds r2, #1\n");
  WITH_FLAGS(hash, flags,
             "adr r3, 1f\n orr r3, #1\n it lt\n bxlt r3\n mov r0, #77\n"
             ".balign 4\n 1: mov r3, #0\n");
  // "IT AL", and what would be ADDS outside of it.
  WITH_FLAGS(hash, flags,
             ".short 0xbfe8, 0x1840\n ittt ne\n lslne r0, r1\n mulne r1, r2\n"
             " mvnne r2, r3\n");
  return hash;
}

/// Four instructions of which two are in the next page. Returns 1*a + 2*b + 4*c + 8*d of what has
/// been executed.
__attribute__((naked, noinline, section(".text.page"), aligned(4096))) static uint32_t across_page(
    __attribute__((unused)) uint32_t equal) {
  __asm volatile(
      "b 1f\n"
      ".space 4096 - 2 - 8\n"
      "1: movs r1, #0\n"
      "cmp r0, #1\n"
      "ittee eq\n"
      "addeq r1, #1\n"
      "addeq r1, #2\n"
      "addne r1, #4\n"
      "addne r1, #8\n"
      "mov r0, r1\n"
      "bx lr\n");
}

int main(void) {
  uint32_t hash = 2166136261u;
  for (uint32_t flags = 0; flags < 16; ++flags) {
    hash = equal(hash, flags);
    hash = not_equal(hash, flags);
    hash = carry_set(hash, flags);
    hash = carry_clear(hash, flags);
    hash = minus(hash, flags);
    hash = plus(hash, flags);
    hash = overflow(hash, flags);
    hash = no_overflow(hash, flags);
    hash = higher(hash, flags);
    hash = lower_same(hash, flags);
    hash = greater_equal(hash, flags);
    hash = less(hash, flags);
    hash = greater(hash, flags);
    hash = less_equal(hash, flags);
  }
  show("shapes", hash);
  for (uint32_t flags = 0; flags < 16; ++flags) hash = contents(hash, flags);
  show("contents", hash);
  show("across page, equal", across_page(1));
  show("across page, different", across_page(0));
  return 0;
}

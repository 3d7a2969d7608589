// SPDX-License-Identifier: MIT
// Loads and stores: LDM/STM of both kinds, LDRD/STRD, LDREX/STREX/CLREX, all widths unaligned, all
// addressing modes; TBB and TBH; code in RAM; loads into PC.
#include "check.h"

static uint32_t area[64] __attribute__((aligned(8)));

static uint32_t hash_area(uint32_t hash) {
  for (unsigned i = 0; i < 64; ++i) hash = mix(hash, area[i]);
  return hash;
}

static void multiple(void) {
  uint32_t* up = &area[8];
  uint32_t* down = &area[40];
  __asm volatile(
      "ldmia %0!, {r2, r3, r4, r5}\n"
      "stmdb %1!, {r2, r4, r5, r8, r12}\n"
      "ldmdb %1, {r8, r9, r12}\n"
      "stmia %0, {r3, r8, r9, r12, lr}\n"
      "ldmia.w %0, {r2, r3}\n"
      "push {r2, r3, r8}\n"
      "pop {r4, r5, r9}\n"
      "stmia %0!, {r4, r5}\n"
      "strd r9, r4, [%1, #-16]!\n"
      "ldrd r2, r3, [%1], #24\n"
      "strd r3, r2, [%0, #8]\n"
      : "+l"(up), "+l"(down)
      :
      : "r2", "r3", "r4", "r5", "r8", "r9", "r12", "lr", "memory");
  area[0] ^= (uint32_t)(up - area);
  area[1] ^= (uint32_t)(down - area);
}

static void unaligned(unsigned shift) {
  uint8_t* place = (uint8_t*)&area[20] + shift;
  __asm volatile(
      "ldr r2, [%0]\n"
      "ldrh r3, [%0, #1]\n"
      "ldrsh r4, [%0, #3]\n"
      "ldr.w r5, [%0, #-5]\n"
      "str r5, [%0, #4]\n"
      "strh r2, [%0, #7]\n"
      "str r3, [%0], #9\n"
      "ldrsb r3, [%0, #-3]!\n"
      "str r4, [%0, #12]!\n"
      : "+r"(place)
      :
      : "r2", "r3", "r4", "r5", "memory");
}

static uint32_t exclusive(uint32_t value) {
  uint32_t seen, status;
  __asm volatile("ldrex %0, [%2]\n adds %0, #1\n strex %1, %0, [%2]\n"
                 : "=&r"(seen), "=&r"(status)
                 : "r"(&area[30])
                 : "cc", "memory");
  value = mix(mix(value, seen), status);
  __asm volatile("ldrexb %0, [%2]\n clrex\n strexb %1, %0, [%2]\n"
                 : "=&r"(seen), "=&r"(status)
                 : "r"(&area[31])
                 : "memory");
  value = mix(mix(value, seen), status);
  __asm volatile("ldrexh %0, [%2]\n mvn %0, %0\n strexh %1, %0, [%2]\n"
                 : "=&r"(seen), "=&r"(status)
                 : "r"(&area[32])
                 : "memory");
  return mix(mix(value, seen), status);
}

__attribute__((naked, noinline)) static uint32_t by_bytes(__attribute__((unused)) uint32_t index) {
  __asm volatile(
      "tbb [pc, r0]\n"
      "1: .byte (2f - 1b) / 2, (3f - 1b) / 2, (4f - 1b) / 2, (5f - 1b) / 2\n"
      "2: movs r0, #11\n bx lr\n"
      "3: movs r0, #22\n bx lr\n"
      "4: movs r0, #33\n bx lr\n"
      "5: movs r0, #44\n bx lr\n");
}

__attribute__((naked, noinline)) static uint32_t by_half_words(__attribute__((unused))
                                                               uint32_t index) {
  __asm volatile(
      "tbh [pc, r0, lsl #1]\n"
      "1: .short (2f - 1b) / 2, (3f - 1b) / 2, (4f - 1b) / 2\n"
      "4: movs r0, #133\n bx lr\n"
      ".space 600\n"
      "2: movs r0, #111\n bx lr\n"
      "3: push {r0, lr}\n movs r0, #122\n ldr lr, [sp, #4]\n add sp, #4\n pop {pc}\n");
}

__attribute__((noinline, long_call, section(".ramcode"))) static uint32_t in_ram(uint32_t n) {
  uint32_t sum = 0;
  for (uint32_t i = 1; i <= n; ++i) sum = sum * 31 + i;
  return sum;
}

int main(void) {
  for (unsigned i = 0; i < 64; ++i) area[i] = next_random();
  uint32_t hash = 2166136261u;
  for (unsigned round = 0; round < 40; ++round) {
    multiple();
    unaligned(round & 7);
    hash = hash_area(exclusive(hash));
  }
  show("accesses", hash);
  for (unsigned i = 0; i < 4; ++i) hash = mix(hash, by_bytes(i));
  for (unsigned i = 0; i < 3; ++i) hash = mix(hash, by_half_words(i));
  show("tables", hash);
  show("in RAM", in_ram(100));
  return 0;
}

// SPDX-License-Identifier: MIT
// Conditional code, soft floating point and 64-bit division give the same results whether or not
// interrupts break in at every few blocks.
#include "chip.h"

static volatile uint32_t ticks;
static volatile float disturbance = 1.5f;

void sys_tick_handler(void) {
  // Changes flags and runs IT blocks of its own.
  ticks = ticks + 1;
  disturbance = disturbance * 1.01f;
  if (disturbance > 1000.0f) disturbance = 1.5f;
}

static uint32_t mix(uint32_t hash, uint32_t value) {
  return (hash ^ value) * 16777619u;
}

/// An IT block of four that lies across the end of a 4 KB page, so that a block of the engine
/// begins inside it. Returns 1*a + 2*b + 4*c + 8*d of what was executed.
__attribute__((naked, noinline, section(".text.page"), aligned(4096))) static uint32_t across_page(
    __attribute__((unused)) uint32_t equal) {
  __asm volatile(
      "b 1f\n"
      ".space 4096 - 2 - 8\n"  // the branch above, then up to 8 bytes before the end of the page
      "1: movs r1, #0\n"
      "cmp r0, #1\n"
      "ittee eq\n"
      "addeq r1, #1\n"  // last half-word of the page
      "addeq r1, #2\n"
      "addne r1, #4\n"
      "addne r1, #8\n"
      "mov r0, r1\n"
      "bx lr\n");
}

static uint32_t work(void) {
  uint32_t hash = 2166136261u;
  double sum = 0;
  float product = 1;
  uint64_t wide = 0x123456789ABCDEFull;
  for (uint32_t i = 1; i < 400; ++i) {
    sum += 1.0 / (double)i;
    product = product * 1.001f - (i % 7 == 0 ? 0.01f : 0.0f);
    wide = wide * 6364136223846793005ull + i;
    hash = mix(hash, (uint32_t)(wide / (i * 12345ull + 1)));
    hash = mix(hash, (uint32_t)(wide % (i + 1000003ull)));
    hash = mix(hash, (uint32_t)(sum * 1000000.0));
    hash = mix(hash, (uint32_t)(product * 65536.0f));
    const int32_t value = (int32_t)hash;
    hash = mix(hash, (uint32_t)(value < 0 ? -(value / 3) : value % 11));
    hash = mix(hash, value > (int32_t)i ? 17u : (uint32_t)(value >> 3));
    hash = mix(hash, across_page(i & 1));
  }
  return hash;
}

int main(void) {
  clock_32_mhz();
  console();
  show("across page equal", across_page(1));
  show("across page different", across_page(0));
  const uint32_t calm = work();
  SYST_RVR = 500;
  SYST_CVR = 0;
  SYST_CSR = 7;
  uint32_t different = 0;
  for (int round = 0; round < 5; ++round) {
    SYST_RVR = 500 + 113 * (uint32_t)round;
    if (work() != calm) ++different;
  }
  SYST_CSR = 0;
  show("hash", calm);
  show("different", different);
  show("ticks", ticks);
  return 0;
}

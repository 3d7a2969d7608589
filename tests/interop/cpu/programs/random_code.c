// SPDX-License-Identifier: MIT
// Runs the random code at 0x08010000 (random_code.hpp), which works on its registers and on a
// window of RAM, and reports what it has left there.
#include "check.h"

/// The window that random code reads and writes, at RANDOM_WINDOW of random_code.hpp.
static uint32_t* const window = (uint32_t*)0x20010000;
enum { window_words = 1024 };

/// The traces are compared from here to its return.
__attribute__((naked, noinline)) void check_begin(void) {
  __asm volatile(
      "push {r4-r12, lr}\n"
      "ldr r0, =0x08010001\n"
      "blx r0\n"
      "pop {r4-r12, pc}\n");
}

__attribute__((naked, noinline)) void check_end(void) {
  __asm volatile("bx lr\n");
}

int main(void) {
  for (int i = 0; i < window_words; ++i) window[i] = next_random();
  check_begin();
  check_end();
  uint32_t hash = 2166136261u;
  for (int i = 0; i < window_words; ++i) hash = mix(hash, window[i]);
  show("window", hash);
  return 0;
}

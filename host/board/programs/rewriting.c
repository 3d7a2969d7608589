// SPDX-License-Identifier: MIT
// Code in RAM that is rewritten before each of its calls, for a long time, with an interrupt now
// and then: whatever the translator keeps of it adds up. An exclusive access begins before the part
// that is rewritten and ends behind it. Counts the calls that executed something else than what had
// been written, and the exclusive accesses that failed.
#include "chip.h"

#define ROUNDS 2500

static volatile uint32_t ticks;
void sys_tick_handler(void) {
  ticks = ticks + 1;
}

/// Behind the jump: movs r0, #..., to be rewritten. Returns that, and in bit 8 if STREX failed.
IN_RAM __attribute__((naked, aligned(1024))) uint32_t rewritten(uint32_t* place
                                                                __attribute__((unused))) {
  __asm volatile(
      "ldrex r1, [r0]\n"
      "mov r2, r0\n"
      "b 1f\n"
      ".balign 4\n"
      "1: movs r0, #0\n"
      ".rept 60\n str r0, [r2, #4]\n ldr r1, [r2, #4]\n str r1, [r2, #8]\n adds r1, r0\n .endr\n"
      "strex r1, r0, [r2]\n"
      "orr r0, r0, r1, lsl #8\n"
      "bx lr\n");
}

int main(void) {
  volatile uint8_t* const constant = (volatile uint8_t*)(((uint32_t)rewritten & ~1u) + 8);
  uint32_t data[3], wrong = 0, failed = 0;
  SYST_RVR = 20000;
  SYST_CSR = 7;
  for (uint32_t round = 0; round < ROUNDS; ++round) {
    *constant = (uint8_t)round;
    disable_interrupts();
    const uint32_t result = rewritten(data);
    enable_interrupts();
    wrong += (result & 0xFF) != (round & 0xFF);
    failed += result >> 8;
  }
  console();
  show("wrong", wrong);
  show("failed", failed);
  return 0;
}

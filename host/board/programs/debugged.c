// SPDX-License-Identifier: MIT
// Something to debug: IT sequences, conditional stores, a timer interrupt, code that is longer than
// a page of the engine, a checksum over the program itself, and time, which must not depend on
// whether anybody looks.
#include "chip.h"

static volatile uint32_t ticks, watched, last_tick;
static uint32_t table[64];

/// 0x11 if `value` is 5, 0x22 if not. Half-words: cmp, itete, four conditional ones, bx.
__attribute__((naked, noinline)) static uint32_t choose(uint32_t value) {
  (void)value;
  __asm volatile(
      "cmp r0, #5\n"
      "itete eq\n"
      "moveq r0, #1\n"
      "movne r0, #2\n"
      "addeq r0, #16\n"
      "addne r0, #32\n"
      "bx lr\n");
}

/// Stores `value` unless it is 0. Half-words: cmp, it, str, bx.
__attribute__((naked, noinline)) static void store_if(volatile uint32_t* place, uint32_t value) {
  (void)place;
  (void)value;
  __asm volatile(
      "cmp r1, #0\n"
      "it ne\n"
      "strne r1, [r0]\n"
      "bx lr\n");
}

/// Half-words: wfi, nop, bx.
__attribute__((naked, noinline)) static void doze(void) {
  __asm volatile("wfi\n nop\n bx lr\n");
}

/// Half-words: bkpt, movs, bx. Only a debugger gets here.
__attribute__((naked, noinline, used)) static uint32_t stop_here(void) {
  __asm volatile("bkpt #1\n movs r0, #7\n bx lr\n");
}

/// No branch in it: several blocks of the engine, split where its limits are.
__attribute__((noinline)) static uint32_t mix(uint32_t a) {
#define ROUND(n)                                    \
  a = (a ^ table[(n) % 64]) + (a << 5 | a >> 27); \
  table[((n) * 7 + 1) % 64] = a
#define ROUNDS(n) \
  ROUND(n);       \
  ROUND(n + 1);   \
  ROUND(n + 2);   \
  ROUND(n + 3);   \
  ROUND(n + 4);   \
  ROUND(n + 5);   \
  ROUND(n + 6);   \
  ROUND(n + 7)
  ROUNDS(0);
  ROUNDS(8);
  ROUNDS(16);
  ROUNDS(24);
  ROUNDS(32);
  ROUNDS(40);
  ROUNDS(48);
  ROUNDS(56);
  ROUNDS(64);
  ROUNDS(72);
  ROUNDS(80);
  ROUNDS(88);
  return a;
}

IN_RAM static uint32_t add_in_ram(uint32_t a, uint32_t b) {
  return a * 3 + b;
}

/// Over its own instructions, so that anything put into them shows.
static uint32_t checksum(void) {
  uint32_t sum = 0;
  for (const uint32_t* word = (const uint32_t*)0x08000000; word < (const uint32_t*)0x08001000;) {
    sum = (sum << 1 | sum >> 31) ^ *word++;
  }
  return sum;
}

void sys_tick_handler(void) {
  ticks = ticks + 1;
  last_tick = DWT_CYCCNT;
}

int main(void) {
  clock_32_mhz();
  console();
  show("choose", (uint32_t)choose & ~1u);
  show("store_if", (uint32_t)store_if & ~1u);
  show("doze", (uint32_t)doze & ~1u);
  show("stop_here", (uint32_t)stop_here & ~1u);
  show("mix", (uint32_t)mix & ~1u);
  show("add_in_ram", (uint32_t)add_in_ram & ~1u);
  show("tick", (uint32_t)sys_tick_handler & ~1u);
  show("ticks", (uint32_t)&ticks);
  show("watched", (uint32_t)&watched);
  show("table", (uint32_t)table);
  print("begin\n");

  DEMCR |= 1u << 24;
  DWT_CYCCNT = 0;
  DWT_CTRL |= 1;
  SYST_RVR = 3200 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  uint32_t sum = 0;
  for (uint32_t round = 0; round < 4; ++round) {
    sum += choose(round + 3);
    store_if(&watched, round & 1 ? 0 : round + 10);
    sum = mix(sum);
    sum = add_in_ram(sum, round);
    doze();
  }
  const uint32_t cycles = DWT_CYCCNT;
  show("sum", sum);
  show("checksum", checksum());
  show("cycles", cycles);
  show("last tick", last_tick);
  show("count", ticks);
  return 0;
}

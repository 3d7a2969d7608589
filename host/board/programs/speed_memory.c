// SPDX-License-Identifier: MIT
// For the speed measurement: code that mostly writes memory, copying and filling buffers.
#include "chip.h"

static uint32_t from[512], to[512];

int main(void) {
  clock_32_mhz();
  console();
  for (uint32_t round = 0;; ++round) {
    for (uint32_t index = 0; index < 512; ++index) {
      *(volatile uint32_t*)&from[index] = round + index;
    }
    for (uint32_t index = 0; index < 512; ++index) {
      *(volatile uint32_t*)&to[index] = *(volatile uint32_t*)&from[index];
    }
  }
}

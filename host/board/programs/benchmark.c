// SPDX-License-Identifier: MIT
// Work for the speed measurement: CRC-32 bit by bit, with a SysTick interrupt every millisecond.
#include "chip.h"

static volatile uint32_t ticks;
void sys_tick_handler(void) {
  ticks = ticks + 1;
}

int main(void) {
  clock_32_mhz();
  console();
  SYST_RVR = 32000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  uint32_t crc = 0xFFFFFFFF;
  for (uint32_t round = 0; round < 200000; ++round) {
    crc ^= round & 0xFF;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
  }
  show("crc", ~crc);
  show("milliseconds", ticks);
  return 0;
}

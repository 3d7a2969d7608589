// SPDX-License-Identifier: MIT
// For the speed measurement: firmware that sleeps as one with ST's HAL does, woken up by SysTick
// every millisecond.
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
  for (;;) wait_for_interrupt();
}

// SPDX-License-Identifier: MIT
// Sleeps, woken up every 10 ms by SysTick.
#include "chip.h"

static volatile uint32_t ticks;
void sys_tick_handler(void) {
  ticks = ticks + 1;
}

int main(void) {
  clock_32_mhz();
  console();
  print("idle\n");
  SYST_RVR = 320000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  for (;;) wait_for_interrupt();
}

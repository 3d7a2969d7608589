// SPDX-License-Identifier: MIT
// The first sign of life: clocks, console, SysTick, sleep.
#include "chip.h"

static volatile uint32_t ticks;
void sys_tick_handler(void) {
  ticks = ticks + 1;
}

int main(void) {
  clock_32_mhz();
  console();
  print("hello\n");
  SYST_RVR = 32000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  while (ticks < 10) wait_for_interrupt();
  show("ticks", ticks);
  return 0;
}

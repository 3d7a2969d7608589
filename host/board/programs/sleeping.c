// SPDX-License-Identifier: MIT
// Sleep: the window between WFI and the next masking, WFE with its event register, sleep on exit.
#include "chip.h"

static volatile uint32_t ticks;
static volatile uint32_t limit;
void sys_tick_handler(void) {
  ticks = ticks + 1;
  if (limit != 0 && ticks >= limit) SCB_SCR = 0;
}
static volatile uint32_t taken;
void irq8_handler(void) {
  taken = taken + 1;
}

static uint32_t cycles(void) {
  return DWT_CYCCNT;
}

int main(void) {
  clock_32_mhz();
  console();
  DEMCR = 1u << 24;
  DWT_CTRL = 1;
  SYST_RVR = 32000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;

  // The usual idle loop: interrupts are masked but for one instruction.
  uint32_t rounds = 0;
  disable_interrupts();
  while (ticks < 50) {
    wait_for_interrupt();
    enable_interrupts();
    disable_interrupts();
    ++rounds;
  }
  enable_interrupts();
  show("rounds", rounds);

  // A pending interrupt that PRIMASK holds back ends WFI, and stays pending.
  NVIC_ISER0 = 1u << 8;
  SYST_CSR = 0;
  disable_interrupts();
  NVIC_ISPR0 = 1u << 8;
  wait_for_interrupt();
  show("taken while masked", taken);
  enable_interrupts();
  show("taken after", taken);

  // SEV sets the event register: the first WFE only clears it.
  __asm volatile("sev\n wfe" ::: "memory");
  print("first wfe passed\n");
  __asm volatile("sev");
  const uint32_t before = ticks;
  SYST_CVR = 0;
  SYST_CSR = 7;
  __asm volatile("wfe\n wfe" ::: "memory");  // the interrupt's entry and return are events
  SYST_CSR = 0;
  show("slept over a tick", ticks - before);

  // SEVONPEND: a pending interrupt is an event, even a disabled one.
  NVIC_ICER0 = 1u << 8;
  __asm volatile("sev\n wfe" ::: "memory");
  SCB_SCR = 1u << 4;
  NVIC_ISPR0 = 1u << 8;
  __asm volatile("wfe" ::: "memory");
  NVIC_ICPR0 = 1u << 8;
  SCB_SCR = 0;
  print("sevonpend passed\n");

  // SLEEPONEXIT: Thread mode is not seen until the handler says so.
  ticks = 0;
  limit = 5;
  uint32_t seen = 0;
  SCB_SCR = 1u << 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  while (ticks < 5) seen = ticks;
  SYST_CSR = 0;
  show("seen before the last tick", seen);
  show("cycles run", cycles() != 0);
  return 0;
}

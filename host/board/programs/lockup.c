// SPDX-License-Identifier: MIT
// A fault in the hard fault handler.
#include "chip.h"

void hard_fault_handler(void) {
  print("in the handler\n");
  (void)REG(0x30000000);
}

int main(void) {
  console();
  (void)REG(0x30000000);
  return 0;
}

// SPDX-License-Identifier: MIT
// What the fuzz targets with a whole board share: a small program, and a board that lives from
// input to input. Its engine's heap is large: leaks are looked for at the end of a run, not after
// every input. To be included once in a program.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/ensure.hpp"
#include "host/board/board.hpp"

namespace goldcrest::board::fuzzing {

/// A vector table, and a loop with an IT sequence, a push and a pop.
inline constexpr std::uint16_t program[] = {
    0x1000, 0x2000, 0x0041, 0x0800, 0x0041, 0x0800, 0x0041, 0x0800,  // SP, reset, NMI, hard fault
    0x0041, 0x0800, 0x0041, 0x0800, 0x0041, 0x0800, 0x0000, 0x0000,  //
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0041, 0x0800,  //
    0x0041, 0x0800, 0x0000, 0x0000, 0x0041, 0x0800, 0x0041, 0x0800,  // debug, PendSV, SysTick
    0x2005,                                                          // loop: movs r0, #5
    0x2805,                                                          // cmp r0, #5
    0xBF0C,                                                          // ite eq
    0x3101,                                                          // addeq r1, #1
    0x3202,                                                          // addne r2, #2
    0xB403,                                                          // push {r0, r1}
    0xBC0C,                                                          // pop {r2, r3}
    0xE7F7,                                                          // b loop
};

/// The state of a board that is about to start the program.
inline std::vector<std::uint8_t> fresh_state() {
  Board made({});
  made.power(true);
  std::vector<std::uint8_t> image;
  for (const std::uint16_t half_word : program) {
    image.push_back(static_cast<std::uint8_t>(half_word));
    image.push_back(static_cast<std::uint8_t>(half_word >> 8));
  }
  base::ensure(made.program(0x08000000, image).has_value());
  made.reset();
  return made.save();
}

}  // namespace goldcrest::board::fuzzing

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  static char at_the_end_only[] = "-detect_leaks=0";
  static std::vector<char*> all(*arguments, *arguments + *count);
  all.insert(all.begin() + 1, at_the_end_only);
  *count = static_cast<int>(all.size());
  all.push_back(nullptr);
  *arguments = all.data();
  return 0;
}

// SPDX-License-Identifier: MIT
// The end of the road for MTA and APP: a failed ensure() or an unexpected exception is told on the
// console, as far as that still works, and then the chip resets. What comes next is BOOT's
// business.
#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/ensure.hpp"
#include "firmware/chip/console.hpp"
#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/reset.hpp"

namespace goldcrest {
namespace {

void write_hex(std::uint32_t value) {
  std::array<char, 8> digits;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    *digit = "0123456789ABCDEF"[value & 15u];
    value >>= 4;
  }
  chip::console_write_now({digits.data(), digits.size()});
}

void write_decimal(std::uint32_t value) {
  std::array<char, 10> digits;
  auto first = digits.end();
  do {
    *--first = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  chip::console_write_now({first, static_cast<std::size_t>(digits.end() - first)});
}

}  // namespace

void base::ensure_failed(const char* file, std::uint32_t line) {
  chip::console_write_now("\n[FATAL: a check failed at ");
  chip::console_write_now(file);
  chip::console_write_now(":");
  write_decimal(line);
  chip::console_write_now("]\n");
  chip::reset();
}

// `frame` is what the exception entry pushed: R0 to R3, R12, LR, PC, xPSR (PM0056 2.3.7).
extern "C" [[noreturn, gnu::used]] void report_exception(const std::uint32_t* frame) {
  constexpr std::size_t lr = 5;
  constexpr std::size_t pc = 6;
  std::uint32_t number;
  asm volatile("mrs %0, ipsr" : "=r"(number));
  // Taken before anything is called: the stack begins anew at its top and may run over the frame. A
  // frame outside the RAM would fault again, inside a fault handler: lock-up.
  const auto address = reinterpret_cast<std::uint32_t>(frame);
  const bool readable = address >= 0x20000000 && address <= 0x20014000 - 32;
  const volatile std::uint32_t* pushed = frame;
  const std::uint32_t fault_pc = readable ? pushed[pc] : 0;
  const std::uint32_t fault_lr = readable ? pushed[lr] : 0;
  chip::console_write_now("\n[FATAL: exception ");
  write_decimal(number & 0x1FFu);
  chip::console_write_now(", CFSR ");
  write_hex(chip::scb().cfsr.read());
  chip::console_write_now(", PC ");
  write_hex(fault_pc);
  chip::console_write_now(", LR ");
  write_hex(fault_lr);
  chip::console_write_now("]\n");
  chip::reset();
}

extern "C" [[gnu::naked]] void unexpected_handler() {
  // After a stack overflow SP points below the RAM; reporting needs a stack, so it moves to the
  // top.
  asm volatile(
      "mrs r0, msp\n"
      "ldr r1, 1f\n"
      "mov sp, r1\n"
      "b report_exception\n"
      ".balign 4\n"
      "1: .word image_stack_end\n");
}

}  // namespace goldcrest

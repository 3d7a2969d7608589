// SPDX-License-Identifier: MIT
// The vector table and what runs before run_image(): the same for BOOT, MTA and APP.
//
// RAM from its first address: stack, .data, .bss (firmware/link/image.ld.in). The stack grows down
// towards the end of the RAM, so that an overflow is a bus fault and not a corrupted variable.
#include <cstddef>
#include <cstdint>

#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/stack.hpp"

extern "C" {
// From the linker script.
extern std::uint32_t image_stack_start[];
extern std::uint32_t image_stack_end[];
extern std::uint32_t image_data_start[];
extern std::uint32_t image_data_end[];
extern const std::uint32_t image_data_load[];
extern std::uint32_t image_bss_start[];
extern std::uint32_t image_bss_end[];
using Initializer = void (*)();
extern const Initializer image_init_array_start[];
extern const Initializer image_init_array_end[];

[[noreturn]] void reset_handler();

// libgcc's 64-bit division carries unwind tables that name this; nothing here ever unwinds.
void __aeabi_unwind_cpp_pr0() {}
}

namespace goldcrest::chip {
namespace {

using Handler = void (*)();

constexpr std::size_t system_exceptions = 15;
constexpr unsigned interrupt(Interrupt number) {
  return static_cast<unsigned>(number);
}

struct VectorTable {
  std::uint32_t* initial_stack;
  Handler exceptions[system_exceptions];  // 1 (reset) to 15 (SysTick)
};
struct InterruptTable {
  Handler interrupts[interrupt_count];
};
static_assert(sizeof(VectorTable) + sizeof(InterruptTable) == 0x124);

constexpr VectorTable make_vectors() {
  VectorTable table{};
  table.initial_stack = image_stack_end;
  for (auto& handler : table.exceptions) handler = unexpected_handler;
  table.exceptions[0] = reset_handler;
  table.exceptions[1] = nmi_handler;
  table.exceptions[2] = hard_fault_handler;
  table.exceptions[14] = systick_handler;
  return table;
}

constexpr InterruptTable make_interrupts() {
  InterruptTable table{};
  for (auto& handler : table.interrupts) handler = unexpected_handler;
  table.interrupts[interrupt(Interrupt::rtc_wakeup)] = rtc_wakeup_handler;
  table.interrupts[interrupt(Interrupt::exti9_5)] = exti9_5_handler;
  table.interrupts[interrupt(Interrupt::usart2)] = usart2_handler;
  table.interrupts[interrupt(Interrupt::exti15_10)] = exti15_10_handler;
  return table;
}

constexpr std::uint32_t stack_paint = 0xDEADBEEF;

}  // namespace

extern "C" [[gnu::section(".vectors"), gnu::used]] constinit const VectorTable image_vectors =
    make_vectors();
// The linker script puts it behind the other, or leaves it out of an image that takes none.
extern "C" [[gnu::section(".vectors.interrupts"),
             gnu::used]] constinit const InterruptTable image_interrupts = make_interrupts();

std::uint32_t stack_size() {
  return static_cast<std::uint32_t>(image_stack_end - image_stack_start) * 4;
}

void paint_stack() {
  std::uint32_t* top;
  asm volatile("mov %0, sp" : "=r"(top));
  for (volatile std::uint32_t* word = image_stack_start; word + 8 < top; ++word) {
    *word = stack_paint;
  }
}

std::uint32_t stack_high_water() {
  const volatile std::uint32_t* lowest = image_stack_start;
  while (lowest != image_stack_end && *lowest == stack_paint) ++lowest;
  return static_cast<std::uint32_t>(image_stack_end - lowest) * 4;
}

extern "C" void reset_handler() {
  run_first();
  // Volatile, so that the compiler does not turn these loops into calls of memset and memcpy.
  const volatile std::uint32_t* source = image_data_load;
  for (volatile std::uint32_t* word = image_data_start; word != image_data_end; ++word) {
    *word = *source++;
  }
  for (volatile std::uint32_t* word = image_bss_start; word != image_bss_end; ++word) *word = 0;

  scb().vtor.write(reinterpret_cast<std::uint32_t>(&image_vectors));
  data_barrier();
  for (const auto* initializer = image_init_array_start; initializer != image_init_array_end;
       ++initializer) {
    (*initializer)();
  }
  run_image();
}

}  // namespace goldcrest::chip

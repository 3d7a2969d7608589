// SPDX-License-Identifier: MIT
// What startup.cpp calls and the vector table names. A handler that an image does not define is
// unexpected_handler() there (the linker script sees to it); they are weak so that naming them in
// the table does not pull a driver into an image that has no use for it.
#pragma once

extern "C" {
/// The program, after start-up; each image defines it.
[[noreturn]] void run_image();
/// The same, first of all: before even its variables have their values.
void run_first();
/// Any exception without a handler of its own; each image has one.
[[noreturn]] void unexpected_handler();

[[gnu::weak]] void nmi_handler();
[[gnu::weak]] void hard_fault_handler();
[[gnu::weak]] void systick_handler();
[[gnu::weak]] void rtc_wakeup_handler();
[[gnu::weak]] void exti9_5_handler();
[[gnu::weak]] void exti15_10_handler();
[[gnu::weak]] void usart2_handler();
}

// SPDX-License-Identifier: MIT
// The interrupt handlers an image may define; the vector table of startup.cpp names them. Those that
// an image does not define end in unexpected_handler().
#pragma once

extern "C" {
void nmi_handler();
void hard_fault_handler();
void systick_handler();
void rtc_wakeup_handler();
void exti9_5_handler();
void exti15_10_handler();
void usart2_handler();
/// Any exception without a handler of its own.
[[noreturn]] void unexpected_handler();
}

// SPDX-License-Identifier: MIT
#include "firmware/app/button.hpp"

#include <atomic>
#include <chrono>

#include "firmware/chip/exti.hpp"
#include "firmware/chip/gpio.hpp"
#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/wake.hpp"

namespace goldcrest {
namespace app {
namespace {

constexpr unsigned line = 13;
constexpr unsigned interrupt_priority = 3;
constexpr base::Duration bounce_time = std::chrono::milliseconds(200);

constinit std::atomic<bool> pressed{false};
constinit base::Instant quiet_until{};

}  // namespace

void start_button() {
  chip::pins::button.configure(chip::PinMode::input);  // the board has a pull-up
  chip::interrupt_on_falling_edge(chip::Port::c, line);
  chip::enable_interrupt(chip::Interrupt::exti15_10, interrupt_priority);
}

bool take_button_press(base::Instant now) {
  if (!pressed.exchange(false)) return false;
  if (now < quiet_until) return false;
  quiet_until = now + bounce_time;
  return true;
}

}  // namespace app

extern "C" void exti15_10_handler() {
  if (chip::take_edge(app::line)) app::pressed.store(true);
  chip::request_wake();
}

}  // namespace goldcrest

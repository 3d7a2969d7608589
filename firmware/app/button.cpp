// SPDX-License-Identifier: MIT
#include "firmware/app/button.hpp"

#include <atomic>

#include "firmware/app/debouncer.hpp"
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

constinit std::atomic<bool> edge_seen{false};
constinit Debouncer debouncer;

}  // namespace

void start_button() {
  chip::pins::button.configure(chip::PinMode::input);  // the board has a pull-up
  chip::interrupt_on_falling_edge(chip::Port::c, line);
  chip::enable_interrupt(chip::Interrupt::exti15_10, interrupt_priority);
}

bool take_button_press(base::Instant now) {
  return debouncer.advance(now, edge_seen.exchange(false), !chip::pins::button.high());
}

base::Instant button_deadline() {
  return debouncer.next_deadline();
}

}  // namespace app

extern "C" void exti15_10_handler() {
  if (chip::take_edge(app::line)) app::edge_seen.store(true);
  chip::request_wake();
}

}  // namespace goldcrest

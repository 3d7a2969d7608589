// SPDX-License-Identifier: MIT
#include "firmware/boot/fatal.hpp"


#include "core/base/ensure.hpp"
#include "firmware/chip/clock.hpp"
#include "firmware/chip/gpio.hpp"
#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/watchdog.hpp"

namespace goldcrest {
namespace boot {
namespace {

// The MSI's reset frequency is 2.097 MHz; SysTick counts an eighth of it, every 0.2 s.
constexpr std::uint32_t tenths = 2'097'000 / 8 / 10;
constexpr unsigned pause_steps = 8;
// 20 to 48 s of blinking before BOOT tries again. A round takes 4.8 s at most, the watchdog 18.7 s
// at least.
constexpr unsigned rounds = 10;

// Waits for one step of 0.2 s by polling, on the slow MSI: no handler is needed, and within a fault
// handler SysTick could not end a WFI.
void step() {
  while ((chip::scb().icsr.read() & chip::scb_icsr::pendstset) == 0) {
  }
  chip::scb().icsr.write(chip::scb_icsr::pendstclr);
}

}  // namespace

void blink(Fatal error) {
  chip::disable_interrupts();
  chip::restore_reset_clock();
  chip::enable_gpio();
  chip::pins::led.configure(chip::PinMode::output);
  chip::systick().load.write(2 * tenths - 1);
  chip::systick().val.write(0);
  chip::systick().ctrl.write(chip::systick_ctrl::enable | chip::systick_ctrl::tickint);
  // What stopped BOOT may have passed: a node that nobody looks after must not stay dark for it.
  // The reset comes within the pause, so that no round is cut short and misread; should even this
  // code fail, the watchdog resets.
  chip::start_watchdog();
  for (unsigned round = 0; round < rounds; ++round) {
    chip::kick_watchdog();
    for (unsigned i = 0; i < static_cast<unsigned>(error); ++i) {
      chip::pins::led.set(true);
      step();
      chip::pins::led.set(false);
      step();
    }
    for (unsigned i = 0; i < pause_steps; ++i) step();
  }
  chip::scb().aircr.write(chip::scb_aircr::vectkey | chip::scb_aircr::sysresetreq);
  for (;;) {
  }
}

}  // namespace boot

void base::ensure_failed(const char*, std::uint32_t) {
  boot::stop(boot::Fatal::internal);
}

extern "C" void unexpected_handler() {
  boot::stop(boot::Fatal::internal);
}

}  // namespace goldcrest

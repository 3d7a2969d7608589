// SPDX-License-Identifier: MIT
// BOOT: runs at every reset, checks itself, and starts the MTA (jumper on PA0) or the application
// that update::decide() chose. docs/boot.md.
#include <bit>

#include "core/base/forget.hpp"
#include "core/crypto/sha256.hpp"
#include "core/image/factory.hpp"
#include "core/image/verify.hpp"
#include "core/update/boot_decision.hpp"
#include "core/update/policy.hpp"
#include "firmware/boot/boot_flash.hpp"
#include "firmware/boot/fatal.hpp"
#include "firmware/boot/jump.hpp"
#include "firmware/boot/self_test.hpp"
#include "firmware/chip/clock.hpp"
#include "firmware/chip/execution.hpp"
#include "firmware/chip/gpio.hpp"
#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/watchdog.hpp"

namespace goldcrest::boot {
namespace {

constexpr unsigned boot_size_exponent = std::countr_zero(image::boot_section.size);
static_assert(image::boot_section.size == 1u << boot_size_exponent &&
              image::boot_section.base % image::boot_section.size == 0);

bool jumper_set() {
  chip::enable_gpio();
  chip::pins::jumper.configure(chip::PinMode::input, chip::Pull::down);
  // The pull-down (some 40 kΩ) against the capacity of pin and wire: microseconds. This loop takes
  // over a hundred, and one low reading is enough to say that nothing holds the pin up.
  constexpr unsigned readings = 400;
  bool high = true;
  for (unsigned i = 0; i < readings; ++i) high = high && chip::pins::jumper.high();
  return high;
}

bool mta_unchanged(const image::Factory& factory) {
  if (factory.mta_size == 0) return false;
  const auto* start = reinterpret_cast<const std::uint8_t*>(image::mta_section.base);
  return crypto::Sha256::of({start, factory.mta_size}) == factory.mta_digest;
}

/// The second verification; 0 when it fails. The answer is in a register: whoever comes here
/// astray, or with pointers that are wrong, must not find an older answer in memory.
[[gnu::noinline]] image::Address verified_again(const image::VerifiedImage& first) {
  BootFlash flash;
  const auto factory = image::read_factory(flash);
  if (!factory) return 0;
  const auto image = image::verify_again(flash, first, *factory);
  return image && update::permitted(flash, *factory, *image) ? image->vector_table() : 0;
}

/// Whatever is started has been verified twice, and until then the CPU executes nothing but BOOT:
/// an instruction that is skipped makes one verification pass, or the CPU go astray, but not both.
/// The application is hashed once only, for no skipped instruction makes a wrong digest right.
[[noreturn]] void boot() {
  // At the clock the chip starts with, the test of the RAM alone would take 0.2 s.
  if (!chip::run_at_full_speed()) stop(Fatal::clock);
  if (!ram_holds()) stop(Fatal::ram);

  BootFlash flash;
  const auto factory = image::read_factory(flash);
  if (!factory || !boot_unchanged(*factory)) stop(Fatal::boot_damaged);
  if (!cryptography_works()) stop(Fatal::cryptography);

  if (jumper_set()) {
    if (!mta_unchanged(*factory)) stop(Fatal::mta_damaged);
    base::forget();
    if (!mta_unchanged(*factory)) stop(Fatal::mta_damaged);
    start_program(image::mta_section.base, image::mta_section.base);
  }
  const auto choice = update::decide(flash, *factory);
  if (!choice) {
    stop(choice.error() == update::BootError::flash ? Fatal::flash : Fatal::no_application);
  }
  const image::Address again = verified_again(choice->image);
  if (again == 0) stop(Fatal::no_application);
  // An image on trial is watched from its first instruction.
  if (choice->trial) chip::start_watchdog();
  start_program(choice->image.vector_table(), again);
}

}  // namespace
}  // namespace goldcrest::boot

extern "C" void run_first() {
  using namespace goldcrest;
  chip::execute_only(image::boot_section.base, boot::boot_size_exponent);
}

extern "C" void run_image() {
  goldcrest::boot::boot();
}

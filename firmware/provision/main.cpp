// SPDX-License-Identifier: MIT
// The MTA: the menu on the serial console, its settings in DATA. BOOT starts it when the jumper on
// PA0 is set at reset.
#include "core/base/ensure.hpp"
#include "core/image/info.hpp"
#include "core/update/slots.hpp"
#include "firmware/chip/clock.hpp"
#include "firmware/chip/console.hpp"
#include "firmware/chip/flash.hpp"
#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/reset.hpp"
#include "firmware/chip/time.hpp"
#include "firmware/provision/device_actions.hpp"
#include "firmware/provision/menu.hpp"

namespace goldcrest::provision {
namespace {

class Console final : public text::Output {
 public:
  void write(std::string_view text) override { chip::console_write(text); }
};

base::Version own_version(image::Flash& flash) {
  const auto info = image::read_info(flash, image::mta_section.base);
  return info ? info->version : base::Version{};
}

[[noreturn]] void provision() {
  base::ensure(chip::run_at_full_speed());
  (void)chip::take_reset_cause();  // the next start of the application has a cause of its own
  chip::start_time();
  chip::start_console();

  Console console;
  chip::ChipFlash flash;
  update::Records records(flash);
  const auto opened = records.open();
  DeviceActions actions(flash, records);
  const auto settings = opened ? update::load_settings(records) : std::unexpected(opened.error());
  if (!settings) {
    text::Printer(console)
        .text("the settings cannot be read: ")
        .text(update::describe(settings.error()))
        .line();
  }
  Menu menu(settings ? *settings : update::Settings{}, own_version(flash), console, actions);
  menu.start();
  for (;;) {
    while (const auto c = chip::console_read()) menu.type(*c);
    chip::sleep_until(base::never);
  }
}

}  // namespace
}  // namespace goldcrest::provision

extern "C" void run_first() {}

extern "C" void run_image() {
  goldcrest::provision::provision();
}

// SPDX-License-Identifier: MIT
// Start of the application: brings the chip up, finds out who and where it is, prints the banner
// and hands over to Application.
#include "core/base/ensure.hpp"
#include "core/image/info.hpp"
#include "core/update/secure_context.hpp"
#include "core/update/settings.hpp"
#include "core/update/slots.hpp"
#include "firmware/app/application.hpp"
#include "firmware/app/banner.hpp"
#include "firmware/app/button.hpp"
#include "firmware/chip/clock.hpp"
#include "firmware/chip/console.hpp"
#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/reset.hpp"
#include "firmware/chip/spi.hpp"
#include "firmware/chip/stack.hpp"
#include "firmware/chip/time.hpp"
#include "firmware/chip/unique_id.hpp"
#include "firmware/chip/watchdog.hpp"

namespace goldcrest::app {
namespace {

class Console final : public text::Output {
 public:
  void write(std::string_view text) override { chip::console_write(text); }
};

/// What the application cannot do without: says so and resets, for BOOT to judge.
template <typename T>
const T& required(text::Output& console, const std::optional<T>& value, std::string_view what) {
  if (!value) {
    text::Printer(console).text("[FATAL: ").text(what).text("]").line();
    chip::reset();
  }
  return *value;
}

template <typename T, typename E>
std::optional<T> value_of(const std::expected<T, E>& result) {
  return result ? std::optional<T>(*result) : std::nullopt;
}

/// How often the device has started, this time included.
std::uint32_t count_start(update::Records& records) {
  const auto stored = value_of(update::load_number(records, update::RecordKey::random_seed));
  return (stored ? stored->value_or(0) : 0) + 1;
}

/// Stirs the unique id, the count of starts and the radio's noise into the seed.
void seed(chip::ChipRandom& random, update::Records& records, chip::Spirit1& radio,
          std::uint32_t start) {
  for (const auto word : chip::unique_id()) {
    std::array<std::uint8_t, 4> bytes;
    base::store_le32(bytes.data(), word);
    random.stir(bytes);
  }
  // Not fatal: the radio's noise alone still makes this boot another.
  (void)update::save_number(records, update::RecordKey::random_seed, start);
  std::array<std::uint8_t, 4> bytes;
  base::store_le32(bytes.data(), start);
  random.stir(bytes);
  random.stir(radio.noise());
}

/// Without its memory the device goes on: it may fetch once more what it has rejected.
UpdateMemory remember(text::Output& console, chip::ChipFlash& flash, update::Records& records,
                      image::Slot slot) {
  const auto memory = recall(flash, records, slot);
  if (memory) return *memory;
  text::Printer(console).text("[DATA: ").text(update::describe(memory.error())).text("]").line();
  return {};
}

using FoundContext = std::expected<std::optional<oscore::Context>, update::SecureContextError>;

/// The device's end of the context that was provisioned.
FoundContext context_of(update::Records& records) {
  const auto shared = update::load_secure_context(records);
  if (!shared) return std::unexpected(shared.error());
  if (!*shared) return std::nullopt;
  const auto bytes = [](const auto& field) { return base::Bytes(field.data(), field.size()); };
  auto context = oscore::Context::derive({.master_secret = bytes((*shared)->master_secret),
                                          .master_salt = bytes((*shared)->master_salt),
                                          .sender_id = bytes((*shared)->device_id),
                                          .recipient_id = bytes((*shared)->server_id)});
  if (!context) return std::unexpected(update::SecureContextError::unknown);
  return context;
}

Start find_out(text::Output& console, chip::ChipFlash& flash, update::Records& records) {
  const auto slot = required(console, update::slot_at(reinterpret_cast<std::uint32_t>(&find_out)),
                             "not running from a slot");
  const auto manifest = value_of(image::read_manifest(flash, slot));
  const auto settings = value_of(update::load_settings(records));
  const auto count = count_start(records);
  const auto context = context_of(records);
  const auto interval = value_of(update::load_number(records, update::RecordKey::poll_interval));
  Start start{
      .running = required(console, update::running_image(flash, slot), "no manifest"),
      .status = required(console, value_of(image::read_status(flash, slot)), "slot state"),
      .running_digest = required(console, manifest, "no manifest").digest,
      .factory = required(console, value_of(image::read_factory(flash)), "no factory block"),
      .versions = update::read_versions(flash),
      .eui64 = chip::eui64_from(chip::unique_id()),
      .memory = remember(console, flash, records, slot),
      .server = std::nullopt,
      .poll_interval = std::nullopt,
      .context = value_of(context).value_or(std::nullopt),
      .context_error = context ? std::nullopt : std::optional(context.error()),
      // Unreadable counts as used up: better silent than with a nonce for the second time.
      .first_sequence =
          value_of(role::RecordSequence(records).first(count)).value_or(oscore::sequence_limit),
      .start = count};
  if (settings && settings->server_address)
    start.server = wire::Ipv6Address{*settings->server_address};
  if (interval && *interval) start.poll_interval = std::chrono::seconds(**interval);
  return start;
}

[[noreturn]] void start() {
  base::ensure(chip::run_at_full_speed());
  chip::start_watchdog();
  chip::start_time();
  chip::start_console();
  chip::start_spi();
  start_button();
  const auto cause = chip::take_reset_cause();

  static Console console;
  static chip::ChipFlash flash;
  static update::Records records(flash);
  if (const auto opened = records.open(); !opened) {
    text::Printer(console).text("[DATA: ").text(update::describe(opened.error())).text("]").line();
  }
  static const Start facts = find_out(console, flash, records);
  print_banner(console, {.product = facts.factory.product.text(),
                         .version = facts.running.version(),
                         .slot = facts.running.slot,
                         .status = facts.status,
                         .versions = facts.versions,
                         .reset_cause = chip::describe(cause),
                         .server = facts.server,
                         .protected_conversation = facts.context.has_value(),
                         .context_error = facts.context_error});

  static chip::Spirit1 radio;
  if (const auto started = radio.start(chip::profile_915_mhz); !started) {
    text::Printer(console).text("[FATAL: ").text(chip::describe(started.error())).text("]").line();
    chip::reset();
  }
  static chip::ChipRandom random;
  seed(random, records, radio, facts.start);
  static Application application(facts, console, flash, records, random, radio);
  application.run();
}

}  // namespace
}  // namespace goldcrest::app

extern "C" void run_first() {}

extern "C" void run_image() {
  goldcrest::chip::paint_stack();
  goldcrest::app::start();
}

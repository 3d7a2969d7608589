// SPDX-License-Identifier: MIT
// The MTA fed serial bytes, on a flash that the input has changed before: the menu with the real
// settings, records and slots. Bytes of 0xE0 and above, which the console ignores, cut the power at
// one of the next flash operations instead, and the MTA starts again.
//
// What it prints is text, without control sequences of its own or of anybody else's and without the
// passkey; it writes the DATA section and the state of slots only; and settings that it has called
// saved are there after the next start, while a cut leaves old or new ones.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

#include "core/update/test_device.hpp"
#include "firmware/provision/device_actions.hpp"
#include "firmware/provision/menu.hpp"

using namespace goldcrest;

namespace {

using image::Slot;
using Result = std::expected<void, image::FlashError>;

/// The flash as the MTA may use it.
class MtaFlash final : public image::Flash {
 public:
  explicit MtaFlash(sim::SimulatedFlash& flash) : flash_(flash) {}

  Result read(image::Address address, base::MutableBytes out) override {
    return flash_.read(address, out);
  }
  Result erase_page(image::Address address) override {
    if (!image::data_section.contains(address)) std::abort();
    return flash_.erase_page(address);
  }
  Result program_word(image::Address address, std::uint32_t value) override {
    if (!image::data_section.contains(address) && !state(Slot::app1, address) &&
        !state(Slot::app2, address)) {
      std::abort();
    }
    return flash_.program_word(address, value);
  }
  Result program_half_page(image::Address address, base::Bytes data) override {
    if (!image::data_section.contains(address)) std::abort();
    return flash_.program_half_page(address, data);
  }

 private:
  static bool state(Slot slot, image::Address address) {
    const auto section = image::section_of(slot);
    return section.contains(address) && address >= section.base + image::state_offset;
  }

  sim::SimulatedFlash& flash_;
};

class Console final : public text::Output {
 public:
  void write(std::string_view text) override {
    if (!std::ranges::all_of(text, allowed)) std::abort();
    written += text;
  }
  std::string written;

 private:
  static bool allowed(char c) {
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\a' || c == '\b';
  }
};

/// Notes what the menu wanted to save, and what it believes to have saved.
class NotingActions final : public provision::MenuActions {
 public:
  explicit NotingActions(provision::DeviceActions& actions) : actions_(actions) {}

  std::expected<void, std::string_view> save(const update::Settings& settings) override {
    attempted = settings;
    const auto done = actions_.save(settings);
    if (done) saved = settings;
    return done;
  }
  std::expected<bool, update::SecureContextError> has_secure_context() override {
    return actions_.has_secure_context();
  }
  std::expected<void, std::string_view> save_secure_context(
      const std::optional<update::SecureContext>& context) override {
    return actions_.save_secure_context(context);
  }
  std::expected<provision::RollbackOffer, std::string_view> rollback_possible() override {
    return actions_.rollback_possible();
  }
  std::expected<void, std::string_view> roll_back() override { return actions_.roll_back(); }

  std::optional<update::Settings> attempted;
  std::optional<update::Settings> saved;

 private:
  provision::DeviceActions& actions_;
};

/// A device that may roll back, with what the input says about its DATA section and slots.
sim::SimulatedFlash device(base::ByteReader& input) {
  static const auto updated = [] {
    auto flash = update::testing::device();
    const auto newer =
        image::testing::make_image({.version = update::testing::new_version, .seed = 2});
    image::testing::lay_out(flash, Slot::app2, newer, image::SlotState::confirmed);
    return flash;
  }();
  auto flash = updated;
  if (const auto settings = input.bytes(std::min<std::size_t>(input.u8() % 64u, input.remaining()));
      !settings.empty()) {
    update::Records records(flash);
    if (records.open()) (void)records.write(update::RecordKey::settings, settings);
  }
  for (auto changes = input.u8() % 8u; changes > 0 && input.remaining() >= 3; --changes) {
    const auto place = input.le16();
    const auto address = (place & 0x8000u) != 0
                             ? image::app2_section.base + image::manifest_offset + place % 4096u
                             : image::data_section.base + place % image::data_section.size;
    std::array<std::uint8_t, 4> word;
    std::ranges::copy(flash.memory({address / 4 * 4, 4}), word.begin());
    word[address % 4] ^= input.u8();
    flash.load(address / 4 * 4, word);
  }
  return flash;
}

class Session {
 public:
  explicit Session(sim::SimulatedFlash& flash) : chip_(flash), flash_(flash) {}

  /// From one start of the MTA to the next power cut or the end of the input.
  void start(base::ByteReader& input) {
    update::Records records(flash_);
    provision::DeviceActions device(flash_, records);
    NotingActions actions(device);
    Console console;
    std::string typed;
    try {
      const auto opened = records.open();
      const auto settings =
          opened ? update::load_settings(records) : std::unexpected(opened.error());
      check(settings);
      auto shown = settings ? *settings : update::Settings{};
      if (shown.wifi_passkey) shown.wifi_passkey = update::Text<63>::from(secret);
      provision::Menu menu(shown, {1, 0, 0}, console, actions);
      menu.start();
      while (input.remaining() > 0) take(input.u8(), menu, typed);
    } catch (const sim::PowerCut&) {
    }
    chip_.disarm();
    if (console.written.contains(secret) && !typed.contains(secret)) std::abort();
    if (actions.saved) stored_ = actions.saved;
    if (actions.attempted != actions.saved) attempted_ = actions.attempted;
  }

 private:
  static constexpr std::string_view secret = "Zq7#kV!9wPx2";

  void take(std::uint8_t byte, provision::Menu& menu, std::string& typed) {
    if (byte >= 0xE0) {
      chip_.reset_operations();
      chip_.cut_at(byte % 16u, byte < 0xF0 ? sim::CutPoint::inside : sim::CutPoint::after, byte);
      return;
    }
    const auto c = static_cast<char>(byte);
    if (c >= ' ' && c <= '~') typed += c;
    menu.type(c);
  }

  /// What was loaded or saved last is what is loaded, unless a later attempt has been cut off.
  void check(const std::expected<update::Settings, update::RecordError>& settings) {
    if (stored_) {
      if (!settings) std::abort();
      if (*settings != *stored_ && (!attempted_ || *settings != *attempted_)) std::abort();
    }
    if (settings) stored_ = *settings;
    attempted_.reset();
  }

  sim::SimulatedFlash& chip_;
  MtaFlash flash_;
  std::optional<update::Settings> stored_;
  std::optional<update::Settings> attempted_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::ByteReader input({data, std::min<std::size_t>(size, 1024)});
  auto flash = device(input);
  Session session(flash);
  while (input.remaining() > 0) session.start(input);
  session.start(input);
  return 0;
}

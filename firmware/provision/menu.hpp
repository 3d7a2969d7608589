// SPDX-License-Identifier: MIT
// The MTA's menu: shows the settings, takes new ones, saves them, rolls back an update. It knows no
// chip: characters come in, text goes out, and what has to be kept goes through MenuActions.
// docs/console.md shows it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/version.hpp"
#include "core/update/secure_context.hpp"
#include "core/update/settings.hpp"
#include "firmware/provision/line_editor.hpp"
#include "firmware/text/printer.hpp"

namespace goldcrest::provision {

struct RollbackOffer {
  base::Version from;  ///< what runs now
  base::Version to;    ///< older, and fit to run
};

/// Port: what the menu does to the device. Errors are words for people.
class MenuActions {
 public:
  virtual std::expected<void, std::string_view> save(const update::Settings& settings) = 0;
  /// Whether it has one; or that it was given one and does not know it any more.
  virtual std::expected<bool, update::SecureContextError> has_secure_context() = 0;
  /// Nothing: the device has none any more.
  virtual std::expected<void, std::string_view> save_secure_context(
      const std::optional<update::SecureContext>& context) = 0;
  /// Or why there is nothing to offer.
  virtual std::expected<RollbackOffer, std::string_view> rollback_possible() = 0;
  /// Carries out what rollback_possible() offered.
  virtual std::expected<void, std::string_view> roll_back() = 0;

 protected:
  ~MenuActions() = default;
};

class Menu {
 public:
  /// `saved` is what DATA holds.
  Menu(const update::Settings& saved, base::Version mta_version, text::Output& output,
       MenuActions& actions);

  /// Shows the menu for the first time.
  void start();
  /// One character from the console; anything may come in.
  void type(char c);

  bool unsaved_changes() const { return edited_ != saved_; }

 private:
  enum class Field : std::uint8_t {
    none,  // the menu itself
    wifi_ssid,
    wifi_security,
    wifi_passkey,
    device_1,
    device_2,
    device_3,
    server_address,
    secure_context,
    rollback,
  };

  void show();
  void show_secure_context();
  void show_value(std::string_view key, std::string_view name, std::string_view value);
  void prompt();
  void ask(Field field, std::string_view name);
  void take_line(std::string_view line);
  void choose(std::string_view option);
  void take_value(std::string_view value);
  void take_address(std::string_view value);
  void take_secure_context(std::string_view value);
  void save();
  void offer_rollback();
  void answer_rollback(char answer);
  void message(std::string_view text);
  text::Printer print() { return text::Printer(output_); }

  update::Settings saved_;
  update::Settings edited_;
  base::Version version_;
  text::Output& output_;
  MenuActions& actions_;
  LineEditor editor_;
  Field field_ = Field::none;
  std::expected<RollbackOffer, std::string_view> rollback_ = std::unexpected("");
};

}  // namespace goldcrest::provision

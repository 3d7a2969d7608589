// SPDX-License-Identifier: MIT
#include "firmware/provision/menu.hpp"

#include <algorithm>
#include <array>

#include "core/wire/address.hpp"

namespace goldcrest::provision {
namespace {

constexpr std::string_view not_set = "not set";
constexpr std::array<std::string_view, 5> security_types{"none", "WEP", "WPA", "WPA2", "WPA3"};
constexpr std::size_t shortest_passkey = 8;  // IEEE 802.11: a passphrase has 8 to 63 characters

template <std::size_t Capacity>
std::string_view shown(const std::optional<update::Text<Capacity>>& value) {
  return value ? value->view() : not_set;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

/// As it is written in security_types; nothing when it is none of them.
std::optional<std::string_view> security_type(std::string_view value) {
  for (const auto type : security_types) {
    if (same_word(type, value)) return type;
  }
  return std::nullopt;
}

/// Nobody answers from an address that is unspecified, multicast or, of IPv4, in 0.0.0.0/8 or above
/// 223 (RFC 6890).
bool may_be_a_server(const wire::Ipv6Address& address) {
  if (address.ipv4_mapped()) return address.bytes[12] > 0 && address.bytes[12] < 224;
  return !address.unspecified() && !address.multicast();
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// True when `value` fits; "-" makes the setting not set.
template <std::size_t Capacity>
bool assign(std::optional<update::Text<Capacity>>& setting, std::string_view value) {
  if (value == "-") {
    setting.reset();
    return true;
  }
  const auto text = update::Text<Capacity>::from(value);
  if (text) setting = text;
  return text.has_value();
}

}  // namespace

Menu::Menu(const update::Settings& saved, base::Version mta_version, text::Output& output,
           MenuActions& actions)
    : saved_(saved),
      edited_(saved),
      version_(mta_version),
      output_(output),
      actions_(actions),
      editor_(output) {}

void Menu::start() {
  rollback_ = actions_.rollback_possible();
  print().text("\nGoldcrest manufacturing and provisioning application ").version(version_).line();
  show();
}

void Menu::show_value(std::string_view key, std::string_view name, std::string_view value) {
  print().text("  ").text(key).text("  ").text(name).text(": ").text(value).line();
}

void Menu::show() {
  print().text("\nWiFi settings").line();
  show_value("1", "SSID", shown(edited_.wifi_ssid));
  show_value("2", "security type", shown(edited_.wifi_security));
  show_value("3", "passkey", edited_.wifi_passkey ? "set" : not_set);
  print().text("Device settings").line();
  show_value("7", "device field 1", shown(edited_.device_fields[0]));
  show_value("8", "device field 2", shown(edited_.device_fields[1]));
  show_value("9", "device field 3", shown(edited_.device_fields[2]));
  print().text("OTA settings").line();
  print().text("  a  OTA server IP address: ");
  if (edited_.server_address) {
    print().address(wire::Ipv6Address{*edited_.server_address}).line();
  } else {
    print().text(not_set).line();
  }
  show_secure_context();
  if (unsaved_changes()) print().text("There are unsaved changes.\n  4  save").line();
  if (rollback_) print().text("  5  roll back a firmware update").line();
  prompt();
}

void Menu::show_secure_context() {
  const auto known = actions_.has_secure_context();
  const auto set = [&] { return *known ? "set" : not_set; };
  show_value("b", "security context", known ? set() : update::describe(known.error()));
  if (!known) print().text("     set it again: the device does not ask its server without").line();
}

void Menu::prompt() {
  field_ = Field::none;
  print().text("option> ");
  editor_.begin(LineEditor::Echo::plain);
}

void Menu::message(std::string_view text) {
  print().text(text).line();
  show();
}

void Menu::type(char c) {
  if (field_ == Field::rollback && (lower(c) == 'y' || lower(c) == 'n')) {
    print().text({&c, 1}).line();
    answer_rollback(lower(c));
    return;
  }
  switch (editor_.type(c)) {
    case LineEditor::Event::none:
    case LineEditor::Event::full:
      return;
    case LineEditor::Event::cancelled:
      message("cancelled");
      return;
    case LineEditor::Event::line:
      take_line(editor_.line());
      return;
  }
}

void Menu::take_line(std::string_view line) {
  switch (field_) {
    case Field::none:
      choose(trim(line));
      return;
    case Field::rollback:
      message("answer y or n: nothing was rolled back");
      return;
    default:
      take_value(line);
      return;
  }
}

void Menu::choose(std::string_view option) {
  if (option.empty()) return show();
  const char key = option.size() == 1 ? lower(option[0]) : '\0';
  switch (key) {
    case '1':
      return ask(Field::wifi_ssid, "SSID");
    case '2':
      return ask(Field::wifi_security, "security type (none, WEP, WPA, WPA2, WPA3)");
    case '3':
      return ask(Field::wifi_passkey, "passkey");
    case '4':
      return save();
    case '5':
      return offer_rollback();
    case '7':
      return ask(Field::device_1, "device field 1");
    case '8':
      return ask(Field::device_2, "device field 2");
    case '9':
      return ask(Field::device_3, "device field 3");
    case 'a':
      return ask(Field::server_address, "OTA server IP address");
    case 'b':
      return ask(Field::secure_context, "security context (saved at once)");
    default:
      break;
  }
  print().text("unknown option: ").text(option).line();
  show();
}

void Menu::ask(Field field, std::string_view name) {
  field_ = field;
  print().text(name).text(", - for not set> ");
  const bool secret = field == Field::wifi_passkey || field == Field::secure_context;
  editor_.begin(secret ? LineEditor::Echo::stars : LineEditor::Echo::plain);
}

void Menu::take_value(std::string_view value) {
  if (value.empty()) return message("unchanged");
  constexpr std::string_view too_long = "too long: at most 32 characters";
  switch (field_) {
    case Field::wifi_ssid:
      return assign(edited_.wifi_ssid, value) ? show() : message(too_long);
    case Field::wifi_security: {
      const auto type =
          trim(value) == "-" ? std::optional(trim(value)) : security_type(trim(value));
      if (!type) return message("not a security type: none, WEP, WPA, WPA2 or WPA3");
      (void)assign(edited_.wifi_security, *type);
      return show();
    }
    case Field::wifi_passkey:
      if ((value.size() < shortest_passkey && value != "-") ||
          !assign(edited_.wifi_passkey, value)) {
        editor_.wipe();
        return message("not a passkey: it has 8 to 63 characters");
      }
      editor_.wipe();
      return show();
    case Field::device_1:
      return assign(edited_.device_fields[0], value) ? show() : message(too_long);
    case Field::device_2:
      return assign(edited_.device_fields[1], value) ? show() : message(too_long);
    case Field::device_3:
      return assign(edited_.device_fields[2], value) ? show() : message(too_long);
    case Field::server_address:
      return take_address(trim(value));
    case Field::secure_context:
      return take_secure_context(trim(value));
    case Field::none:
    case Field::rollback:
      return show();
  }
}

void Menu::take_address(std::string_view value) {
  if (value == "-") {
    edited_.server_address.reset();
    return show();
  }
  const auto address = wire::Ipv6Address::parse(value);
  if (!address || !may_be_a_server(*address)) {
    print().text("not an IP address: ").text(value).line();
    return show();
  }
  edited_.server_address = address->bytes;
  show();
}

// A record of its own, which is never shown again.
void Menu::take_secure_context(std::string_view value) {
  const bool forget = value == "-";
  const auto context = update::parse_secure_context_text(value);
  editor_.wipe();
  if (!forget && !context) return message("not a security context: see goldcrest oscore provision");
  if (const auto done = actions_.save_secure_context(context); !done) {
    print().text("not saved: ").text(done.error()).line();
    return show();
  }
  message("saved");
}

void Menu::save() {
  if (!unsaved_changes()) return message("there is nothing to save");
  if (const auto done = actions_.save(edited_); !done) {
    print().text("not saved: ").text(done.error()).line();
    return show();
  }
  saved_ = edited_;
  message("saved");
}

void Menu::offer_rollback() {
  if (!rollback_) return message(rollback_.error());
  field_ = Field::rollback;
  print().text("rollback to version ").version(rollback_->to);
  print().text(" from ").version(rollback_->from).text(" y/n? ");
  editor_.begin(LineEditor::Echo::plain);
}

void Menu::answer_rollback(char answer) {
  if (answer != 'y') return message("nothing was rolled back");
  if (const auto done = actions_.roll_back(); !done) {
    print().text("not rolled back: ").text(done.error()).line();
  } else {
    print().text("rolled back to version ").version(rollback_->to);
    print().text(": take off the jumper and reset the board").line();
  }
  rollback_ = actions_.rollback_possible();
  show();
}

}  // namespace goldcrest::provision

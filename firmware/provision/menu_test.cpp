// SPDX-License-Identifier: MIT
#include "firmware/provision/menu.hpp"

#include <gmock/gmock.h>

#include <random>
#include <string>

#include "core/wire/address.hpp"
#include "firmware/text/test_output.hpp"

namespace goldcrest::provision {
namespace {

using testing::HasSubstr;
using testing::Not;

class FakeActions final : public MenuActions {
 public:
  std::expected<void, std::string_view> save(const update::Settings& settings) override {
    if (!save_error.empty()) return std::unexpected(save_error);
    saved = settings;
    ++saves;
    return {};
  }
  std::expected<bool, update::SecureContextError> has_secure_context() override {
    if (context_error) return std::unexpected(*context_error);
    return context.has_value();
  }
  std::expected<void, std::string_view> save_secure_context(
      const std::optional<update::SecureContext>& value) override {
    if (!save_error.empty()) return std::unexpected(save_error);
    context = value;
    context_error.reset();
    return {};
  }
  std::expected<RollbackOffer, std::string_view> rollback_possible() override {
    if (!offer) return std::unexpected(no_offer);
    return *offer;
  }
  std::expected<void, std::string_view> roll_back() override {
    if (!roll_back_error.empty()) return std::unexpected(roll_back_error);
    offer.reset();
    ++rollbacks;
    return {};
  }

  update::Settings saved;
  std::optional<update::SecureContext> context;
  std::optional<update::SecureContextError> context_error;
  int saves = 0;
  int rollbacks = 0;
  std::optional<RollbackOffer> offer;
  std::string_view no_offer = "there is no older application to return to";
  std::string_view save_error;
  std::string_view roll_back_error;
};

class MenuTest : public testing::Test {
 protected:
  std::string start(const update::Settings& settings = {}) {
    menu_.emplace(settings, base::Version{1, 0, 0}, output_, actions_);
    menu_->start();
    return output_.take();
  }
  /// Types `text`, "\r" being Enter, and returns what appeared.
  std::string type(std::string_view text) {
    for (const char c : text) menu_->type(c);
    return output_.take();
  }

  text::CapturedOutput output_;
  FakeActions actions_;
  std::optional<Menu> menu_;
};

TEST_F(MenuTest, FirstShowsEverythingAsNotSet) {
  EXPECT_EQ(start(),
            "\nGoldcrest manufacturing and provisioning application 1.0.0\n"
            "\nWiFi settings\n"
            "  1  SSID: not set\n"
            "  2  security type: not set\n"
            "  3  passkey: not set\n"
            "Device settings\n"
            "  7  device field 1: not set\n"
            "  8  device field 2: not set\n"
            "  9  device field 3: not set\n"
            "OTA settings\n"
            "  a  OTA server IP address: not set\n"
            "  b  security context: not set\n"
            "option> ");
}

TEST_F(MenuTest, ASecurityContextThatCannotBeUsedIsToldAndSetAgain) {
  actions_.context_error = update::SecureContextError::lost;
  EXPECT_THAT(start(),
              HasSubstr("  b  security context: damaged\n"
                        "     set it again: the device does not ask its server without\n"));
  type("b\r");
  EXPECT_THAT(type("01..0102030405060708090a0b0c0d0e0f10.9e7ca92223786340.e0acafbd\r"),
              HasSubstr("  b  security context: set\n"));
}

// The example of docs/formats/oscore.md.
TEST_F(MenuTest, ASecurityContextIsSavedAtOnceAndNeverShown) {
  const std::string line = "01..0102030405060708090a0b0c0d0e0f10.9e7ca92223786340.e0acafbd";
  start();
  auto answer = type("b\r" + line + "\r");
  EXPECT_THAT(answer, HasSubstr(std::string(line.size(), '*') + "\nsaved\n"));
  EXPECT_THAT(answer, HasSubstr("b  security context: set\n"));
  ASSERT_TRUE(actions_.context);
  EXPECT_EQ(actions_.context->master_secret.size(), 16u);
  EXPECT_EQ(actions_.saves, 0);
  // A slip of the finger leaves what is there.
  answer = type("b\r" + line.substr(1) + "\r");
  EXPECT_THAT(answer, HasSubstr("\nnot a security context"));
  EXPECT_TRUE(actions_.context);
  EXPECT_THAT(answer, Not(HasSubstr("0102030405060708")));
  actions_.save_error = "the flash could not be written";
  EXPECT_THAT(type("b\r-\r"), HasSubstr("not saved: the flash could not be written\n"));
  actions_.save_error = {};
  EXPECT_THAT(type("b\r-\r"), HasSubstr("b  security context: not set\n"));
  EXPECT_FALSE(actions_.context);
}

TEST_F(MenuTest, ServerAddress) {
  start();
  EXPECT_THAT(type("a\r"), HasSubstr("OTA server IP address, - for not set> "));
  const auto after = type("192.0.2.10\r");
  EXPECT_THAT(after, HasSubstr("a  OTA server IP address: 192.0.2.10\n"));
  EXPECT_THAT(after, HasSubstr("There are unsaved changes.\n  4  save\n"));
  EXPECT_TRUE(menu_->unsaved_changes());
  EXPECT_THAT(type("4\r"), HasSubstr("\nsaved\n"));
  EXPECT_EQ(actions_.saves, 1);
  EXPECT_EQ(actions_.saved.server_address, wire::Ipv6Address::parse("::ffff:192.0.2.10")->bytes);
  EXPECT_FALSE(menu_->unsaved_changes());
  EXPECT_THAT(type("A\rfd00::1\r"), HasSubstr("address: fd00::1\n"));
}

TEST_F(MenuTest, BadAddressesGetOneLineAndTheMenuAgain) {
  start();
  for (const std::string bad :
       {"hello", "1.2.3", "256.1.1.1", "::", "ff02::1", "fe80::1%eth0", "1.2.3.4.5", "0x7f.1",
        ":::1", "0.0.0.0", "224.0.1.187", "255.255.255.255", "::ffff:239.1.2.3"}) {
    const auto answer = type("a\r" + bad + "\r");
    EXPECT_THAT(answer, HasSubstr("\nnot an IP address: " + bad + "\n")) << bad;
    EXPECT_THAT(answer, HasSubstr("address: not set\n")) << bad;
    EXPECT_THAT(answer, testing::EndsWith("option> "));
  }
  EXPECT_FALSE(menu_->unsaved_changes());
}

TEST_F(MenuTest, UnknownOptionsGetOneLineAndTheMenuAgain) {
  start();
  for (const std::string bad : {"6", "0", "c", "11", "aa", "?", "save"}) {
    const auto answer = type(bad + "\r");
    EXPECT_THAT(answer, HasSubstr("\nunknown option: " + bad + "\n"));
    EXPECT_THAT(answer, testing::EndsWith("option> "));
  }
}

TEST_F(MenuTest, SaveAndRollbackAreNotThereWithoutReason) {
  EXPECT_THAT(start(), Not(HasSubstr("roll back")));
  EXPECT_THAT(type("4\r"), HasSubstr("there is nothing to save\n"));
  EXPECT_THAT(type("5\r"), HasSubstr("there is no older application to return to\n"));
  EXPECT_EQ(actions_.saves, 0);
  EXPECT_EQ(actions_.rollbacks, 0);
}

TEST_F(MenuTest, PasskeyIsNeitherEchoedNorShown) {
  start();
  const auto output = type("3\rcorrect horse\r1\rhome\r2\rwpa2\r");
  EXPECT_THAT(output, Not(HasSubstr("correct")));
  EXPECT_THAT(output, HasSubstr("*************\n"));
  EXPECT_THAT(output, HasSubstr("  1  SSID: home\n  2  security type: WPA2\n  3  passkey: set\n"));
  type("4\r");
  EXPECT_EQ(actions_.saved.wifi_passkey->view(), "correct horse");
  EXPECT_EQ(actions_.saved.wifi_security->view(), "WPA2");
}

TEST_F(MenuTest, ValuesThatDoNotFit) {
  start();
  const std::string long_text(33, 'x');
  EXPECT_THAT(type("1\r" + long_text + "\r"), HasSubstr("too long: at most 32 characters\n"));
  EXPECT_THAT(type("8\r" + long_text + "\r"), HasSubstr("too long: at most 32 characters\n"));
  EXPECT_THAT(type("2\rrot13\r"), HasSubstr("not a security type"));
  EXPECT_THAT(type("3\rshort\r"), HasSubstr("not a passkey"));
  EXPECT_THAT(type("3\r" + std::string(64, 'k') + "\r"), HasSubstr("not a passkey"));
  EXPECT_FALSE(menu_->unsaved_changes());
  type("1\r" + std::string(32, 'x') + "\r3\r" + std::string(63, 'k') + "\r");
  EXPECT_TRUE(menu_->unsaved_changes());
}

TEST_F(MenuTest, EmptyKeepsDashClearsEscapeCancels) {
  update::Settings settings;
  settings.wifi_ssid = update::Text<32>::from("home");
  settings.device_fields[2] = update::Text<32>::from("cellar");
  EXPECT_THAT(start(settings), HasSubstr("device field 3: cellar\n"));
  EXPECT_THAT(type("1\r\r"), HasSubstr("unchanged\n"));
  EXPECT_THAT(type("9\rattic\x1B"), HasSubstr("cancelled\n"));
  EXPECT_FALSE(menu_->unsaved_changes());
  EXPECT_THAT(type("9\r-\r"), HasSubstr("device field 3: not set\n"));
  EXPECT_TRUE(menu_->unsaved_changes());
  EXPECT_THAT(type("9\rcellar\r"), Not(HasSubstr("unsaved")));
}

TEST_F(MenuTest, FailedSaveKeepsTheChanges) {
  start();
  actions_.save_error = "the flash could not be written";
  EXPECT_THAT(type("a\r::1\r4\r"), HasSubstr("not saved: the flash could not be written\n"));
  EXPECT_TRUE(menu_->unsaved_changes());
}

TEST_F(MenuTest, Rollback) {
  actions_.offer = {.from = {1, 1, 31}, .to = {1, 0, 31}};
  EXPECT_THAT(start(), HasSubstr("  5  roll back a firmware update\n"));
  EXPECT_THAT(type("5\r"), HasSubstr("rollback to version 1.0.31 from 1.1.31 y/n?"));
  EXPECT_THAT(type("n"), HasSubstr("nothing was rolled back\n"));
  type("5\r");
  EXPECT_THAT(type("\r"), HasSubstr("answer y or n: nothing was rolled back\n"));
  EXPECT_EQ(actions_.rollbacks, 0);
  type("5\r");
  const auto done = type("y");
  EXPECT_THAT(done, HasSubstr("rolled back to version 1.0.31"));
  EXPECT_THAT(done, Not(HasSubstr("  5  ")));
  EXPECT_EQ(actions_.rollbacks, 1);
  EXPECT_THAT(type("5\r"), HasSubstr("there is no older application"));
}

TEST_F(MenuTest, SaysWhyNoRollbackIsOffered) {
  actions_.no_offer = "the older application is below the security floor";
  EXPECT_THAT(start(), Not(HasSubstr("  5  ")));
  EXPECT_THAT(type("5\r"), HasSubstr("\nthe older application is below the security floor\n"));
}

TEST_F(MenuTest, FailedRollbackSaysWhy) {
  actions_.offer = {.from = {1, 1, 31}, .to = {1, 0, 31}};
  actions_.roll_back_error = "the flash could not be written";
  start();
  EXPECT_THAT(type("5\ry"), HasSubstr("not rolled back: the flash could not be written\n"));
}

TEST_F(MenuTest, AnythingMayComeIn) {
  std::mt19937 random(7);
  actions_.offer = {.from = {1, 1, 31}, .to = {1, 0, 31}};
  start();
  // Mostly keys that mean something, so that deep states are reached.
  constexpr std::string_view keys = "123456789aAyn\r\n\b\x7F\x1B-.:f";
  for (int i = 0; i < 200'000; ++i) {
    const auto c =
        random() % 4 == 0 ? static_cast<char>(random() & 0xFF) : keys[random() % keys.size()];
    menu_->type(c);
    if (i % 1000 == 0) output_.take();
  }
  EXPECT_GT(actions_.saves, 0);
}

}  // namespace
}  // namespace goldcrest::provision

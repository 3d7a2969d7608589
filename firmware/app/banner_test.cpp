// SPDX-License-Identifier: MIT
#include "firmware/app/banner.hpp"

#include <gmock/gmock.h>

#include "firmware/text/test_output.hpp"

namespace goldcrest::app {
namespace {

BannerFacts manufactured() {
  return {.product = "OTA-STM32L1-SPIRIT1",
          .version = {1, 0, 31},
          .slot = image::Slot::app1,
          .status = {.installed = true, .confirmed = true, .rejected = false, .trial_boots = 0},
          .versions = {.boot = {1, 0, 0}, .mta = {1, 0, 0}, .app1 = {1, 0, 31}, .app2 = {}},
          .reset_cause = "power-on",
          .server = wire::Ipv6Address::parse("192.0.2.10")};
}

TEST(Banner, AfterManufacture) {
  text::CapturedOutput output;
  print_banner(output, manufactured());
  EXPECT_EQ(output.take(),
            "\n=== Goldcrest application 1.0.31, OTA-STM32L1-SPIRIT1 ===\n"
            "Reset: power-on\n"
            "Running from: APP1, confirmed\n"
            "BOOT version: 1.0.0\n"
            "MTA version: 1.0.0\n"
            "APP1 version: 1.0.31\n"
            "APP2 version: 0.0.0\n"
            "Current version: 1.0.31\n"
            "Update server: 192.0.2.10\n");
}

TEST(Banner, AnUpdatedApplicationOnTrial) {
  auto facts = manufactured();
  facts.version = {1, 1, 31};
  facts.slot = image::Slot::app2;
  facts.status = {.installed = true, .confirmed = false, .rejected = false, .trial_boots = 1};
  facts.versions.app2 = {1, 1, 31};
  facts.server.reset();
  text::CapturedOutput output;
  print_banner(output, facts);
  const auto banner = output.take();
  EXPECT_THAT(banner, testing::HasSubstr("\nThe UPDATED application is running.\n"));
  EXPECT_THAT(banner, testing::HasSubstr("Running from: APP2, on trial: start 1 of 3\n"));
  EXPECT_THAT(banner, testing::HasSubstr("APP2 version: 1.1.31\nCurrent version: 1.1.31\n"));
  EXPECT_THAT(banner, testing::HasSubstr("Update server: not set; "));
}

TEST(Banner, TheOlderApplicationAfterARollbackIsNotAnUpdatedOne) {
  auto facts = manufactured();
  facts.versions.app2 = {1, 1, 31};
  EXPECT_FALSE(updated(facts));
  facts.slot = image::Slot::app2;
  facts.version = {1, 1, 31};
  EXPECT_TRUE(updated(facts));
}

TEST(Banner, TellsHowItSpeaksWithItsServer) {
  auto facts = manufactured();
  text::CapturedOutput output;
  facts.protected_conversation = true;
  print_banner(output, facts);
  EXPECT_THAT(output.take(), testing::EndsWith("Conversation with the server: protected\n"));
  facts.protected_conversation = false;
  facts.context_error = update::SecureContextError::unknown;
  print_banner(output, facts);
  EXPECT_THAT(
      output.take(),
      testing::EndsWith("Update server: 192.0.2.10\n[Update: no question is asked, security "
                        "context unknown format: provision it again]\n"));
}

}  // namespace
}  // namespace goldcrest::app

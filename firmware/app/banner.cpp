// SPDX-License-Identifier: MIT
#include "firmware/app/banner.hpp"

#include "core/base/limits.hpp"

namespace goldcrest::app {
namespace {

std::string_view name_of(image::Slot slot) {
  return slot == image::Slot::app1 ? "APP1" : "APP2";
}

}  // namespace

bool updated(const BannerFacts& facts) {
  const auto other = facts.slot == image::Slot::app1 ? facts.versions.app2 : facts.versions.app1;
  return !other.empty() && other < facts.version;
}

void print_banner(text::Output& output, const BannerFacts& facts) {
  const auto print = [&] { return text::Printer(output); };
  print()
      .text("\n=== Goldcrest application ")
      .version(facts.version)
      .text(", ")
      .text(facts.product)
      .text(" ===")
      .line();
  if (updated(facts)) print().text("The UPDATED application is running.").line();
  print().text("Reset: ").text(facts.reset_cause).line();
  print().text("Running from: ").text(name_of(facts.slot));
  if (facts.status.confirmed) {
    print().text(", confirmed").line();
  } else {
    print()
        .text(", on trial: start ")
        .number(facts.status.trial_boots)
        .text(" of ")
        .number(limits::trial_boots)
        .line();
  }
  print().text("BOOT version: ").version(facts.versions.boot).line();
  print().text("MTA version: ").version(facts.versions.mta).line();
  print().text("APP1 version: ").version(facts.versions.app1).line();
  print().text("APP2 version: ").version(facts.versions.app2).line();
  print().text("Current version: ").version(facts.version).line();
  print().text("Update server: ");
  if (facts.server) {
    print().address(*facts.server).line();
  } else {
    print().text("not set; set it with the provisioning application").line();
  }
  if (facts.protected_conversation) print().text("Conversation with the server: protected").line();
  if (facts.context_error) print_silence(output, *facts.context_error);
}

void print_silence(text::Output& output, update::SecureContextError why) {
  text::Printer(output)
      .text("[Update: no question is asked, security context ")
      .text(update::describe(why))
      .text(": provision it again]")
      .line();
}

}  // namespace goldcrest::app

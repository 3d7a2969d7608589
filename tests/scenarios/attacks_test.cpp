// SPDX-License-Identifier: MIT
// The threats of RFC 9124 section 4.2 and the attacks that TUF names, on a virtual board with the
// real firmware: docs/security.md has the table. Whatever happens, the slot that runs is never
// touched; each test says what else holds, and ends with an honest update that gets in.
#include "tests/scenarios/attacks.hpp"

#include <algorithm>

#include "sim/skip/situation.hpp"
#include "tests/scenarios/owner.hpp"

namespace goldcrest::scenario {
namespace {

using wire::UpdateResult;

// ---- Old files ----------------------------------------------------------------------------------

TEST_F(Attacks, an_expired_image_is_refused) {
  attacker_takes_over();
  // What runs already, under the version of something new; an older one; one of a lower counter.
  attacker().behaves(Impostor::offering(read_all(release("1.0.31"))));
  expect_refused("not newer");
  const auto update = read_all(release("1.1.31"));
  const auto older = with_field(update, manifest_field::version, 0x0100001E);
  attacker().behaves(Impostor::offering(Signer::owner().signs(older)));
  expect_refused("not newer");
  // By the classic protocol, where no version is told beforehand.
  attacker().behaves({.file = read_all(release("1.0.31")), .classic_only = true});
  expect_refused("not newer");
  EXPECT_EQ(flash_operations(), 0u);
  expect_honest_update(UpdateResult::refused_version);
}

// There is no clock to hold an expiry date against: what is newer is taken, and then the newest.
TEST_F(Attacks, a_device_long_offline_takes_a_stale_newer_image_and_then_the_newest) {
  attacker_takes_over();
  attacker().behaves(Impostor::offering(read_all(release("1.1.31"))));
  node().presses_button();
  node().completes_update_to("1.1.31");
  runs_from(image::app2_section);
  attacker().leaves();
  server().publishes("1.2.31");
  node().finds("1.2.31");
  node().completes_update_to("1.2.31");
}

TEST_F(Attacks, an_image_that_was_rejected_is_not_taken_again_whatever_the_server_says) {
  server().publishes("1.1.31");
  node().presses_button();
  node().completes_update_to("1.1.31");
  node().joins();
  node().confirms("1.1.31");
  node().resets(true);
  node().says("option> ", 10s);
  node().types("5\r");
  node().says("y/n?", 5s);
  node().types("y");
  node().says("rolled back to version 1.0.31", 5s);
  node().resets();
  node().joins();
  runs_from(image::app1_section);

  attacker_takes_over();
  attacker().behaves(Impostor::offering(read_all(release("1.1.31"))));
  expect_refused("rejected");
  attacker().behaviour().offer->digest.fill(0x11);
  expect_refused("rejected");
  EXPECT_EQ(flash_operations(), 0u);
  expect_honest_update("1.2.31");
}

// ---- Files for others ---------------------------------------------------------------------------

TEST_F(Attacks, an_image_for_another_product_is_refused) {
  attacker_takes_over();
  const auto other =
      with_text(read_all(release("1.1.31")), manifest_field::product, "OTA-STM32L1-SPIRIT2");
  attacker().behaves(Impostor::offering(Signer::owner().signs(other)));
  expect_refused("for another product");
  EXPECT_EQ(flash_operations(), 0u);
  expect_honest_update(UpdateResult::refused_product);
}

TEST_F(Attacks, a_payload_of_another_type_is_refused_though_signed) {
  attacker_takes_over();
  const auto update = read_all(release("1.1.31"));
  struct Change {
    std::size_t field;
    std::uint8_t value;
    std::string_view reason;
  };
  for (const auto& change : {Change{manifest_field::format, 2, "malformed"},
                             Change{manifest_field::image_type, 2, "malformed"},
                             Change{manifest_field::encryption, 0, "malformed"},
                             Change{manifest_field::signature_type, 2, "malformed"}}) {
    auto changed = update;
    changed.at(change.field) = change.value;
    attacker().behaves(Impostor::offering(Signer::owner().signs(changed)));
    expect_refused(change.reason);
  }
  // What a programmer writes, with BOOT in it, is no update.
  attacker().behaves(Impostor::offering(read_all(man_image())));
  expect_refused("malformed");
  EXPECT_EQ(flash_operations(), 0u);
  expect_honest_update(UpdateResult::refused_format);
}

TEST_F(Attacks, no_file_and_no_answer_chooses_where_an_image_goes) {
  attacker_takes_over();
  const auto update = read_all(release("1.1.31"));
  for (const auto place : {image::boot_section.base, image::app2_section.base}) {
    const auto elsewhere = with_field(update, manifest_field::link_base, place);
    attacker().behaves(Impostor::offering(Signer::owner().signs(elsewhere)));
    expect_refused("malformed");
  }
  // More than a slot holds.
  const auto large =
      with_field(update, manifest_field::image_size, image::app2_section.size + 0x1000);
  attacker().behaves(Impostor::offering(Signer::owner().signs(large)));
  expect_refused("malformed");
  EXPECT_EQ(flash_operations(), 0u);
  expect_honest_update(UpdateResult::refused_format);
}

// An update that may replace 1.1 only, offered to 1.0.31. The server offers it, too, and knows the
// way there.
TEST_F(Attacks, an_update_for_a_later_precursor_is_refused_until_that_one_runs) {
  const auto later = Signer::owner().signs(
      with_field(read_all(release("1.2.31")), manifest_field::minimum_version, 0x01010000));
  attacker_takes_over().behaves(Impostor::offering(later));
  expect_refused("too old for this update");
  attacker().behaves({.file = later, .classic_only = true});
  expect_refused("too old for this update");
  EXPECT_EQ(flash_operations(), 0u);
  server().publishes(renamed(release("1.2.31").filename().string(), later), later);
  expect_honest_update(UpdateResult::refused_version);
  runs_from(image::app2_section);
  node().finds("1.2.31");
  node().completes_update_to("1.2.31");
}

// ---- Forged files -------------------------------------------------------------------------------

TEST_F(Attacks, arbitrary_software_of_a_stranger_is_refused) {
  attacker_takes_over();
  auto stranger = Signer::stranger();
  const auto update = read_all(release("1.1.31"));
  const auto under_his_name =
      stranger.signs(with_field(update, manifest_field::signing_key_id, stranger.key_id()));
  attacker().behaves(Impostor::offering(under_his_name));
  expect_refused("a key that this device does not trust");
  attacker().behaves(Impostor::offering(stranger.signs(update)));
  expect_refused("signature does not hold");
  // A signature that was made for another manifest.
  auto borrowed = update;
  const auto other = read_all(release("1.2.31"));
  std::copy_n(other.begin() + image::manifest_size, 1000, borrowed.begin() + image::manifest_size);
  attacker().behaves(Impostor::offering(borrowed));
  expect_refused("signature does not hold");
  attacker().behaves(Impostor::offering(
      Signer::owner().signs(with_field(update, manifest_field::content_key_id, 0x12345678))));
  expect_refused("encrypted for a key that this device does not have");
  EXPECT_EQ(flash_operations(), 0u);
  expect_honest_update(UpdateResult::refused_signature);
}

// Beside an authentic image in APP1: forged, damaged and unsigned ones of a higher version in APP2,
// written by a programmer, who can also write the state words as he likes.
TEST_F(Attacks, a_forged_image_that_a_programmer_writes_into_a_slot_does_not_start) {
  const auto situations =
      sim::make_situations(read_all(man_image()), read_all(release("1.1.31")), seed());
  ASSERT_TRUE(situations.has_value()) << situations.error();
  const auto before =
      node().board().read_flash(image::flash_section.base, image::flash_section.size);
  ASSERT_TRUE(before.has_value());
  std::size_t played = 0;
  for (const auto& situation : *situations) {
    if (situation.jumper) continue;
    ++played;
    ASSERT_TRUE(node().board().program(image::flash_section.base, situation.flash).has_value());
    node().resets();
    if (situation.name.ends_with("-beside")) {
      node().says("Running from: APP1", 10s);
      node().runs("1.0.31");
    } else {
      scenario().waits(3s);
      EXPECT_FALSE(node().has_said("Running from")) << situation.name;
    }
    EXPECT_FALSE(node().has_said("Current version: 1.1.31")) << situation.name;
  }
  EXPECT_GT(played, 10u);
  ASSERT_TRUE(node().board().program(image::flash_section.base, *before).has_value());
  node().resets();
  node().joins();
  expect_honest_update();
}

// ---- Between check and use ----------------------------------------------------------------------

TEST_F(Attacks, an_image_replaced_after_it_was_verified_does_not_start) {
  server().publishes("1.1.31");
  node().presses_button();
  node().says("[Rebooting into version 1.1.31]", 20min);
  const auto flash = node().board().read_flash(image::app2_section.base, image::app2_section.size);
  ASSERT_TRUE(flash.has_value());
  // The image, the signed manifest with what is used of it, and the table of relocations'
  // neighbour.
  for (const std::size_t place : {std::size_t{0x2000}, std::size_t{image::manifest_offset + 52},
                                  std::size_t{image::manifest_offset + 600}}) {
    auto replaced = *flash;
    replaced.at(place) ^= 0x04;
    ASSERT_TRUE(node().board().program(image::app2_section.base, replaced).has_value());
    node().resets();
    node().says("Running from: APP1", 10s);
    node().runs("1.0.31");
    EXPECT_FALSE(node().has_said("Current version: 1.1.31"));
  }
  node().joins();
  expect_honest_update();
}

TEST_F(Attacks, a_slot_changed_while_the_update_arrives_is_not_made_valid) {
  server().publishes("1.1.31");
  node().presses_button();
  node().finds("1.1.31");
  node().reaches_percent(50);
  const auto place = image::app2_section.base + 2 * image::page_size;
  auto page = node().board().read_flash(place, image::page_size);
  ASSERT_TRUE(page.has_value());
  page->at(17) ^= 0x01;
  ASSERT_TRUE(node().board().program(place, *page).has_value());
  node().says("[Update refused: what was written is not what was signed", 10min);
  expect_honest_update_unaided();
}

}  // namespace
}  // namespace goldcrest::scenario

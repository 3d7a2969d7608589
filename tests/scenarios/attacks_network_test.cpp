// SPDX-License-Identifier: MIT
// Attacks by a server that lies, and on the path to an honest one. As in attacks_test.cpp the slot
// that runs is never touched.
#include <algorithm>
#include <charconv>
#include <random>
#include <set>

#include "core/crypto/aes_cbc.hpp"
#include "core/image/manifest.hpp"
#include "host/oscore/context_file.hpp"
#include "tests/scenarios/attacks.hpp"
#include "tests/scenarios/owner.hpp"
#include "tests/scenarios/places.hpp"

namespace goldcrest::scenario {
namespace {

namespace coap = wire::coap;
using std::chrono::hours;
using wire::UpdateResult;

File copy_of(base::Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

/// Where the payload of a CoAP message begins; its size when there is none.
std::size_t payload_offset(base::Bytes message) {
  return message.size() - coap::parse(message)->payload.size();
}

bool is_block(base::Bytes request) {
  const auto message = coap::parse(request);
  return message && message->code == coap::Code::get;
}

// ---- The path -----------------------------------------------------------------------------------

TEST_F(Attacks, answers_redirected_to_come_from_another_server_are_not_heard) {
  server().publishes("1.1.31");
  const wire::Endpoint elsewhere{wire::Ipv6Address::from_ipv4({192, 168, 1, 66}),
                                 places::server().port};
  std::size_t forged = 0;
  // He knows token and message id of every request, and his answer is there first.
  server().is_tapped([&](const wire::Endpoint& client, base::Bytes, base::Bytes answer) {
    ++forged;
    auto lie = copy_of(answer);
    lie.back() ^= 0xFF;
    scenario().world().internet().send(scenario().now(), elsewhere, client, lie);
    return std::vector<File>{copy_of(answer)};
  });
  node().presses_button();
  node().completes_update_to("1.1.31");
  EXPECT_GT(forged, 150u);
}

TEST_F(Attacks, one_block_changed_on_the_path_is_refused) {
  server().publishes("1.1.31");
  std::mt19937_64 random(seed());
  std::size_t blocks = 0;
  server().is_tapped([&](const wire::Endpoint&, base::Bytes request, base::Bytes answer) {
    auto arrives = copy_of(answer);
    blocks = is_block(request) ? blocks + 1 : 0;
    if (blocks == 60) {
      const auto begin = payload_offset(answer);
      arrives.at(begin + random() % (arrives.size() - begin)) ^= 0x08;
    }
    return std::vector<File>{arrives};
  });
  node().presses_button();
  node().says("[Update refused: ", 10min);
  // It is the owner's file, and is asked for again soon; and once more, somewhat later.
  const auto refused = scenario().now();
  node().says("[Update refused: ", 10min);
  EXPECT_GT(scenario().now() - refused, 4min);
  EXPECT_FALSE(node().has_said("COMPLETE"));
  expect_honest_update_unaided();
  EXPECT_LT(scenario().now() - refused, 20min);
}

TEST_F(Attacks, an_update_completes_though_answers_are_dropped_repeated_and_swapped_on_the_path) {
  server().publishes("1.1.31");
  std::mt19937_64 random(seed());
  std::optional<File> held_back;
  server().is_tapped([&](const wire::Endpoint&, base::Bytes, base::Bytes answer) {
    std::vector<File> arrive;
    switch (random() % 8) {
      case 0:
        break;
      case 1:
        arrive = {copy_of(answer), copy_of(answer)};
        break;
      case 2:
        held_back = copy_of(answer);
        return arrive;
      default:
        arrive = {copy_of(answer)};
    }
    if (held_back) arrive.push_back(*held_back);
    held_back.reset();
    return arrive;
  });
  node().presses_button();
  node().completes_update_to("1.1.31");
}

TEST_F(Attacks, answers_replayed_from_another_day_are_not_heard) {
  File recorded;
  server().is_tapped([&](const wire::Endpoint&, base::Bytes, base::Bytes answer) {
    recorded = copy_of(answer);
    return std::vector<File>{recorded};
  });
  node().presses_button();
  node().says("[Update: nothing newer", 1min);
  ASSERT_FALSE(recorded.empty());

  // There is something newer by now, but what arrives is the recorded answer.
  server().publishes("1.1.31");
  std::size_t replayed = 0;
  server().is_tapped([&](const wire::Endpoint&, base::Bytes, base::Bytes) {
    ++replayed;
    return std::vector<File>{recorded};
  });
  node().presses_button();
  node().says("[Update failed: the server does not answer", 5min);
  EXPECT_GT(replayed, 1u);
  server().is_tapped({});
  node().presses_button();
  node().finds("1.1.31");
  node().completes_update_to("1.1.31");
}

// The manifest is open to be read, and the image is not.
TEST_F(Attacks, what_is_sent_discloses_the_manifest_and_nothing_of_the_image) {
  server().publishes("1.1.31");
  File sent;
  server().is_tapped([&](const wire::Endpoint&, base::Bytes, base::Bytes answer) {
    sent.insert(sent.end(), answer.begin(), answer.end());
    return std::vector<File>{copy_of(answer)};
  });
  node().presses_button();
  node().completes_update_to("1.1.31");

  const auto key = packer::read_content_key(keys_folder() / packer::content_key_name);
  ASSERT_TRUE(key.has_value());
  auto file = read_all(release("1.1.31"));
  const auto manifest = image::parse_manifest(file);
  ASSERT_TRUE(manifest.has_value());
  const auto product = manifest->product.text();
  EXPECT_NE(std::ranges::search(sent, product).begin(), sent.end());
  const auto payload = base::MutableBytes(file).subspan(file.size() - manifest->payload_size());
  crypto::AesCbcDecryption(key->key, manifest->iv).decrypt(payload);
  // The right key: the image has its own product id in clear.
  EXPECT_NE(std::ranges::search(payload, product).begin(), payload.end());

  // Blocks of the image that are no part of the manifest: the product id is in both.
  constexpr std::size_t piece = crypto::aes_block_size;
  const auto open = base::Bytes(file).first(image::manifest_size);
  std::set<File> pieces;
  for (std::size_t at = 0; at + piece <= payload.size(); at += piece) {
    const auto bytes = base::Bytes(payload).subspan(at, piece);
    if (std::ranges::search(open, bytes).empty()) pieces.insert(copy_of(bytes));
  }
  ASSERT_GT(pieces.size(), 4000u);
  for (std::size_t at = 0; at + piece <= sent.size(); ++at) {
    ASSERT_FALSE(pieces.contains(copy_of(base::Bytes(sent).subspan(at, piece)))) << at;
  }
  EXPECT_EQ(std::ranges::search(sent, key->key).begin(), sent.end());
}

// What the operator approves is what his server offers, and with a security context nobody else can
// offer anything: not even what the owner has signed.
TEST_F(Attacks, a_signed_update_that_the_operator_does_not_offer_is_not_heard_of) {
  oscore::SharedContext shared;
  shared.name = "node";
  shared.device_id = {0x01};
  shared.master_secret = File(16, 0x5A);
  server().protects_conversations(shared);
  node().is_given_context(oscore::provisioning_line(shared).value());
  node().joins();
  node().says("[Update: nothing newer", 1min);

  const auto update = read_all(release("1.1.31"));
  attacker_takes_over().behaves(Impostor::offering(update));
  node().presses_button();
  node().says("[Update failed: the server does not answer", 5min);
  attacker().behaves({.file = update, .classic_only = true});
  node().presses_button();
  node().says("[Update failed: the server does not answer", 5min);
  EXPECT_GT(attacker().asked(), 4u);
  EXPECT_EQ(attacker().sent().size(), 0u);
  EXPECT_EQ(erases(), 0u);
  node().types("s");
  node().says("was not protected and was not heard", 1s);
  expect_honest_update();
}

// ---- A server that lies -------------------------------------------------------------------------

TEST_F(Attacks, what_the_answer_claims_does_not_override_the_manifest) {
  attacker_takes_over();
  auto behaviour = Impostor::offering(read_all(release("1.0.31")));
  behaviour.offer->digest.fill(0x22);
  attacker().behaves(behaviour);
  expect_refused("not newer");
  // The size of the offer against what the blocks say.
  behaviour = Impostor::offering(read_all(release("1.1.31")));
  behaviour.offer->size = 1000;
  attacker().behaves(behaviour);
  node().presses_button();
  node().says("[Update failed: the file keeps changing", 5min);
  EXPECT_EQ(flash_operations(), 0u) << "refused before the manifest was complete";
  expect_honest_update(UpdateResult::refused_version);
}

TEST_F(Attacks, extra_data_behind_the_image_is_refused) {
  auto extended = read_all(release("1.1.31"));
  extended.resize(extended.size() + 16, 0xA5);
  // In the offer, and by the classic protocol with the first block.
  attacker_takes_over().behaves(Impostor::offering(extended));
  expect_refused("length is not what its manifest says");
  attacker().behaves({.file = extended, .classic_only = true});
  expect_refused("length is not what its manifest says");
  EXPECT_LT(attacker().sent().size(), 16u);
  EXPECT_EQ(flash_operations(), 0u);
  expect_honest_update(UpdateResult::refused_format);
}

TEST_F(Attacks, endless_data_ends_where_the_signed_size_says) {
  // A manifest that nobody has signed ends it at once.
  const auto update = read_all(release("1.1.31"));
  auto unsigned_update = update;
  unsigned_update.at(manifest_field::sequence) ^= 1;
  attacker_takes_over().behaves({.file = unsigned_update, .classic_only = true, .endless = true});
  expect_refused("signature does not hold");
  EXPECT_EQ(flash_operations(), 0u);
  EXPECT_LT(attacker().sent().size(), 12u);

  attacker().behaves({.file = update, .classic_only = true, .endless = true});
  expect_refused("data behind the end");
  EXPECT_LT(std::ranges::max(attacker().sent()), update.size() + 1024);
  expect_old_application_after_reset();
  node().joins();
  expect_honest_update();
}

TEST_F(Attacks, pieces_of_two_signed_files_do_not_mix) {
  const auto one = read_all(release("1.1.31"));
  const auto two = read_all(release("1.2.31"));
  auto behaviour = Impostor::offering(one);
  behaviour.changes = [&](std::uint32_t offset, base::MutableBytes block) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      const auto at = offset + i;
      if (at > one.size() / 2 && at < two.size()) block[i] = two.at(at);
    }
  };
  attacker_takes_over().behaves(behaviour);
  node().presses_button();
  node().says("[Update refused: what was written is not what was signed", 10min);
  EXPECT_FALSE(node().has_said("COMPLETE"));
  expect_honest_update(UpdateResult::refused_digest);
}

TEST_F(Attacks, a_freeze_lasts_no_longer_than_the_attacker_stays_and_a_day) {
  attacker_takes_over().behaviour().retry_after_s = 0xFFFFFFFF;
  node().presses_button();
  constexpr std::string_view label = "[Update: nothing newer, next question in ";
  node().says(label, 1min);
  scenario().waits(1s);
  const auto& console = node().console();
  const auto* number = console.data() + console.rfind(label) + label.size();
  std::uint64_t seconds = 0;
  (void)std::from_chars(number, console.data() + console.size(), seconds);
  EXPECT_GT(seconds, 0u);
  EXPECT_LE(seconds, 24 * 3600 * 11 / 10);

  // Nobody needs to press anything once it is over.
  attacker().behaviour().retry_after_s = 600;
  node().presses_button();
  node().says(label, 1min);
  attacker().leaves();
  server().publishes("1.1.31");
  scenario().until([&] { return !server().asked().empty() && server().asked().back().offered; },
                   700s, "the node asks by itself");
  node().completes_update_to("1.1.31");
}

// What the attacker has wished is kept nowhere.
TEST_F(Attacks, a_freeze_ends_with_a_reset) {
  attacker_takes_over().behaviour().retry_after_s = 0xFFFFFFFF;
  node().presses_button();
  node().says("[Update: nothing newer, next question in ", 1min);
  attacker().leaves();
  server().publishes("1.1.31");
  node().resets();
  node().joins();
  node().completes_update_to("1.1.31");
}

TEST_F(Attacks, a_server_that_falls_silent_is_given_up_after_half_an_hour) {
  auto behaviour = Impostor::offering(read_all(release("1.1.31")));
  behaviour.answers = [](std::uint32_t offset) { return offset < 4096; };
  attacker_takes_over().behaves(behaviour);
  node().presses_button();
  node().finds("200.0.0");
  const auto begin = scenario().now();
  node().says("[Update failed: no progress for too long", 32min);
  EXPECT_GT(scenario().now() - begin, 30min);
  attacker().leaves();
  server().publishes("1.1.31");
  node().finds("1.1.31");
  EXPECT_EQ(server().asked().back().last_result, UpdateResult::gave_up);
  node().completes_update_to("1.1.31");
}

// Each block is progress, but not enough of it.
TEST_F(Attacks, slow_retrieval_is_given_up_after_six_hours) {
  auto behaviour = Impostor::offering(read_all(release("1.1.31")));
  behaviour.max_size_exponent = 0;
  auto last = scenario().now();
  behaviour.answers = [&](std::uint32_t) {
    if (scenario().now() - last < 20min) return false;
    last = scenario().now();
    return true;
  };
  attacker_takes_over().behaves(behaviour);
  node().presses_button();
  node().finds("200.0.0");
  const auto begin = scenario().now();
  scenario().waits(hours(2));
  node().types("s");
  node().says("[Status: up", 1s);
  node().says("[Update failed: the download is too slow", 5h);
  EXPECT_GE(scenario().now() - begin, 6h);
  EXPECT_GT(attacker().sent().size(), 12u);
  EXPECT_EQ(flash_operations(), 0u);
  expect_honest_update_unaided();
  EXPECT_LT(scenario().now() - begin, 6h + 30min);
}

// He calls it another file each time, and it is fetched again: six times, less and less often.
TEST_F(Attacks, signed_manifests_with_noise_behind_them_wear_the_flash_six_times) {
  auto behaviour = Impostor::offering(read_all(release("1.1.31")));
  behaviour.retry_after_s = 10;
  behaviour.changes = [](std::uint32_t offset, base::MutableBytes block) {
    if (offset >= 1536) std::ranges::fill(block, std::uint8_t{0xA5});
  };
  attacker_takes_over().behaves(behaviour);
  const auto begin = scenario().now();
  expect_refused("what was written is not what was signed");
  const auto once = erases();
  EXPECT_GT(once, 0u);
  EXPECT_LE(once, image::app2_section.size / image::page_size);
  for (int time = 2; time <= 6; ++time) {
    ++attacker().behaviour().offer->etag[0];
    node().says("[Update refused: what was written is not what was signed", 75min);
  }
  EXPECT_GT(scenario().now() - begin, 2h);
  const auto asked = attacker().asked();
  scenario().waits(begin + 4h - scenario().now());
  EXPECT_EQ(attacker().asked(), asked) << "no question before the seventh time";
  EXPECT_LE(erases(), 6 * once);
  expect_honest_update_unaided();
}

}  // namespace
}  // namespace goldcrest::scenario

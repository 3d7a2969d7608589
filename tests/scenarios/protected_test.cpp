// SPDX-License-Identifier: MIT
// The conversation under OSCORE (RFC 8613), with everything going wrong that can: no nonce is used
// twice, and nobody without the keys is heard.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "core/image/flash_map.hpp"
#include "core/oscore/message.hpp"
#include "core/update/records.hpp"
#include "core/wire/update_protocol.hpp"
#include "host/oscore/context_file.hpp"
#include "sim/field/forger.hpp"
#include "sim/flash/flash.hpp"
#include "tests/scenarios/nonce_ledger.hpp"
#include "tests/scenarios/scenario.hpp"

namespace goldcrest::scenario {
namespace {

namespace coap = wire::coap;
using ::testing::IsEmpty;

oscore::SharedContext context(std::string name, std::uint8_t device_id, std::uint64_t salt = 0) {
  std::mt19937_64 random(seed() * 256 + device_id + salt);
  oscore::SharedContext shared;
  shared.name = std::move(name);
  shared.device_id = {device_id};
  for (int i = 0; i < 16; ++i) shared.master_secret.push_back(static_cast<std::uint8_t>(random()));
  for (int i = 0; i < 8; ++i) shared.master_salt.push_back(static_cast<std::uint8_t>(random()));
  return shared;
}

/// A node with a security context, in the mesh of a server that requires one.
class Protected : public ::testing::Test {
 protected:
  explicit Protected(const sim::AirOptions& air = {}) : scenario_({.air = air}) {}

  void SetUp() override {
    server().protects_conversations(context_);
    node().is_given_context(oscore::provisioning_line(context_).value());
    server().is_tapped([this](const wire::Endpoint&, base::Bytes request, base::Bytes answer) {
      ledger_.answered(request, answer);
      return std::vector<File>{File(answer.begin(), answer.end())};
    });
    comes_up();
  }
  void TearDown() override {
    EXPECT_THAT(ledger_.conflicts(), IsEmpty()) << replay_command();
    EXPECT_EQ(ledger_.unprotected(), 0u) << replay_command();
  }

  Scenario& scenario() { return scenario_; }
  Node& node() { return scenario_.node(); }
  Server& server() { return scenario_.server(); }
  const oscore::SharedContext& shared() const { return context_; }
  const NonceLedger& ledger() const { return ledger_; }
  NonceLedger& ledger() { return ledger_; }

  /// Joined, and not asking yet: it does so by itself five seconds later.
  void comes_up() {
    node().runs("1.0.31");
    node().says("Conversation with the server: protected", 1s);
    node().says("[RPL: joined DODAG", 2min);
  }

 private:
  Scenario scenario_;
  oscore::SharedContext context_ = context("node", 1);
  NonceLedger ledger_{scenario_.world().air(), scenario_.node().station()};
};

/// Losses, and frames that come twice and late.
class ProtectedOnABadChannel : public Protected {
 protected:
  ProtectedOnABadChannel() : Protected({.loss = 0.03, .duplicate = 0.03, .reorder = 0.02}) {}
};

TEST_F(ProtectedOnABadChannel, an_update_completes_over_resets_power_cuts_and_server_restarts) {
  std::mt19937_64 random(seed());
  server().publishes("1.1.31");

  node().presses_button();
  node().finds("1.1.31");
  node().reaches_percent(10);
  node().resets();
  comes_up();

  node().presses_button();
  node().finds("1.1.31");
  node().reaches_percent(15);
  node().board().arm({.flash_operation = node().board().flash_operations() + random() % 10,
                      .phase = board::CutPhase::inside,
                      .torn_seed = random()});
  scenario().until([&] { return node().board().take_cut_fired(); }, 30s, "the power goes");
  scenario().waits(1s);
  node().resets();
  comes_up();

  node().presses_button();
  node().finds("1.1.31");
  node().reaches_percent(40);
  const auto challenges = server().lines_with("challenged");
  server().starts_again();
  node().completes_update_to("1.1.31");
  EXPECT_GT(server().lines_with("challenged"), challenges) << "whoever forgot must ask for proof";
  node().joins();
  node().confirms("1.1.31");

  ASSERT_FALSE(server().asked().empty());
  EXPECT_EQ(server().asked().back().running, (base::Version{1, 1, 31}));
  EXPECT_EQ(server().asked().back().last_result, wire::UpdateResult::installed);
  EXPECT_GT(ledger().requests(), 240u);
  EXPECT_GT(ledger().answers(), 240u);
  EXPECT_GT(ledger().repetitions(), 0u) << "nothing had to be repeated";
  EXPECT_EQ(server().lines_with("Replay detected"), 0u) << server().last_lines(20);
}

TEST_F(Protected, no_number_comes_twice_when_the_power_is_cut_while_numbers_are_reserved) {
  std::mt19937_64 random(seed());
  // The first question after a start reserves numbers: a record of two words of header, one of
  // value (its other word is zero, as erased flash is) and three of commit.
  for (std::uint64_t word = 0; word < 6; ++word) {
    for (const auto phase : {board::CutPhase::inside, board::CutPhase::after}) {
      node().board().arm({.flash_operation = node().board().flash_operations() + word,
                          .phase = phase,
                          .torn_seed = random()});
      node().presses_button();
      scenario().until([&] { return node().board().take_cut_fired(); }, 3s, "the power goes");
      scenario().waits(1s);
      node().resets();
      comes_up();
    }
  }
  node().presses_button();
  node().says("[Update: nothing newer", 1min);
  EXPECT_GT(ledger().last_sequence(), 256u);
}

/// An answer to this request that says "nothing newer", sealed under `shared` by its server.
File sealed_nothing_newer(const oscore::SharedContext& shared, base::Bytes request) {
  const auto message = coap::parse(request);
  const auto binding = oscore::binding_of(oscore::read_option(*message).value());
  std::array<std::uint8_t, wire::answer_bytes> payload{};
  File plain(limits::coap_message_bytes);
  coap::MessageWriter writer(plain, coap::Type::acknowledgement, coap::Code::content,
                             message->message_id, message->token);
  writer.option_uint(coap::option::content_format, coap::content_format::cbor);
  writer.payload(*wire::emit(wire::Answer{.retry_after_s = 3600, .offer = {}}, payload));
  plain.resize(writer.finish()->size());
  File sealed(plain.size() + oscore::overhead_bytes);
  const auto written = oscore::protect_response(oscore::server_end(shared), *binding, std::nullopt,
                                                *coap::parse(plain), sealed);
  sealed.resize(written.value().size());
  return sealed;
}

TEST_F(Protected, forged_answers_are_not_heard) {
  sim::Forger forger;
  const auto stranger = context("stranger", 1, 1'000);  // the same identifiers, another secret
  bool honest = true;
  std::size_t forged = 0;
  server().is_tapped([&](const wire::Endpoint&, base::Bytes request, base::Bytes answer) {
    ledger().answered(request, answer);
    std::vector<File> arrives;
    if (forged < 300) arrives = forger.answers_to(request);
    arrives.push_back(sealed_nothing_newer(stranger, request));
    File changed(answer.begin(), answer.end());
    changed.back() ^= 1;
    arrives.push_back(std::move(changed));
    forged += arrives.size();
    if (!honest) return arrives;
    arrives.emplace_back(answer.begin(), answer.end());
    forger.hears(answer);
    return arrives;
  });
  node().presses_button();
  node().says("[Update: nothing newer", 1min);  // now he has heard something

  // Nobody but the forger answers: to the node, that is nobody.
  server().publishes("1.1.31");
  honest = false;
  const auto before = forged;
  node().resets();
  comes_up();
  node().presses_button();
  node().says("[Update failed: ", 5min);
  EXPECT_FALSE(node().has_said("nothing newer"));
  EXPECT_FALSE(node().has_said("classic protocol"));
  EXPECT_FALSE(node().has_said("[Update: version"));
  EXPECT_GT(forged, before + 30u);
  node().types("s");
  node().says("[Status: the server's last answer was not protected and was not heard]", 1s);

  honest = true;
  node().presses_button();
  node().finds("1.1.31");
  node().completes_update_to("1.1.31");
  EXPECT_GT(forged, 300u);
}

TEST_F(Protected, the_right_answer_sealed_by_the_server_is_heard) {
  // What the test above sends sealed is sound but for the secret.
  server().publishes("1.1.31");
  server().is_tapped([&](const wire::Endpoint&, base::Bytes request, base::Bytes) {
    return std::vector<File>{sealed_nothing_newer(shared(), request)};
  });
  node().presses_button();
  node().says("[Update: nothing newer", 1min);
}

/// A programmer changes what DATA holds.
void change_data(board::Board& board, const std::function<void(sim::SimulatedFlash&)>& change) {
  const auto section = image::data_section;
  const auto before = board.read_flash(section.base, section.size);
  sim::SimulatedFlash flash;
  flash.load(section.base, before.value());
  change(flash);
  ASSERT_TRUE(board.program(section.base, flash.memory(section)));
}

TEST_F(Protected, a_context_that_cannot_be_read_makes_a_device_silent_until_it_has_another) {
  const auto later_format = [](sim::SimulatedFlash& flash) {
    update::Records records(flash);
    ASSERT_TRUE(records.open());
    ASSERT_TRUE(records.write(update::RecordKey::secure_context, std::array<std::uint8_t, 3>{2}));
  };
  const auto damaged = [this](sim::SimulatedFlash& flash) {
    const auto data = flash.memory(image::data_section);
    const auto secret = std::ranges::search(data, shared().master_secret);
    ASSERT_FALSE(secret.empty());
    const auto at = static_cast<std::uint32_t>(secret.begin() - data.begin()) & ~3u;
    flash.load(image::data_section.base + at, std::array<std::uint8_t, 4>{});
  };
  for (const auto& [change, why] :
       {std::pair{std::function<void(sim::SimulatedFlash&)>(damaged), "damaged"},
        std::pair{std::function<void(sim::SimulatedFlash&)>(later_format), "unknown format"}}) {
    change_data(node().board(), change);
    const auto asked = ledger().requests();
    node().resets();
    node().runs("1.0.31");
    const auto complaint = fmt::format("[Update: no question is asked, security context {}", why);
    node().says(complaint, 1s);
    node().joins();
    node().presses_button();
    node().says(complaint, 1s);
    scenario().waits(1min);
    EXPECT_EQ(ledger().requests(), asked);
    EXPECT_EQ(ledger().unprotected(), 0u);

    node().resets(true);
    node().says(fmt::format("  b  security context: {}", why), 10s);
    node().is_given_context(oscore::provisioning_line(shared()).value());
    comes_up();
    node().presses_button();
    node().says("[Update: nothing newer", 1min);
  }
}

}  // namespace
}  // namespace goldcrest::scenario

// SPDX-License-Identifier: MIT
// An update from the server's folder into a slot: engine, client, installer and flash as they are,
// in virtual time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/crypto/crc32.hpp"
#include "core/role/installer_sink.hpp"
#include "core/role/update_client.hpp"
#include "core/update/test_device.hpp"
#include "host/server/engine.hpp"
#include "host/server/store.hpp"
#include "host/server/test_network.hpp"

namespace goldcrest::server {
namespace {

using namespace update::testing;
using std::chrono::minutes;
using Bytes = std::vector<std::uint8_t>;

class Outcome final : public role::UpdateEvents {
 public:
  void asked(bool) override {}
  void server_reached() override {}
  void nothing_newer(base::Duration) override { nothing = true; }
  void found(base::Version version, std::uint32_t) override { found_version = version; }
  void progress(std::uint32_t, std::uint32_t) override {}
  void refused(const role::Refusal& refusal, base::Duration) override { refused_with = refusal; }
  void complete(base::Version version) override { completed = version; }
  void failed(std::string_view why, base::Duration) override { failure = why; }

  bool over() const { return nothing || refused_with || completed || !failure.empty(); }

  bool nothing = false;
  base::Version found_version;
  std::optional<role::Refusal> refused_with;
  std::optional<base::Version> completed;
  std::string failure;
};

class InstallSession : public ::testing::Test {
 protected:
  // Runs one session over a lossy path, with a server that offers this file whatever it is.
  void play(const Bytes& file, base::Version version = new_version) {
    Store store;  // without keys: what the device refuses must reach the device
    const auto added =
        store.add(fmt::format("OTA-STM32L1-SPIRIT1_{}_{}_{}_APP_0x{:08X}.fmu", version.major,
                              version.minor, version.build, crypto::Crc32::of(file)),
                  file);
    ASSERT_TRUE(added) << added.error();
    Engine engine(store, {});
    const auto running = *update::running_image(flash, Slot::app1);
    update::Installer installer(flash, factory(), running, rejected);
    role::InstallerSink sink(installer);
    base::SeededRandom random(5);
    role::UpdateClient client(random, sink, outcome);
    wire::Ask ask;
    ask.product = image::testing::product.text();
    ask.running = running.version();
    client.set_device(ask);
    client.set_server(testing::server_endpoint);
    testing::Path path(
        client,
        [&](base::Instant now, base::Bytes datagram) -> std::optional<Bytes> {
          const auto answer = engine.receive(now, testing::client_endpoint, datagram);
          if (!answer) return std::nullopt;
          return Bytes(answer->begin(), answer->end());
        },
        {.frame_loss = 0.05, .duplicates = 0.1, .jitter = testing::milliseconds(100)}, 8);
    client.set_online(path.now(), true);
    ASSERT_TRUE(path.run_until([&] { return outcome.over(); }, minutes(60)));
    last_result = client.last_result();
  }
  void expect_refused(wire::UpdateResult result) {
    ASSERT_TRUE(outcome.refused_with);
    EXPECT_EQ(outcome.refused_with->result, result);
    EXPECT_EQ(last_result, result);
    EXPECT_FALSE(outcome.refused_with->reason.empty());
    EXPECT_TRUE(image::verify(flash, Slot::app1, factory()));
    EXPECT_EQ(image::read_status(flash, Slot::app2)->state(), SlotState::empty);
  }

  sim::SimulatedFlash flash = device();
  std::vector<crypto::Digest> rejected;
  Outcome outcome;
  wire::UpdateResult last_result = wire::UpdateResult::none;
};

TEST_F(InstallSession, InstallsAnImageThatBootWouldStart) {
  play(new_image().file());
  EXPECT_EQ(outcome.completed, new_version);
  EXPECT_EQ(outcome.found_version, new_version);
  EXPECT_EQ(last_result, wire::UpdateResult::installed);
  const auto verified = image::verify(flash, Slot::app2, factory());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->version(), new_version);
  EXPECT_EQ(image::read_status(flash, Slot::app2)->state(), SlotState::trial);
}

TEST_F(InstallSession, RefusesAChangedSignatureBeforeAnythingIsErased) {
  auto file = new_image().file();
  file[image::manifest_size + 40] ^= 1u;
  play(file);
  expect_refused(wire::UpdateResult::refused_signature);
  EXPECT_EQ(flash.operations(), 0u);
}

TEST_F(InstallSession, RefusesAChangedPayload) {
  auto file = new_image().file();
  file[file.size() - 100] ^= 1u;
  play(file);
  expect_refused(wire::UpdateResult::refused_digest);
}

TEST_F(InstallSession, RefusesWhatWasRejectedBefore) {
  rejected = {new_image().manifest.digest};
  play(new_image().file());  // the device has not told, so the server offers it
  expect_refused(wire::UpdateResult::refused_rejected);
  EXPECT_EQ(flash.operations(), 0u);
}

TEST_F(InstallSession, RefusesAnOlderSequence) {
  const auto image = make_image({.version = new_version, .sequence = 0, .seed = 3});
  play(image.file());
  expect_refused(wire::UpdateResult::refused_policy);
  EXPECT_EQ(flash.operations(), 0u);
}

}  // namespace
}  // namespace goldcrest::server

// SPDX-License-Identifier: MIT
// Somebody on the path changes one byte of every download: what that costs a device without a
// security context in flash and air, and how soon the owner's update gets in once he has gone.
// Engine, client, installer and flash as they are, in virtual time. docs/wear.md has the figures.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <sstream>

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
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

constexpr unsigned downloads_at_once = 6;
constexpr auto one_more_every = hours(4);
// The longest pause, a tenth on top, and the download.
constexpr auto soon = minutes(4 * 66 + 5);

class CountingFlash final : public image::Flash {
 public:
  explicit CountingFlash(image::Flash& flash) : flash_(flash) {}

  std::expected<void, image::FlashError> read(image::Address address,
                                              base::MutableBytes out) override {
    return flash_.read(address, out);
  }
  std::expected<void, image::FlashError> erase_page(image::Address address) override {
    most_ = std::max(most_, ++erases_[address]);
    return flash_.erase_page(address);
  }
  std::expected<void, image::FlashError> program_word(image::Address address,
                                                      std::uint32_t value) override {
    return flash_.program_word(address, value);
  }
  std::expected<void, image::FlashError> program_half_page(image::Address address,
                                                           base::Bytes data) override {
    return flash_.program_half_page(address, data);
  }
  /// Of the page that was erased most.
  unsigned most_erases() const { return most_; }

 private:
  image::Flash& flash_;
  std::map<image::Address, unsigned> erases_;
  unsigned most_ = 0;
};

class Events final : public role::UpdateEvents {
 public:
  void asked(bool) override { ++asked_; }
  void server_reached() override {}
  void nothing_newer(base::Duration) override {}
  void found(base::Version, std::uint32_t) override {}
  void progress(std::uint32_t, std::uint32_t) override {}
  void refused(const role::Refusal&, base::Duration) override { ++refused_; }
  void complete(base::Version) override { complete_ = true; }
  void failed(std::string_view, base::Duration) override {}

  unsigned asked_ = 0, refused_ = 0;
  bool complete_ = false;
};

/// A device, its server with an update, and the attacker between them.
class HostilePath {
 public:
  explicit HostilePath(bool classic, std::uint64_t seed)
      : classic_(classic), random_(seed), seeded_(static_cast<std::uint32_t>(seed)) {
    const auto added = store_.add(
        fmt::format("OTA-STM32L1-SPIRIT1_1_1_31_APP_0x{:08X}.fmu", crypto::Crc32::of(file())),
        file());
    EXPECT_TRUE(added) << (added ? "" : added.error());
    wire::Ask ask;
    ask.product = image::testing::product.text();
    ask.running = old_version;
    client_.set_device(ask);
    client_.set_server(testing::server_endpoint);
    client_.set_online(path_.now(), true);
  }

  static const Bytes& file() {
    static const auto file = make_image({.version = new_version,
                                         .sequence = 2,
                                         .image_size = 88'000,
                                         .relocations = 30,
                                         .seed = 2})
                                 .file();
    return file;
  }

  /// From now on he changes this byte of each download; nothing: another one every time.
  void attacks(std::optional<std::size_t> place) {
    present_ = true;
    place_ = place;
    aims();
  }
  void leaves() { present_ = false; }
  /// Answers all questions in the server's place.
  void claims(const wire::Answer& answer) { claim_ = answer; }

  testing::Path& path() { return path_; }
  const Events& events() const { return events_; }
  unsigned most_erases() const { return flash_.most_erases(); }

 private:
  void aims() { target_ = place_ ? *place_ : random_() % file().size(); }

  std::optional<Bytes> serve(base::Instant now, base::Bytes datagram) {
    const auto request = wire::coap::parse(datagram);
    if (request->code == wire::coap::Code::fetch) {
      if (claim_) return claimed(*request);
      if (classic_) {
        const auto reset = wire::coap::empty_message(wire::coap::Type::reset, request->message_id);
        return Bytes(reset.begin(), reset.end());
      }
    }
    const auto answer = engine_.receive(now, testing::client_endpoint, datagram);
    if (!answer) return std::nullopt;
    Bytes bytes(answer->begin(), answer->end());
    if (present_ && request->code == wire::coap::Code::get) change(bytes);
    return bytes;
  }
  Bytes claimed(const wire::coap::Message& request) {
    std::array<std::uint8_t, wire::answer_bytes> payload{};
    Bytes buffer(wire::answer_bytes + 64);
    wire::coap::MessageWriter writer(buffer, wire::coap::Type::acknowledgement,
                                     wire::coap::Code::content, request.message_id, request.token);
    writer.option_uint(wire::coap::option::content_format, wire::coap::content_format::cbor);
    writer.payload(*wire::emit(*claim_, payload));
    const auto written = *writer.finish();
    return {written.begin(), written.end()};
  }
  void change(Bytes& answer) {
    const auto message = wire::coap::parse(answer);
    const auto block = message->options.block(wire::coap::option::block2);
    if (!block || target_ < block->offset() ||
        target_ >= block->offset() + message->payload.size()) {
      return;
    }
    const auto payload_at = answer.size() - message->payload.size();
    answer[payload_at + target_ - block->offset()] ^= 0x08;
    if (block->offset() + message->payload.size() == file().size() || !place_) aims();
  }

  bool classic_;
  std::mt19937_64 random_;
  Store store_;
  Engine engine_{store_, {}};
  sim::SimulatedFlash simulated_ = device();
  CountingFlash flash_{simulated_};
  update::Installer installer_{flash_, factory(), *update::running_image(flash_, Slot::app1), {}};
  role::InstallerSink sink_{installer_};
  Events events_;
  base::SeededRandom seeded_;
  role::UpdateClient client_{seeded_, sink_, events_};
  testing::Path path_{
      client_,
      [this](base::Instant now, base::Bytes datagram) { return serve(now, datagram); },
      {},
      11};
  bool present_ = false;
  std::optional<std::size_t> place_;
  std::size_t target_ = 0;
  std::optional<wire::Answer> claim_;
};

class HostilePathSeeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(HostilePathSeeds, TheOwnersUpdateGetsInSoonAfterTheAttackerHasGone) {
  std::mt19937_64 random(GetParam());
  const bool classic = random() % 3 == 0;
  HostilePath hostile(classic, GetParam());
  const bool same_place = random() % 2 == 0;
  hostile.attacks(same_place ? std::optional(random() % HostilePath::file().size()) : std::nullopt);
  const auto attack = seconds(random() % (1u << (random() % 19)));
  hostile.path().run(attack);
  ASSERT_FALSE(hostile.events().complete_);
  hostile.leaves();
  ASSERT_TRUE(hostile.path().run_until([&] { return hostile.events().complete_; }, soon))
      << "attacked for " << attack.count() << " s";
  EXPECT_LE(hostile.most_erases(), downloads_at_once + (attack + soon) / one_more_every);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HostilePathSeeds, ::testing::Range<std::uint64_t>(1, 31));

std::string document() {
  std::ifstream file(GOLDCREST_ROOT "/docs/wear.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string line(std::string_view what, int days, const HostilePath& hostile,
                 std::int64_t air_time_s) {
  return fmt::format("| {} | {} | {} | {} | {} |\n", what, days, hostile.events().asked_,
                     hostile.most_erases(), air_time_s);
}

// The last byte is what costs most: until then everything has been fetched and written.
TEST(HostilePath, WearsAndTakesNoMoreThanIsDocumented) {
  for (const int days : {1, 2, 10}) {
    HostilePath hostile(false, 1);
    hostile.attacks(HostilePath::file().size() - 1);
    const auto attack = hours(24 * days);
    hostile.path().run(attack);
    EXPECT_LE(hostile.events().refused_, downloads_at_once + attack / one_more_every);
    EXPECT_LE(hostile.most_erases(), downloads_at_once + attack / one_more_every);
    EXPECT_THAT(document(), HasSubstr(line("changes the last byte of each download", days, hostile,
                                           hostile.path().air_time() / seconds(1))));
  }
}

TEST(HostilePath, CannotHaveMoreAskedThanIsDocumented) {
  HostilePath hostile(false, 1);
  hostile.claims({.retry_after_s = 1, .offer = {}});
  hostile.path().run(hours(24));
  EXPECT_EQ(hostile.most_erases(), 0u);
  EXPECT_THAT(document(), HasSubstr(line("answers \"nothing newer, ask again in a second\"", 1,
                                         hostile, hostile.path().air_time() / seconds(1))));
}

}  // namespace
}  // namespace goldcrest::server

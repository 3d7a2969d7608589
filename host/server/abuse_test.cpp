// SPDX-License-Identifier: MIT
// Strangers who mean harm: forged addresses, floods, clients that begin and never end. What they
// get, and what honest clients get meanwhile.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/crypto/crc32.hpp"
#include "core/image/test_image.hpp"
#include "core/net/blockwise.hpp"
#include "core/net/coap_exchange.hpp"
#include "core/wire/update_protocol.hpp"
#include "host/server/address_guard.hpp"
#include "host/server/engine.hpp"

namespace goldcrest::server {
namespace {

namespace coap = wire::coap;
using Bytes = std::vector<std::uint8_t>;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint8_t classic_exponent = 4;
constexpr std::size_t counted(std::size_t datagram) {
  return datagram + AddressGuard::header_bytes;
}

wire::Endpoint ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return {wire::Ipv6Address::from_ipv4({a, b, c, d}), 5683};
}

class ServerUnderAbuse : public ::testing::Test {
 protected:
  ServerUnderAbuse() {
    const auto file =
        image::testing::make_image({.version = {1, 1, 31}, .image_size = 40'000}).file();
    const auto name =
        fmt::format("OTA-STM32L1-SPIRIT1_1_1_31_APP_0x{:08X}.fmu", crypto::Crc32::of(file));
    update = *store.add(name, file);
  }

  /// A request in its shortest form: no token, one byte of block option at most.
  static Bytes request(std::string_view path, coap::Code code = coap::Code::get,
                       const Bytes& payload = {},
                       std::optional<std::uint8_t> exponent = std::nullopt,
                       std::optional<std::uint16_t> format = std::nullopt) {
    Bytes buffer(600);
    coap::MessageWriter writer(buffer, coap::Type::non_confirmable, code, 1);
    writer.path(path);
    if (format) writer.option_uint(coap::option::content_format, *format);
    if (exponent) {
      writer.option_block(coap::option::block2, {.number = 0, .size_exponent = *exponent});
    }
    writer.payload(payload);
    const auto written = *writer.finish();
    return {written.begin(), written.end()};
  }
  static Bytes classic(std::uint32_t offset = 0) {
    std::array<std::uint8_t, wire::classic_request_bytes> buffer{};
    const auto written = *wire::emit(
        wire::ClassicRequest{
            .product = "OTA-STM32L1-SPIRIT1", .version = {1, 0, 0}, .offset = offset},
        buffer);
    return {written.begin(), written.end()};
  }
  /// What a field device sends for one block: its own 256 bytes a block.
  static Bytes classic_block(std::uint32_t number) {
    Bytes buffer(100);
    coap::MessageWriter writer(buffer, coap::Type::confirmable, coap::Code::get,
                               static_cast<std::uint16_t>(number));
    writer.path("updates");
    writer.option_block(coap::option::block2,
                        {.number = number, .size_exponent = classic_exponent});
    writer.payload(classic());
    const auto written = *writer.finish();
    return {written.begin(), written.end()};
  }
  static Bytes ask() {
    wire::Ask ask;
    ask.product = "OTA-STM32L1-SPIRIT1";
    std::array<std::uint8_t, wire::ask_bytes> buffer{};
    const auto written = *wire::emit(ask, buffer);
    return {written.begin(), written.end()};
  }
  /// Every kind of request there is, as an attacker would shorten it.
  std::vector<std::pair<std::string, Bytes>> kinds() const {
    return {
        {"file", request(update->path)},
        {"file, 1,024 bytes", request(update->path, coap::Code::get, {}, 6)},
        {"list", request("updates")},
        {"discovery", request(".well-known/core")},
        {"classic", request("updates", coap::Code::get, classic())},
        {"classic, 256 bytes", request("updates", coap::Code::get, classic(), classic_exponent)},
        {"classic, 1,024 bytes", request("updates", coap::Code::get, classic(), 6)},
        {"ask", request("updates", coap::Code::fetch, ask(), {}, 60)},
        {"nothing there", request("x")},
        {"other method", request("updates", coap::Code::put)},
        {"empty path", request("")},
        {"bad ask", request("updates", coap::Code::fetch, {0xFF}, {}, 60)},
        {"bad classic", request("updates", coap::Code::get, {1})},
        {"ping", {0x40, 0, 0, 1}},
        {"garbage", {0x44, 1, 0, 1}}};
  }
  std::optional<Bytes> send(const wire::Endpoint& from, const Bytes& datagram) {
    const auto answer = engine.receive(now, from, datagram);
    if (!answer) return std::nullopt;
    return Bytes(answer->begin(), answer->end());
  }
  /// Takes all that the network of `victim` is trusted with, to the last byte.
  void drain(const wire::Endpoint& victim) { drain(guard, victim.address, now); }
  static void drain(AddressGuard& guard, const wire::Ipv6Address& victim, base::Instant now) {
    for (const std::size_t answer : {1100u, 57u}) {
      while (guard.allows(now, victim, 0, answer)) {
      }
    }
  }

  /// Fetches the file as our devices do, over a path without loss; how many requests it took.
  std::optional<int> download(const wire::Endpoint& client) {
    base::SeededRandom random(3);
    const wire::Endpoint server = ipv4(10, 9, 9, 9);
    net::CoapExchanges exchanges(random, server);
    net::BlockDownload fetch(exchanges, {});
    fetch.begin(now, {.path = update->path}, {});
    Bytes got;
    int requests = 0;
    while (fetch.status() == net::DownloadStatus::running && requests < 1000) {
      fetch.advance(now);
      while (const auto transmission = exchanges.next_transmission(now)) {
        ++requests;
        const auto answer =
            send(client, {transmission->message.begin(), transmission->message.end()});
        if (!answer) continue;
        if (const auto outcome = exchanges.receive(now, server, *answer)) {
          (void)fetch.handle(now, *outcome);
        }
        while (const auto data = fetch.next_data()) {
          got.insert(got.end(), data->begin(), data->end());
        }
      }
      now += milliseconds(50);
      while (const auto outcome = exchanges.advance(now)) (void)fetch.handle(now, *outcome);
    }
    if (got != update->bytes) return std::nullopt;
    return requests;
  }

  base::Instant now{hours(1)};
  Store store;
  const Update* update = nullptr;
  AddressGuard guard{{1, 2, 3}};
  Engine engine{store, {}, nullptr, &guard};
};

// The factor of every kind of request, by an attacker who has used up the victim's budget. Only
// what field devices depend on is more than three times its request.
TEST_F(ServerUnderAbuse, AmplifiesNothingMuchOnceTheBudgetIsSpent) {
  const auto victim = ipv4(198, 51, 100, 7);
  for (const auto& [name, datagram] : kinds()) {
    const auto before = send(ipv4(192, 0, 2, 1), datagram);
    drain(victim);
    const auto after = send(victim, datagram);
    const auto ratio = [&](const std::optional<Bytes>& answer) {
      return answer ? static_cast<double>(counted(answer->size())) /
                          static_cast<double>(counted(datagram.size()))
                    : 0.0;
    };
    EXPECT_LE(ratio(after), name == "classic, 256 bytes" ? 4.2 : 3.0) << name;
    std::printf(
        "%-22s request %3zu bytes: answered %4zu (%4.1f times), budget spent %3zu (%3.1f)\n",
        name.c_str(), datagram.size(), before ? before->size() : 0, ratio(before),
        after ? after->size() : 0, ratio(after));
  }
}

// What one network can be sent in an hour, however much is asked in its name.
TEST_F(ServerUnderAbuse, BoundsTheBytesSentToAForgedNetwork) {
  const auto flood = request(update->path);
  std::uint64_t asked = 0;
  std::uint64_t sent = 0;
  const auto end = now + seconds(20);
  for (std::uint8_t host = 0; now < end; now += base::Duration(500), ++host) {
    asked += counted(flood.size());
    if (const auto answer = send(ipv4(198, 51, 100, host), flood)) sent += counted(answer->size());
  }
  const auto excess = sent - std::min(sent, 3 * asked);
  EXPECT_LE(excess, AddressGuard::budget_bytes + 20u * AddressGuard::budget_bytes_per_s);
  EXPECT_LT(sent, 4'000'000u);  // without a guard: 42 MB
}

TEST_F(ServerUnderAbuse, ServesOtherNetworksDuringAFloodFromManyForgedAddresses) {
  base::SeededRandom random(7);
  const auto device = ipv4(203, 0, 113, 5);
  const auto classic_request = request("updates", coap::Code::get, classic(), classic_exponent);
  const auto flood = request(update->path);
  for (int i = 0; i < 20'000; ++i, now += base::Duration(100)) {
    const auto bits = random.next();
    const auto byte = [bits](unsigned shift) { return static_cast<std::uint8_t>(bits >> shift); };
    (void)send(ipv4(byte(0), byte(8), byte(16), byte(24)), flood);
    if (i % 100 != 0) continue;
    const auto answer = send(device, classic_request);
    ASSERT_TRUE(answer) << "round " << i;
    ASSERT_EQ(coap::parse(*answer)->code, coap::Code::content);
  }
  EXPECT_TRUE(download(device));
}

// Our own devices and `goldcrest get`: they return the Echo and are served in full.
TEST_F(ServerUnderAbuse, ServesWhoeverShowsThatTheAddressIsHisOwn) {
  const auto device = ipv4(198, 51, 100, 7);
  const auto undisturbed = download(device);
  ASSERT_TRUE(undisturbed);
  drain(ipv4(198, 51, 100, 66));
  const auto disturbed = download(device);
  ASSERT_TRUE(disturbed);
  EXPECT_LE(*disturbed, *undisturbed + 2);  // the requests outstanding when it was first challenged
}

TEST_F(ServerUnderAbuse, AnEchoIsGoodForItsOwnAddressAndForMinutes) {
  const auto device = ipv4(198, 51, 100, 7);
  const auto neighbour = ipv4(198, 51, 100, 8);
  const auto with_echo = [&](const AddressGuard::Echo& echo) {
    Bytes buffer(100);
    coap::MessageWriter writer(buffer, coap::Type::non_confirmable, coap::Code::get, 1);
    writer.path(update->path);
    writer.option(coap::option::echo, echo);
    const auto written = *writer.finish();
    return Bytes(written.begin(), written.end());
  };
  const auto code = [&](const wire::Endpoint& from, const Bytes& datagram) {
    return coap::parse(*send(from, datagram))->code;
  };
  drain(device);
  const auto echo = guard.echo_for(now, device.address);
  EXPECT_EQ(code(neighbour, with_echo(echo)), coap::Code::unauthorized);
  auto forged = echo;
  forged[7] ^= 1;
  EXPECT_EQ(code(device, with_echo(forged)), coap::Code::unauthorized);
  EXPECT_EQ(code(device, with_echo(echo)), coap::Code::content);
  // Without the option too, as the address has been shown.
  EXPECT_EQ(code(device, request(update->path)), coap::Code::content);
  now += 3 * AddressGuard::echo_period;
  drain(neighbour);
  EXPECT_EQ(code(device, with_echo(echo)), coap::Code::unauthorized);
  // Another server, or this one after a start, has another secret.
  EXPECT_NE(AddressGuard({9}).echo_for(now, device.address), guard.echo_for(now, device.address));
}

// Field devices know no Echo, and requests are forged in the very name of one, of every kind.
TEST_F(ServerUnderAbuse, AFieldDeviceIsServedInFullWhileRequestsAreForgedInItsName) {
  const auto device = ipv4(198, 51, 100, 7);
  const auto forged = kinds();
  drain(device);
  Bytes got;
  for (std::uint32_t number = 0; got.size() < update->bytes.size(); ++number) {
    for (const auto& [name, datagram] : forged) (void)send(device, datagram);
    const auto answer = send(device, classic_block(number));
    ASSERT_TRUE(answer) << number;
    const auto message = coap::parse(*answer);
    ASSERT_EQ(message->code, coap::Code::content);
    got.insert(got.end(), message->payload.begin(), message->payload.end());
    now += milliseconds(480);
  }
  EXPECT_EQ(got, update->bytes);
}

// Whoever asks for more at once in the classic protocol gets it as the budget allows.
TEST_F(ServerUnderAbuse, LargerClassicBlocksAreServedAgainAfterTheFlood) {
  const auto device = ipv4(198, 51, 100, 7);
  const auto large = request("updates", coap::Code::get, classic(), 6);
  drain(device);
  EXPECT_FALSE(send(device, large));
  now += milliseconds(2000);  // ACK_TIMEOUT
  EXPECT_TRUE(send(device, large));
}

// Clients that know no Echo either, but can choose: blocks of 64 bytes are small enough.
TEST_F(ServerUnderAbuse, SmallBlocksAreServedInAnyCase) {
  const auto client = ipv4(198, 51, 100, 7);
  drain(client);
  const auto code = [&](std::uint8_t exponent) {
    return coap::parse(*send(client, request(update->path, coap::Code::get, {}, exponent)))->code;
  };
  EXPECT_EQ(code(2), coap::Code::content);
  EXPECT_EQ(code(5), coap::Code::unauthorized);
}

// Ten thousand that begin a download and never go on: nothing is kept for them.
TEST_F(ServerUnderAbuse, SlowClientsCostNothing) {
  const auto first_block = request(update->path, coap::Code::get, {}, 5);
  for (int client = 0; client < 10'000; ++client) {
    const auto high = static_cast<std::uint8_t>(client >> 8);
    ASSERT_TRUE(send(ipv4(10, high, static_cast<std::uint8_t>(client), 1), first_block));
    now += milliseconds(1);
  }
  const auto requests = download(ipv4(203, 0, 113, 5));
  ASSERT_TRUE(requests);
  EXPECT_LT(*requests, 200);
}

TEST_F(ServerUnderAbuse, SurvivesAFloodOfGarbage) {
  base::SeededRandom random(5);
  for (int i = 0; i < 20'000; ++i) {
    Bytes garbage(random.below(60));
    for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random.next());
    const auto answer = send(ipv4(10, 1, 1, static_cast<std::uint8_t>(i)), garbage);
    ASSERT_LE(answer ? counted(answer->size()) : 0, 3 * counted(garbage.size()));
  }
  EXPECT_TRUE(download(ipv4(203, 0, 113, 5)));
}

TEST_F(ServerUnderAbuse, TheBudgetIsThatOfANetwork) {
  const auto drained = [&](const char* address) {
    return !guard.allows(now, *wire::Ipv6Address::parse(address), 10, 4000);
  };
  const auto a = *wire::Ipv6Address::parse("2001:db8:1::1");
  drain(guard, a, now);
  EXPECT_TRUE(drained("2001:db8:1:ffff::9"));
  EXPECT_FALSE(drained("2001:db8:2::1"));
  EXPECT_FALSE(drained("::ffff:10.0.0.1"));
  drain(guard, *wire::Ipv6Address::parse("::ffff:10.0.0.1"), now);
  EXPECT_TRUE(drained("::ffff:10.0.0.255"));
  EXPECT_FALSE(drained("::ffff:10.0.1.0"));
  // Small answers go out in any case.
  EXPECT_TRUE(guard.allows(now, a, 10, 86));
  EXPECT_FALSE(guard.allows(now, a, 10, 87));
}

}  // namespace
}  // namespace goldcrest::server

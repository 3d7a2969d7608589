// SPDX-License-Identifier: MIT
#include "host/air/air_process.hpp"

#include <gtest/gtest.h>

#include <set>

namespace goldcrest::air {
namespace {

using base::Duration;
using base::Instant;

Instant at(std::int64_t microseconds) {
  return Instant(Duration(microseconds));
}
wire::Endpoint peer(std::uint16_t port) {
  return {wire::Ipv6Address::from_ipv4({127, 0, 0, 1}), port};
}
std::vector<std::uint8_t> zep(const ZepPacket& packet) {
  std::array<std::uint8_t, zep_datagram_bytes_max> buffer{};
  base::ByteWriter writer(buffer);
  emit_zep(packet, writer);
  return {writer.written().begin(), writer.written().end()};
}

struct Wire {
  struct Sent {
    std::uint16_t port;
    std::vector<std::uint8_t> datagram;
  };
  std::vector<Sent> sent;
  AirProcess::Send send = [this](const wire::Endpoint& to, base::Bytes bytes) {
    sent.push_back({to.port, {bytes.begin(), bytes.end()}});
  };
};

const std::vector<std::uint8_t> frame(20, 0x11);

TEST(AirProcess, relays_to_the_others_when_the_air_time_has_passed) {
  Wire wire;
  AirProcess air(sim::AirOptions{}, {}, wire.send);
  ASSERT_TRUE(air.receive(at(0), peer(1), zep({.type = ZepType::hello, .frame = {}})));
  ASSERT_TRUE(air.receive(at(0), peer(2), zep({.type = ZepType::hello, .frame = {}})));
  ASSERT_TRUE(air.receive(at(0), peer(3), zep({.frame = frame})));
  air.advance(at(1000));
  EXPECT_TRUE(wire.sent.empty());
  EXPECT_EQ(air.next_deadline(), at(6250));  // (4 + 4 + 1 + 20 + 1) × 8 / 38400 s
  air.advance(at(6250));
  ASSERT_EQ(wire.sent.size(), 2u);
  EXPECT_EQ(wire.sent[0].port, 1);
  EXPECT_EQ(wire.sent[1].port, 2);
  const auto heard = parse_zep(wire.sent[0].datagram);
  ASSERT_TRUE(heard.has_value());
  EXPECT_TRUE(std::ranges::equal(heard->frame, frame));
}

TEST(AirProcess, frames_wait_for_a_free_channel) {
  Wire wire;
  AirProcess air(sim::AirOptions{}, {}, wire.send);
  ASSERT_TRUE(air.receive(at(0), peer(2), zep({.type = ZepType::hello, .frame = {}})));
  ASSERT_TRUE(air.receive(at(0), peer(1), zep({.frame = frame})));
  ASSERT_TRUE(air.receive(at(10), peer(2), zep({.frame = frame})));
  air.advance(at(6250));
  EXPECT_EQ(wire.sent.size(), 1u);
  air.advance(at(12500));
  EXPECT_EQ(wire.sent.size(), 2u);
}

TEST(AirProcess, topology_separates_stations) {
  Wire wire;
  AirProcess air(sim::AirOptions{}, parse_topology("1 2 0 # chain\n2 1 0\n").value(), wire.send);
  ASSERT_TRUE(air.receive(at(0), peer(1), zep({.device_id = 1, .frame = frame})));
  ASSERT_TRUE(air.receive(at(1), peer(2), zep({.device_id = 2, .frame = frame})));
  ASSERT_TRUE(air.receive(at(2), peer(3), zep({.device_id = 3, .frame = frame})));
  air.advance(at(1'000'000));
  wire.sent.clear();
  ASSERT_TRUE(air.receive(at(1'000'000), peer(1), zep({.device_id = 1, .frame = frame})));
  air.advance(at(2'000'000));
  ASSERT_EQ(wire.sent.size(), 1u);
  EXPECT_EQ(wire.sent[0].port, 2);
}

TEST(AirProcess, silent_stations_are_forgotten_and_their_place_reused) {
  Wire wire;
  AirProcess air(sim::AirOptions{}, {}, wire.send);
  ASSERT_TRUE(air.receive(at(0), peer(1), zep({.type = ZepType::hello, .frame = {}})));
  air.advance(at(61'000'000));
  EXPECT_EQ(air.stations(), 0u);
  EXPECT_TRUE(air.receive(at(61'000'000), peer(5000), zep({.frame = frame})));
  EXPECT_EQ(air.stations(), 1u);
}

// Somebody says hello from as many ports as there are, again and again.
TEST(AirProcess, a_flood_of_stations_takes_no_place_from_settled_ones_nor_from_newcomers) {
  Wire wire;
  AirProcess air(sim::AirOptions{}, {}, wire.send);
  const auto hello = zep({.type = ZepType::hello, .frame = {}});
  for (const auto second : {0, 2}) {
    for (std::uint16_t port = 1; port <= 10; ++port) {
      ASSERT_TRUE(air.receive(at(second * 1'000'000), peer(port), hello));
    }
  }
  std::int64_t now = 2'000'000;
  for (int i = 0; i < 5000; ++i) {
    const auto port = static_cast<std::uint16_t>(1000 + i);
    ASSERT_TRUE(air.receive(at(now += 1000), peer(port), hello)) << i;
  }
  EXPECT_EQ(air.stations(), AirProcess::stations_max);
  ASSERT_TRUE(air.receive(at(now), peer(20), zep({.frame = frame})));
  air.advance(at(now + 10'000));
  std::set<std::uint16_t> heard;
  for (const auto& sent : wire.sent) heard.insert(sent.port);
  for (std::uint16_t port = 1; port <= 10; ++port) EXPECT_TRUE(heard.contains(port)) << port;
  EXPECT_EQ(heard.size(), AirProcess::stations_max - 1);
}

TEST(AirProcess, settled_stations_yield_when_they_have_been_silent) {
  Wire wire;
  AirProcess air(sim::AirOptions{}, {}, wire.send);
  const auto hello = zep({.type = ZepType::hello, .frame = {}});
  for (const auto second : {0, 10}) {
    for (std::uint16_t port = 1; port <= AirProcess::stations_max; ++port) {
      ASSERT_TRUE(air.receive(at(second * 1'000'000), peer(port), hello));
    }
  }
  EXPECT_EQ(air.receive(at(34'999'999), peer(5000), hello).error(), "too many stations");
  EXPECT_TRUE(air.receive(at(35'000'000), peer(5000), hello));
}

TEST(AirProcess, says_why_a_datagram_is_ignored) {
  Wire wire;
  AirProcess air(sim::AirOptions{}, {}, wire.send);
  const std::vector<std::uint8_t> junk{'h', 'e', 'l', 'l', 'o'};
  EXPECT_EQ(air.receive(at(0), peer(1), junk).error(), "not a ZEP datagram");
  EXPECT_EQ(air.stations(), 0u);
}

TEST(AirProcess, a_flood_is_dropped_instead_of_queued_for_ever) {
  Wire wire;
  AirProcess air(sim::AirOptions{}, {}, wire.send);
  ASSERT_TRUE(air.receive(at(0), peer(2), zep({.type = ZepType::hello, .frame = {}})));
  int taken = 0;
  for (int i = 0; i < 1000; ++i) {
    if (air.receive(at(0), peer(1), zep({.frame = frame}))) ++taken;
  }
  EXPECT_EQ(taken, 81);  // 500 ms of frames that last 6.25 ms each, and the one that ends the wait
  EXPECT_EQ(air.receive(at(0), peer(1), zep({.frame = frame})).error(),
            "the channel is overloaded");
  EXPECT_TRUE(air.receive(at(100'000), peer(1), zep({.frame = frame})));
}

TEST(Topology, names_the_bad_line) {
  EXPECT_EQ(parse_topology("1 2 0\n1 2 3\n").error(),
            "line 2: expected `FROM TO LOSS`, device ids 0 to 65535, loss 0 to 1");
  EXPECT_FALSE(parse_topology("1 2").has_value());
  EXPECT_FALSE(parse_topology("1 2 0.5 x").has_value());
  EXPECT_EQ(parse_topology("# nothing\n\n").value().loss.size(), 0u);
}

}  // namespace
}  // namespace goldcrest::air

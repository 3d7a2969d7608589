// SPDX-License-Identifier: MIT
#include "core/wire/udp.hpp"

#include <gtest/gtest.h>

#include "core/wire/test_support.hpp"

namespace goldcrest::wire {
namespace {

using test::address;
using test::emitted;
using test::from_hex;
using test::Octets;
using test::to_hex;

const Ipv6Address source = test::address("aaaa::3736:3938:41a3:6985");
const Ipv6Address destination = test::address("::ffff:192.168.1.64");

// The UDP packet of a field device's first request, as it was recorded.
const char* const recorded =
    "1633 1633 0034 8106 40012c96b775706461746573c104ff13"
    "4f54412d53544d33324c312d53504952495431030200010100000000";

Octets emit(const UdpDatagram& datagram) {
  return emitted([&](base::ByteWriter& writer) { datagram.emit(writer, source, destination); });
}

UdpError error_of(const Octets& octets) {
  const auto datagram = UdpDatagram::parse(octets, source, destination);
  EXPECT_FALSE(datagram.has_value());
  return datagram ? UdpError{} : datagram.error();
}

TEST(Udp, RecordedPacketBothWays) {
  const auto octets = from_hex(recorded);
  const auto datagram = UdpDatagram::parse(octets, source, destination);
  ASSERT_TRUE(datagram.has_value());
  EXPECT_EQ(datagram->source_port, 5683);
  EXPECT_EQ(datagram->destination_port, 5683);
  EXPECT_EQ(datagram->payload.size(), 44u);
  EXPECT_EQ(emit(*datagram), octets);
}

TEST(Udp, EveryFlippedBitIsNoticed) {
  const auto good = from_hex(recorded);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(UdpDatagram::parse(bad, source, destination)) << bit;
  }
  EXPECT_FALSE(UdpDatagram::parse(good, source, address("::ffff:192.168.1.65")));
}

TEST(Udp, RefusesBadLengthsAndAMissingChecksum) {
  auto octets = from_hex(recorded);
  EXPECT_EQ(error_of(from_hex("16331633003481")), UdpError::truncated);
  octets[5] = 7;
  EXPECT_EQ(error_of(octets), UdpError::length);
  octets[5] = 0x35;
  EXPECT_EQ(error_of(octets), UdpError::truncated);
  octets = from_hex(recorded);
  octets[6] = octets[7] = 0;
  EXPECT_EQ(error_of(octets), UdpError::no_checksum);
}

TEST(Udp, IgnoresWhatFollowsTheLength) {
  auto octets = from_hex(recorded);
  octets.push_back(0x55);
  const auto datagram = UdpDatagram::parse(octets, source, destination);
  ASSERT_TRUE(datagram.has_value());
  EXPECT_EQ(datagram->payload.size(), 44u);
}

TEST(Udp, AZeroSumIsSentAsAllOnes) {
  // With this payload the computed checksum is zero; the field has to say 0xFFFF instead.
  UdpDatagram datagram{.source_port = 0, .destination_port = 0};
  Octets payload(2);
  datagram.payload = payload;
  const auto probe = emit(datagram);
  base::store_be16(payload.data(), base::load_be16(probe.data() + 6));
  const auto octets = emit(datagram);
  EXPECT_EQ(base::load_be16(octets.data() + 6), 0xFFFF);
  EXPECT_TRUE(UdpDatagram::parse(octets, source, destination));
}

TEST(Udp, RoundTrip) {
  base::SeededRandom random(7);
  for (int i = 0; i < 5000; ++i) {
    const auto payload = test::random_octets(random, 1200);
    const UdpDatagram datagram{.source_port = test::word(random),
                               .destination_port = test::word(random),
                               .payload = payload};
    const auto octets = emit(datagram);
    ASSERT_EQ(octets.size(), 8 + payload.size());
    const auto parsed = UdpDatagram::parse(octets, source, destination);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->source_port, datagram.source_port);
    EXPECT_EQ(parsed->destination_port, datagram.destination_port);
    EXPECT_EQ(to_hex(parsed->payload), to_hex(payload));
  }
}

TEST(Udp, AnyBytesAreSurvived) {
  base::SeededRandom random(8);
  for (int i = 0; i < 100000; ++i) {
    const auto octets = test::random_octets(random, 40);
    if (const auto datagram = UdpDatagram::parse(octets, source, destination)) {
      ASSERT_LE(datagram->payload.size() + 8, octets.size());
    }
  }
}

TEST(Udp, WriterTooSmall) {
  const Octets payload(10);
  for (std::size_t size = 0; size < 18; ++size) {
    Octets buffer(size);
    base::ByteWriter writer(buffer);
    UdpDatagram{.payload = payload}.emit(writer, source, destination);
    EXPECT_FALSE(writer.ok());
  }
}

}  // namespace
}  // namespace goldcrest::wire

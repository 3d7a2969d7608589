// SPDX-License-Identifier: MIT
#include "core/wire/icmpv6.hpp"

#include <gtest/gtest.h>

#include "core/wire/test_support.hpp"

namespace goldcrest::wire {
namespace {

using test::address;
using test::emitted;
using test::from_hex;
using test::Octets;
using test::to_hex;

const Ipv6Address source = test::address("fe80::3736:3938:41a3:6985");
const Ipv6Address destination = test::address("fe80::8a77:6655:4433:2211");
const Eui64 node{{0x35, 0x36, 0x39, 0x38, 0x41, 0xA3, 0x69, 0x85}};

template <typename Body>
Octets emit(const Body& body) {
  return emitted([&](base::ByteWriter& writer) { emit_icmpv6(writer, source, destination, body); });
}

Icmpv6Message parsed(const Octets& octets) {
  const auto message = Icmpv6Message::parse(octets, source, destination);
  EXPECT_TRUE(message.has_value()) << to_hex(octets);
  return message.value_or(Icmpv6Message{});
}

/// A message with the right checksum around any body.
Octets message(std::uint8_t type, std::uint8_t code, std::string_view body) {
  const auto octets = from_hex(body);
  return emit(Icmpv6Message{.type = type, .code = code, .body = octets});
}

TEST(Icmpv6, EchoBitForBit) {
  const Octets data{'a', 'b', 'c'};
  const auto octets = emit(Echo{.reply = false, .identifier = 0x1234, .sequence = 2, .data = data});
  EXPECT_EQ(to_hex(octets).substr(0, 4), "8000");
  EXPECT_EQ(to_hex(octets).substr(8), "12340002616263");
  const auto echo = Echo::parse(parsed(octets));
  ASSERT_TRUE(echo.has_value());
  EXPECT_FALSE(echo->reply);
  EXPECT_EQ(echo->identifier, 0x1234);
  EXPECT_EQ(echo->sequence, 2);
  EXPECT_EQ(to_hex(echo->data), "616263");
  const auto reply = emit(Echo{.reply = true, .identifier = 0x1234, .sequence = 2, .data = data});
  EXPECT_EQ(reply[0], 129);
  EXPECT_TRUE(Echo::parse(parsed(reply))->reply);
}

TEST(Icmpv6, EveryFlippedBitIsNoticed) {
  const auto good = emit(Echo{.identifier = 1, .sequence = 2});
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_EQ(Icmpv6Message::parse(bad, source, destination).error(), Icmpv6Error::checksum);
  }
  EXPECT_EQ(Icmpv6Message::parse(good, source, address("fe80::1")).error(), Icmpv6Error::checksum);
  EXPECT_EQ(Icmpv6Message::parse(base::Bytes(good).first(3), source, destination).error(),
            Icmpv6Error::truncated);
}

TEST(Icmpv6, ErrorsCarryAsMuchAsFits) {
  const Octets invoking(1280, 0x5A);
  for (std::uint8_t type = 1; type <= 4; ++type) {
    const auto octets =
        emit(ErrorReport{.type = type, .code = 3, .parameter = 0x01020304, .invoking = invoking});
    EXPECT_EQ(octets.size(), 1280u - 40);
    const auto report = ErrorReport::parse(parsed(octets));
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->type, type);
    EXPECT_EQ(report->code, 3);
    EXPECT_EQ(report->parameter, 0x01020304u);
    EXPECT_EQ(report->invoking.size(), ErrorReport::room);
    EXPECT_TRUE(parsed(octets).is_error());
  }
}

TEST(Icmpv6, NeighbourSolicitationBitForBit) {
  const NeighbourSolicitation body{.target = destination, .source_link_address = node};
  const auto octets = emit(body);
  EXPECT_EQ(to_hex(octets).substr(0, 4), "8700");
  EXPECT_EQ(to_hex(octets).substr(8),
            "00000000fe800000000000008a77665544332211"
            "0102"
            "3536393841a36985"
            "000000000000");
  const auto back = NeighbourSolicitation::parse(parsed(octets));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->target, destination);
  EXPECT_EQ(back->source_link_address, node);
  const auto bare = emit(NeighbourSolicitation{.target = destination});
  EXPECT_EQ(bare.size(), 24u);
  EXPECT_EQ(NeighbourSolicitation::parse(parsed(bare))->source_link_address, std::nullopt);
}

TEST(Icmpv6, NeighbourAdvertisementFlags) {
  for (unsigned flags = 0; flags < 8; ++flags) {
    const NeighbourAdvertisement body{.router = (flags & 4) != 0,
                                      .solicited = (flags & 2) != 0,
                                      .override_cache = (flags & 1) != 0,
                                      .target = source,
                                      .target_link_address = node};
    const auto octets = emit(body);
    EXPECT_EQ(octets[4], flags << 5);
    const auto back = NeighbourAdvertisement::parse(parsed(octets));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->router, body.router);
    EXPECT_EQ(back->solicited, body.solicited);
    EXPECT_EQ(back->override_cache, body.override_cache);
    EXPECT_EQ(back->target, source);
    EXPECT_EQ(back->target_link_address, node);
  }
}

TEST(Icmpv6, NeighbourDiscoveryOptions) {
  const std::string target = "00000000 fe800000000000000000000000000001";
  const auto solicit = [&](const std::string& options) {
    return NeighbourSolicitation::parse(parsed(message(135, 0, target + options)));
  };
  // Unknown options and a 16-bit link address are passed over.
  const auto found = solicit("2201aabbccddeeff 0101000100000000 01023536393841a36985000000000000");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->source_link_address, node);
  EXPECT_EQ(solicit("0100aabbccddeeff").error(), Icmpv6Error::option);
  EXPECT_EQ(solicit("0102aabbccddeeff").error(), Icmpv6Error::option);
  EXPECT_EQ(solicit("01").error(), Icmpv6Error::option);
  const auto multicast = message(135, 0, "00000000 ff020000000000000000000000000001");
  EXPECT_EQ(NeighbourSolicitation::parse(parsed(multicast)).error(), Icmpv6Error::target);
  EXPECT_EQ(NeighbourSolicitation::parse(parsed(message(135, 0, "00000000 fe80"))).error(),
            Icmpv6Error::truncated);
}

TEST(Icmpv6, BodiesRefuseOtherTypes) {
  const auto unknown = parsed(message(200, 0, "0000000000000000"));
  EXPECT_EQ(Echo::parse(unknown).error(), Icmpv6Error::type);
  EXPECT_EQ(ErrorReport::parse(unknown).error(), Icmpv6Error::type);
  EXPECT_EQ(NeighbourSolicitation::parse(unknown).error(), Icmpv6Error::type);
  EXPECT_EQ(NeighbourAdvertisement::parse(unknown).error(), Icmpv6Error::type);
  EXPECT_EQ(NeighbourSolicitation::parse(parsed(message(135, 1, "00"))).error(), Icmpv6Error::type);
  EXPECT_EQ(Echo::parse(parsed(message(128, 0, "001122"))).error(), Icmpv6Error::truncated);
  EXPECT_EQ(ErrorReport::parse(parsed(message(1, 0, "001122"))).error(), Icmpv6Error::truncated);
}

TEST(Icmpv6, SolicitedNodeAddress) {
  // RFC 4291 section 2.7.1.
  EXPECT_EQ(solicited_node(address("4037::01:800:200e:8c6c")), address("ff02::1:ff0e:8c6c"));
}

TEST(Icmpv6, AnyBytesAreSurvived) {
  base::SeededRandom random(9);
  int accepted = 0;
  for (int i = 0; i < 100000; ++i) {
    const auto body = test::random_octets(random, 60);
    constexpr std::uint8_t types[] = {1, 2, 3, 4, 128, 129, 135, 136};
    const auto octets = emit(Icmpv6Message{.type = types[random.below(8)], .body = body});
    const auto envelope = parsed(octets);
    if (const auto echo = Echo::parse(envelope)) {
      ASSERT_EQ(emit(*echo), octets);
      ++accepted;
    }
    if (const auto report = ErrorReport::parse(envelope)) {
      ASSERT_EQ(emit(*report), octets);
      ++accepted;
    }
    accepted += NeighbourSolicitation::parse(envelope).has_value();
    accepted += NeighbourAdvertisement::parse(envelope).has_value();
  }
  EXPECT_GT(accepted, 50000);
}

}  // namespace
}  // namespace goldcrest::wire

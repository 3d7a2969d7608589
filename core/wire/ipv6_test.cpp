// SPDX-License-Identifier: MIT
// The fixed header, the walk along extension headers, the RPL option and the checksum.
#include "core/wire/ipv6.hpp"

#include <gtest/gtest.h>

#include "core/wire/checksum.hpp"
#include "core/wire/test_support.hpp"

namespace goldcrest::wire {
namespace {

using test::address;
using test::emitted;
using test::from_hex;
using test::Octets;
using test::to_hex;

/// A datagram from aaaa::1 with the given first Next Header value and payload in hex.
Octets datagram(std::uint8_t protocol, std::string_view payload,
                std::string_view destination = "aaaa::2") {
  const Ipv6Header header{
      .next_header = protocol, .source = address("aaaa::1"), .destination = address(destination)};
  const auto octets = from_hex(payload);
  return emitted([&](base::ByteWriter& writer) {
    emit_ipv6(writer, header, [&](base::ByteWriter& out) { out.bytes(octets); });
  });
}

ExtensionProblem problem_of(const Octets& octets) {
  const auto upper = upper_layer(octets);
  EXPECT_FALSE(upper.has_value()) << to_hex(octets);
  return upper ? ExtensionProblem{} : upper.error();
}

TEST(Ipv6, HeaderBitForBit) {
  const Ipv6Header header{.traffic_class = 0xA5,
                          .flow_label = 0x12345,
                          .payload_length = 2,
                          .next_header = next_header::udp,
                          .hop_limit = 63,
                          .source = address("aaaa::1"),
                          .destination = address("ff02::1a")};
  auto octets = emitted([&](base::ByteWriter& writer) { header.emit(writer); });
  EXPECT_EQ(to_hex(octets),
            "6a5123450002113faaaa0000000000000000000000000001ff02000000000000000000000000001a");
  EXPECT_EQ(Ipv6Header::parse(octets).error(), Ipv6Error::truncated);  // the payload is missing
  octets.resize(42);
  EXPECT_EQ(Ipv6Header::parse(octets), header);
  octets.resize(50);  // more than the payload length is no harm
  EXPECT_EQ(Ipv6Header::parse(octets), header);
  octets[0] = 0x45;
  EXPECT_EQ(Ipv6Header::parse(octets).error(), Ipv6Error::version);
  EXPECT_EQ(Ipv6Header::parse(base::Bytes(octets).first(39)).error(), Ipv6Error::truncated);
}

TEST(Ipv6, UpperLayerWithoutExtensionHeaders) {
  auto octets = datagram(next_header::udp, "01020304");
  octets.push_back(0xEE);  // behind the datagram
  const auto upper = upper_layer(octets);
  ASSERT_TRUE(upper.has_value());
  EXPECT_EQ(upper->protocol, next_header::udp);
  EXPECT_EQ(to_hex(upper->payload), "01020304");
  EXPECT_EQ(upper->protocol_offset, 6u);
  EXPECT_FALSE(upper->rpl.has_value());
  const auto first = hop_by_hop(octets);
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(first->has_value());
}

TEST(Ipv6, WalksAWholeChain) {
  const auto octets = datagram(0,
                               "3c 00 63 04 80 1e 01 2b"  // hop-by-hop: RPL option, down
                               "2b 01 01 0c 000000000000 000000000000"  // destination options: PadN
                               "2c 00 00 00 00000000"                   // routing, no segments left
                               "11 00 00 00 00000007"                   // atomic fragment
                               "aabb");
  const auto upper = upper_layer(octets);
  ASSERT_TRUE(upper.has_value());
  EXPECT_EQ(upper->protocol, next_header::udp);
  EXPECT_EQ(to_hex(upper->payload), "aabb");
  EXPECT_EQ(upper->protocol_offset, 40u + 8 + 16 + 8);
  ASSERT_TRUE(upper->rpl.has_value());
  EXPECT_EQ(upper->rpl->offset, 42u);
  EXPECT_EQ(upper->rpl->option, (RplOption{.down = true, .instance = 0x1E, .sender_rank = 0x012B}));
  const auto first = hop_by_hop(octets);
  ASSERT_TRUE(first.has_value() && first->has_value());
  EXPECT_EQ((*first)->size, 8u);
  EXPECT_EQ((*first)->next_header, next_header::destination_options);
  EXPECT_EQ((*first)->rpl->offset, 42u);
}

TEST(Ipv6, OptionsObeyTheActionBitsOfTheirType) {
  // 0x1E skip; 0x5E drop; 0x9E drop and report; 0xDE drop and report unless multicast.
  EXPECT_TRUE(upper_layer(datagram(0, "11 00 1e 01 00 1e 01 00")).has_value());
  for (const char* destination : {"aaaa::2", "ff02::1"}) {
    const bool multicast = address(destination).multicast();
    auto problem = problem_of(datagram(0, "11 00 01 00 5e 02 00 00", destination));
    EXPECT_EQ(problem.error, Ipv6Error::unknown_option);
    EXPECT_FALSE(problem.report);
    problem = problem_of(datagram(0, "11 00 01 00 9e 02 00 00", destination));
    EXPECT_TRUE(problem.report);
    EXPECT_EQ(problem.code, 2);
    EXPECT_EQ(problem.pointer, 44u);
    problem = problem_of(datagram(60, "11 00 00 00 00 de 01 00", destination));
    EXPECT_EQ(problem.report, !multicast);
    EXPECT_EQ(problem.pointer, 45u);
  }
}

TEST(Ipv6, TheRplOptionBelongsInHopByHopHeadersOnly) {
  const auto problem = problem_of(datagram(60, "11 00 63 04 00 1e 01 00"));
  EXPECT_EQ(problem.error, Ipv6Error::unknown_option);
  // RFC 9008's type may be skipped by who does not know it, and is known in the right place.
  EXPECT_TRUE(upper_layer(datagram(60, "11 00 23 04 00 1e 01 00")).has_value());
  const auto upper = upper_layer(datagram(0, "11 00 23 04 40 1e 01 00"));
  ASSERT_TRUE(upper.has_value() && upper->rpl.has_value());
  EXPECT_TRUE(upper->rpl->option.rank_error);
  EXPECT_EQ(upper->rpl->option.type, RplOption::type_rfc9008);
}

TEST(Ipv6, RefusesMalformedChains) {
  EXPECT_EQ(problem_of(datagram(0, "11 00 01 05 00 00 00 00")).error,
            Ipv6Error::extension_length);  // option over the end
  EXPECT_EQ(problem_of(datagram(0, "11 00 01 03 00 00 00 05")).error,
            Ipv6Error::extension_length);  // type without length
  EXPECT_EQ(problem_of(datagram(0, "11 00 63 03 00 1e 01 00")).error,
            Ipv6Error::extension_length);  // RPL option too short
  EXPECT_EQ(problem_of(datagram(0, "11 01 63 04 00 1e 01 00")).error,
            Ipv6Error::extension_length);  // header longer than the datagram
  EXPECT_EQ(problem_of(datagram(0, "11 00 63 04")).error, Ipv6Error::extension_length);
  EXPECT_EQ(problem_of(datagram(44, "11 00 00 01 00000007 aabb")).error, Ipv6Error::fragmented);
  EXPECT_EQ(problem_of(datagram(44, "11 00 00 08 00000007 aabb")).error, Ipv6Error::fragmented);
  EXPECT_EQ(problem_of(datagram(44, "11 00 00 00 0000")).error, Ipv6Error::extension_length);
  EXPECT_EQ(problem_of(from_hex("60")).error, Ipv6Error::truncated);
}

TEST(Ipv6, ReportsMisplacedHopByHopAndRouting) {
  auto problem = problem_of(datagram(60, "00 00 01 04 00000000 11 00 01 04 00000000"));
  EXPECT_EQ(problem.error, Ipv6Error::unknown_next_header);
  EXPECT_TRUE(problem.report);
  EXPECT_EQ(problem.code, 1);
  EXPECT_EQ(problem.pointer, 40u);
  problem = problem_of(datagram(43, "11 00 09 01 00000000"));
  EXPECT_EQ(problem.error, Ipv6Error::routing_header);
  EXPECT_EQ(problem.code, 0);
  EXPECT_EQ(problem.pointer, 42u);
}

TEST(Ipv6, InsertsAndRemovesTheRplOption) {
  const RplOption option{.instance = 0x1E, .sender_rank = 0x012B};
  const auto plain = datagram(next_header::udp, "aabbcc");
  const auto with =
      emitted([&](base::ByteWriter& out) { EXPECT_TRUE(insert_rpl_option(plain, option, out)); });
  EXPECT_EQ(with, datagram(0, "11 00 63 04 00 1e 01 2b aabbcc"));
  const auto updated = emitted([&](base::ByteWriter& out) {
    EXPECT_TRUE(insert_rpl_option(with, {.down = true, .instance = 0x1E, .sender_rank = 9}, out));
  });
  EXPECT_EQ(updated, datagram(0, "11 00 63 04 80 1e 00 09 aabbcc"));
  const auto without =
      emitted([&](base::ByteWriter& out) { EXPECT_TRUE(remove_rpl_option(updated, out)); });
  EXPECT_EQ(without, plain);
  const auto untouched =
      emitted([&](base::ByteWriter& out) { EXPECT_TRUE(remove_rpl_option(plain, out)); });
  EXPECT_EQ(untouched, plain);
}

TEST(Ipv6, KeepsAHopByHopHeaderThatHoldsMore) {
  const auto other = datagram(0, "11 00 05 02 00 00 01 00 aabbcc");  // router alert
  const auto kept =
      emitted([&](base::ByteWriter& out) { EXPECT_TRUE(remove_rpl_option(other, out)); });
  EXPECT_EQ(kept, other);
  const auto none = emitted([&](base::ByteWriter& out) {
    EXPECT_FALSE(insert_rpl_option(other, {}, out));
    EXPECT_FALSE(remove_rpl_option(from_hex("6000"), out));
  });
  EXPECT_TRUE(none.empty());
}

TEST(Ipv6, WritesNothingWhereThereIsNoRoom) {
  const auto plain = datagram(next_header::udp, "aabbcc");
  Octets small(plain.size() + 7);
  base::ByteWriter writer(small);
  EXPECT_FALSE(insert_rpl_option(plain, {}, writer));
  EXPECT_EQ(writer.size(), 0u);
  EXPECT_TRUE(writer.ok());
}

TEST(Ipv6, RplOptionRoundTrip) {
  for (unsigned flags = 0; flags < 8; ++flags) {
    const RplOption option{.down = (flags & 4) != 0,
                           .rank_error = (flags & 2) != 0,
                           .forwarding_error = (flags & 1) != 0,
                           .instance = 30,
                           .sender_rank = 0x1234};
    auto octets = emitted([&](base::ByteWriter& writer) { option.emit(writer); });
    ASSERT_EQ(octets.size(), RplOption::size);
    EXPECT_EQ(octets[2], flags << 5);
    EXPECT_EQ(RplOption::from_data(octets[0], base::Bytes(octets).subspan(2)), option);
    RplOption{}.store(octets);
    EXPECT_EQ(to_hex(octets), "630400000000");
    option.store(octets);
    EXPECT_EQ(RplOption::from_data(octets[0], base::Bytes(octets).subspan(2)), option);
  }
}

TEST(Checksum, Rfc1071Example) {
  // Section 3: the sum of these bytes is ddf2.
  const auto octets = from_hex("0001f203f4f5f6f7");
  InternetChecksum checksum;
  checksum.add(octets);
  EXPECT_EQ(checksum.value(), 0xFFFF - 0xDDF2);
}

TEST(Checksum, PiecesMakeNoDifference) {
  base::SeededRandom random(5);
  for (int i = 0; i < 2000; ++i) {
    const auto octets = test::random_octets(random, 1500);
    InternetChecksum whole;
    whole.add(octets);
    InternetChecksum pieces;
    for (base::Bytes rest(octets); !rest.empty();) {
      const auto count = std::min<std::size_t>(rest.size(), 1 + random.below(7));
      pieces.add(rest.first(count));
      rest = rest.subspan(count);
    }
    ASSERT_EQ(whole.value(), pieces.value());
  }
}

TEST(Checksum, LongRunsOfOnesDoNotOverflow) {
  const Octets ones(1 << 18, 0xFF);
  InternetChecksum checksum;
  checksum.add(ones);
  EXPECT_EQ(checksum.value(), 0);
}

TEST(Ipv6, AnyBytesAreSurvived) {
  base::SeededRandom random(6);
  int walked = 0;
  for (int i = 0; i < 200000; ++i) {
    auto octets = test::random_octets(random, 120);
    if (octets.size() >= 40) {
      octets[0] = 0x60;
      octets[4] = 0;
      octets[5] = static_cast<std::uint8_t>(
          random.below(static_cast<std::uint32_t>(octets.size() - 40 + 2)));
      constexpr std::uint8_t protocols[] = {0, 43, 44, 60, 17};
      octets[6] = protocols[random.below(5)];
      if (octets.size() >= 48) {
        octets[40] = protocols[random.below(5)];
        octets[41] = static_cast<std::uint8_t>(random.below(3));
      }
    }
    const auto upper = upper_layer(octets);
    const auto first = hop_by_hop(octets);
    Octets buffer(200);
    base::ByteWriter writer(buffer);
    (void)insert_rpl_option(octets, {}, writer);
    (void)remove_rpl_option(octets, writer);
    if (!upper) continue;
    ++walked;
    ASSERT_TRUE(first.has_value());
    ASSERT_LE(upper->payload.size(), octets.size() - 40);
  }
  EXPECT_GT(walked, 1000);
}

}  // namespace
}  // namespace goldcrest::wire

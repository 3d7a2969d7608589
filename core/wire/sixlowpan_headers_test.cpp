// SPDX-License-Identifier: MIT
// NHC for UDP and extension headers, and whole datagrams at random.
#include <gtest/gtest.h>

#include <array>

#include "core/wire/icmpv6.hpp"
#include "core/wire/ipv6.hpp"
#include "core/wire/sixlowpan.hpp"
#include "core/wire/test_support.hpp"
#include "core/wire/udp.hpp"

namespace goldcrest::wire {
namespace {

using test::address;
using test::emitted;
using test::from_hex;
using test::Octets;
using test::to_hex;

const Ipv6Address source = test::address("fe80::3736:3938:41a3:6985");
const Ipv6Address destination = test::address("fe80::8a77:6655:4433:2211");
const LinkAddresses link{MacAddress::from({{0x35, 0x36, 0x39, 0x38, 0x41, 0xA3, 0x69, 0x85}}),
                         MacAddress::from({{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}})};
const Octets text{'h', 'e', 'l', 'l', 'o'};

/// A datagram with `first` and then `chain` (hex) before a UDP packet with `text`.
Octets udp_datagram(std::uint16_t from, std::uint16_t to, std::uint8_t first = next_header::udp,
                    std::string_view chain = "") {
  const Ipv6Header header{
      .next_header = first, .hop_limit = 64, .source = source, .destination = destination};
  return emitted([&](base::ByteWriter& writer) {
    emit_ipv6(writer, header, [&](base::ByteWriter& out) {
      out.bytes(from_hex(chain));
      const auto packet = emitted([&](base::ByteWriter& udp) {
        UdpDatagram{.source_port = from, .destination_port = to, .payload = text}.emit(udp, source,
                                                                                       destination);
      });
      out.bytes(packet);
    });
  });
}

struct Compressed {
  Octets payload;
  std::size_t covered = 0;
};

Compressed compress(const Octets& octets, bool extension_headers) {
  Compressed result;
  result.payload = emitted([&](base::ByteWriter& writer) {
    const auto covered =
        compress_header(octets, link, {.extension_headers = extension_headers}, writer);
    ASSERT_TRUE(covered.has_value());
    EXPECT_LE(writer.size(), max_compressed_header);
    result.covered = *covered;
    writer.bytes(base::Bytes(octets).subspan(*covered));
  });
  return result;
}

std::expected<Octets, SixlowpanError> expand(const Octets& payload) {
  Octets out(1280);
  const auto size = decompress(payload, link, {}, out);
  if (!size) return std::unexpected(size.error());
  out.resize(*size);
  return out;
}

/// Checksum field of a datagram whose UDP packet starts at `offset`, in hex.
std::string checksum_of(const Octets& octets, std::size_t offset = 40) {
  return to_hex(base::Bytes(octets).subspan(offset + 6, 2));
}

TEST(SixlowpanUdp, AllPortForms) {
  const std::tuple<std::uint16_t, std::uint16_t, const char*> cases[] = {
      {5683, 5683, "f0 1633 1633"},   {5683, 0xF0B1, "f1 1633 b1"},   {0xF000, 5683, "f2 00 1633"},
      {0xF0B2, 0xF0C1, "f2 b2 f0c1"}, {0xF0B0, 0xF0BF, "f3 0f"},      {0xF0BA, 0xF0B1, "f3 a1"},
      {0xF0AF, 0xEFFF, "f2 af efff"}, {0xF100, 0xF0FF, "f1 f100 ff"},
  };
  for (const auto& [from, to, ports] : cases) {
    const auto octets = udp_datagram(from, to);
    const auto compressed = compress(octets, false);
    EXPECT_EQ(to_hex(compressed.payload),
              "7e33" + to_hex(from_hex(ports)) + checksum_of(octets) + to_hex(text));
    EXPECT_EQ(compressed.covered, 48u);
    EXPECT_EQ(expand(compressed.payload), octets);
  }
}

TEST(SixlowpanUdp, ExpandsEveryPortFormAnybodyMayChoose) {
  const auto octets = udp_datagram(0xF0B0, 0xF0BF);
  for (const char* ports : {"f0 f0b0 f0bf", "f1 f0b0 bf", "f2 b0 f0bf", "f3 0f"}) {
    const auto payload = from_hex("7e33" + std::string(ports) + checksum_of(octets) + to_hex(text));
    EXPECT_EQ(expand(payload), octets) << ports;
  }
}

TEST(SixlowpanUdp, AnElidedChecksumIsComputed) {
  for (const auto& [ports, octets] : {std::pair{"f4 1633 1633", udp_datagram(5683, 5683)},
                                      std::pair{"f7 0f", udp_datagram(0xF0B0, 0xF0BF)}}) {
    const auto payload = from_hex("7e33" + std::string(ports) + to_hex(text));
    EXPECT_EQ(expand(payload), octets);
    Octets out(1280);
    EXPECT_EQ(decompress_first_fragment(payload, 500, link, {}, out).error(),
              SixlowpanError::checksum_elided);
  }
}

TEST(SixlowpanUdp, StaysAsItIsWhenItsLengthOrChecksumCouldNotBeRestored) {
  auto octets = udp_datagram(5683, 5683);
  octets[45] = 12;  // UDP length one short
  EXPECT_EQ(compress(octets, true).covered, 40u);
  EXPECT_EQ(expand(compress(octets, true).payload), octets);
  octets = udp_datagram(5683, 5683);
  octets[46] = octets[47] = 0;
  EXPECT_EQ(compress(octets, true).covered, 40u);
  EXPECT_EQ(expand(compress(octets, true).payload), octets);
  octets.resize(47);  // less than a UDP header
  octets[5] = 7;
  EXPECT_EQ(compress(octets, true).covered, 40u);
  EXPECT_EQ(expand(compress(octets, true).payload), octets);
}

const char* const hop_by_hop_rpl = "11 00 63 04 00 1e 01 2b";

TEST(SixlowpanExtension, HopByHopIsInlineByDefault) {
  const auto octets = udp_datagram(5683, 5683, 0, hop_by_hop_rpl);
  const auto compressed = compress(octets, false);
  EXPECT_EQ(to_hex(compressed.payload).substr(0, 6), "7a3300");
  EXPECT_EQ(compressed.covered, 40u);
  EXPECT_EQ(expand(compressed.payload), octets);
}

TEST(SixlowpanExtension, HopByHopAndUdpCompressed) {
  const auto octets = udp_datagram(5683, 5683, 0, hop_by_hop_rpl);
  const auto compressed = compress(octets, true);
  EXPECT_EQ(to_hex(compressed.payload),
            "7e33"
            "e1"
            "06"
            "6304001e012b"
            "f0"
            "16331633" +
                checksum_of(octets, 48) + to_hex(text));
  EXPECT_EQ(compressed.covered, 56u);
  EXPECT_EQ(expand(compressed.payload), octets);
}

TEST(SixlowpanExtension, HopByHopBeforeAProtocolWithoutNhc) {
  auto octets = udp_datagram(5683, 5683, 0, "3a 00 63 04 00 1e 01 2b");
  const auto compressed = compress(octets, true);
  EXPECT_EQ(to_hex(compressed.payload).substr(0, 22),
            "7e33"
            "e0"
            "3a"
            "06"
            "6304001e012b");
  EXPECT_EQ(compressed.covered, 48u);
  EXPECT_EQ(expand(compressed.payload), octets);
}

TEST(SixlowpanExtension, ChainsAndLongHeaders) {
  // Hop-by-hop and destination options: both fit.
  auto octets = udp_datagram(5683, 5683, 0, "3c 00 01 04 00000000 11 00 01 04 00000000");
  EXPECT_EQ(compress(octets, true).covered, 64u);
  EXPECT_EQ(expand(compress(octets, true).payload), octets);
  // The second is too long to be compressed, so UDP behind it stays too.
  octets =
      udp_datagram(5683, 5683, 0, "3c 00 01 04 00000000 11 01 01 0c 000000000000 000000000000");
  EXPECT_EQ(compress(octets, true).covered, 48u);
  EXPECT_EQ(expand(compress(octets, true).payload), octets);
  // A header that says it is longer than the datagram is left to the destination.
  octets = udp_datagram(5683, 5683, 0, "11 09 63 04 00 1e 01 2b");
  EXPECT_EQ(compress(octets, true).covered, 40u);
  EXPECT_EQ(expand(compress(octets, true).payload), octets);
}

TEST(SixlowpanExtension, ElidedPaddingComesBack) {
  // Hop-by-hop with 6, 5, 4 … 0 bytes of options: padded with Pad1 or PadN to 8 bytes.
  const std::pair<const char*, const char*> cases[] = {
      {"e1 06 1e04aabbccdd", "11 00 1e04aabbccdd"},
      {"e1 05 1e03aabbcc", "11 00 1e03aabbcc 00"},
      {"e1 04 1e02aabb", "11 00 1e02aabb 0100"},
      {"e1 03 1e01aa", "11 00 1e01aa 010100"},
      {"e1 02 1e00", "11 00 1e00 01020000"},
      {"e1 00", "11 00 010400000000"},
      {"e1 07 1e05aabbccddee", "11 01 1e05aabbccddee 010500 00000000"},
  };
  for (const auto& [compressed, chain] : cases) {
    const auto octets = udp_datagram(0xF0B0, 0xF0B0, 0, chain);
    const auto payload =
        from_hex("7e33" + std::string(compressed) + "f3 00" +
                 checksum_of(octets, octets.size() - 8 - text.size()) + to_hex(text));
    const auto expanded = expand(payload);
    ASSERT_TRUE(expanded.has_value()) << compressed;
    EXPECT_EQ(to_hex(*expanded), to_hex(octets)) << compressed;
  }
}

TEST(SixlowpanExtension, EveryKindOfHeader) {
  const std::tuple<std::uint8_t, const char*, const char*> cases[] = {
      {43, "e3 06 03010203 0405", "11 00 03010203 0405"},  // routing
      {44, "e5 00 0000 00000007", "11 00 0000 00000007"},  // fragment: reserved byte, no length
      {60, "e7 06 010400000000", "11 00 010400000000"},    // destination options
      {135, "e9 06 010400000000", "11 00 010400000000"},   // mobility
  };
  for (const auto& [protocol, compressed, chain] : cases) {
    const auto octets = udp_datagram(0xF0B0, 0xF0B0, protocol, chain);
    const auto payload = from_hex("7e33" + std::string(compressed) + "f3 00" +
                                  checksum_of(octets, 48) + to_hex(text));
    const auto expanded = expand(payload);
    ASSERT_TRUE(expanded.has_value()) << compressed;
    EXPECT_EQ(to_hex(*expanded), to_hex(octets)) << compressed;
  }
}

TEST(SixlowpanExtension, Ipv6InsideIpv6) {
  // The inner header's elided addresses are made of the outer ones.
  const auto inner = udp_datagram(0xF0B0, 0xF0B1);
  const Ipv6Header outer{.next_header = next_header::ipv6,
                         .hop_limit = 64,
                         .source = source,
                         .destination = destination};
  const auto octets = emitted([&](base::ByteWriter& writer) {
    emit_ipv6(writer, outer, [&](base::ByteWriter& out) { out.bytes(inner); });
  });
  const auto tail =
      "7e33"
      "f301" +
      checksum_of(inner) + to_hex(text);
  EXPECT_EQ(expand(from_hex("7e33 ee" + tail)), octets);
  EXPECT_EQ(expand(from_hex("7e33 ee 7e33 ee" + tail)).error(), SixlowpanError::nesting);
  EXPECT_EQ(expand(from_hex("7e33 ef" + tail)).error(), SixlowpanError::reserved_encoding);
  EXPECT_EQ(expand(from_hex("7e33 ee c0740001")).error(), SixlowpanError::unknown_dispatch);
  // An elided checksum is computed with the inner addresses.
  EXPECT_EQ(expand(from_hex("7e33 ee 7e33 f701" + to_hex(text))), octets);
}

TEST(SixlowpanExtension, RefusesReserved) {
  for (const char* encoding : {"ea 06", "ec 06", "d0 06", "f8 06", "00 06", "7e 33"}) {
    EXPECT_EQ(expand(from_hex("7e33" + std::string(encoding) + "630400 1e012b")).error(),
              SixlowpanError::reserved_encoding)
        << encoding;
  }
  // A routing header cannot be padded.
  EXPECT_EQ(expand(from_hex("7e33 e2 11 05 0301020304")).error(),
            SixlowpanError::reserved_encoding);
  // An elided checksum cannot be computed when a routing header hides the last destination.
  EXPECT_EQ(expand(from_hex("7e33 e3 06 030102030405 f7 00 aabb")).error(),
            SixlowpanError::checksum_elided);
}

TEST(SixlowpanExtension, EveryPrefixIsRefusedOrShorter) {
  const auto octets = udp_datagram(5683, 5683, 0, hop_by_hop_rpl);
  auto payload = compress(octets, true).payload;
  payload.resize(payload.size() - text.size());
  for (std::size_t size = 1; size < payload.size(); ++size) {
    const Octets prefix(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(expand(prefix).error(), SixlowpanError::truncated) << size;
  }
}

const std::array<AddressContext, 3> contexts{{
    {.identifier = 0, .prefix = test::address("aaaa::"), .prefix_length = 64},
    {.identifier = 1, .prefix = test::address("2001:db8::"), .prefix_length = 32},
    {.identifier = 15, .prefix = test::address("aaaa::ff:fe00:0"), .prefix_length = 112},
}};

MacAddress link_for(const Ipv6Address& value, base::Random& random) {
  switch (random.below(4)) {
    case 0:
      return MacAddress::broadcast();
    case 1:
      return MacAddress::from_short(base::load_be16(value.bytes.data() + 14));
    case 2:
      return MacAddress::from({{1, 2, 3, 4, 5, 6, 7, 8}});
    default:
      return MacAddress::from(eui64_of(value));
  }
}

/// A datagram of random shape: UDP or anything, extension headers or none.
Octets random_datagram(base::Random& random) {
  Ipv6Header header{.hop_limit = test::octet(random),
                    .source = test::random_address(random),
                    .destination = test::random_address(random)};
  if (test::coin(random)) header.hop_limit = 64;
  if (test::coin(random)) header.traffic_class = test::octet(random);
  if (test::coin(random)) header.traffic_class &= 3;
  if (test::coin(random)) header.flow_label = random.next() & 0xFFFFF;
  const bool udp = random.below(4) != 0;
  const std::uint8_t last = udp ? next_header::udp : test::octet(random);
  const auto headers = random.below(3);
  header.next_header = headers == 0 ? last : headers == 1 ? 60 : 0;
  const auto payload = test::random_octets(random, 200);
  return emitted([&](base::ByteWriter& writer) {
    emit_ipv6(writer, header, [&](base::ByteWriter& out) {
      for (auto left = headers; left > 0; --left) {
        const auto units = random.below(2);
        out.u8(left == 1 ? last : std::uint8_t{60});
        out.u8(static_cast<std::uint8_t>(units));
        for (std::uint32_t i = 0; i < 6 + 8 * units; ++i) out.u8(test::octet(random));
      }
      if (!udp) return out.bytes(payload);
      constexpr std::uint16_t bases[] = {0xF0B0, 0xF000, 0x0000, 0xF000};
      const auto port = [&] {
        const auto form = random.below(4);
        const auto mask = form == 0 ? 15u : form == 1 ? 255u : 0xFFFFu;
        return static_cast<std::uint16_t>(bases[form] | (random.next() & mask));
      };
      const auto packet = emitted([&](base::ByteWriter& inner) {
        UdpDatagram{.source_port = port(), .destination_port = port(), .payload = payload}.emit(
            inner, header.source, header.destination);
      });
      out.bytes(packet);
    });
  });
}

TEST(SixlowpanProperty, AnyDatagramComesBackAsItWas) {
  base::SeededRandom random(12);
  std::size_t smallest = 1000;
  for (int i = 0; i < 30000; ++i) {
    const auto octets = random_datagram(random);
    const LinkAddresses addresses{link_for(test::address("aaaa::1"), random),
                                  link_for(test::address("aaaa::2"), random)};
    const auto header = Ipv6Header::parse(octets);
    const LinkAddresses fitting{link_for(header->source, random),
                                link_for(header->destination, random)};
    const auto& chosen = test::coin(random) ? addresses : fitting;
    const AddressContexts known = test::coin(random) ? contexts : AddressContexts{};
    std::array<std::uint8_t, max_compressed_header> buffer{};
    base::ByteWriter writer(buffer);
    const auto covered = compress_header(
        octets, chosen, {.contexts = known, .extension_headers = test::coin(random)}, writer);
    ASSERT_TRUE(covered.has_value()) << describe(covered.error());
    smallest = std::min(smallest, writer.size());

    // Whole, and as a first fragment that ends anywhere behind the headers.
    Octets payload(writer.written().begin(), writer.written().end());
    const auto rest = base::Bytes(octets).subspan(*covered);
    payload.insert(payload.end(), rest.begin(), rest.end());
    Octets out(1280);
    const auto size = decompress(payload, chosen, contexts, out);
    ASSERT_TRUE(size.has_value()) << describe(size.error());
    ASSERT_EQ(to_hex(base::Bytes(out).first(*size)), to_hex(octets));
    const auto cut = random.below(static_cast<std::uint32_t>(rest.size() + 1));
    payload.resize(writer.size() + cut);
    Octets first(1280);
    const auto part = decompress_first_fragment(payload, static_cast<std::uint16_t>(octets.size()),
                                                chosen, contexts, first);
    ASSERT_TRUE(part.has_value()) << describe(part.error());
    ASSERT_EQ(*part, *covered + cut);
    ASSERT_TRUE(std::equal(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(*part),
                           octets.begin()));
  }
  EXPECT_LE(smallest, 8u);
}

TEST(SixlowpanProperty, AnyBytesAreSurvived) {
  base::SeededRandom random(13);
  int accepted = 0;
  for (int i = 0; i < 300000; ++i) {
    auto payload = test::random_octets(random, 80);
    if (!payload.empty() && test::coin(random)) payload[0] = 0x60 | (payload[0] & 0x1F);
    if (payload.size() > 2 && test::coin(random)) {
      payload[0] = 0x7E;
      payload[1] = 0x33;
      payload[2] |= 0xE0;
    }
    Octets out(1280);
    const auto size = decompress(payload, link, contexts, out);
    Octets part(1280);
    (void)decompress_first_fragment(payload, test::word(random) & 0x7FF, link, contexts, part);
    (void)FragmentHeader::parse(payload);
    if (!size || dispatch_of(payload) == Dispatch::ipv6) continue;
    ++accepted;
    const auto header = Ipv6Header::parse(base::Bytes(out).first(*size));
    ASSERT_FALSE(header.has_value() && header->payload_length != *size - 40) << to_hex(payload);
  }
  EXPECT_GT(accepted, 10000);
}

}  // namespace
}  // namespace goldcrest::wire

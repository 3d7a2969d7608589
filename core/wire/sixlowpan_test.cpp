// SPDX-License-Identifier: MIT
// Dispatch, fragment headers, IPHC in all its address modes. NHC is in sixlowpan_headers_test.cpp.
#include "core/wire/sixlowpan.hpp"

#include <gtest/gtest.h>

#include <array>

#include "core/wire/ipv6.hpp"
#include "core/wire/test_support.hpp"

namespace goldcrest::wire {
namespace {

using test::address;
using test::emitted;
using test::from_hex;
using test::Octets;
using test::to_hex;

const MacAddress node = MacAddress::from({{0x35, 0x36, 0x39, 0x38, 0x41, 0xA3, 0x69, 0x85}});
const MacAddress root = MacAddress::from({{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}});
const LinkAddresses link{node, root};
const LinkAddresses short_link{MacAddress::from_short(0x1234), MacAddress::from_short(0x0001)};

const std::array<AddressContext, 4> contexts{{
    {.identifier = 0, .prefix = test::address("aaaa::"), .prefix_length = 64},
    {.identifier = 3, .prefix = test::address("2001:db8:3::"), .prefix_length = 48},
    {.identifier = 5, .prefix = test::address("2001:db8:5::aa00"), .prefix_length = 120},
    {.identifier = 9, .prefix = test::address("2001:db8:9::1"), .prefix_length = 128},
}};

Octets datagram(const Ipv6Header& header, std::size_t payload = 3) {
  return emitted([&](base::ByteWriter& writer) {
    emit_ipv6(writer, header, [&](base::ByteWriter& out) { out.fill(0x5A, payload); });
  });
}

Octets compress(const Octets& octets, const LinkAddresses& addresses,
                const Compression& compression) {
  return emitted([&](base::ByteWriter& writer) {
    const auto covered = compress_header(octets, addresses, compression, writer);
    ASSERT_TRUE(covered.has_value());
    EXPECT_LE(writer.size(), max_compressed_header);
    writer.bytes(base::Bytes(octets).subspan(*covered));
  });
}

std::expected<Octets, SixlowpanError> expand(const Octets& payload, const LinkAddresses& addresses,
                                             AddressContexts known = contexts) {
  Octets out(1280);
  const auto size = decompress(payload, addresses, known, out);
  if (!size) return std::unexpected(size.error());
  out.resize(*size);
  return out;
}

SixlowpanError error_of(std::string_view hex) {
  const auto out = expand(from_hex(hex), link);
  EXPECT_FALSE(out.has_value()) << hex;
  return out ? SixlowpanError{} : out.error();
}

TEST(Sixlowpan, Dispatch) {
  const std::pair<std::uint8_t, Dispatch> cases[] = {
      {0x00, Dispatch::not_sixlowpan},  {0x3F, Dispatch::not_sixlowpan},
      {0x40, Dispatch::unknown},        {0x41, Dispatch::ipv6},
      {0x42, Dispatch::unknown},        {0x50, Dispatch::broadcast},
      {0x60, Dispatch::iphc},           {0x7F, Dispatch::iphc},
      {0x80, Dispatch::mesh},           {0xBF, Dispatch::mesh},
      {0xC0, Dispatch::first_fragment}, {0xC7, Dispatch::first_fragment},
      {0xC8, Dispatch::unknown},        {0xE0, Dispatch::later_fragment},
      {0xE7, Dispatch::later_fragment}, {0xE8, Dispatch::unknown},
      {0xFF, Dispatch::unknown}};
  for (const auto& [byte, dispatch] : cases) {
    EXPECT_EQ(dispatch_of(Octets{byte}), dispatch) << int{byte};
  }
  EXPECT_EQ(dispatch_of({}), Dispatch::not_sixlowpan);
}

TEST(Sixlowpan, FragmentHeaders) {
  const auto first = from_hex("c0740001 aabb");
  const FragmentHeader expected_first{.first = true, .datagram_size = 116, .datagram_tag = 1};
  EXPECT_EQ(FragmentHeader::parse(first), expected_first);
  EXPECT_EQ(expected_first.size(), 4u);
  const auto later = from_hex("e5001234 9f");
  const FragmentHeader expected_later{
      .first = false, .datagram_size = 1280, .datagram_tag = 0x1234, .datagram_offset = 1272};
  EXPECT_EQ(FragmentHeader::parse(later), expected_later);
  EXPECT_EQ(expected_later.size(), 5u);
  EXPECT_EQ(emitted([&](auto& writer) { expected_later.emit(writer); }), later);
  EXPECT_EQ(to_hex(emitted([&](auto& writer) { expected_first.emit(writer); })), "c0740001");
}

TEST(Sixlowpan, RefusesBadFragmentHeaders) {
  const auto error = [](std::string_view hex) {
    return FragmentHeader::parse(from_hex(hex)).error();
  };
  EXPECT_EQ(error("c07400"), SixlowpanError::truncated);
  EXPECT_EQ(error("e0740001"), SixlowpanError::truncated);
  EXPECT_EQ(error("7a333a"), SixlowpanError::unknown_dispatch);
  EXPECT_EQ(error(""), SixlowpanError::unknown_dispatch);
  EXPECT_EQ(error("c5010001"), SixlowpanError::too_long);     // 1281 bytes
  EXPECT_EQ(error("c0000001"), SixlowpanError::too_long);     // no bytes at all
  EXPECT_EQ(error("e0780001 0f"), SixlowpanError::too_long);  // begins at its end
}

struct AddressCase {
  const char* source;
  const char* destination;
  bool short_addresses;
  bool with_contexts;
  const char* hex;  ///< second IPHC byte, context byte if any, inline addresses
};

// Next header and hop limit are elided from the expectation: they are 59 and 64 in all cases.
const AddressCase address_cases[] = {
    // stateless unicast
    {"fe80::3736:3938:41a3:6985", "fe80::8a77:6655:4433:2211", false, false, "33"},
    {"fe80::1:2:3:4", "fe80::5:6:7:8", false, false, "11 0001000200030004 0005000600070008"},
    {"fe80::ff:fe00:1234", "fe80::ff:fe00:1", true, false, "33"},
    {"fe80::ff:fe00:abcd", "fe80::ff:fe00:2", true, false, "22 abcd 0002"},
    {"2001:db8::1", "2001:db8::2", false, false,
     "00 20010db8000000000000000000000001 20010db8000000000000000000000002"},
    {"::", "ff02::1", false, false, "4b 01"},
    // fe80::/10 beyond fe80::/64 has no short form
    {"fe80:0:0:1::1", "ff02::1", false, false, "0b fe800000000000010000000000000001 01"},
    // stateless multicast
    {"fe80::3736:3938:41a3:6985", "ff02::1a", false, false, "3b 1a"},
    {"fe80::3736:3938:41a3:6985", "ff05::1:3", false, false, "3a 05 010003"},
    {"fe80::3736:3938:41a3:6985", "ff02::1:ff41:a369", false, false, "39 02 01ff41a369"},
    {"fe80::3736:3938:41a3:6985", "ff02:1::1", false, false, "38 ff020001000000000000000000000001"},
    // context 0 needs no context byte
    {"aaaa::3736:3938:41a3:6985", "aaaa::8a77:6655:4433:2211", false, true, "77"},
    {"aaaa::1:2:3:4", "aaaa::ff:fe00:7", false, true, "56 0001000200030004 0007"},
    {"aaaa::ff:fe00:1234", "fe80::ff:fe00:1", true, true, "73"},
    // other contexts; shorter than 64 bits (zeros between), longer than 64 (bits win)
    {"2001:db8:3::3736:3938:41a3:6985", "2001:db8:9::1", false, true, "f7 39"},
    {"aaaa::1", "2001:db8:3:1::1", false, true,
     "50 0000000000000001 20010db8000300010000000000000001"},
    {"aaaa::3736:3938:41a3:6985", "2001:db8:5::aa55", false, true, "f6 05 aa55"},
    // unicast-prefix-based multicast: ff3e:0040:<aaaa::>:0000:1234
    {"aaaa::3736:3938:41a3:6985", "ff3e:40:aaaa::1234", false, true, "7c 3e00 00001234"},
    {"fe80::3736:3938:41a3:6985", "ff3e:130:2001:db8:3::1", false, true, "bc 03 3e01 00000001"},
};

class SixlowpanAddresses : public testing::TestWithParam<AddressCase> {};

TEST_P(SixlowpanAddresses, CompressAndExpand) {
  const auto& expected = GetParam();
  const auto& addresses = expected.short_addresses ? short_link : link;
  const auto octets = datagram({.next_header = next_header::none,
                                .hop_limit = 64,
                                .source = address(expected.source),
                                .destination = address(expected.destination)});
  const Compression compression{.contexts = expected.with_contexts ? contexts : AddressContexts{}};
  const auto compressed = compress(octets, addresses, compression);
  auto wanted = from_hex(expected.hex);
  const std::size_t mode_bytes = (wanted[0] & 0x80) != 0 ? 2 : 1;
  wanted.insert(wanted.begin() + static_cast<std::ptrdiff_t>(mode_bytes), 59);
  wanted.insert(wanted.begin(), 0x7A);
  wanted.insert(wanted.end(), 3, 0x5A);
  EXPECT_EQ(to_hex(compressed), to_hex(wanted));
  const auto expanded = expand(compressed, addresses);
  ASSERT_TRUE(expanded.has_value()) << describe(expanded.error());
  EXPECT_EQ(to_hex(*expanded), to_hex(octets));
}

INSTANTIATE_TEST_SUITE_P(All, SixlowpanAddresses, testing::ValuesIn(address_cases));

TEST(Sixlowpan, ExpandsContextModesTheCompressorDoesNotChoose) {
  // Source: context 5 (120 bits) and 64 inline bits, of which only the last 8 count.
  auto out = expand(from_hex("7a d3 50 3b 1122334455667788"), link);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(Ipv6Header::parse(*out)->source, address("2001:db8:5::aa88"));
  // Source: context 3 (48 bits) with a 16-bit inline part.
  out = expand(from_hex("7a e3 30 3b 4321"), link);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(Ipv6Header::parse(*out)->source, address("2001:db8:3::ff:fe00:4321"));
}

TEST(Sixlowpan, TrafficClassAndFlowLabel) {
  const std::tuple<std::uint8_t, std::uint32_t, const char*> cases[] = {
      {0x00, 0x00000, "7a333b"},          // all elided
      {0xB9, 0x00000, "72336e3b"},        // DSCP 101110, ECN 01: class only, ECN first
      {0x02, 0x00000, "7233803b"},        //
      {0x01, 0x12345, "6a334123453b"},    // ECN and flow label
      {0x00, 0xFFFFF, "6a330fffff3b"},    //
      {0xB9, 0xABCDE, "62336e0abcde3b"},  // everything
  };
  for (const auto& [traffic_class, flow_label, hex] : cases) {
    const auto octets = datagram({.traffic_class = traffic_class,
                                  .flow_label = flow_label,
                                  .next_header = next_header::none,
                                  .hop_limit = 64,
                                  .source = address("fe80::3736:3938:41a3:6985"),
                                  .destination = address("fe80::8a77:6655:4433:2211")},
                                 0);
    const auto compressed = compress(octets, link, {});
    EXPECT_EQ(to_hex(compressed), hex);
    EXPECT_EQ(expand(compressed, link), octets);
  }
}

TEST(Sixlowpan, HopLimits) {
  for (unsigned hop_limit = 0; hop_limit < 256; ++hop_limit) {
    const auto octets = datagram({.next_header = next_header::none,
                                  .hop_limit = static_cast<std::uint8_t>(hop_limit),
                                  .source = address("fe80::3736:3938:41a3:6985"),
                                  .destination = address("ff02::1")},
                                 0);
    const auto compressed = compress(octets, link, {});
    const bool known = hop_limit == 1 || hop_limit == 64 || hop_limit == 255;
    EXPECT_EQ(compressed.size(), known ? 4u : 5u);
    EXPECT_EQ(expand(compressed, link), octets);
  }
}

TEST(Sixlowpan, UncompressedDispatch) {
  const auto octets = datagram({.source = address("aaaa::1"), .destination = address("aaaa::2")});
  auto payload = octets;
  payload.insert(payload.begin(), 0x41);
  EXPECT_EQ(expand(payload, link), octets);
}

TEST(Sixlowpan, RefusesForeignDispatches) {
  EXPECT_EQ(error_of(""), SixlowpanError::not_sixlowpan);
  EXPECT_EQ(error_of("00 11"), SixlowpanError::not_sixlowpan);
  EXPECT_EQ(error_of("b5 0001 0002 7a333b"), SixlowpanError::mesh_header);
  EXPECT_EQ(error_of("50 01 7a333b"), SixlowpanError::broadcast_header);
  EXPECT_EQ(error_of("42 fb 02"), SixlowpanError::unknown_dispatch);  // HC1
  EXPECT_EQ(error_of("c0740001 7a333a"), SixlowpanError::unknown_dispatch);
  EXPECT_EQ(error_of("e0740001 01"), SixlowpanError::unknown_dispatch);
}

TEST(Sixlowpan, RefusesReservedAndUnknown) {
  EXPECT_EQ(error_of("7a 34 3b"), SixlowpanError::reserved_encoding);  // stateful DAM 00 unicast
  for (const char* mode : {"3d", "3e", "3f"}) {                        // stateful multicast 01..11
    EXPECT_EQ(error_of(std::string("7a ") + mode + " 3b 00000000000000"),
              SixlowpanError::reserved_encoding);
  }
  EXPECT_EQ(error_of("7a f3 70 3b"), SixlowpanError::unknown_context);
  EXPECT_EQ(error_of("7a b7 07 3b"), SixlowpanError::unknown_context);
  EXPECT_EQ(error_of("7a bc 05 3b 3e00 00001234"),
            SixlowpanError::reserved_encoding);  // a 120-bit prefix in a multicast address
}

TEST(Sixlowpan, ElidedAddressesNeedLinkAddresses) {
  const auto payload = from_hex("7a333b");
  EXPECT_EQ(expand(payload, {node, MacAddress::broadcast()}).error(),
            SixlowpanError::no_link_address);
  EXPECT_EQ(expand(payload, {{}, root}).error(), SixlowpanError::no_link_address);
  // And the compressor does not elide what the link would not give back.
  const auto octets = datagram({.source = address("fe80::ff:fe00:ffff"),
                                .destination = address("fe80::8a77:6655:4433:2211")});
  const LinkAddresses addresses{MacAddress::broadcast(), {}};
  EXPECT_EQ(expand(compress(octets, addresses, {}), addresses), octets);
}

TEST(Sixlowpan, EveryPrefixIsRefusedOrShorter) {
  // Every field inline: traffic class, flow label, hop limit, addresses, contexts.
  const auto octets = datagram({.traffic_class = 0xFF,
                                .flow_label = 0xFFFFF,
                                .next_header = next_header::none,
                                .hop_limit = 17,
                                .source = address("1:2:3:4:5:6:7:8"),
                                .destination = address("ff3e:130:2001:db8:3::1")},
                               0);
  const auto compressed = compress(octets, link, {.contexts = contexts});
  for (std::size_t size = 1; size < compressed.size(); ++size) {
    const Octets prefix(compressed.begin(), compressed.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(expand(prefix, link).error(), SixlowpanError::truncated) << size;
  }
  EXPECT_EQ(expand(compressed, link), octets);
}

TEST(Sixlowpan, CompressRefusesWhatIsNoDatagram) {
  Octets buffer(100);
  base::ByteWriter writer(buffer);
  auto octets = datagram({.source = address("aaaa::1"), .destination = address("aaaa::2")});
  octets.push_back(0);
  EXPECT_EQ(compress_header(octets, link, {}, writer).error(), SixlowpanError::bad_datagram);
  octets.resize(39);
  EXPECT_EQ(compress_header(octets, link, {}, writer).error(), SixlowpanError::bad_datagram);
  octets.assign(60, 0x45);
  EXPECT_EQ(compress_header(octets, link, {}, writer).error(), SixlowpanError::bad_datagram);
  octets = datagram({.source = address("aaaa::1"), .destination = address("aaaa::2")}, 1241);
  EXPECT_EQ(compress_header(octets, link, {}, writer).error(), SixlowpanError::too_long);
  EXPECT_EQ(writer.size(), 0u);
  octets = datagram({.source = address("aaaa::1"), .destination = address("aaaa::2")}, 1240);
  for (std::size_t size = 0; size < 35; ++size) {
    base::ByteWriter small(base::MutableBytes(buffer).first(size));
    EXPECT_EQ(compress_header(octets, link, {}, small).error(), SixlowpanError::too_long);
  }
  base::ByteWriter enough(base::MutableBytes(buffer).first(35));
  EXPECT_EQ(compress_header(octets, link, {}, enough), 40u);
}

TEST(Sixlowpan, DecompressNeverExceedsOutputOrMtu) {
  auto octets = datagram({.source = address("aaaa::1"), .destination = address("aaaa::2")}, 1240);
  auto payload = compress(octets, link, {});
  EXPECT_EQ(expand(payload, link), octets);
  payload.push_back(0);
  EXPECT_EQ(expand(payload, link).error(), SixlowpanError::too_long);
  payload.pop_back();
  for (const std::size_t size : {0u, 1u, 39u, 40u, 100u, 1279u}) {
    Octets out(size);
    EXPECT_EQ(decompress(payload, link, {}, out).error(), SixlowpanError::too_long) << size;
  }
}

TEST(Sixlowpan, FirstFragmentsTellLengths) {
  const auto whole = datagram({.next_header = next_header::none,
                               .source = address("fe80::3736:3938:41a3:6985"),
                               .destination = address("fe80::8a77:6655:4433:2211")},
                              300);
  auto payload = compress(whole, link, {});
  payload.resize(3 + 64);
  Octets out(1280);
  EXPECT_EQ(decompress_first_fragment(payload, 340, link, {}, out), 104u);
  EXPECT_TRUE(std::equal(out.begin(), out.begin() + 104, whole.begin()));
  EXPECT_EQ(decompress_first_fragment(payload, 103, link, {}, out).error(),
            SixlowpanError::too_long);
  EXPECT_EQ(decompress_first_fragment(payload, 39, link, {}, out).error(),
            SixlowpanError::too_long);
  EXPECT_EQ(decompress_first_fragment(from_hex("e0740001 01"), 340, link, {}, out).error(),
            SixlowpanError::unknown_dispatch);
}

}  // namespace
}  // namespace goldcrest::wire

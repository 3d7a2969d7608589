// SPDX-License-Identifier: MIT
#include "core/wire/address.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/wire/test_support.hpp"

namespace goldcrest::wire {
namespace {

using test::address;

std::string text_of(const Ipv6Address& value) {
  std::array<char, 46> out{};
  return std::string(value.format(out));
}

TEST(Address, FormatsAsRfc5952Says) {
  const std::pair<const char*, const char*> cases[] = {
      {"2001:0db8:0:0:0:0:2:1", "2001:db8::2:1"},            // longest run of zeros
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},      // one zero group stays
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},               // the longer of two runs
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},         // the first of two equal runs
      {"2001:DB8:ABCD:EF::AbCd", "2001:db8:abcd:ef::abcd"},  // lower case
      {"0:0:0:0:0:0:0:0", "::"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"fe80:0:0:0:0:0:0:0", "fe80::"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
      {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
      {"0:2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"::ffff:192.168.1.64", "::ffff:192.168.1.64"},
      {"::ffff:c0a8:140", "::ffff:192.168.1.64"},
      {"192.168.1.64", "::ffff:192.168.1.64"},
      {"0.0.0.0", "::ffff:0.0.0.0"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"aaaa::3736:3938:41a3:6985", "aaaa::3736:3938:41a3:6985"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(text_of(address(in)), out) << in;
}

TEST(Address, ParsesToTheRightBytes) {
  EXPECT_EQ(test::to_hex(address("aaaa::8a77:6655:4433:2211").bytes),
            "aaaa0000000000008a77665544332211");
  EXPECT_EQ(test::to_hex(address("1::").bytes), "00010000000000000000000000000000");
  EXPECT_EQ(test::to_hex(address("1:2:3:4:5:6:1.2.3.4").bytes), "00010002000300040005000601020304");
  EXPECT_EQ(test::to_hex(address("::13.1.68.3").bytes), "0000000000000000000000000d014403");
  EXPECT_EQ(test::to_hex(address("1:2:3:4:5:6:7::").bytes), "00010002000300040005000600070000");
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const char* text : {"",
                           ":",
                           ":::",
                           "1",
                           "1:",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8:",
                           ":1:2:3:4:5:6:7:8",
                           "1::2::3",
                           "1:::2",
                           "12345::",
                           "g::",
                           "::1%eth0",
                           " ::1",
                           "::1 ",
                           "1:2:3:4::5:6:7:8",
                           "::1:2:3:4:5:6:7:8",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "1.2.3.04",
                           "1.2.3.",
                           ".1.2.3",
                           "1.2.3.4:1",
                           "::1.2.3.4:5",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "1.2.3.-4",
                           "::ffff:1.2.3",
                           "0x1::",
                           "1..2.3",
                           "1.2.3.1000"}) {
    EXPECT_FALSE(Ipv6Address::parse(text)) << text;
  }
}

TEST(Address, FormatAndParseAreInverse) {
  base::SeededRandom random(1);
  for (int i = 0; i < 20000; ++i) {
    auto value = test::random_address(random);
    // Zero groups are rare by chance, and they are what makes the text form hard.
    for (std::size_t group = 0; group < 8; ++group) {
      if (test::coin(random)) value.bytes[2 * group] = value.bytes[2 * group + 1] = 0;
    }
    const auto text = text_of(value);
    ASSERT_LE(text.size(), 39u);
    ASSERT_EQ(Ipv6Address::parse(text), value) << text;
  }
}

TEST(Address, ParseSurvivesAnyText) {
  base::SeededRandom random(2);
  int accepted = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string text(random.below(24), ' ');
    for (char& c : text) c = "0123456789abcdef:::...F"[random.below(23)];
    if (const auto parsed = Ipv6Address::parse(text)) {
      ++accepted;
      ASSERT_EQ(Ipv6Address::parse(text_of(*parsed)), parsed) << text;
    }
  }
  EXPECT_GT(accepted, 100);
}

TEST(Address, InterfaceIdentifierInvertsTheUniversalBit) {
  const Eui64 eui64{{0x35, 0x36, 0x39, 0x38, 0x41, 0xA3, 0x69, 0x85}};
  const auto link_local = Ipv6Address::link_local_from(eui64);
  EXPECT_EQ(text_of(link_local), "fe80::3736:3938:41a3:6985");
  EXPECT_EQ(text_of(Ipv6Address::from_prefix(address("aaaa::1"), eui64)),
            "aaaa::3736:3938:41a3:6985");
  EXPECT_EQ(eui64_of(link_local), eui64);
  EXPECT_TRUE(link_local.link_local());
  EXPECT_FALSE(address("aaaa::1").link_local());
  EXPECT_TRUE(address("febf::1").link_local());
  EXPECT_FALSE(address("fec0::1").link_local());
}

TEST(Address, Kinds) {
  EXPECT_TRUE(address("::").unspecified());
  EXPECT_FALSE(address("::1").unspecified());
  EXPECT_TRUE(address("ff02::1a").multicast());
  EXPECT_EQ(address("ff02::1a"), all_rpl_nodes);
  EXPECT_TRUE(address("::ffff:1.2.3.4").ipv4_mapped());
  EXPECT_EQ(Ipv6Address::from_ipv4({1, 2, 3, 4}), address("1.2.3.4"));
  EXPECT_FALSE(address("::1.2.3.4").ipv4_mapped());
  EXPECT_FALSE(address("1::ffff:1.2.3.4").ipv4_mapped());
  EXPECT_TRUE(address("aaaa::1").same_prefix64(address("aaaa::2:0:0:1")));
  EXPECT_FALSE(address("aaaa::1").same_prefix64(address("aaaa:0:0:1::1")));
}

}  // namespace
}  // namespace goldcrest::wire

// SPDX-License-Identifier: MIT
#include "host/packer/file_name.hpp"

#include <gtest/gtest.h>

#include "host/packer/hex.hpp"

namespace goldcrest::packer {
namespace {

TEST(FileName, reads_and_writes_the_names_of_the_story) {
  const auto update = FileName::parse("OTA-STM32L1-SPIRIT1_1_1_31_APP_0xF63D0305.fmu");
  ASSERT_TRUE(update);
  EXPECT_EQ(update->kind, FileKind::update);
  EXPECT_EQ(update->product, "OTA-STM32L1-SPIRIT1");
  EXPECT_EQ(update->version, (base::Version{1, 1, 31}));
  EXPECT_EQ(update->crc32, 0xF63D0305u);
  EXPECT_EQ(update->text(), "OTA-STM32L1-SPIRIT1_1_1_31_APP_0xF63D0305.fmu");
  const auto man = FileName::parse("OTA-STM32L1-SPIRIT1_1_0_31_MAN_0x58E59CCB.bin");
  ASSERT_TRUE(man);
  EXPECT_EQ(man->kind, FileKind::manufacturing);
  EXPECT_EQ(FileName::parse("a_b_c_1_0_31_APP_0x00000000.fmu")->product, "a_b_c");
}

TEST(FileName, refuses_what_is_not_exactly_such_a_name) {
  for (const char* text :
       {"", ".fmu", "x.fmu", "P_1_0_31_APP_0xF63D0305", "P_1_0_31_MAN_0xF63D0305.fmu",
        "P_1_0_31_APP_0xF63D0305.bin", "P_1_0_31_APP_0xf63d0305.fmu", "P_1_0_31_APP_0xF63D030.fmu",
        "P_1_0_31_APP_0xF63D03055.fmu", "P_256_0_31_APP_0xF63D0305.fmu",
        "P_1_0_65536_APP_0xF63D0305.fmu", "P_01_0_31_APP_0xF63D0305.fmu",
        "P_1_0_APP_0xF63D0305.fmu", "P_1_-1_31_APP_0xF63D0305.fmu", "_1_0_31_APP_.fmu",
        "P_1_0_31_APP_0x+63D0305.fmu"}) {
    EXPECT_FALSE(FileName::parse(text)) << text;
  }
}

TEST(FileName, versions_are_three_decimal_numbers) {
  EXPECT_EQ(parse_version("1.0.31"), (base::Version{1, 0, 31}));
  EXPECT_EQ(parse_version("255.255.65535"), (base::Version{255, 255, 65535}));
  EXPECT_EQ(version_text({1, 0, 31}), "1.0.31");
  for (const char* text : {"", "1", "1.2", "1.2.3.4", "1..3", "a.b.c", "256.0.0", "1.0.65536",
                           " 1.0.0", "1.0.0 ", "+1.0.0"}) {
    EXPECT_FALSE(parse_version(text)) << text;
  }
}

TEST(Hex, there_and_back) {
  const std::vector<std::uint8_t> bytes{0x00, 0x9A, 0xFF, 0x10};
  EXPECT_EQ(to_hex(bytes), "009aff10");
  EXPECT_EQ(from_hex("009aFF10"), bytes);
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
  EXPECT_EQ(from_hex(""), std::vector<std::uint8_t>());
}

}  // namespace
}  // namespace goldcrest::packer

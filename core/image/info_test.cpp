// SPDX-License-Identifier: MIT
#include "core/image/info.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/crypto/test_hex.hpp"

namespace goldcrest::image {
namespace {

constexpr Info sample{ImageType::mta, {1, 2, 0x0304}, *ProductId::from_text("OTA-STM32L1-SPIRIT1")};
constexpr auto emitted = emit_info(sample);  // must be possible at compile time

TEST(Info, GoldenBytes) {
  EXPECT_EQ(crypto::to_hex(emitted),
            "47494e4601020000"
            "04030201"
            "4f54412d53544d33324c312d5350495249543100000000000000000000000000"
            "00000000");
  EXPECT_EQ(parse_info(emitted), sample);
  EXPECT_EQ(sample.product.text(), "OTA-STM32L1-SPIRIT1");
}

TEST(Info, EveryRuleHasItsError) {
  const auto with = [](std::size_t at, std::uint8_t value) {
    auto bytes = emitted;
    bytes[at] = value;
    return parse_info(bytes).error();
  };
  EXPECT_EQ(with(0, 0), InfoError::magic);
  EXPECT_EQ(with(4, 2), InfoError::record_version);
  EXPECT_EQ(with(5, 0), InfoError::type);
  EXPECT_EQ(with(5, 4), InfoError::type);
  EXPECT_EQ(with(6, 1), InfoError::reserved);
  EXPECT_EQ(with(7, 1), InfoError::reserved);
  EXPECT_EQ(with(12, 0), InfoError::product);
  EXPECT_EQ(with(13, 0), InfoError::product);
  EXPECT_EQ(with(43, 'x'), InfoError::product);
  EXPECT_EQ(with(44, 1), InfoError::reserved);
  EXPECT_EQ(parse_info(base::Bytes(emitted).first(47)).error(), InfoError::magic);
  auto none = emitted;
  std::fill_n(none.begin() + 8, 4, std::uint8_t{0});
  EXPECT_EQ(parse_info(none).error(), InfoError::version);
}

TEST(ProductId, TakesWhatIsSafeInAFileName) {
  EXPECT_TRUE(ProductId::from_text("a"));
  EXPECT_TRUE(ProductId::from_text(std::string(31, 'Z')));
  EXPECT_FALSE(ProductId::from_text(std::string(32, 'Z')));
  for (const auto* bad : {"", "a b", "a/b", "a\n", "\xC3\xA4", "a%", "a:b"}) {
    EXPECT_FALSE(ProductId::from_text(bad)) << bad;
  }
  EXPECT_FALSE(ProductId::from_stored(base::Bytes(emitted).first(31)));
}

}  // namespace
}  // namespace goldcrest::image

// SPDX-License-Identifier: MIT
#include "sim/flash/flash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace goldcrest::sim {
namespace {

using image::FlashError;
constexpr image::Address page = 0x08010000;

std::uint32_t word(SimulatedFlash& flash, image::Address address) {
  std::array<std::uint8_t, 4> bytes;
  EXPECT_TRUE(flash.read(address, bytes));
  return base::load_le32(bytes.data());
}

TEST(SimulatedFlash, ErasedIsZeroAndAWordIsWrittenOnce) {
  SimulatedFlash flash;
  EXPECT_EQ(word(flash, page), 0u);
  EXPECT_TRUE(flash.program_word(page, 0x12345678));
  EXPECT_EQ(flash.program_word(page, 0x12345678).error(), FlashError::not_erased);
  EXPECT_EQ(word(flash, page), 0x12345678u);
  std::array<std::uint8_t, 128> half{};
  half[5] = 1;
  EXPECT_EQ(flash.program_half_page(page, half).error(), FlashError::not_erased);
  EXPECT_TRUE(flash.program_half_page(page + 128, half));
  EXPECT_TRUE(flash.erase_page(page));
  EXPECT_EQ(word(flash, page), 0u);
  EXPECT_EQ(word(flash, page + 132), 0u);
  EXPECT_EQ(flash.operations(), 5u);
}

TEST(SimulatedFlash, RefusesWhatTheChipRefuses) {
  SimulatedFlash flash;
  std::array<std::uint8_t, 8> bytes;
  EXPECT_EQ(flash.program_word(page + 2, 1).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.program_word(0x08080000, 1).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.erase_page(page + 128).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.read(0x0807FFFC, bytes).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.read(0x07FFFFFC, bytes).error(), FlashError::out_of_range);
  flash.protect(image::boot_section);
  EXPECT_EQ(flash.erase_page(image::boot_section.base).error(), FlashError::write_protected);
  EXPECT_EQ(flash.operations(), 0u);
}

TEST(SimulatedFlash, CutsBeforeAndAfter) {
  SimulatedFlash flash;
  flash.cut_at(0, CutPoint::before, 1);
  EXPECT_THROW((void)flash.program_word(page, 5), PowerCut);
  EXPECT_EQ(word(flash, page), 0u);
  flash.cut_at(1, CutPoint::after, 1);
  EXPECT_THROW((void)flash.program_word(page, 5), PowerCut);
  EXPECT_EQ(word(flash, page), 5u);
}

TEST(SimulatedFlash, TornWordsAreMixturesAndSomeReadDifferentlyTwice) {
  std::set<std::uint32_t> stable;
  int flaky = 0;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SimulatedFlash flash;
    flash.cut_at(0, CutPoint::inside, seed);
    EXPECT_THROW((void)flash.program_word(page, 0x00FF00FF), PowerCut);
    const auto first = word(flash, page);
    EXPECT_EQ(first & ~0x00FF00FFu, 0u);
    bool same = true;
    for (int i = 0; i < 20; ++i) same &= word(flash, page) == first;
    if (same) stable.insert(first);
    flaky += same ? 0 : 1;
    flash.disarm();
    EXPECT_TRUE(flash.erase_page(page));
    EXPECT_EQ(flash.flaky_words(), 0u);
  }
  EXPECT_GT(flaky, 50);
  EXPECT_TRUE(stable.contains(0));
  EXPECT_TRUE(stable.contains(0x00FF00FF));
}

}  // namespace
}  // namespace goldcrest::sim

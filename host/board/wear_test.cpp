// SPDX-License-Identifier: MIT
#include "host/board/wear.hpp"

#include <gmock/gmock.h>

namespace goldcrest::board {
namespace {

using enum FlashOperationKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(WearCounter, CountsByPageAndWord) {
  WearCounter wear;
  for (const auto& [kind, address] : std::initializer_list<std::pair<FlashOperationKind, unsigned>>{
           {erase_page, 0x08001000},
           {program_half_page, 0x08001000},
           {program_half_page, 0x08001080},
           {erase_page, 0x080010FC},
           {erase_page, 0x08001100},
           {program_word, 0x08001104},
           {erase_page, 0x08003000},
           {write_eeprom, 0x08080004},
           {write_eeprom, 0x08080007},
           {write_eeprom, 0x08080008},
           {write_option_bytes, 0x1FF80000}}) {
    wear.count({.kind = kind, .address = address});
  }
  EXPECT_THAT(wear.pages(),
              ElementsAre(Pair(0x08001000, PageWear{2, 2, 0}), Pair(0x08001100, PageWear{1, 0, 1}),
                          Pair(0x08003000, PageWear{1, 0, 0})));
  EXPECT_THAT(wear.eeprom(), ElementsAre(Pair(0x08080004, 2), Pair(0x08080008, 1)));
  EXPECT_EQ(wear.eeprom_writes(), 3u);
  EXPECT_EQ(wear.option_bytes(), 1u);
  EXPECT_EQ(wear.sum(0x08001000, 0x200), (PageWear{3, 2, 1}));
  EXPECT_EQ(wear.sum(0x08001100, 0x100), (PageWear{1, 0, 1}));
  EXPECT_EQ(wear.most_erases(0x08001000, 0x10000), 2u);

  const auto ranges = wear.ranges();
  ASSERT_EQ(ranges.size(), 2u);
  EXPECT_EQ(ranges[0].address, 0x08001000u);
  EXPECT_EQ(ranges[0].pages, 2u);
  EXPECT_EQ(ranges[0].most_erases, 2u);
  EXPECT_EQ(ranges[1].address, 0x08003000u);
  EXPECT_THAT(wear.hottest(2), ElementsAre(Pair(0x08001000, PageWear{2, 2, 0}),
                                           Pair(0x08001100, PageWear{1, 0, 1})));
  const auto text = describe(wear);
  EXPECT_THAT(text, HasSubstr("0x08001000 to 0x080011FF      2"));
  EXPECT_THAT(text, HasSubstr("page 0x08001000 erased 2 times, 0.02 % of 10000"));
  EXPECT_THAT(text, HasSubstr("3 writes to 2 words; word 0x08080004 2 times"));
}

TEST(WearCounter, NothingIsNothing) {
  const WearCounter wear;
  EXPECT_TRUE(wear.ranges().empty());
  EXPECT_TRUE(wear.hottest(3).empty());
  EXPECT_THAT(describe(wear), HasSubstr("0 writes to 0 words\n"));
}

}  // namespace
}  // namespace goldcrest::board

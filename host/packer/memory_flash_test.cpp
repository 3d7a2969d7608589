// SPDX-License-Identifier: MIT
#include "host/packer/memory_flash.hpp"

#include <gtest/gtest.h>

#include <array>

namespace goldcrest::packer {
namespace {

using image::FlashError;

constexpr image::Address start = image::flash_section.base;
constexpr image::Address end = image::flash_section.end();

TEST(MemoryFlash, words_are_written_once_after_an_erase) {
  MemoryFlash flash;
  ASSERT_TRUE(flash.program_word(start + 8, 0x11223344));
  EXPECT_EQ(flash.view({start + 8, 4})[0], 0x44);
  EXPECT_EQ(flash.program_word(start + 8, 1).error(), FlashError::not_erased);
  ASSERT_TRUE(flash.erase_page(start));
  EXPECT_EQ(flash.view({start + 8, 4})[0], 0);
  EXPECT_TRUE(flash.program_word(start + 8, 1));
}

TEST(MemoryFlash, programming_is_all_or_nothing) {
  MemoryFlash flash;
  ASSERT_TRUE(flash.program_word(start + 16, 5));
  const std::array<std::uint8_t, 20> data{9, 9, 9, 9, 9};
  EXPECT_EQ(flash.program(start, data).error(), FlashError::not_erased);
  EXPECT_EQ(flash.view({start, 1})[0], 0);
  EXPECT_TRUE(flash.program(start, base::Bytes(data).first(5)));
  EXPECT_EQ(flash.view({start, 8})[4], 9);
}

TEST(MemoryFlash, nothing_outside_is_touched) {
  MemoryFlash flash;
  std::array<std::uint8_t, 8> out{};
  EXPECT_EQ(flash.read(end - 4, out).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.read(start - 4, out).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.program_word(end, 1).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.program_word(start + 2, 1).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.erase_page(start + 4).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.program(end - 4, out).error(), FlashError::out_of_range);
  EXPECT_EQ(flash.program_half_page(start, out).error(), FlashError::out_of_range);
  const std::array<std::uint8_t, image::half_page_size> half{1};
  EXPECT_EQ(flash.program_half_page(start + 4, half).error(), FlashError::out_of_range);
  EXPECT_TRUE(flash.program_half_page(end - image::half_page_size, half));
}

}  // namespace
}  // namespace goldcrest::packer

// SPDX-License-Identifier: MIT
#include "sim/powercut/cut.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace goldcrest::sim {
namespace {

using board::FlashOperationKind;

TEST(CutPath, reads_what_it_writes) {
  for (const std::string_view text :
       {"download:0:before", "revert:1111:torn7", "data:3:word31",
        "a-b:2:unstable0:0:after:9:torn1", "x:4294967295:after", "download:@1.234567s:torn2",
        "download~7:@0.000000s:before:@0.020000s:torn1:3:after:@999999.999999s:after"}) {
    const auto path = parse_cut_path(text);
    ASSERT_TRUE(path.has_value()) << text;
    EXPECT_EQ(to_text(*path), text);
  }
}

TEST(CutPath, refuses_what_is_none) {
  for (const std::string_view text : {"",
                                      ":",
                                      "download",
                                      "download:1",
                                      ":1:after",
                                      "download:x:after",
                                      "download:1:torn",
                                      "download:1:word32",
                                      "download:1:after3",
                                      "download:-1:after",
                                      "download:1:torn256",
                                      "download:1:after:2",
                                      "download:4294967296:after",
                                      "download:1:after:",
                                      "d:@:after",
                                      "d:@1:after",
                                      "d:@s:after",
                                      "d:@.5s:after",
                                      "d:@1.s:after",
                                      "d:@-1s:after",
                                      "d:@1.2345678s:after",
                                      "d:@1.5us:after",
                                      "d:@1000000s:after",
                                      "d:@1e3s:after",
                                      "d:@99999999999999999999s:after",
                                      "d:@1s"}) {
    EXPECT_FALSE(parse_cut_path(text).has_value()) << text;
  }
}

TEST(CutPath, takes_instants_in_every_unit) {
  for (const std::string_view text :
       {"d:@1.5s:after", "d:@1500ms:after", "d:@1500.0ms:after", "d:@1500000us:after"}) {
    const auto path = parse_cut_path(text);
    ASSERT_TRUE(path.has_value()) << text;
    EXPECT_EQ(to_text(*path), "d:@1.500000s:after");
  }
}

TEST(CourseNames, have_a_seed_behind_a_tilde) {
  EXPECT_EQ(parse_course_name("download").air_seed, std::nullopt);
  EXPECT_EQ(parse_course_name("download~7").phase, "download");
  EXPECT_EQ(parse_course_name("download~7").air_seed, 7u);
  EXPECT_EQ(parse_course_name("download~x").phase, "download~x");
}

TEST(Forms, begin_before_and_end_after_the_operation) {
  const FormCounts counts{.torn = 3, .words = 4, .unstable = 1};
  const auto word = forms_for(FlashOperationKind::program_word, counts);
  ASSERT_EQ(word.size(), 6u);
  EXPECT_EQ(word.front().kind, FormKind::before);
  EXPECT_EQ(word.back().kind, FormKind::after);
  const auto half_page = forms_for(FlashOperationKind::program_half_page, counts);
  EXPECT_EQ(half_page.size(), 10u);
  EXPECT_EQ(std::ranges::count(half_page, FormKind::word, &Form::kind), 4);
}

TEST(Forms, every_word_of_a_half_page_can_be_the_torn_one) {
  const auto forms = forms_for(FlashOperationKind::program_half_page, {.torn = 0, .unstable = 0});
  std::set<unsigned> words;
  for (const auto& form : forms) {
    const auto cut = armed({7, form}, 1007, 1);
    EXPECT_EQ(cut.flash_operation, 1007u);
    if (form.kind == FormKind::word) words.insert(cut.torn_word.value());
  }
  EXPECT_EQ(words.size(), 32u);
}

TEST(Forms, each_tears_in_its_own_way) {
  std::set<std::uint64_t> seeds;
  for (std::uint32_t operation = 0; operation < 50; ++operation) {
    for (const auto& form : forms_for(FlashOperationKind::program_half_page, {})) {
      const auto cut = armed({operation, form}, operation, 1);
      EXPECT_EQ(cut.unstable, form.kind == FormKind::unstable);
      if (cut.phase == board::CutPhase::inside) seeds.insert(cut.torn_seed);
    }
  }
  EXPECT_EQ(seeds.size(), 50u * (8 + 32 + 2));
}

}  // namespace
}  // namespace goldcrest::sim

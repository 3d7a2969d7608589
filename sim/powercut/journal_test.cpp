// SPDX-License-Identifier: MIT
#include "sim/powercut/journal.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace goldcrest::sim {
namespace {

struct JournalFile : ::testing::Test {
  JournalFile() { std::filesystem::remove(path); }
  ~JournalFile() override { std::filesystem::remove(path); }

  void append(std::string_view text) const { std::ofstream(path, std::ios::app) << text; }
  std::string text() const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) /
      (std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) + ".journal");
};

OperationResult result(std::uint32_t index) {
  OperationResult made{.phase = "download", .index = index, .kind = "word", .address = 0x08040000};
  made.first.cuts = 3;
  made.first.fired = 2;
  made.first.add(Outcome::old_version);
  made.first.add(Outcome::silent);
  made.further.cuts = 1;
  made.boots = 2;
  made.lost = {"download:1:after silent"};
  made.not_fired = {"download:1:torn0"};
  return made;
}

TEST_F(JournalFile, gives_back_what_was_added) {
  {
    auto journal = Journal::open(path, "this");
    ASSERT_TRUE(journal.has_value());
    journal->add(StateKey{0x0123456789ABCDEF, 2}, Outcome::new_version);
    journal->add(result(1));
    EXPECT_TRUE(journal->good());
  }
  const auto again = Journal::open(path, "this");
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(again->states().at(StateKey{0x0123456789ABCDEF, 2}), Outcome::new_version);
  ASSERT_EQ(again->results().size(), 1u);
  const auto& read = again->results().front();
  EXPECT_TRUE(again->has("download", 1));
  EXPECT_FALSE(again->has("download", 2));
  EXPECT_EQ(read.address, 0x08040000u);
  EXPECT_EQ(read.first.outcomes, result(1).first.outcomes);
  EXPECT_EQ(read.first.lost(), 1u);
  EXPECT_EQ(read.first.fired, 2u);
  EXPECT_EQ(read.further.cuts, 1u);
  EXPECT_EQ(read.lost, result(1).lost);
  EXPECT_EQ(read.not_fired, result(1).not_fired);
}

TEST_F(JournalFile, drops_a_last_line_without_its_end_and_goes_on_behind_the_others) {
  {
    auto journal = Journal::open(path, "this");
    journal->add(result(1));
  }
  const auto whole = text();
  append("{\"state\":\"0123");
  {
    auto journal = Journal::open(path, "this");
    ASSERT_TRUE(journal.has_value()) << journal.error();
    EXPECT_EQ(text(), whole);
    journal->add(result(2));
  }
  const auto again = Journal::open(path, "this");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->results().size(), 2u);
}

TEST_F(JournalFile, a_first_line_without_its_end_is_no_journal_yet) {
  append("{\"swe");
  const auto journal = Journal::open(path, "this");
  ASSERT_TRUE(journal.has_value());
  EXPECT_EQ(text(), "{\"sweep\":\"this\"}\n");
}

TEST_F(JournalFile, refuses_that_of_another_sweep_and_damaged_ones) {
  ASSERT_TRUE(Journal::open(path, "this").has_value());
  EXPECT_FALSE(Journal::open(path, "that").has_value());
  for (const std::string_view line :
       {"nonsense\n", "{}\n", "[]\n", "{\"state\":\"12\",\"outcome\":0}\n",
        "{\"state\":\"0123456789abcdef0123456789abcdeg\",\"outcome\":0}\n",
        "{\"state\":\"0123456789abcdef0123456789abcdef\",\"outcome\":10}\n",
        "{\"phase\":1,\"operation\":2}\n"}) {
    std::filesystem::remove(path);
    append("{\"sweep\":\"this\"}\n");
    append(line);
    const auto journal = Journal::open(path, "this");
    ASSERT_FALSE(journal.has_value()) << line;
    EXPECT_NE(journal.error().find("line 2"), std::string::npos) << journal.error();
  }
}

TEST_F(JournalFile, says_when_it_cannot_be_written) {
  EXPECT_FALSE(Journal::open("/nowhere/at/all", "this").has_value());
}

}  // namespace
}  // namespace goldcrest::sim

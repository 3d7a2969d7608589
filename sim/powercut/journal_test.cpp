// SPDX-License-Identifier: MIT
#include "sim/powercut/journal.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace goldcrest::sim {
namespace {

constexpr std::string_view first_line = "{\"shard\":0,\"shards\":2,\"sweep\":\"this\"}\n";

struct JournalTest : ::testing::Test {
  JournalTest() { std::filesystem::remove(path); }
  ~JournalTest() override { std::filesystem::remove(path); }

  void append(std::string_view text) const { std::ofstream(path, std::ios::app) << text; }
  std::string text() const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) /
      (std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) + ".journal");
};

SweepIdentity identity(const std::string& what, unsigned shard = 0) {
  return {.text = "\"" + what + "\"", .shard = shard, .shards = 2};
}

OperationResult result(std::uint32_t index) {
  OperationResult made{.phase = "download",
                       .index = index,
                       .kind = "word",
                       .address = 0x08040000,
                       .at = std::chrono::milliseconds(7)};
  made.first.under_way = 1;
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

TEST_F(JournalTest, gives_back_what_was_added) {
  {
    auto journal = Journal::open(path, identity("this"));
    ASSERT_TRUE(journal.has_value());
    journal->add(StateKey{0x0123456789ABCDEF, 2}, Outcome::new_version);
    journal->add(result(1));
    EXPECT_EQ(journal->error(), "");
  }
  const auto again = Journal::open(path, identity("this"));
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(again->states().at(StateKey{0x0123456789ABCDEF, 2}), Outcome::new_version);
  ASSERT_EQ(again->results().size(), 1u);
  const auto& read = again->results().front();
  EXPECT_TRUE(again->has("download", 1, false));
  EXPECT_FALSE(again->has("download", 1, true));
  EXPECT_FALSE(again->has("download", 2, false));
  EXPECT_EQ(read.at, std::chrono::milliseconds(7));
  EXPECT_EQ(read.first.under_way, 1u);
  EXPECT_EQ(read.address, 0x08040000u);
  EXPECT_EQ(read.first.outcomes, result(1).first.outcomes);
  EXPECT_EQ(read.first.lost(), 1u);
  EXPECT_EQ(read.first.fired, 2u);
  EXPECT_EQ(read.further.cuts, 1u);
  EXPECT_EQ(read.lost, result(1).lost);
  EXPECT_EQ(read.not_fired, result(1).not_fired);
}

TEST_F(JournalTest, drops_a_last_line_without_its_end_and_goes_on_behind_the_others) {
  {
    auto journal = Journal::open(path, identity("this"));
    journal->add(result(1));
  }
  const auto whole = text();
  append("{\"state\":\"0123");
  {
    auto journal = Journal::open(path, identity("this"));
    ASSERT_TRUE(journal.has_value()) << journal.error();
    EXPECT_EQ(text(), whole);
    journal->add(result(2));
  }
  const auto again = Journal::open(path, identity("this"));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->results().size(), 2u);
}

TEST_F(JournalTest, a_first_line_without_its_end_is_no_journal_yet) {
  append("{\"swe");
  const auto journal = Journal::open(path, identity("this"));
  ASSERT_TRUE(journal.has_value());
  EXPECT_EQ(text(), first_line);
}

TEST_F(JournalTest, refuses_that_of_another_sweep_and_damaged_ones) {
  ASSERT_TRUE(Journal::open(path, identity("this")).has_value());
  EXPECT_FALSE(Journal::open(path, identity("that")).has_value());
  for (const std::string_view line :
       {"nonsense\n", "{}\n", "[]\n", "{\"state\":\"12\",\"outcome\":0}\n",
        "{\"state\":\"0123456789abcdef0123456789abcdeg\",\"outcome\":0}\n",
        "{\"state\":\"0123456789abcdef0123456789abcdef\",\"outcome\":11}\n",
        "{\"phase\":1,\"operation\":2}\n"}) {
    std::filesystem::remove(path);
    append(first_line);
    append(line);
    const auto journal = Journal::open(path, identity("this"));
    ASSERT_FALSE(journal.has_value()) << line;
    EXPECT_NE(journal.error().find("line 2"), std::string::npos) << journal.error();
  }
}

TEST_F(JournalTest, is_refused_for_another_part_and_without_a_first_line_of_its_own) {
  ASSERT_TRUE(Journal::open(path, identity("this")).has_value());
  EXPECT_FALSE(Journal::open(path, identity("this", 1)).has_value());
  std::filesystem::remove(path);
  append("somebody's letter\n");
  const auto journal = Journal::open(path, identity("this"));
  ASSERT_FALSE(journal.has_value());
  EXPECT_NE(journal.error().find("not the journal"), std::string::npos);
  EXPECT_EQ(text(), "somebody's letter\n");
}

TEST_F(JournalTest, keeps_the_phases_the_time_and_the_programs) {
  const std::vector<Swept> phases{{.phase = "data",
                                   .operations = 9,
                                   .chosen = 1,
                                   .instants = 1,
                                   .length = std::chrono::seconds(3),
                                   .by_kind = {1, 8, 0, 0, 0}}};
  {
    auto journal = Journal::open(path, identity("this"));
    EXPECT_TRUE(journal->set_phases(phases));
    EXPECT_TRUE(journal->set_phases(phases));
    EXPECT_FALSE(journal->complete());
    journal->took(1.5, "one");
    journal->add(result(1));
    journal->took(2, "other");
    auto instant = result(1);
    instant.kind = instant_kind;
    journal->add(instant);
  }
  auto again = Journal::open(path, identity("this"));
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(again->phases(), phases);
  EXPECT_FALSE(again->set_phases({}));
  EXPECT_EQ(again->seconds(), 3.5);
  EXPECT_EQ(again->programs(), (std::set<std::string>{"one", "other"}));
  EXPECT_TRUE(again->complete());
}

TEST_F(JournalTest, is_one_process_s_at_a_time) {
  {
    const auto journal = Journal::open(path, identity("this"));
    ASSERT_TRUE(journal.has_value());
    const auto other = Journal::open(path, identity("this"));
    ASSERT_FALSE(other.has_value());
    EXPECT_NE(other.error().find("in use"), std::string::npos);
    EXPECT_FALSE(Journal::read(path).has_value());
  }
  const auto reader = Journal::read(path);
  ASSERT_TRUE(reader.has_value()) << reader.error();
  EXPECT_EQ(reader->identity(), identity("this"));
}

/// Files of this process can grow to 300 bytes.
class FullDisk {
 public:
  FullDisk() {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit full{.rlim_cur = 300, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  }
  ~FullDisk() {
    (void)setrlimit(RLIMIT_FSIZE, &before_);
    (void)std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

TEST_F(JournalTest, stops_writing_when_the_disk_is_full_and_goes_on_with_whole_lines) {
  {
    auto journal = Journal::open(path, identity("this"));
    journal->add(StateKey{1, 1}, Outcome::old_version);
    ASSERT_EQ(journal->error(), "");
    const FullDisk full;
    journal->add(result(1));
    EXPECT_NE(journal->error(), "");
    journal->add(StateKey{2, 2}, Outcome::old_version);
  }
  EXPECT_EQ(text().size(), 300u);
  const auto again = Journal::open(path, identity("this"));
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(again->states().size(), 1u);
  EXPECT_TRUE(again->results().empty());
}

TEST_F(JournalTest, refuses_numbers_that_fit_nothing) {
  for (const std::string_view number : {"999999999999999999999999999999", "-1", "0.5", "\"1\""}) {
    std::ofstream(path) << first_line << R"({"state":"00000000000000000000000000000005","outcome":)"
                        << number << "}\n";
    const auto journal = Journal::read(path);
    ASSERT_FALSE(journal.has_value()) << number;
    EXPECT_NE(journal.error().find("damaged"), std::string::npos) << journal.error();
  }
}

TEST_F(JournalTest, says_when_it_cannot_be_written) {
  EXPECT_FALSE(Journal::open("/nowhere/at/all", identity("this")).has_value());
  EXPECT_FALSE(Journal::open("/dev/full", identity("this")).has_value());
  EXPECT_FALSE(Journal::open(::testing::TempDir(), identity("this")).has_value());
}

}  // namespace
}  // namespace goldcrest::sim

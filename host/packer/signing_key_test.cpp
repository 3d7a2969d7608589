// SPDX-License-Identifier: MIT
#include "host/packer/signing_key.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>

#include "core/crypto/lms.hpp"
#include "host/packer/files.hpp"
#include "host/packer/test_folder.hpp"

namespace goldcrest::packer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::array<std::uint8_t, 5> message{'h', 'e', 'l', 'l', 'o'};

void copy_folder(const fs::path& from, const fs::path& to) {
  fs::copy(from, to, fs::copy_options::recursive);
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777u;
}

TEST(SigningKey, signs_what_core_verifies_with_rising_leaves) {
  TestKeys test;
  const auto public_key = read_public_key(test.keys() / public_key_name);
  ASSERT_TRUE(public_key);
  for (std::uint32_t expected = 0; expected < 4; ++expected) {
    const auto signature = sign(test.keys(), message, test.options);
    ASSERT_TRUE(signature) << signature.error().text;
    EXPECT_EQ(signature->index, expected);
    EXPECT_EQ(signature->remaining, 31 - expected);
    EXPECT_EQ(base::load_be32(signature->bytes.data()), expected);
    EXPECT_TRUE(crypto::lms_verify(public_key->key, message, signature->bytes));
  }
}

TEST(SigningKey, randomizers_are_fresh) {
  TestKeys test;
  const auto first = sign(test.keys(), message, test.options);
  const auto second = sign(test.keys(), message, test.options);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(
      std::equal(first->bytes.begin() + 8, first->bytes.begin() + 32, second->bytes.begin() + 8));
}

TEST(SigningKey, files_of_the_owner_are_the_owners_alone) {
  TestKeys test;
  ASSERT_TRUE(sign(test.keys(), message, test.options));
  EXPECT_EQ(mode_of(test.keys()), 0700u);
  EXPECT_EQ(mode_of(test.keys() / signing_key_name), 0600u);
  EXPECT_EQ(mode_of(test.keys() / content_key_name), 0600u);
  EXPECT_EQ(mode_of(test.keys() / signing_state_name), 0600u);
  ::chmod((test.keys() / signing_key_name).c_str(), 0640);
  const auto refused = sign(test.keys(), message, test.options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("can be read by others"));
}

TEST(SigningKey, keygen_never_overwrites_and_leaves_nothing_behind) {
  TestKeys test;
  const auto again = create_keys(test.keys(), 5, test.options);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().text, HasSubstr("never overwritten"));
  fs::create_directory(test.folder / "other");
  std::ofstream(test.folder / "other" / "note") << "x";
  EXPECT_FALSE(create_keys(test.folder / "other", 5, test.options));
  EXPECT_FALSE(create_keys(test.folder / "missing" / "keys", 5, test.options));
  EXPECT_FALSE(create_keys(test.folder / "high", 25, test.options));
  EXPECT_FALSE(create_keys(test.folder / "odd", 7, test.options));
  for (const auto& entry : fs::directory_iterator(test.folder.path())) {
    EXPECT_THAT(entry.path().filename().string(), testing::AnyOf("keys", "state", "other"));
  }
}

TEST(SigningKey, an_empty_folder_and_a_trailing_slash_are_fine_for_keygen) {
  TestKeys test;
  fs::create_directory(test.folder / "empty");
  const auto made = create_keys((test.folder / "empty").string() + "/", 5, test.options);
  EXPECT_TRUE(made) << made.error().text;
  EXPECT_TRUE(fs::exists(test.folder / "empty" / signing_key_name));
}

TEST(SigningKey, an_exhausted_key_signs_no_more) {
  TestKeys test;
  for (int i = 0; i < 32; ++i) {
    const auto signature = sign(test.keys(), message, test.options);
    ASSERT_TRUE(signature);
    EXPECT_EQ(!signature->warnings.empty(), i + 1 >= 29) << i;  // 29 of 32 is the first above 90 %
  }
  const auto refused = sign(test.keys(), message, test.options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("exhausted"));
  const auto status = key_status(test.keys(), test.options);
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->refusal);
}

/// Dies at a step, as a power cut or kill would have it, and returns whether a signature got out.
bool dies_at(const TestKeys& test, ReservationStep fatal) {
  std::array<int, 2> pipe_ends{};
  EXPECT_EQ(::pipe(pipe_ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto options = test.options;
    options.on_step = [fatal](ReservationStep step) {
      if (step == fatal) ::_exit(9);
    };
    const auto signature = sign(test.keys(), message, options);
    const char out = signature ? 1 : 0;
    (void)!::write(pipe_ends[1], &out, 1);
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  char out = 0;
  const bool something_came = ::read(pipe_ends[0], &out, 1) == 1;
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 9);
  return something_came;
}

TEST(SigningKey, a_crash_at_any_step_loses_a_leaf_at_most_and_locks_nobody_out) {
  TestKeys test;
  std::uint32_t last = sign(test.keys(), message, test.options)->index;
  for (const auto step : {ReservationStep::checked, ReservationStep::key_written,
                          ReservationStep::journal_written, ReservationStep::record_written}) {
    EXPECT_FALSE(dies_at(test, step));
    const auto next = sign(test.keys(), message, test.options);
    ASSERT_TRUE(next) << next.error().text;
    EXPECT_EQ(next->index, step == ReservationStep::checked ? last + 1 : last + 2);
    last = next->index;
  }
}

TEST(SigningKey, the_index_is_on_disk_before_the_signature_exists) {
  TestKeys test;
  auto options = test.options;
  std::vector<std::uint32_t> seen;
  options.on_step = [&](ReservationStep step) {
    if (step == ReservationStep::record_written) {
      seen.push_back(read_signing_key(test.keys() / signing_key_name)->next_index);
    }
  };
  ASSERT_EQ(sign(test.keys(), message, options)->index, 0u);
  EXPECT_EQ(seen, std::vector<std::uint32_t>{1});
}

TEST(SigningKey, eight_processes_at_once_get_leaves_of_their_own) {
  TestKeys test;
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int round = 0; round < 4; ++round) {
        const auto signature = sign(test.keys(), message, test.options);
        if (!signature) ::_exit(1);
        (void)!::write(pipe_ends[1], &signature->index, sizeof signature->index);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  ::close(pipe_ends[1]);
  std::multiset<std::uint32_t> indices;
  std::uint32_t index = 0;
  while (::read(pipe_ends[0], &index, sizeof index) == sizeof index) indices.insert(index);
  ::close(pipe_ends[0]);
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(indices.size(), 32u);
  EXPECT_EQ(std::set(indices.begin(), indices.end()).size(), 32u);
}

TEST(SigningKey, an_old_signing_key_file_put_back_is_noticed) {
  TestKeys test;
  const auto key = test.keys() / signing_key_name;
  fs::copy_file(key, test.folder / "backup");
  fs::permissions(test.folder / "backup", fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_TRUE(sign(test.keys(), message, test.options));
  fs::copy_file(test.folder / "backup", key, fs::copy_options::overwrite_existing);
  fs::permissions(key, fs::perms::owner_read | fs::perms::owner_write);
  // Without the account's journal: the one in the folder is enough.
  auto options = test.options;
  options.state_directory = test.folder / "another-account";
  for (const auto& with : {test.options, options}) {
    const auto refused = sign(test.keys(), message, with);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text, HasSubstr("rolled back"));
  }
}

TEST(SigningKey, a_whole_old_folder_put_back_is_noticed_by_the_account) {
  TestKeys test;
  copy_folder(test.keys(), test.folder / "backup");
  ASSERT_TRUE(sign(test.keys(), message, test.options));
  const auto refused = sign(test.folder / "backup", message, test.options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("rolled back"));
  EXPECT_TRUE(sign(test.keys(), message, test.options));
}

// A build machine that is made anew for each job, with the key folder from a vault, would sign with
// the same leaf every time: a fresh key's first leaf included.
TEST(SigningKey, a_key_new_to_an_account_signs_only_when_it_is_taken_over) {
  TestKeys test;
  for (const std::uint32_t used : {0u, 1u}) {
    auto options = test.options;
    options.state_directory = test.folder / fmt::format("another-account-{}", used);
    const auto refused = sign(test.keys(), message, options);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text, HasSubstr("has not signed"));
    EXPECT_TRUE(key_status(test.keys(), options)->refusal);
    ASSERT_TRUE(advance_key(test.keys(), used, options));
    const auto first = sign(test.keys(), message, options);
    ASSERT_TRUE(first) << first.error().text;
    EXPECT_EQ(first->index, used);
    EXPECT_TRUE(first->warnings.empty());
  }
}

TEST(SigningKey, without_its_journal_a_key_does_not_sign_until_advanced) {
  TestKeys test;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(sign(test.keys(), message, test.options));
  fs::remove(test.keys() / signing_state_name);
  EXPECT_FALSE(sign(test.keys(), message, test.options));
  EXPECT_FALSE(advance_key(test.keys(), 2, test.options)) << "never backwards";
  EXPECT_FALSE(advance_key(test.keys(), 33, test.options)) << "never beyond the tree";
  const auto advanced = advance_key(test.keys(), 10, test.options);
  ASSERT_TRUE(advanced) << advanced.error().text;
  EXPECT_FALSE(advanced->refusal);
  EXPECT_EQ(sign(test.keys(), message, test.options)->index, 10u);
}

TEST(SigningKey, a_journal_torn_at_its_end_is_mended_and_a_damaged_one_refused) {
  TestKeys test;
  ASSERT_TRUE(sign(test.keys(), message, test.options));
  const auto journal = test.keys() / signing_state_name;
  std::ofstream(journal, std::ios::app) << "0000";
  ASSERT_EQ(sign(test.keys(), message, test.options)->index, 1u);
  ASSERT_EQ(sign(test.keys(), message, test.options)->index, 2u);
  auto bytes = read_file(journal, 4096);
  ASSERT_TRUE(bytes);
  (*bytes)[bytes->size() - 14] ^= 1;
  ASSERT_TRUE(write_file(journal, *bytes, private_mode));
  const auto refused = sign(test.keys(), message, test.options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("damaged"));
}

TEST(SigningKey, a_missing_or_damaged_tree_is_computed_again) {
  TestKeys test;
  const auto path = test.keys() / signing_tree_name;
  const auto good = read_file(path, 1 << 20);
  ASSERT_TRUE(good);
  auto bad = *good;
  for (std::size_t i = 32; i < bad.size(); i += 7) bad[i] ^= 0x5A;
  ASSERT_TRUE(write_file(path, bad, public_mode));
  int notices = 0;
  auto options = test.options;
  options.notice = [&](const std::string&) { ++notices; };
  const auto key = read_public_key(test.keys() / public_key_name);
  auto signature = sign(test.keys(), message, options);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(crypto::lms_verify(key->key, message, signature->bytes));
  EXPECT_EQ(notices, 1);
  EXPECT_EQ(*read_file(path, 1 << 20), *good);
  fs::remove(path);
  signature = sign(test.keys(), message, options);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(crypto::lms_verify(key->key, message, signature->bytes));
  EXPECT_EQ(notices, 2);
}

TEST(SigningKey, a_public_key_of_another_key_is_refused_before_a_leaf_is_spent) {
  TestKeys test;
  ASSERT_TRUE(create_keys(test.folder / "other", 5, test.options));
  fs::copy_file(test.folder / "other" / public_key_name, test.keys() / public_key_name,
                fs::copy_options::overwrite_existing);
  EXPECT_FALSE(sign(test.keys(), message, test.options));
  EXPECT_EQ(read_signing_key(test.keys() / signing_key_name)->next_index, 0u);
}

TEST(SigningKey, damaged_key_files_give_a_line_and_no_crash) {
  TestKeys test;
  const auto path = test.keys() / signing_key_name;
  const auto good = read_file(path, 4096);
  ASSERT_TRUE(good);
  for (std::size_t size = 0; size < good->size() - 2; size += 3) {
    ASSERT_TRUE(write_file(path, base::Bytes(*good).first(size), private_mode));
    EXPECT_FALSE(read_signing_key(path)) << size;
  }
  for (const char* text : {"[]", "{}", "null", R"({"format":"goldcrest signing key","version":1})",
                           R"({"format":7,"version":"1"})"}) {
    const std::string_view view(text);
    ASSERT_TRUE(write_file(path, {reinterpret_cast<const std::uint8_t*>(view.data()), view.size()},
                           private_mode));
    EXPECT_FALSE(read_signing_key(path)) << text;
  }
}

TEST(SigningKey, no_message_ever_shows_the_seed) {
  TestKeys test;
  const auto key = read_signing_key(test.keys() / signing_key_name);
  ASSERT_TRUE(key);
  std::string seed;
  for (const auto byte : key->secret.seed()) {
    constexpr std::string_view digits = "0123456789abcdef";
    seed += digits[byte >> 4];
    seed += digits[byte & 15];
  }
  const auto stored = read_file(test.keys() / signing_key_name, 4096);
  const std::string text(stored->begin(), stored->end());
  ASSERT_THAT(text, HasSubstr(seed)) << "else this test looks for the wrong thing";
  fs::remove(test.keys() / signing_state_name);
  const auto refused = sign(test.keys(), message, test.options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, testing::Not(HasSubstr(seed)));
}

}  // namespace
}  // namespace goldcrest::packer

// SPDX-License-Identifier: MIT
#include "host/oscore/context_file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/update/secure_context.hpp"
#include "host/oscore/sequence_file.hpp"
#include "host/packer/test_folder.hpp"

namespace goldcrest::oscore {
namespace {

constexpr const char* secret = "000102030405060708090a0b0c0d0e0f";

std::expected<std::vector<SharedContext>, std::string> parse(const std::string& contexts) {
  const auto text = fmt::format(
      R"({{"format": "goldcrest oscore contexts", "version": 1, "contexts": [{}]}})", contexts);
  return parse_contexts({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, "here");
}

std::string entry(const std::string& more, const char* id = "01", const char* name = "n") {
  return fmt::format(R"({{"name": "{}", "device_id": "{}", "server_id": "", )"
                     R"("master_secret": "{}"{}}})",
                     name, id, secret, more);
}

TEST(ContextFile, ComesBackAsItWasAndBothEndsUnderstandEachOther) {
  packer::TestFolder folder;
  const auto path = folder.path() / "contexts.json";
  auto contexts = parse(entry(R"(, "device": "00:73:7a:4e:b9:04:b3:95", "master_salt": "0a")") +
                        "," + entry(R"(, "id_context": "ffff")", "0203", "m"));
  ASSERT_TRUE(contexts) << contexts.error();
  ASSERT_TRUE(write_contexts(path, *contexts));
  const auto again = read_contexts(path);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(*again, *contexts);
  const auto device = device_end((*contexts)[1]);
  const auto server = server_end((*contexts)[1]);
  const auto one = PartialIv::of(1);
  std::vector<std::uint8_t> message(20, 7);
  device.sender_cipher().seal(device.nonce(device.sender_id(), one), {}, message);
  EXPECT_TRUE(
      server.recipient_cipher().open(server.nonce(server.recipient_id(), one), {}, message));
}

TEST(ContextFile, TheLineForADeviceIsWhatTheDeviceUnderstands) {
  const auto contexts = parse(entry(R"(, "master_salt": "0a0b")") + "," +
                              entry(R"(, "id_context": "ffff")", "0203", "m"));
  ASSERT_TRUE(contexts) << contexts.error();
  const auto line = provisioning_line((*contexts)[0]);
  ASSERT_TRUE(line) << line.error();
  const auto understood = update::parse_secure_context_text(*line);
  ASSERT_TRUE(understood) << *line;
  EXPECT_TRUE(std::ranges::equal(understood->device_id, (*contexts)[0].device_id));
  EXPECT_TRUE(std::ranges::equal(understood->master_secret, (*contexts)[0].master_secret));
  EXPECT_TRUE(std::ranges::equal(understood->master_salt, (*contexts)[0].master_salt));
  EXPECT_FALSE(provisioning_line((*contexts)[1])) << "devices have no room for an id_context";
}

TEST(ContextFile, OthersMustNotReadIt) {
  packer::TestFolder folder;
  const auto path = folder.path() / "contexts.json";
  ASSERT_TRUE(write_contexts(path, *parse(entry(""))));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  for (const auto mode : {0640u, 0604u, 0660u, 0644u}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const auto read = read_contexts(path);
    ASSERT_FALSE(read) << mode;
    EXPECT_NE(read.error().find("chmod 600"), std::string::npos);
  }
  EXPECT_FALSE(read_contexts(folder.path() / "absent"));
  EXPECT_FALSE(read_contexts(folder.path()));
}

TEST(ContextFile, SaysWhatIsWrongWithoutTheSecret) {
  for (const auto& contexts :
       {std::string("7"), std::string("{}"), entry(R"(, "device": "00")"),
        entry(R"(, "device": 5)"), entry(R"(, "master_salt": "0")"), entry("", ""),
        entry("", "0102030405060708"), entry("", "zz"), entry("", "01", ""),
        entry("", "01", "two words"), entry(R"(, "id_context": 3)"),
        entry("") + "," + entry("", "02"), entry("") + "," + entry("", "01", "m"),
        entry(R"(, "device": "0011223344556677")") + "," +
            entry(R"(, "device": "0011223344556677")", "02", "m"),
        std::string(R"({"name":"n","device_id":"01","server_id":""})"),
        std::string(R"({"name":"n","device_id":"01","server_id":"","master_secret":"00010203"})"),
        fmt::format(R"({{"name":"n","device_id":"01","server_id":"01","master_secret":"{}"}})",
                    secret)}) {
    const auto parsed = parse(contexts);
    ASSERT_FALSE(parsed) << contexts;
    EXPECT_EQ(parsed.error().find(secret), std::string::npos);
    EXPECT_EQ(parsed.error().find('\n'), std::string::npos);
  }
  const std::string other = R"({"format": "goldcrest content key", "version": 1})";
  EXPECT_FALSE(
      parse_contexts({reinterpret_cast<const std::uint8_t*>(other.data()), other.size()}, "x"));
  EXPECT_FALSE(parse_contexts({}, "x"));
}

TEST(SequenceFile, GoesOnWhereItWasAndIsCountedByOneOnly) {
  packer::TestFolder folder;
  const auto path = folder.path() / "sequence";
  std::uint64_t end = 0;
  {
    auto file = SequenceFile::open(path);
    ASSERT_TRUE(file) << file.error();
    const auto second = SequenceFile::open(path);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().find("in use"), std::string::npos);
    end = file->first() + 10'000'000;  // ahead of the clock by a day
    EXPECT_TRUE(file->reserve(end));
  }
  auto later = SequenceFile::open(path);
  ASSERT_TRUE(later) << later.error();
  EXPECT_EQ(later->first(), end);
}

// Two servers that reach one file of contexts by two names would use the same nonces.
TEST(SequenceFile, ALinkToTheContextsCountsWithThem) {
  packer::TestFolder folder;
  std::ofstream(folder / "contexts.json") << "{}";
  std::filesystem::create_symlink("contexts.json", folder / "link.json");
  const auto first = SequenceFile::open_beside(folder / "contexts.json", ".server-sequence");
  ASSERT_TRUE(first.has_value()) << first.error();
  const auto second = SequenceFile::open_beside(folder / "link.json", ".server-sequence");
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().find("in use"), std::string::npos);
  EXPECT_FALSE(SequenceFile::open_beside(folder / "none.json", ".server-sequence").has_value());
}

TEST(SequenceFile, AFileThatWasLostOrDamagedLeadsToNoNumberUsedBefore) {
  packer::TestFolder folder;
  const auto path = folder.path() / "sequence";
  std::uint64_t first = 0;
  {
    const auto file = SequenceFile::open(path);
    ASSERT_TRUE(file);
    first = file->first();
    EXPECT_GT(first, std::uint64_t{1'700'000'000} << 7u);
  }
  std::filesystem::remove(path);
  {
    const auto file = SequenceFile::open(path);
    ASSERT_TRUE(file);
    EXPECT_GE(file->first(), first);
  }
  for (const auto* text : {"", "goldcrest oscore sequence 1 \n", "goldcrest oscore sequence 1 12",
                           "goldcrest oscore sequence 1 1099511627777\n",
                           "goldcrest oscore sequence 1 -1\n", "something else\n"}) {
    std::ofstream(path, std::ios::trunc) << text;
    EXPECT_FALSE(SequenceFile::open(path)) << text;
  }
}

}  // namespace
}  // namespace goldcrest::oscore

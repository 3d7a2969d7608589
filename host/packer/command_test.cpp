// SPDX-License-Identifier: MIT
// The commands as a person types them, in a process of their own.
#include "host/packer/command.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "host/packer/test_arm_program.hpp"
#include "host/packer/test_folder.hpp"

namespace goldcrest::packer {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Runs one command line in `folder`, with the account's journals in it too.
Outcome run(const TestFolder& folder, std::vector<std::string> arguments) {
  const pid_t child = ::fork();
  if (child == 0) {
    (void)!::chdir(folder.path().c_str());
    ::setenv("XDG_STATE_HOME", (folder / "state").c_str(), 1);
    (void)!std::freopen("out", "w", stdout);
    (void)!std::freopen("err", "w", stderr);
    CLI::App app("goldcrest");
    int exit_code = 0;
    app.require_subcommand(1);
    add_packer_commands(app, exit_code);
    try {
      std::reverse(arguments.begin(), arguments.end());
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      exit_code = app.exit(error) == 0 ? 0 : 2;
    }
    std::fflush(nullptr);
    ::_exit(exit_code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(folder / "out"),
          text_of(folder / "err")};
}

std::string line_of(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  return text;
}

TEST(Command, from_keygen_to_a_man_image) {
  const TestFolder folder;
  const std::vector<std::tuple<std::string, int, std::uint32_t>> programs{
      {"boot", 1, 0x08000000}, {"mta", 2, 0x08006000}, {"app", 3, 0x08010000}};
  for (const auto& [name, type, base] : programs) {
    build_arm_program(folder.path(), name,
                      {.source = arm_rich_program, .image_type = type, .base = base});
  }
  const auto keygen = run(folder, {"keygen", "--height", "5"});
  ASSERT_EQ(keygen.status, 0) << keygen.err;
  EXPECT_THAT(keygen.err, HasSubstr("Never copy a key folder"));
  const auto again = run(folder, {"keygen", "--height", "5"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(line_of(again.err), HasSubstr("goldcrest keygen: "));

  const auto packed = run(folder, {"pack", "app.elf"});
  ASSERT_EQ(packed.status, 0) << packed.err;
  const auto update = line_of(packed.out);
  EXPECT_THAT(update, HasSubstr("updates/TEST-PRODUCT_1_0_1_APP_0x"));
  const auto as_json = run(folder, {"pack", "app.elf", "--json", "--minimum-version", "0.1.2"});
  ASSERT_EQ(as_json.status, 0) << as_json.err;
  const auto json = nlohmann::json::parse(as_json.out);
  EXPECT_EQ(json["minimum_version"], "0.1.2");
  EXPECT_EQ(json["signature_index"], 1);
  EXPECT_EQ(json["signatures_left"], 30);

  const auto man = run(folder, {"man", "--boot", "boot.elf", "--mta", "mta.elf", "--app", update});
  ASSERT_EQ(man.status, 0) << man.err;
  EXPECT_THAT(man.err, HasSubstr("content key"));
  for (const auto& file : {update, line_of(man.out)}) {
    const auto shown = run(folder, {"inspect", file, "--keys", "keys"});
    EXPECT_EQ(shown.status, 0) << shown.err << shown.out;
    EXPECT_THAT(shown.out, AllOf(HasSubstr("TEST-PRODUCT"), Not(HasSubstr("FAILED"))));
    const auto parsed = nlohmann::json::parse(run(folder, {"inspect", file, "--json"}).out);
    EXPECT_EQ(parsed["sound"], true);
  }
  const auto status = run(folder, {"key", "status", "--json"});
  EXPECT_EQ(status.status, 0);
  EXPECT_EQ(nlohmann::json::parse(status.out)["used"], 2);
}

TEST(Command, a_failure_is_one_line_and_exit_1) {
  const TestFolder folder;
  std::ofstream(folder / "text") << "hello";
  const std::vector<std::vector<std::string>> lines{
      {"key", "status"},
      {"key", "status", "--keys", "text"},
      {"pack", "missing.elf"},
      {"pack", "text"},
      {"inspect", "text"},
      {"inspect", "."},
      {"inspect", "/dev/zero"},
      {"inspect", "text", "--keys", "nowhere"},
      {"keygen", "--keys", "no/such/parent"},
      {"man", "--boot", "text", "--mta", "text", "--app", "text"}};
  for (const auto& line : lines) {
    const auto outcome = run(folder, line);
    EXPECT_EQ(outcome.status, 1) << line[0];
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(line_of(outcome.err), testing::StartsWith("goldcrest ")) << line[0];
  }
}

TEST(Command, wrong_usage_is_exit_2_and_help_is_0) {
  const TestFolder folder;
  const std::vector<std::vector<std::string>> lines{{"pack"},
                                                    {"keygen", "--height", "7"},
                                                    {"key"},
                                                    {"man"},
                                                    {"inspect"},
                                                    {"pack", "x.elf", "--minimum-version", "1.0"},
                                                    {"pack", "x.elf", "--sequence", "-1"}};
  for (const auto& line : lines) EXPECT_EQ(run(folder, line).status, 2) << line[0];
  for (const char* name : {"keygen", "key", "pack", "man", "inspect"}) {
    const auto help = run(folder, {name, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("Usage")) << name;
  }
  EXPECT_THAT(run(folder, {"keygen", "--help"}).out, HasSubstr("Never copy a key folder"));
}

}  // namespace
}  // namespace goldcrest::packer

// SPDX-License-Identifier: MIT
#include "host/board/program/control.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/random.hpp"
#include "host/board/program/files.hpp"

namespace goldcrest::board::program {
namespace {

class Recorder final : public ControlHandler {
 public:
  std::expected<std::string, std::string> command(std::string_view line) override {
    lines.emplace_back(line);
    if (line == "bad") return std::unexpected("it is bad");
    return line == "status" ? "fine" : "";
  }
  std::expected<void, std::string> program(std::span<const std::uint8_t> image) override {
    images.emplace_back(image.begin(), image.end());
    if (image.size() == 13) return std::unexpected("unlucky");
    return {};
  }
  std::vector<std::string> lines;
  std::vector<std::vector<std::uint8_t>> images;
};

class HostileFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "goldcrest-control-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    mask_ = ::umask(0);
  }
  void TearDown() override {
    (void)::umask(mask_);
    std::filesystem::remove_all(folder_);
  }
  static unsigned mode(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 0777u;
  }

  std::filesystem::path folder_;
  mode_t mask_ = 0;
};

// Who may write to the socket commands the board; a state has the board's keys in the clear.
TEST_F(HostileFolder, socket_and_state_are_the_owners_alone_whatever_the_umask) {
  const auto server = ControlServer::open(folder_ / "node.sock");
  ASSERT_TRUE(server.has_value()) << server.error();
  EXPECT_EQ(mode(folder_ / "node.sock"), 0600u);
  const std::vector<std::uint8_t> state{1, 2, 3};
  ASSERT_TRUE(write_file(folder_ / "node.state", state));
  EXPECT_EQ(mode(folder_ / "node.state"), 0600u);
}

TEST_F(HostileFolder, no_link_in_the_place_of_a_new_state_is_followed) {
  ASSERT_TRUE(write_file(folder_ / "elsewhere", std::vector<std::uint8_t>{7}));
  std::filesystem::create_symlink(folder_ / "elsewhere", folder_ / "node.state.new");
  ASSERT_TRUE(write_file(folder_ / "node.state", std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_EQ(std::filesystem::file_size(folder_ / "elsewhere"), 1u);
  EXPECT_FALSE(std::filesystem::is_symlink(folder_ / "node.state"));
}

TEST(ControlConversation, answers_line_by_line) {
  Recorder recorder;
  ControlConversation conversation;
  EXPECT_TRUE(conversation.receive("reset\nstat", recorder));
  EXPECT_TRUE(conversation.receive("us\r\nbad\n", recorder));
  EXPECT_EQ(conversation.take_answer(), "ok\nok fine\nerror it is bad\n");
  EXPECT_EQ(recorder.lines, (std::vector<std::string>{"reset", "status", "bad"}));
}

TEST(ControlConversation, takes_an_image_in_any_pieces) {
  std::string image(100'000, 0);
  for (std::size_t index = 0; index < image.size(); ++index) {
    image[index] = static_cast<char>(index * 7);
  }
  const std::string request = "program 100000\n" + image + "status\n";
  for (const std::size_t piece : {1UZ, 7UZ, 4096UZ, 200'000UZ}) {
    Recorder recorder;
    ControlConversation conversation;
    for (std::size_t at = 0; at < request.size(); at += piece) {
      EXPECT_TRUE(conversation.receive(std::string_view(request).substr(at, piece), recorder));
    }
    const std::string answer = conversation.take_answer();
    EXPECT_TRUE(answer.starts_with("progress "));
    EXPECT_TRUE(answer.ends_with("progress 100000 100000\nok\nok fine\n")) << answer;
    ASSERT_EQ(recorder.images.size(), 1U);
    EXPECT_EQ(std::string(recorder.images[0].begin(), recorder.images[0].end()), image);
  }
}

TEST(ControlConversation, refuses_lengths_that_cannot_be) {
  Recorder recorder;
  ControlConversation conversation;
  for (const char* length : {"0", "-1", "524289", "99999999999999999999", "12x", "", " 12"}) {
    EXPECT_TRUE(conversation.receive("program " + std::string(length) + "\n", recorder));
    EXPECT_EQ(conversation.take_answer(), "error program takes a length of 1 to 524288\n")
        << length;
  }
  EXPECT_TRUE(conversation.receive("program 13\n" + std::string(13, 'x'), recorder));
  EXPECT_TRUE(conversation.take_answer().ends_with("error unlucky\n"));
}

TEST(ControlConversation, hangs_up_on_endless_lines_and_survives_noise) {
  Recorder recorder;
  ControlConversation endless;
  EXPECT_FALSE(endless.receive(std::string(5000, 'a'), recorder));
  base::SeededRandom random(7);
  for (int round = 0; round < 300; ++round) {
    ControlConversation conversation;
    for (int piece = 0; piece < 20; ++piece) {
      std::string noise(random.below(200), 0);
      for (char& byte : noise) byte = static_cast<char>(random.below(256));
      if (random.below(4) == 0) noise += "\nprogram " + std::to_string(random.below(300)) + "\n";
      if (!conversation.receive(noise, recorder)) break;
    }
  }
}

}  // namespace
}  // namespace goldcrest::board::program
